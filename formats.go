package main

import (
	"io"
	"strings"

	"github.com/spf13/cobra"

	"ipdrift/ingest/format"
	"ipdrift/token"
)

func formatsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "formats",
		Short: "List the log formats and token schemes",
		Args:  noCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return listAll(cmd.OutOrStdout())
		},
	}
	cmd.AddCommand(formatsTestCommand())
	return cmd
}

func listAll(w io.Writer) error {
	p := &paragraphs{w: w, width: 17}
	p.title("log formats (--log-format)")
	for _, f := range format.Formats() {
		p.line("  "+f.Name, "%s", f.Doc)
		if f.Source != "" {
			p.line("", "%s", f.Source)
		}
	}
	for _, t := range [][2]string{
		{"nginx:...", `any nginx log_format: --log-format 'nginx:$remote_addr [$time_local] "$request" $status ...'`},
		{"apache:...", `any Apache LogFormat: --log-format 'apache:%h %l %u %t "%r" %>s %b'`},
		{"gcore:...", "Gcore Logs Uploader without a first line of names: the fields in their order"},
		{"akamai:...", "Akamai DataStream 2, structured: the fields in their order"},
		{"w3c:...", "W3C without #Fields; csv:... and tsv:... without a header row: the columns in their order"},
	} {
		p.line("  "+t[0], "%s", t[1])
	}
	p.title("\nfields for map in the configuration")
	for _, doc := range format.MapFields() {
		field, says, _ := strings.Cut(doc, ": ")
		p.line("  "+field, "%s", says)
	}
	p.title("\ntoken schemes (--scheme)")
	for _, s := range token.Schemes() {
		p.line("  "+s.Name, "%s", s.Doc)
		p.line("", "parameters: %s", s.Params)
		p.line("", "address: %s; vectors: %s", boundWords(s), s.Vectors)
		if len(s.Aliases) > 0 {
			p.line("", "also for: %s", strings.Join(s.Aliases, ", "))
		}
	}
	return p.err
}

// boundWords says what a scheme does with the client's address.
func boundWords(s *token.Scheme) string {
	switch {
	case !s.Binds:
		return "none, so none is searched for"
	case s.Visible:
		return "stands in the link"
	}
	return "hidden in the hash"
}
