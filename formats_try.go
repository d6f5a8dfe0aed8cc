package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ipdrift/ingest/figure"
	"ipdrift/ingest/format"
	"ipdrift/ingest/redact"
	"ipdrift/ingest/source"
	"ipdrift/token"
)

const testShown = 3 // good and bad lines that are shown

func formatsTestCommand() *cobra.Command {
	var name, config string
	cmd := &cobra.Command{
		Use:     "test FILE",
		Short:   "Say which log format fits a file, and why a line does not",
		Example: `  ipdrift formats test access.log.gz`,
		Args:    want(false, "FILE"),
		RunE:    func(cmd *cobra.Command, args []string) error { return testFormat(cmd, args[0], name, config) },
	}
	cmd.Flags().StringVar(&config, "config", "", "YAML `FILE` whose map names columns or keys")
	cmd.Flags().StringVar(&name, "log-format", "", "test this format: `NAME`, or 'nginx:<log_format string>' (default: the one that fits best)")
	formatNames(cmd)
	return cmd
}

func testFormat(cmd *cobra.Command, path, name, config string) error {
	var f *format.Format
	var columns format.Map
	if config != "" {
		c, err := readConfig(config, token.FormNetwork)
		if err != nil {
			return err
		}
		columns = c.columns
	}
	if name != "" {
		var err error
		if f, err = format.Named(name, columns); err != nil {
			return usage("", "--log-format: %w", err)
		}
	}
	if err := wantLogs([]string{path}, ""); err != nil {
		return err
	}
	sources, err := source.List(cmd.Context(), []string{path})
	if err != nil {
		return failed("", "%w", err)
	}
	for i, s := range sources {
		if i > 0 {
			fmt.Fprintln(cmd.OutOrStdout())
		}
		if err := testSource(cmd, s, f, columns); err != nil {
			return err
		}
	}
	return nil
}

func testSource(cmd *cobra.Command, s source.Source, f *format.Format, columns format.Map) error {
	lines, facts, err := source.Head(cmd.Context(), s, cmd.InOrStdin())
	if err != nil {
		return failed("", "%s: %w", s.Label, err)
	}
	if len(lines) == 0 {
		return failed("", "%s: empty", s.Label)
	}
	t := &trial{source: s, lines: lines, facts: facts}
	if f == nil {
		best, misfit := format.Detect(format.Sample(lines), columns)
		if misfit != nil {
			return failed("", "%s: %w", s.Label, misfit)
		}
		f, t.others = best, format.Others(best, lines, columns)
		t.facts.Doubt = best.Doubt()
	} else {
		f = f.Seen(format.Sample(lines))
	}
	t.format = f
	return t.describe(cmd.OutOrStdout())
}

// trial is the beginning of a source and the format that fits it, with others for lines that this one does not fit.
type trial struct {
	source source.Source
	lines  [][]byte
	facts  format.Facts // what else is known of the lines
	format *format.Format
	others []*format.Format

	good, blank int      // lines that fit, and that are none of requests
	shown       []func() // write the first lines that fit, and the first that do not
}

// describe says how well the format fits, and shows the first lines as parsed.
func (t *trial) describe(w io.Writer) error {
	p, f := &paragraphs{w: w}, t.format
	t.read(p)
	for _, g := range append([]*format.Format{f}, t.others...) {
		p.line("format", "%s: %s", g.Name, g.Doc)
	}
	p.line("fits", "%s of %s", figure.Sentence("%d of the first %d {line|lines}", t.good, len(t.lines)-t.blank), t.source.Label)
	p.line("fields", "%s", strings.Join(f.Fields(), ", "))
	notes := slices.Concat(shortcomings(f), t.facts.Sentences(f.Name))
	for i, note := range notes {
		if !slices.Contains(notes[:i], note) {
			p.line("note", "%s", note)
		}
	}
	for _, show := range t.shown {
		show()
	}
	if t.good == 0 && p.err == nil {
		return failed("", "%s: no line fits the format %s", t.source.Label, f.Name)
	}
	return p.err
}

