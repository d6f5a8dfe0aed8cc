package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ipdrift/ingest/redact"
	"ipdrift/report"
)

// valuesOf are the values that a flag was given.
func valuesOf(f *pflag.Flag) []string {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return list.GetSlice()
	}
	return []string{f.Value.String()}
}

// noEmptyFlags refuses a flag with an empty value, which is what a script's variable
// leaves that is not set: a link signed so would be bound to no address. A request's
// own header may be empty.
func noEmptyFlags(cmd *cobra.Command, _ []string) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if f.Name != "user-agent" && f.Name != "referer" && slices.Contains(valuesOf(f), "") && err == nil {
			err = usage("give it one, or leave the flag out", "--%s: the value is empty", f.Name)
		}
	})
	return err
}

// commandLine is a command as a shell would run it again: flags in the order
// they were given, then arguments. Keys cannot stand in it, since no flag takes
// one.
func commandLine(cmd *cobra.Command, args []string) string {
	words := strings.Fields(cmd.CommandPath())
	cmd.Flags().Visit(func(f *pflag.Flag) {
		for _, value := range valuesOf(f) {
			if words = append(words, "--"+f.Name); f.Value.Type() != "bool" {
				words = append(words, report.Quoted(value))
			}
		}
	})
	for _, arg := range args {
		words = append(words, report.Quoted(redact.Name(arg)))
	}
	return strings.Join(words, " ")
}
