package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// group is commands that stand together in the help.
type group struct {
	title string
	names []string
}

func groups() []group {
	return []group{
		{"From logs:", []string{"analyze", "ticket"}},
		{"From a kept case:", []string{"report", "browse", "query", "bundle"}},
		{"About one link:", []string{"explain", "verify", "sign"}},
		{"Others:", []string{"formats", "generate", "completion", "version", "help"}},
	}
}

// layOut puts the commands into groups and wraps what the help says of commands
// and flags to the screen.
func layOut(root *cobra.Command, out io.Writer) {
	const usual, least, most = 80, 60, 110
	width := screen(out, 0).Width
	if width == 0 {
		width = usual
	}
	wrapped := fmt.Sprintf("Flags.FlagUsagesWrapped %d ", min(max(width, least), most))
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "Flags.FlagUsages ", wrapped))
	for _, cmd := range append(root.Commands(), root) {
		cmd.Long = filled(cmd.Long, min(max(width, least), most))
	}
	for _, g := range groups() {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title})
		for _, cmd := range root.Commands() {
			if slices.Contains(g.names, cmd.Name()) {
				cmd.GroupID = g.title
			}
		}
	}
}

// filled wraps the paragraphs of a text; lines that are indented stay as they are.
func filled(text string, width int) string {
	var lines []string
	paragraph := ""
	for line := range strings.SplitSeq(text+"\n", "\n") {
		if line != "" && line[0] != ' ' && line[0] != '\t' {
			paragraph = strings.TrimPrefix(paragraph+" "+line, " ")
			continue
		}
		if paragraph != "" {
			lines = append(lines, broken(paragraph, width)...)
		}
		lines, paragraph = append(lines, line), ""
	}
	return strings.Join(lines[:len(lines)-1], "\n")
}

// describe writes what flags are for as the completion of a shell shows it: without the quotes that
// mark the name of a value in the help.
func describe(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "`", "") })
	for _, sub := range cmd.Commands() {
		describe(sub)
	}
}
