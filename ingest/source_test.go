package ingest

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

func TestSources(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"a.log", "b.log", "x=y.log", "logs/2.log", "logs/10.log", "logs/deep/1.log", "logs/.hidden", "logs/.git/config", "br[1].log"} {
		writeFile(t, ".", name, []byte("x\n"))
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
		{args: []string{"e=[ab].log"}, want: "e!>a.log e!>b.log"},
		{args: []string{"br[1].log"}, want: "br[1].log>br[1].log"},
		{args: []string{"logs"}, want: "logs/10.log>logs/10.log logs/2.log>logs/2.log logs/deep/1.log>logs/deep/1.log"},
		{args: []string{"log*"}, want: "logs/10.log>logs/10.log logs/2.log>logs/2.log logs/deep/1.log>logs/deep/1.log"},
		{args: []string{"logs/.hidden"}, want: "logs/.hidden>logs/.hidden"},
		{args: []string{"a.log", "a.log", "*.log"}, want: "a.log>a.log b.log>b.log br[1].log>br[1].log x=y.log>x=y.log"},
		{args: []string{"a.log", "./a.log", filepath.Join(dir, "a.log"), "logs/../a.log"}, want: "a.log>a.log"},
		{args: []string{"logs", "logs/"}, want: "logs/10.log>logs/10.log logs/2.log>logs/2.log logs/deep/1.log>logs/deep/1.log"},
		{args: []string{"gone.log"}, err: "gone.log: no such file"},
		{args: []string{"a.log", "e=gone.log"}, err: "gone.log: no such file"},
		{args: []string{"*.nothing"}, err: "*.nothing: no file matches"},
		{args: []string{"empty"}, err: "empty: the folder holds no file"},
		{args: []string{"[a"}, err: "[a: "},
	} {
		got, err := Sources(c.args)
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
			if want := int64(2); s.Path == "-" {
				want = -1
			} else if s.Size != want {
				t.Errorf("%s: size %d, want %d", s.Path, s.Size, want)
			}
		}
		if err != nil || strings.Join(said, " ") != c.want {
			t.Errorf("Sources(%q) = %q, %v; want %q", c.args, said, err, c.want)
		}
	}
}

func open(t *testing.T, data []byte) (string, error) {
	t.Helper()
	var read atomic.Int64
	in, err := Source{Path: writeFile(t, t.TempDir(), "access.log", data)}.open(nil, &read)
	if err != nil {
		return "", err
	}
	defer in.Close()
	out, err := io.ReadAll(in)
	if read.Load() != int64(len(data)) && err == nil {
		t.Errorf("%d stored bytes counted, want %d", read.Load(), len(data))
	}
	return string(out), err
}

func TestOpen(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 100_000)
	for name, c := range map[string]struct {
		data []byte
		want string
		err  string
	}{
		"empty":                   {data: nil, want: ""},
		"one byte":                {data: []byte("x"), want: "x"},
		"plain":                   {data: []byte("a\nb"), want: "a\nb"},
		"gzip":                    {data: gz(t, []byte("a\nb\n")), want: "a\nb\n"},
		"gzip, several members":   {data: slices.Concat(gz(t, []byte("a\n")), gz(t, nil), gz(t, []byte("b\n"))), want: "a\nb\n"},
		"gzip, an empty member":   {data: gz(t, nil), want: ""},
		"gzip, long":              {data: gz(t, []byte(long)), want: long},
		"gzip of gzip":            {data: gz(t, gz(t, []byte("a"))), want: string(gz(t, []byte("a")))},
		"gzip magic alone":        {data: []byte{0x1f, 0x8b}, err: "gzip"},
		"gzip, wrong method":      {data: []byte{0x1f, 0x8b, 7, 0, 0, 0, 0, 0, 0, 0}, err: "gzip"},
		"zstd":                    {data: []byte("\x28\xb5\x2f\xfd\x00\x00"), err: "zstd"},
		"bzip2":                   {data: []byte("BZh91AY&SY"), err: "bzip2"},
		"xz":                      {data: []byte("\xfd7zXZ\x00"), err: "xz"},
		"zip":                     {data: []byte("PK\x03\x04abcd"), err: "zip"},
		"begins like a known one": {data: []byte("PK\x03"), want: "PK\x03"},
	} {
		got, err := open(t, c.data)
		switch {
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s: error %v, want one that names %s", name, err, c.err)
		case c.err == "" && (err != nil || got != c.want):
			t.Errorf("%s: %d bytes, %v; want %d bytes", name, len(got), err, len(c.want))
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
	in, err := Source{Path: "-"}.open(bytes.NewReader(gz(t, []byte("a\nb\n"))), &read)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(in); string(got) != "a\nb\n" || err != nil {
		t.Errorf("gzip on stdin: %q, %v", got, err)
	}
	if _, err := (Source{Path: "-"}).open(broken{}, &read); err == nil || err.Error() != "input/output error" {
		t.Errorf("broken stdin: error %v, want the bare reason", err)
	}
	if _, err := (Source{Path: filepath.Join(t.TempDir(), "gone")}).open(nil, &read); !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "gone") {
		t.Errorf("vanished file: error %v, want the bare reason", err)
	}
}
