package source

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"ipdrift/ingest/source/sourcetest"
)

// unpack reads the sources of an archive: what each holds, and its error.
func unpack(t testing.TB, data []byte) (all []Source, held []string, errs []error) {
	t.Helper()
	dir := t.TempDir() + "/"
	all, err := List(t.Context(), []string{sourcetest.Write(t, dir, "a.zip", data)})
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range all {
		all[i].Label, all[i].Path = strings.TrimPrefix(s.Label, dir), strings.TrimPrefix(s.Path, dir)
		text, err := readSource(s, nil)
		held, errs = append(held, text), append(errs, err)
	}
	return all, held, errs
}

func readSource(s Source, stdin io.Reader) (string, error) {
	var read atomic.Int64
	in, err := s.Open(context.Background(), stdin, &read)
	if err != nil {
		return "", err
	}
	defer in.Close()
	text, err := io.ReadAll(in)
	return string(text), err
}

func halves(t testing.TB) (first, second string) {
	lines := strings.SplitAfter(string(fixture(t, "access.log")), "\n")
	return strings.Join(lines[:20], ""), strings.Join(lines[20:], "")
}

func TestArchiveOfTheTools(t *testing.T) {
	first, second := halves(t)
	type want struct{ label, text, err string }
	for name, members := range map[string][]want{
		"tree.zip":        {{"a.zip!10.csv", first, ""}, {"a.zip!day/2.csv", second, ""}, {"a.zip!day/3.csv.gz", second, ""}},
		"stored.zip":      {{"a.zip!10.csv", first, ""}},
		"bzip2.zip":       {{"a.zip!10.csv", first, ""}},
		"stream.zip":      {{"a.zip!-", first, ""}},
		"descriptors.zip": {{"a.zip!../10.csv", first, ""}, {"a.zip!2.csv", second, ""}},
		"encrypted.zip":   {{"a.zip!10.csv", "", "encrypted: unpack it with its password first"}},
		"mixed.zip":       {{"a.zip!10.csv", "", "encrypted: unpack it with its password first"}, {"a.zip!2.csv", second, ""}},
	} {
		all, held, errs := unpack(t, fixture(t, name))
		if len(all) != len(members) {
			t.Errorf("%s: %d sources, want %d", name, len(all), len(members))
			continue
		}
		for i, w := range members {
			if all[i].Label != w.label || held[i] != w.text || (errs[i] == nil) != (w.err == "") || errs[i] != nil && errs[i].Error() != w.err || all[i].Path != "a.zip" {
				t.Errorf("%s: %s holds %d bytes, %v; want %s, %d bytes, %q", name, all[i].Label, len(held[i]), errs[i], w.label, len(w.text), w.err)
			}
		}
	}
}

// TestDamageOfArchivesAtEveryCut: whatever is cut off the end, what stands
// before it is read, and something says that there was more.
func TestDamageOfArchivesAtEveryCut(t *testing.T) {
	first, second := halves(t)
	for _, name := range []string{"tree.zip", "stored.zip", "bzip2.zip", "descriptors.zip", "mixed.zip"} {
		data := fixture(t, name)
		kept := 0
		for n := 4; n < len(data); n += 3 {
			all, held, errs := unpack(t, data[:n])
			now := 0
			for i := range all {
				if !strings.HasPrefix(first, held[i]) && !strings.HasPrefix(second, held[i]) {
					t.Fatalf("%s cut at %d: %s holds %q", name, n, all[i].Label, held[i])
				}
				now += len(held[i])
			}
			if now < kept {
				t.Errorf("%s cut at %d: %d bytes kept, less than when more was cut off", name, n, now)
			}
			kept = now
			if !slices.ContainsFunc(errs, func(err error) bool { return err != nil }) {
				t.Errorf("%s cut at %d: no error", name, n)
			}
		}
		if kept == 0 {
			t.Errorf("%s: nothing kept at any cut", name)
		}
	}
	data := fixture(t, "tree.zip")
	end := bytes.Index(data, []byte("PK\x01\x02"))
	all, held, errs := unpack(t, data[:end])
	want := fmt.Sprintf("truncated at byte %d (of %[1]d): behind this member the zip archive has no directory, so members may be missing; all lines before it are kept", end)
	if !slices.Equal(held, []string{first, second, second}) || errs[0] == nil || errs[0].Error() != want || errs[1] != nil || errs[2] != nil {
		t.Errorf("tree.zip without its directory: %d sources, %v; want %s", len(all), errs, want)
	}
}