// read parses the lines.
func (t *trial) read(p *paragraphs) {
	explain := t.parse()
	record, bad := &format.Record{}, 0
	for i, line := range t.lines {
		values, failure := explain(line, record)
		name := fmt.Sprintf("line %d", i+1)
		switch {
		case failure.Reason == "":
			t.facts.Note(record)
			if t.good++; t.good <= testShown {
				text, parts := describeRecord(record), shownValues(values)
				t.shown = append(t.shown, func() { p.line(name, "%s", text); p.line("", "%s", parts) })
			}
		case failure.Reason == format.ReasonBlank, failure.Header():
			t.blank++
		default:
			if bad++; bad <= testShown {
				parts := shownValues(values)
				t.shown = append(t.shown, func() {
					p.line(name, "does not fit: %s in column %d, want %s", failure.Reason, failure.Column, failure.Want)
					if parts != "" {
						p.line("", "%s", parts)
					}
				})
			}
		}
	}
}

// parse reads one line with the first of the formats that fits it; where none does, it tells why the best does not.
func (t *trial) parse() func(line []byte, record *format.Record) ([]format.Value, format.Failure) {
	var latest int64
	latest, t.facts.YearFrom = t.source.Latest(time.Now())
	parser := t.format.NewParser()
	parser.Latest = latest
	var more []*format.Parser
	for _, g := range t.others {
		q := g.NewParser()
		q.Latest = latest
		more = append(more, q)
	}
	return func(line []byte, record *format.Record) ([]format.Value, format.Failure) {
		values, failure := parser.Explain(line, record)
		for i := 0; i < len(more) && failure.Reason != ""; i++ {
			if v, again := more[i].Explain(line, record); again.Reason == "" {
				return v, again
			}
		}
		return values, failure
	}
}

// shortcomings says what a format cannot tell.
func shortcomings(f *format.Format) []string {
	var out []string
	if !f.HasQuery() {
		out = append(out, "no query string is logged: tokens in it cannot be checked")
	}
	if !f.HasHost() {
		out = append(out, "no host is logged: all lines count as one host; LABEL=FILE names it")
	}
	if !f.HasStart() {
		out = append(out, "no request time is logged: expiry is judged at the time of logging")
	}
	return out
}

// shownValues lists the values of a line by field and column, tokens, cookies
// and the values of parameters cut out.
func shownValues(values []format.Value) string {
	var target []byte
	for _, v := range values {
		switch v.Name {
		case "request", "uri", "path":
			target = append(target, v.Text...)
		case "query":
			target = append(append(target, '?'), strings.TrimPrefix(v.Text, "?")...)
		}
	}
	var parts []string
	for _, v := range values {
		text := string(withoutTokensOf(target, []byte(v.Text)))
		switch v.Name {
		case "request", "uri", "path", "referer":
			text = cutTarget([]byte(text))
		case "query":
			text = strings.TrimPrefix(cutTarget([]byte("/?"+strings.TrimPrefix(text, "?"))), "/?")
		case "identity":
			text = "..."
		default:
			text = redact.StoredText([]byte(text))
		}
		parts = append(parts, fmt.Sprintf("%s@%d=%.60q", v.Name, v.Column, text))
	}
	return strings.Join(parts, " ")
}

func describeRecord(r *format.Record) string {
	out := fmt.Sprintf("%s %s %s %s -> %d", time.UnixMicro(r.Start).UTC().Format(time.RFC3339Nano), r.Client, r.Method, cutTarget(r.Target), r.Status)
	if len(r.Host) > 0 {
		out += fmt.Sprintf(" host=%s", r.Host)
	}
	if r.Duration >= 0 {
		out += fmt.Sprintf(" took=%s", time.Duration(r.Duration)*time.Microsecond)
	}
	if r.Code > 0 {
		out += fmt.Sprintf(" code=%d", r.Code)
	}
	return out + fmt.Sprintf(" agent=%.40q", redact.StoredText(withoutTokensOf(r.Target, r.UserAgent)))
}
