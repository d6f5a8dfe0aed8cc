package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"

	"ipdrift/report"
)

// TestNothingIsSaidOfABrokenCase wants stdout empty, and no file, where the case could not
// be written out; and stdout before the case gets its name, so that a case that a full
// stdout has stopped is not there either.
func TestNothingIsSaidOfABrokenCase(t *testing.T) {
	full, broken := errors.New("no room left"), errors.New("stdout is full")
	for _, format := range []string{"text", "csv"} {
		for name, c := range map[string]struct {
			settled, shown, want error
			out                  string
			files                int
		}{
			"written":     {out: "report", files: 1},
			"full disk":   {settled: full, want: full},
			"full stdout": {shown: broken, want: broken},
		} {
			dir := t.TempDir()
			var out bytes.Buffer
			cmd := &cobra.Command{}
			cmd.SetOut(&out)
			cmd.SetContext(context.Background())
			o := outputFlags{format: format, outputs: []string{filepath.Join(dir, "report.json")}}
			kept := false
			err := o.write(cmd, func(_ context.Context, w io.Writer, f report.Format, _ report.Options) error {
				if f.Name == format && c.shown != nil {
					return c.shown
				}
				_, err := io.WriteString(w, "report")
				return err
			}, closing{
				settle: func() error { return c.settled },
				keep:   func() error { kept = true; return nil },
			})
			files, _ := os.ReadDir(dir)
			if err != c.want || out.String() != c.out || len(files) != c.files || kept != (c.want == nil) {
				t.Errorf("%s, %s: %v, stdout %q, %d files, kept %t", format, name, err, out.String(), len(files), kept)
			}
		}
	}
}
