package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ipdrift/ingest/format"
	"ipdrift/report"
	"ipdrift/token"
)

const (
	testLines  = 250 // lines that decide a format
	testBytes  = 1 << 20
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
	p := &paragraphs{w: w, width: 14}
	p.title("log formats (--log-format)")
	for _, f := range format.Formats() {
		p.line("  "+f.Name, "%s", f.Doc)
	}
	p.line("  nginx:...", "any nginx log_format: --log-format 'nginx:$remote_addr [$time_local] \"$request\" $status ...'")
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

func (p *paragraphs) title(text string) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, text)
	}
}

func formatsTestCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:     "test FILE",
		Short:   "Say which log format fits a file, and why a line does not",
		Example: `  ipdrift formats test access.log.gz`,
		Args:    want(false, "FILE"),
		RunE:    func(cmd *cobra.Command, args []string) error { return testFormat(cmd, args[0], name) },
	}
	cmd.Flags().StringVar(&name, "log-format", "", "test this format: `NAME`, or 'nginx:<log_format string>' (default: the one that fits best)")
	return cmd
}

func testFormat(cmd *cobra.Command, path, name string) error {
	var f *format.Format
	if name != "" {
		var err error
		if f, err = format.Named(name); err != nil {
			return usage("", "--log-format: %w", err)
		}
	}
	lines, err := firstLines(cmd.InOrStdin(), path)
	if err != nil {
		return failed("", "%s: %w", path, err)
	}
	if len(lines) == 0 {
		return failed("", "%s: empty", path)
	}
	if f == nil {
		found, misfit := format.Detect(lines)
		if misfit != nil {
			return failed("", "%s: %w", path, misfit)
		}
		f = found
	}
	return describe(cmd.OutOrStdout(), path, f, lines)
}

// firstLines reads the beginning of a log, plain or gzip.
func firstLines(stdin io.Reader, path string) ([][]byte, error) {
	in := stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, withoutPath(err)
		}
		defer f.Close()
		in = f
	}
	buffered := bufio.NewReader(in)
	if head, _ := buffered.Peek(2); string(head) == "\x1f\x8b" {
		gz, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, err
		}
		buffered = bufio.NewReader(gz)
	}
	text, err := io.ReadAll(io.LimitReader(buffered, testBytes))
	if err != nil && (len(text) == 0 || !errors.Is(err, io.ErrUnexpectedEOF)) {
		return nil, withoutPath(err)
	}
	lines := bytes.Split(text, []byte("\n"))
	if last := len(lines) - 1; len(lines[last]) == 0 || len(text) == testBytes && last > 0 {
		lines = lines[:last]
	}
	return lines[:min(len(lines), testLines)], nil
}

// describe says how well a format fits and shows the first lines as parsed.
func describe(w io.Writer, path string, f *format.Format, lines [][]byte) error {
	p := &paragraphs{w: w}
	parser, record := f.NewParser(), &format.Record{}
	good, bad, blank := 0, 0, 0
	var shown []func()
	for i, line := range lines {
		failure := parser.Parse(line, record)
		switch {
		case failure.Reason == "":
			if good++; good <= testShown {
				text := describeRecord(record)
				shown = append(shown, func() { p.line(fmt.Sprintf("line %d", i+1), "%s", text) })
			}
		case failure.Reason == format.ReasonBlank:
			blank++
		default:
			if bad++; bad <= testShown {
				shown = append(shown, func() {
					p.line(fmt.Sprintf("line %d", i+1), "does not fit: %s in column %d, want %s", failure.Reason, failure.Column, failure.Want)
				})
			}
		}
	}
	p.line("format", "%s: %s", f.Name, f.Doc)
	p.line("fits", "%d of the first %d lines of %s", good, len(lines)-blank, path)
	p.line("fields", "%s", strings.Join(f.Fields(), ", "))
	for _, missing := range shortcomings(f) {
		p.line("note", "%s", missing)
	}
	for _, show := range shown {
		show()
	}
	if good == 0 && p.err == nil {
		return failed("", "%s: no line fits the format %s", path, f.Name)
	}
	return p.err
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
	return out + fmt.Sprintf(" agent=%.40q", r.UserAgent)
}

// cutTarget shows a request target without its token, whatever the scheme
// (the given ones first: theirs may have options), and without the values of
// other parameters.
func cutTarget(target []byte, first ...*token.Scheme) string {
	text := string(target)
	for _, s := range append(first, token.Schemes()...) {
		var l token.Link
		token.NewParser(s).Parse([]byte(text), &l)
		text = shownTarget([]byte(text), &l)
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
	if !ok {
		return report.Clean(path)
	}
	parts := strings.Split(query, "&")
	for i, part := range parts {
		name, value, ok := strings.Cut(part, "=")
		switch low := strings.ToLower(name); {
		case low == "expires":
		case low == "md5":
			parts[i] = name + "=" + shortToken([]byte(value))
		case ok:
			parts[i] = name + "=..."
		}
	}
	return report.Clean(path + "?" + strings.Join(parts, "&"))
}

// shortToken is as much of a token as may be shown.
func shortToken(t []byte) string {
	if len(t) <= shownToken {
		return string(t)
	}
	return string(t[:shownToken]) + "..."
}
