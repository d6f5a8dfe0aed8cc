package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"ipdrift/detect/finding"
	"ipdrift/ingest"
	"ipdrift/ingest/source"
	"ipdrift/report"
)

// aboutAnalysis is the name under which a case remembers its analysis.
const aboutAnalysis = "analysis"

// packAnalysis makes a text of an analysis: JSON, compressed by zstd, in base64. It may be
// megabytes otherwise, which the database copies several times.
func packAnalysis(a *finding.Analysis) (string, error) {
	var text strings.Builder
	encoded := base64.NewEncoder(base64.StdEncoding, &text)
	packed, err := zstd.NewWriter(encoded, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return "", err
	}
	err = cmp.Or(json.NewEncoder(packed).Encode(a), packed.Close(), encoded.Close())
	return text.String(), err
}

// unpackAnalysis reads what packAnalysis made.
func unpackAnalysis(text string) (*finding.Analysis, error) {
	packed, err := zstd.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(text)))
	if err != nil {
		return nil, err
	}
	defer packed.Close()
	a := &finding.Analysis{}
	return a, json.NewDecoder(packed).Decode(a)
}

// document is an analysis with its case.
type document struct {
	analysis *finding.Analysis
	store    *ingest.Store
	elapsed  time.Duration
	kept     string // path of the kept case
}

// renderer writes a document in one format.
type renderer func(ctx context.Context, w io.Writer, f report.Format, layout report.Options) error

// closing is what is left to do for a case that is kept. The zero value is for
// one that stands already.
type closing struct {
	settle func() error // writes it out
	keep   func() error // gives it its name
}

// write renders a document for every file and for stdout while the case is written
// out, and shows it then, so that nothing is said of a case that could not be written.
// Case and files get their names last: after a failure there is none. A reader of
// stdout who has seen enough, such as head, is no failure of the rest.
func (o *outputFlags) write(cmd *cobra.Command, render renderer, c closing) error {
	var settling errgroup.Group
	settle := func() {
		if c.settle != nil {
			settling.Go(c.settle)
		}
	}
	if !o.readsCase() {
		settle()
	}
	files, err := o.fill(cmd, render)
	defer func() {
		for _, f := range files {
			f.drop()
		}
	}()
	out, ready := cmd.OutOrStdout(), bytes.Buffer{}
	switch {
	case err != nil:
	case o.readsCase():
		settle()
	default:
		err = o.show(cmd, &ready, render)
	}
	if err := cmp.Or(err, settling.Wait()); err != nil {
		return err
	}
	_, unseen := ready.WriteTo(out)
	if o.readsCase() {
		unseen = o.show(cmd, out, render)
	}
	if unseen != nil && !errors.Is(unseen, syscall.EPIPE) {
		return unseen
	}
	if c.keep != nil {
		if err := c.keep(); err != nil {
			return err
		}
	}
	for _, f := range files {
		if err := f.keep(); err != nil {
			return err
		}
	}
	return nil
}

// readsCase reports whether a document takes rows from the case, which must not
// be written out meanwhile.
func (o *outputFlags) readsCase() bool {
	return o.format == "csv" || slices.ContainsFunc(o.outputs, func(path string) bool {
		f, err := o.formatOf(path)
		return err == nil && f.Name == "csv"
	})
}

// fill renders a document into every file. The caller drops them.
func (o *outputFlags) fill(cmd *cobra.Command, render renderer) (files []*pending, err error) {
	for _, path := range o.outputs {
		f, err := newPending(path)
		if err != nil {
			return files, err
		}
		files = append(files, f)
		format, err := o.formatOf(path)
		if err != nil {
			return files, err
		}
		layout := report.Options{Width: o.width, Verbose: o.verbose, Audience: report.Audience(o.audience)}
		if err := f.write(func(w io.Writer) error { return render(cmd.Context(), w, format, layout) }); err != nil {
			return files, fmt.Errorf("-o %s: %w", path, err)
		}
	}
	return files, nil
}

