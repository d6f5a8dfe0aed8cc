package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ipdrift/ingest"
	"ipdrift/report"
)

// commandLine is a command as a shell would run it again: flags in the order
// they were given, then arguments. Keys cannot stand in it, since no flag takes
// one.
func commandLine(cmd *cobra.Command, args []string) string {
	words := strings.Fields(cmd.CommandPath())
	cmd.Flags().Visit(func(f *pflag.Flag) {
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, value := range values {
			if words = append(words, "--"+f.Name); f.Value.Type() != "bool" {
				words = append(words, report.Quoted(value))
			}
		}
	})
	for _, arg := range args {
		words = append(words, report.Quoted(ingest.ShownName(arg)))
	}
	return strings.Join(words, " ")
}
