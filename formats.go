package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ipdrift/ingest/format"
	"ipdrift/ingest/redact"
	"ipdrift/ingest/source"
	"ipdrift/report"
	"ipdrift/token"
)

const (
	testShown  = 3 // good and bad lines that are shown
	shownToken = 6 // characters of a token that may be shown
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
		c, err := readConfig(config)
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
	p.line("fits", "%s of %s", format.Sentence("%d of the first %d {line|lines}", t.good, len(t.lines)-t.blank), t.source.Label)
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

// withoutTokensOf cuts the tokens that the schemes find in a line's target out of a text
// that may repeat them.
func withoutTokensOf(target, text []byte) []byte {
	for _, s := range token.Schemes() {
		var l token.Link
		token.NewParser(s).Parse(target, &l)
		text = redact.CutOwn(text, redact.OwnToken(l.Token))
	}
	return text
}

// cutTarget shows a request target without its token, whatever the scheme
// (the given ones first: theirs may have options), and without the values of
// other parameters.
func cutTarget(target []byte, first ...*token.Scheme) string {
	text := string(target)
	for _, s := range append(first, token.Schemes()...) {
		var l token.Link
		token.NewParser(s).Parse([]byte(text), &l)
		text = string(redact.CutOwn([]byte(shownTarget([]byte(text), &l)), redact.OwnToken(l.Token)))
	}
	return text
}

// shownTarget cuts the token out of a target, and the values of its other
// parameters.
func shownTarget(target []byte, l *token.Link) string {
	text := string(target)
	if from, to := l.TokenAt[0], l.TokenAt[1]; to > from {
		text = text[:from] + shortToken(target[from:to]) + text[to:]
	}
	path, query, ok := strings.Cut(text, "?")
	path = redact.WithoutTokens(path)
	if !ok {
		return report.Clean(path)
	}
	parts := strings.Split(query, "&")
	for i, part := range parts {
		name, value, ok := strings.Cut(part, "=")
		switch low := strings.ToLower(name); {
		case low == "expires":
			parts[i] = name + "=" + shownExpires(value)
		case low == "md5":
			parts[i] = name + "=" + shortToken([]byte(value))
		case ok:
			parts[i] = name + "=..."
		default: // a token may stand without a name
			parts[i] = shortToken([]byte(part))
		}
	}
	return report.Clean(path + "?" + strings.Join(parts, "&"))
}

// shownExpires is an expiry, of which all but digits may be more than that.
func shownExpires(text string) string {
	if strings.Trim(text, "0123456789") == "" {
		return text
	}
	return fmt.Sprintf("%.32s", redact.StoredText([]byte(text)))
}

// shortToken is as much of a token as may be shown.
func shortToken(t []byte) string {
	if len(t) <= shownToken {
		return string(t)
	}
	return string(t[:shownToken]) + "..."
}