// show renders a document as stdout gets it.
func (o *outputFlags) show(cmd *cobra.Command, w io.Writer, render renderer) error {
	format, err := report.FormatNamed(o.format)
	if err != nil {
		return err
	}
	layout := screen(cmd.OutOrStdout(), o.width)
	layout.Verbose, layout.Audience = o.verbose, report.Audience(o.audience)
	return render(cmd.Context(), w, format, layout)
}

// render writes one format. A CSV holds all users, who stand in the case and
// not in the analysis.
func (d document) render(ctx context.Context, w io.Writer, f report.Format, layout report.Options) error {
	layout.Elapsed, layout.Case = d.elapsed, d.kept
	if f.Name != "csv" {
		return f.Render(w, d.analysis, layout)
	}
	users, err := d.store.Users(ctx)
	if err != nil {
		return err
	}
	defer users.Close()
	t, err := openTable(ctx, users)
	if err != nil {
		return err
	}
	defer t.close()
	return report.CSV(w, t.header, t.cells(""))
}

// reportFlags are the flags of report as written.
type reportFlags struct {
	outputFlags
	compare string
}

func reportCommand() *cobra.Command {
	o := &reportFlags{}
	cmd := &cobra.Command{
		Use:   "report [--compare BEFORE.duckdb] CASE.duckdb",
		Short: "Render the report of a kept case again, or compare two cases",
		Long: `report renders the report of a kept case again, on stdout and into files. It reads no
log and needs no key: what was found stands in the case.

With --compare it sets the case beside an earlier one, and says whether what was changed
between them worked: refusals by cause, and users affected and interrupted, before and
after, as shares with bounds. Compare days of the same length and kind, read with the
same key and flags; what is not comparable is said.`,
		Example: `  ipdrift report case.duckdb
  ipdrift report case.duckdb --format json -o report.md -o users.csv
  ipdrift report case.duckdb --audience support > request.md
  ipdrift report --compare before.duckdb after.duckdb`,
		Args:              want(false, "CASE.duckdb"),
		ValidArgsFunction: caseFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.compare != "" {
				return o.against(cmd, args[0])
			}
			return o.again(cmd, args[0])
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&o.compare, "compare", "", "the `CASE` before a change, which CASE.duckdb is set beside; written as text, json, markdown or html")
	o.register(cmd.Flags())
	o.complete(cmd)
	return cmd
}

// again reports on a kept case.
func (o *outputFlags) again(cmd *cobra.Command, path string) error {
	if err := o.check([]source.Source{{Path: path}}); err != nil {
		return err
	}
	store, analysis, err := recall(cmd.Context(), path)
	if err != nil {
		return err
	}
	defer store.Close()
	d := document{store: store, kept: path, analysis: analysis}
	return o.write(cmd, d.render, closing{})
}

// recall opens a kept case for reading, with its analysis.
func recall(ctx context.Context, path string) (*ingest.Store, *finding.Analysis, error) {
	store, err := openCase(path)
	if err != nil {
		return nil, nil, err
	}
	text, ok, err := store.Recall(ctx, aboutAnalysis)
	if err == nil && !ok {
		err = failed("analyse the log again with --db", "%s: the case holds no analysis", path)
	}
	var a *finding.Analysis
	if err == nil {
		if a, err = unpackAnalysis(text); err != nil {
			err = fmt.Errorf("%s: the analysis in it cannot be read: %w", path, err)
		}
	}
	if err != nil {
		store.Close()
		return nil, nil, err
	}
	return store, a, nil
}

// openCase opens a kept case for reading.
func openCase(path string) (*ingest.Store, error) {
	return openCaseWith(path, ingest.Limits{Memory: caseMemory})
}

// caseMemory is what DuckDB may use of the memory there is for a kept case; texts that it
// sorts, and what is read, come on top.
const caseMemory = 384 << 20

func openCaseWith(path string, limits ingest.Limits) (*ingest.Store, error) {
	store, err := ingest.Open(path, limits)
	if err != nil {
		return nil, failed(`a case is made by "ipdrift analyze --db CASE.duckdb LOG"`, "%s", firstLine(err))
	}
	return store, nil
}
