package main

import (
	"testing"

	"github.com/spf13/cobra"
)

func TestCommandLine(t *testing.T) {
	root, cmd := &cobra.Command{Use: "ipdrift"}, &cobra.Command{Use: "analyze"}
	root.AddCommand(cmd)
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArray("key-file", nil, "")
	f.StringP("output", "o", "", "")
	f.Bool("quiet", false, "")
	f.Int("threads", 0, "")
	if err := f.Parse([]string{"--key-file", "a.key", "--quiet", "-o", "r.md", "--key-file=h=b,c.key", "it's; rm -rf.log"}); err != nil {
		t.Fatal(err)
	}
	want := `ipdrift analyze --key-file a.key --key-file h=b,c.key --quiet --output r.md 'it'\''s; rm -rf.log'`
	if got := commandLine(cmd, f.Args()); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}