func TestArchiveMembers(t *testing.T) {
	wrong := sourcetest.Zip(t, "a.log=line\n", "b.log=line\n")
	wrong[bytes.Index(wrong, []byte("PK\x01\x02"))+16] ^= 1 // the checksum, APPNOTE.TXT 4.3.12
	method := sourcetest.Zip(t, "a.log=line\n", "b.log=line\n")
	method[bytes.Index(method, []byte("PK\x01\x02"))+10] = 9
	astray := sourcetest.Zip(t, "a.log=line\n", "b.log=line\n")
	astray[bytes.Index(astray, []byte("PK\x01\x02"))+42] = 7 // where the member begins
	headless := bytes.Clone(astray)
	headless[bytes.LastIndex(headless, []byte("PK\x01\x02"))+42] = 7
	headless[bytes.LastIndex(headless, []byte("PK\x03\x04"))] = 'X'
	overlap := sourcetest.Zip(t, "a.log=line\n", "b.log=line\n")
	copy(overlap[bytes.LastIndex(overlap, []byte("PK\x01\x02"))+42:], "\x00\x00\x00\x00")
	long := sourcetest.Zip(t, "a.log="+strings.Repeat("line of this log\n", 9), "b.log=more\n", "c.log=rest\n")
	missing := slices.Concat(long[:60], long[63:]) // within the data of the first, whose size the directory still gives
	behind := slices.Concat(sourcetest.Zip(t, "a.log=1", "x/=", "b.log=2"), sourcetest.Zip(t, "a.log=3"), sourcetest.Zip(t, "c.log=4"))
	tar, zipped := string(fixture(t, "archive.tar")), string(fixture(t, "tree.zip"))
	for name, c := range map[string]struct {
		data []byte
		want string // label>text or label!error, one per source
	}{
		"names that repeat":    {sourcetest.Zip(t, "a.log=1", "a.log=2", "a.log=3", "b.log=4"), "a.zip!a.log>1|a.zip!a.log#2>2|a.zip!a.log#3>3|a.zip!b.log>4"},
		"a number, too":        {sourcetest.Zip(t, "a.log#2=1", "a.log=2", "a.log=3"), "a.zip!a.log>2|a.zip!a.log#2>3|a.zip!a.log#2#2>1"},
		"hidden":               {sourcetest.Zip(t, "./a.log=1", ".b=2", "x/.c/d.log=3", `x\.c\d.log=4`, "__MACOSX/._a.log=5", "../e.log=6", "x/="), "a.zip!../e.log>6|a.zip!./a.log>1"},
		"no UTF-8":             {sourcetest.Zip(t, "\xff.log=1", "\xfe.log=2"), "a.zip!\uFFFD.log>2|a.zip!\uFFFD.log#2>1"},
		"empty member":         {sourcetest.Zip(t, "a.log="), "a.zip!a.log>"},
		"wrong checksum":       {wrong, "a.zip!a.log:damaged at byte 46 (of 248): the zip checksum does not fit; the lines before it are kept, but some may be wrong|a.zip!b.log>line\n"},
		"unknown method":       {method, "a.zip!a.log:zip compression method 9 is not read: unpack it first|a.zip!b.log>line\n"},
		"directory astray":     {astray, "a.zip!a.log>line\n|a.zip!b.log>line\n"},
		"astray, no header":    {headless, "a.zip!a.log>line\n|a.zip!b.log:the zip archive's directory points to something else than this member"},
		"members that overlap": {overlap, "a.zip!a.log>line\n|a.zip!b.log:its data lies within that of another member, as in a zip bomb: unpack it first if you trust it"},
		"bytes are missing":    {missing, "a.zip!a.log:damaged at byte 61 (of 373): invalid zip data; the lines before it are kept, but some may be wrong|a.zip!b.log>more\n|a.zip!c.log>rest\n"},
		"one behind another":   {behind, "a.zip!a.log>1|a.zip!a.log#2>3|a.zip!b.log>2|a.zip!c.log>4"},
		"archives inside":      {sourcetest.Zip(t, "a.tar="+tar, "b.zip="+zipped), "a.zip!a.tar:a tar archive is not read: unpack it first|a.zip!b.zip:a zip archive is not read: unpack it first"},
		"no member":            {sourcetest.Zip(t), "a.zip:the zip archive holds no file"},
		"no member but hidden": {sourcetest.Zip(t, ".a=1"), "a.zip:the zip archive holds no file"},
		"cut in its header":    {[]byte("PK\x03\x04" + strings.Repeat("\x00", 24) + "\xff\xff" + "beyond"), "a.zip:the zip archive is cut off or damaged in its first member"},
		"cut in the first":     {sourcetest.Zip(t, "a.log=1")[:20], "a.zip:the zip archive is cut off or damaged in its first member"},
	} {
		all, held, errs := unpack(t, c.data)
		var got []string
		for i := range all {
			if errs[i] != nil {
				got = append(got, all[i].Label+":"+errs[i].Error())
			} else {
				got = append(got, all[i].Label+">"+held[i])
			}
		}
		if said := strings.Join(got, "|"); said != c.want {
			t.Errorf("%s:\n%s, want\n%s", name, said, c.want)
		}
	}
}

