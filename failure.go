package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"ipdrift/ingest/redact"
	"ipdrift/report"
)

// The exit statuses. Where several apply, 1 wins over 5, and 5 over 3.
const (
	statusDone         = 0
	statusFailed       = 1
	statusUsage        = 2
	statusCondition    = 3 // a --fail-on condition was met
	statusNotValid     = 4 // verify: the link is not valid
	statusUncalibrated = 5 // calibration failed for every host
)

// failure is an error with its exit status and the way out.
type failure struct {
	status int
	err    error  // nil: the output has said it already
	hint   string // what to do about it; "" if the error says so itself
}

func (f *failure) Error() string {
	if f.err == nil {
		return fmt.Sprintf("exit status %d", f.status)
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// usage is a failure of the command line itself.
func usage(hint, format string, args ...any) error {
	return &failure{status: statusUsage, err: fmt.Errorf(format, args...), hint: hint}
}

// failed is a failure that has a way out.
func failed(hint, format string, args ...any) error {
	return &failure{status: statusFailed, err: fmt.Errorf(format, args...), hint: hint}
}

// conclude prints what went wrong, if anything did, and returns the exit
// status.
func conclude(w io.Writer, err error) int {
	if err == nil {
		return statusDone
	}
	if errors.Is(err, syscall.EPIPE) {
		return statusDone // whoever read stdout has seen enough
	}
	f := &failure{status: statusFailed, err: err}
	if known := (*failure)(nil); errors.As(err, &known) {
		f = known
	}
	if f.err != nil {
		text := cause(f.err)
		if f.status == statusUsage { // what it quotes may be a token or a key in the wrong place
			text = redact.StoredText([]byte(text))
		}
		say(w, "%s", text)
	}
	if f.hint != "" {
		lay(w, "  ", withoutTokens(f.hint))
	}
	return f.status
}

// cause words an error for people.
func cause(err error) string {
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	return err.Error()
}

// say prints a remark. What it quotes may come from a log, so it is made
// harmless first.
func say(w io.Writer, format string, args ...any) {
	lay(w, "ipdrift: ", withoutTokens(report.Clean(fmt.Sprintf(format, args...))))
}

// sayAll prints remarks, one a line.
func sayAll(w io.Writer, remarks []string) {
	for _, text := range remarks {
		say(w, "%s", text)
	}
}

// lay prints a text behind its lead in one line; on a terminal it is broken between words.
func lay(w io.Writer, lead, text string) {
	for _, line := range broken(text, screen(w, 0).Width-len(lead)) {
		fmt.Fprintf(w, "%s%s\n", lead, line)
		lead = "  "
	}
}

// withoutTokens cuts the links that a message quotes: an argument in the wrong place may
// be one, and of pasted headers the credentials.
func withoutTokens(text string) string {
	text = redact.WithoutCredentials(text)
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \"'<>", r) }) {
		plain := redact.Unescaped(word)
		if strings.Contains(plain, "://") || strings.Contains(plain, "?") && strings.Contains(plain, "=") {
			text = strings.ReplaceAll(text, word, cutTarget([]byte(word)))
		}
	}
	return text
}

// want checks the number of arguments; names are what is expected, the last
// one repeatable if many.
func want(many bool, names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return usage("usage: "+cmd.UseLine(), "missing argument: %s", names[len(args)])
		}
		if !many && len(args) > len(names) {
			return usage("usage: "+cmd.UseLine(), "one argument too many: number %d", len(names)+1)
		}
		return nil
	}
}

// noCommand refuses what is no command of cmd and suggests one that is.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := fmt.Sprintf("%q lists the commands", cmd.CommandPath()+" --help")
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf("did you mean %q?", cmd.CommandPath()+" "+near[0])
	} else if _, err := os.Stat(args[0]); err == nil && !cmd.HasParent() {
		hint = fmt.Sprintf("a command comes first: ipdrift %s %s", commandFor(args[0]), report.Quoted(report.Clean(args[0])))
	}
	return usage(hint, "unknown command %q", args[0])
}

// commandFor is the command that a file alone most likely stands for.
func commandFor(path string) string {
	if strings.HasSuffix(path, ".duckdb") {
		return "report"
	}
	return "analyze"
}
