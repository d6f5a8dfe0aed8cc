package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"ipdrift/ingest/source"
	"ipdrift/ingest/source/sourcetest"
)

func TestSources(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"a.log", "b.log", "x=y.log", "logs/2.log", "logs/10.log", "logs/deep/1.log", "logs/.hidden", "logs/.git/config", "br[1].log", "same/1/a.log", "same/2/a.log", "same/b.log"} {
		sourcetest.Write(t, ".", name, []byte("x\n"))
	}
	if err := os.Mkdir("empty", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string // label>path, ! behind a label that was given
		err  string // part of the error
	}{
		{args: []string{"a.log"}, want: "a.log>a.log"},
		{args: []string{"b.log", "a.log"}, want: "b.log>b.log a.log>a.log"},
		{args: []string{"edge1=a.log"}, want: "edge1!>a.log"},
		{args: []string{"x=y.log"}, want: "x=y.log>x=y.log"},
		{args: []string{"l=x=y.log"}, want: "l!>x=y.log"},
		{args: []string{"-"}, want: "->-"},
		{args: []string{"cdn.example.com=-"}, want: "cdn.example.com!>-"},
		{args: []string{"-", "-"}, want: "->-"},
		{args: []string{"[ab].log"}, want: "a.log>a.log b.log>b.log"},
		{args: []string{"e=[ab].log"}, want: "e:a.log!>a.log e:b.log!>b.log"},
		{args: []string{"e=a.log", "b.log", "e=br[1].log"}, want: "e:a.log!>a.log b.log>b.log e:br[1].log!>br[1].log"},
		{args: []string{"e=same"}, want: "e:1/a.log!>same/1/a.log e:2/a.log!>same/2/a.log e:b.log!>same/b.log"},
		{args: []string{"e=same/1/a.log", "e=" + dir + "/same/2/a.log"}, want: "e:same/1/a.log!>same/1/a.log e:" + dir + "/same/2/a.log!>" + dir + "/same/2/a.log"},
		{args: []string{"a.log=b.log", "a.log"}, want: "a.log!>b.log a.log#2>a.log"},
		{args: []string{"br[1].log"}, want: "br[1].log>br[1].log"},
		{args: []string{"logs"}, want: "logs/10.log>logs/10.log logs/2.log>logs/2.log logs/deep/1.log>logs/deep/1.log"},
		{args: []string{"log*"}, want: "logs/10.log>logs/10.log logs/2.log>logs/2.log logs/deep/1.log>logs/deep/1.log"},
		{args: []string{"logs/.hidden"}, want: "logs/.hidden>logs/.hidden"},
		{args: []string{"a.log", "a.log", "*.log"}, want: "a.log>a.log b.log>b.log br[1].log>br[1].log x=y.log>x=y.log"},
		{args: []string{"a.log", "./a.log", filepath.Join(dir, "a.log"), "logs/../a.log"}, want: "a.log>a.log"},
		{args: []string{"logs", "logs/"}, want: "logs/10.log>logs/10.log logs/2.log>logs/2.log logs/deep/1.log>logs/deep/1.log"},
		{args: []string{"gone.log"}, err: "gone.log: no such file"},
		{args: []string{"a.log", "e=gone.log"}, err: "gone.log: no such file"},
		{args: []string{""}, err: `"" names no file`},
		{args: []string{"e="}, err: `"e=" names no file`},
		{args: []string{"*.nothing"}, err: "*.nothing: no file matches"},
		{args: []string{"empty"}, err: "empty: the folder holds no file"},
		{args: []string{"[a"}, err: "[a: "},
	} {
		got, err := source.List(t.Context(), c.args)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) || strings.Count(err.Error(), "gone.log") > 1 {
				t.Errorf("Sources(%q): error %v, want one with %q", c.args, err, c.err)
			}
			continue
		}
		var said []string
		for _, s := range got {
			mark := ""
			if s.Named {
				mark = "!"
			}
			said = append(said, s.Label+mark+">"+filepath.ToSlash(s.Path))
			want := int64(2)
			if s.Path == "-" {
				want = -1
			}
			if s.Size != want {
				t.Errorf("%s: size %d, want %d", s.Path, s.Size, want)
			}
		}
		if err != nil || strings.Join(said, " ") != c.want {
			t.Errorf("Sources(%q) = %q, %v; want %q", c.args, said, err, c.want)
		}
	}
}

// broken fails on its first byte.
type broken struct{}

func (broken) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: "/p", Err: errors.New("input/output error")}
}

func TestOpenStdin(t *testing.T) {
	var read atomic.Int64
	in, err := source.Source{Path: "-"}.Open(context.Background(), bytes.NewReader(sourcetest.Gzip(t, []byte("a\nb\n"))), &read)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(in); string(got) != "a\nb\n" || err != nil {
		t.Errorf("gzip on stdin: %q, %v", got, err)
	}
	if _, err := (source.Source{Path: "-"}).Open(context.Background(), broken{}, &read); err == nil || err.Error() != "input/output error" {
		t.Errorf("broken stdin: error %v, want the bare reason", err)
	}
	if _, err := (source.Source{Path: filepath.Join(t.TempDir(), "gone")}).Open(context.Background(), nil, &read); !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "gone") {
		t.Errorf("vanished file: error %v, want the bare reason", err)
	}
}