// TestMissingWithinAMember: what decompresses may be wrong before its end, too, if bytes are missing and others follow.
func TestMissingWithinAMember(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range []string{"a.log", "b.log"} {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err == nil {
			_, err = f.Write([]byte("one\ntwo\nthree\n"))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, held, errs := unpack(t, slices.Concat(b.Bytes()[:40], b.Bytes()[42:]))
	if !strings.HasPrefix(held[0], "one\n") || !Doubtful(errs[0]) || held[1] != "one\ntwo\nthree\n" || errs[1] != nil {
		t.Errorf("%q, %v", held, errs)
	}
}

func TestArchiveThroughAPipe(t *testing.T) {
	if _, err := readSource(Source{Path: "-"}, bytes.NewReader(fixture(t, "tree.zip"))); !errors.Is(err, errNoSeek) {
		t.Errorf("error %v, want %v", err, errNoSeek)
	}
}

func TestArchiveUnderALabel(t *testing.T) {
	dir := t.TempDir()
	sourcetest.Write(t, dir, "x.zip", sourcetest.Zip(t, "1/a.log=1", "2/a.log=2"))
	sourcetest.Write(t, dir, "one.zip", sourcetest.Zip(t, "1/a.log=1"))
	sourcetest.Write(t, dir, "x.zip!1/a.log", []byte("3"))
	t.Chdir(dir)
	for _, c := range []struct{ args, want string }{
		{"cdn=x.zip", "cdn:x.zip!1/a.log cdn:x.zip!2/a.log"},
		{"cdn=one.zip", "cdn"},
		{"cdn=one.zip x.zip", "cdn x.zip!1/a.log x.zip!2/a.log"},
		{"x.zip x.zip", "x.zip!1/a.log x.zip!2/a.log"},
		{"x.zip!1/a.log x.zip", "x.zip!1/a.log x.zip!1/a.log#2 x.zip!2/a.log"},
	} {
		all, err := List(t.Context(), strings.Fields(c.args))
		var labels []string
		for _, s := range all {
			labels = append(labels, s.Label)
			if s.Named && s.Host != "cdn" || !s.Named && s.Host != "" {
				t.Errorf("%s: host %q of %s", c.args, s.Host, s.Label)
			}
		}
		if got := strings.Join(labels, " "); err != nil || got != c.want {
			t.Errorf("%s: %s, %v; want %s", c.args, got, err, c.want)
		}
	}
}

func FuzzOpen(f *testing.F) {
	seeds, err := filepath.Glob(filepath.Join(fixtures, "*.*"))
	if err != nil || len(seeds) < 20 {
		f.Fatalf("%d seeds, %v", len(seeds), err)
	}
	for _, name := range seeds {
		f.Add(fixture(f, filepath.Base(name)))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := List(t.Context(), []string{sourcetest.Write(t, dir, "a", data)})
		if err != nil {
			t.Fatal(err)
		}
		labels := map[string]bool{}
		for _, s := range all {
			if labels[s.Label] {
				t.Errorf("label %q twice", s.Label)
			}
			labels[s.Label] = true
			_, err := readSource(s, nil)
			var d *Damage
			if errors.As(err, &d) && (d.At < 0 || d.At > d.Size || d.Size != int64(len(data))) {
				t.Errorf("%v: outside of %d bytes", d, len(data))
			}
		}
	})
}

// TestCutArchiveOfEncryptedMembers: that an archive is cut off is said of a member that
// cannot be read, too.
func TestCutArchiveOfEncryptedMembers(t *testing.T) {
	whole := fixture(t, "encrypted.zip")
	_, _, errs := unpack(t, whole[:len(whole)/2])
	if len(errs) != 1 || errs[0] == nil || errs[0].Error() != "encrypted: unpack it with its password first; "+noDirectory {
		t.Errorf("%v", errs)
	}
}

// cancelling ends a context while it is read.
type cancelling struct {
	io.ReaderAt
	cancel context.CancelFunc
	left   int // reads until then
	behind int // reads since
}

func (c *cancelling) ReadAt(p []byte, at int64) (int, error) {
	if c.left--; c.left == 0 {
		c.cancel()
	} else if c.left < 0 {
		c.behind++
	}
	return c.ReaderAt.ReadAt(p, at)
}

// TestSourcesEndWithTheContext: what was written through a pipe tells nowhere how long
// it is, so without a directory all of it is read to list it.
func TestSourcesEndWithTheContext(t *testing.T) {
	data := fixture(t, "descriptors.zip")
	cut := data[:bytes.Index(data, []byte("PK\x01\x02"))]
	ctx, cancel := context.WithCancel(t.Context())
	in := &cancelling{ReaderAt: bytes.NewReader(cut), cancel: cancel, left: 3} // two for the first header
	if all := salvage(&untilAt{ctx, in}, int64(len(cut))); len(all) != 1 || in.left > 0 || in.behind > 0 {
		t.Errorf("%d members, %d reads behind the end", len(all), in.behind)
	}
	if all, err := List(ctx, []string{sourcetest.Write(t, t.TempDir(), "a.zip", cut)}); !errors.Is(err, context.Canceled) {
		t.Errorf("%d sources, %v; want the context's error", len(all), err)
	}
}
