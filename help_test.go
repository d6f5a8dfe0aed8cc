package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// TestHelpFits reads the help of every command: but for examples, which a shell
// takes as they stand, it fits 80 columns where nobody says how wide the screen
// is, and each flag says what it takes in a word of its own.
func TestHelpFits(t *testing.T) {
	var each func(cmd *cobra.Command)
	each = func(cmd *cobra.Command) {
		var out bytes.Buffer
		args := append(strings.Fields(cmd.CommandPath())[1:], "--help")
		if got := run(context.Background(), args, strings.NewReader(""), &out, io.Discard); got != 0 {
			t.Errorf("%v: exit status %d", args, got)
		}
		flags := false
		for line := range strings.Lines(out.String()) {
			line = strings.TrimSuffix(line, "\n")
			flags = flags && line != "" || line == "Flags:"
			if width := utf8.RuneCountInString(line); width > 80 && !strings.HasPrefix(line, "  ipdrift ") && cmd.Name() != "completion" && (cmd.Parent() == nil || cmd.Parent().Name() != "completion") {
				t.Errorf("%v: %d columns: %s", args, width, line)
			}
			for _, kind := range []string{" string ", " int ", " strings ", " stringArray "} {
				if flags && strings.HasPrefix(strings.TrimSpace(line), "-") && strings.Contains(line+" ", kind) && !strings.Contains(line, "string>") {
					t.Errorf("%v: a flag does not say what it takes: %s", args, line)
				}
			}
		}
		for _, sub := range cmd.Commands() {
			each(sub)
		}
	}
	each(root())
}

// TestEveryCommandHasItsGroup looks for commands that no group names.
func TestEveryCommandHasItsGroup(t *testing.T) {
	cmd := root()
	layOut(cmd, io.Discard)
	for _, sub := range cmd.Commands() {
		if sub.GroupID == "" {
			t.Errorf("%s stands in no group", sub.Name())
		}
	}
}

// TestDefaultsAreWords where the number that stands for one is nobody's.
func TestDefaultsAreWords(t *testing.T) {
	var out bytes.Buffer
	if run(context.Background(), []string{"generate", "--help"}, strings.NewReader(""), &out, io.Discard) != 0 || strings.Contains(out.String(), "(default -1)") || !strings.Contains(out.String(), "--span SPAN") {
		t.Error(out.String())
	}
}

// TestLogFormatsComplete in the shell, wherever one is asked for.
func TestLogFormatsComplete(t *testing.T) {
	for _, args := range [][]string{{"analyze"}, {"ticket"}, {"formats", "test"}, {"generate"}} {
		var out bytes.Buffer
		if run(context.Background(), append(append([]string{"__complete"}, args...), "--log-format", ""), strings.NewReader(""), &out, io.Discard) != 0 || !strings.Contains(out.String(), "\ncloudfront\n") {
			t.Errorf("%v: %q", args, out.String())
		}
	}
}
