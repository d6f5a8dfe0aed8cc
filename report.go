package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ipdrift/detect/finding"
	"ipdrift/ingest"
	"ipdrift/report"
)

// aboutAnalysis is the name under which a case remembers its analysis.
const aboutAnalysis = "analysis"

// usersSQL is what a CSV of users holds.
const usersSQL = `SELECT * FROM users ORDER BY host, ip_mismatches DESC, refusals DESC, user_id`

// outputFlags say where reports go.
type outputFlags struct {
	format  string
	outputs []string
	width   int
	verbose bool
}

func (o *outputFlags) register(f *pflag.FlagSet) {
	f.StringVar(&o.format, "format", report.Formats()[0].Name, "`FORMAT` of stdout: "+formatNames())
	f.StringArrayVarP(&o.outputs, "output", "o", nil, "also write a report to this `FILE`; the ending picks the format ("+endings()+"); repeatable")
	f.IntVar(&o.width, "width", 0, "`COLUMNS` of text (default: the terminal's, 80 elsewhere)")
	f.BoolVar(&o.verbose, "verbose", false, "every flagged user, the mask curves and the thresholds")
}

func (o *outputFlags) complete(cmd *cobra.Command) {
	wordsFor(cmd, "format", listFormats(func(f report.Format) string { return f.Name })...)
}

func formatNames() string {
	return strings.Join(listFormats(func(f report.Format) string { return f.Name }), ", ")
}

func endings() string {
	return strings.Join(listFormats(func(f report.Format) string { return f.Ending }), " ")
}

func listFormats(what func(report.Format) string) []string {
	var out []string
	for _, f := range report.Formats() {
		out = append(out, what(f))
	}
	return out
}

// check looks at the flags before any work is done.
func (o *outputFlags) check(sources []ingest.Source) error {
	if _, err := report.FormatNamed(o.format); err != nil {
		return usage("", "--format: %w", err)
	}
	for _, path := range o.outputs {
		if _, err := report.FormatFor(path); err != nil {
			return usage("", "-o %s: %w", path, err)
		}
	}
	if o.width < 0 {
		return usage("0 is the terminal's width", "--width: %d is not a width", o.width)
	}
	return distinct(o.outputs, sources)
}

// document is an analysis with its case.
type document struct {
	analysis *finding.Analysis
	store    *ingest.Store
	elapsed  time.Duration
	kept     string // path of the kept case
}

// write renders the document for every file and for stdout, and then settles
// the case. Files get their names last: after a failure there is none. A reader
// of stdout who has seen enough, such as head, is no failure of the rest.
func (o *outputFlags) write(cmd *cobra.Command, d document, settle func() error) error {
	var files []*pending
	defer func() {
		for _, f := range files {
			f.drop()
		}
	}()
	for _, path := range o.outputs {
		f, err := newPending(path)
		if err != nil {
			return err
		}
		files = append(files, f)
		format, err := report.FormatFor(path)
		if err != nil {
			return err
		}
		layout := report.Options{Width: o.width, Verbose: o.verbose, Elapsed: d.elapsed, Case: d.kept}
		if err := f.write(func(w io.Writer) error { return d.render(cmd.Context(), w, format, layout) }); err != nil {
			return fmt.Errorf("-o %s: %w", path, err)
		}
	}
	format, err := report.FormatNamed(o.format)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	layout := screen(out, o.width)
	layout.Verbose, layout.Elapsed, layout.Case = o.verbose, d.elapsed, d.kept
	unseen := d.render(cmd.Context(), out, format, layout)
	if unseen != nil && !errors.Is(unseen, syscall.EPIPE) {
		return unseen
	}
	if err := settle(); err != nil {
		return err
	}
	for _, f := range files {
		if err := f.keep(); err != nil {
			return err
		}
	}
	return unseen
}

// render writes one format. A CSV holds all users, who stand in the case and
// not in the analysis.
func (d document) render(ctx context.Context, w io.Writer, f report.Format, layout report.Options) error {
	if f.Name != "csv" {
		return f.Render(w, d.analysis, layout)
	}
	t, err := openTable(ctx, d.store, usersSQL)
	if err != nil {
		return err
	}
	defer t.rows.Close()
	return report.CSV(w, t.header, t.cells(""))
}

func reportCommand() *cobra.Command {
	o := &outputFlags{}
	cmd := &cobra.Command{
		Use:   "report CASE.duckdb",
		Short: "Render the report of a kept case again, in any format",
		Example: `  ipdrift report case.duckdb
  ipdrift report case.duckdb --format json -o ticket.md -o users.csv`,
		Args:              want(false, "CASE.duckdb"),
		ValidArgsFunction: caseFiles,
		RunE:              func(cmd *cobra.Command, args []string) error { return o.again(cmd, args[0]) },
	}
	cmd.Flags().SortFlags = false
	o.register(cmd.Flags())
	o.complete(cmd)
	return cmd
}

// again reports on a kept case.
func (o *outputFlags) again(cmd *cobra.Command, path string) error {
	if err := o.check([]ingest.Source{{Path: path}}); err != nil {
		return err
	}
	store, err := openCase(path)
	if err != nil {
		return err
	}
	defer store.Close()
	a, err := recalled(cmd, store, path)
	if err != nil {
		return err
	}
	d := document{store: store, kept: path, analysis: a}
	return o.write(cmd, d, func() error { return nil })
}

// openCase opens a kept case for reading.
func openCase(path string) (*ingest.Store, error) {
	store, err := ingest.Open(path, ingest.Limits{Memory: 512 << 20})
	if err != nil {
		return nil, failed(`a case is made by "ipdrift analyze --db CASE.duckdb LOG"`, "%s", firstLine(err))
	}
	return store, nil
}
