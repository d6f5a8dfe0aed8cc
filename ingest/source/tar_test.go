package source

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"ipdrift/ingest/source/sourcetest"
)

func TestTarOfTheTools(t *testing.T) {
	first, second := halves(t)
	long := strings.Repeat("n", 120) + ".csv"
	holes := first + strings.Repeat("\x00", 1<<16)
	tree := []string{"./10.csv", first, "./day/2.csv", second, "./day/3.csv.gz", second, "./holes.csv", holes, "./" + long, second}
	for name, want := range map[string][]string{
		"tree.tar":       slices.Delete(slices.Clone(tree), 6, 8),
		"sparse.tar.bz2": tree,
		"tree.txz":       tree,
		"tree.tar.zst":   {"10.csv", first, "day/2.csv", second},
		"two.tgz":        {"10.csv", first, "day/2.csv", second, "day/3.csv.gz", second},
		"tar.gz":         {"10.csv", first},
		"archive.tar":    {"10.csv", first},
	} {
		all, held, errs := unpack(t, fixture(t, name))
		for i := range all {
			if len(want) < 2*i+2 || all[i].Label != "a.zip!"+want[2*i] || held[i] != want[2*i+1] || errs[i] != nil || !all[i].Modified.Equal(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)) {
				t.Errorf("%s: %s of %s holds %d bytes, %v", name, all[i].Label, all[i].Modified, len(held[i]), errs[i])
			}
		}
		if 2*len(all) != len(want) {
			t.Errorf("%s: %d sources, want %d", name, len(all), len(want)/2)
		}
	}
}

// TestTarAtEveryCut: whatever is cut off the end, what stands before it is read, and something
// says that there was more.
func TestTarAtEveryCut(t *testing.T) {
	first, second := halves(t)
	long := fixture(t, "tree.tar")
	for name, data := range map[string][]byte{
		"tree.tar": long[:len(long)-tarBlock], // the end mark is of two blocks, and one is enough
		"tree.txz": fixture(t, "tree.txz"), "sparse.tar.bz2": fixture(t, "sparse.tar.bz2"), "two.tgz": fixture(t, "two.tgz"),
	} {
		kept, step := 0, max(3, len(data)/150|1)
		for n := tarBlock; n < len(data); n += step {
			all, held, errs := unpack(t, data[:n])
			now := 0
			for i := range all {
				bare := strings.TrimRight(held[i], "\x00")
				if bare == "\x1f" { // half the magic of the compressed file
					continue
				}
				if !strings.HasPrefix(first, bare) && !strings.HasPrefix(second, bare) {
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
			for _, err := range errs {
				var d *Damage
				if errors.As(err, &d) && (d.At < 0 || d.At > int64(n) || d.Size != int64(n)) {
					t.Errorf("%s cut at %d: %v", name, n, err)
				}
			}
		}
		if kept == 0 {
			t.Errorf("%s: nothing kept at any cut", name)
		}
	}
}

// entry of a tar archive: a header and its data.
type tarEntry struct {
	tar.Header
	text string
}

func tarOf(t testing.TB, entries ...tarEntry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		e.Size = int64(len(e.text))
		if err := w.WriteHeader(&e.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// checksum makes a header that was changed a valid one (POSIX pax, "ustar Interchange Format").
func withChecksum(header []byte) {
	copy(header[148:156], "        ")
	sum := 0
	for _, b := range header[:tarBlock] {
		sum += int(b)
	}
	copy(header[148:156], fmt.Sprintf("%06o\x00 ", sum))
}

func TestTarFiles(t *testing.T) {
	named := func(name, text string) tarEntry { return tarEntry{tar.Header{Name: name, Mode: 0o600}, text} }
	a, b := named("a.log", "line\n"), named("b.log", "more\n")
	whole := tarOf(t, a, b)
	header := bytes.Clone(whole)
	header[1024] ^= 1 // of the second name
	first := bytes.Clone(whole)
	first[0] ^= 1
	huge := bytes.Clone(whole)
	copy(huge[1024+124:], "\x80\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff") // its size, in base 256
	withChecksum(huge[1024:])
	other := func(kind byte) tarEntry {
		return tarEntry{tar.Header{Name: "x", Typeflag: kind, Linkname: "a.log"}, ""}
	}
	const missing = "; the files before it are kept, others may be missing"
	zipped := sourcetest.Gzip(t, []byte("line\n"))
	checksum := sourcetest.Gzip(t, whole)
	checksum[len(checksum)-5] ^= 1
	stored := sourcetest.Gzip(t, whole)
	old := bytes.Clone(whole)
	for _, at := range []int{0, 1024} {
		clear(old[at+257 : at+tarBlock])
		withChecksum(old[at:])
	}
	for name, c := range map[string]struct {
		data []byte
		want string // as in TestArchiveMembers
	}{
		"two":                  {whole, "!a.log>line\n|!b.log>more\n"},
		"of Unix V7":           {old, "!a.log>line\n|!b.log>more\n"},
		"of V7, compressed":    {sourcetest.Gzip(t, old), "!a.log>line\n|!b.log>more\n"},
		"names that repeat":    {tarOf(t, a, b, a), "!a.log>line\n|!b.log>more\n|!a.log#2>line\n"},
		"hidden":               {tarOf(t, named("./a.log", "1"), named(".b", "2"), named("x/.c/d.log", "3"), named("__MACOSX/._a.log", "5"), named("../e.log", "6"), named("/etc/f.log", "7")), "!./a.log>1|!../e.log>6|!/etc/f.log>7"},
		"no files":             {tarOf(t, other(tar.TypeSymlink), other(tar.TypeLink), other(tar.TypeChar), other(tar.TypeBlock), other(tar.TypeFifo), other(tar.TypeDir), a), "!a.log>line\n"},
		"none but folders":     {tarOf(t, other(tar.TypeDir)), ":the tar archive holds no file"},
		"empty file":           {tarOf(t, named("a.log", "")), "!a.log>"},
		"a long name":          {tarOf(t, named(strings.Repeat("n", 5000), "1")), "!" + strings.Repeat("n", 4096) + ">1"},
		"compressed inside":    {tarOf(t, named("a.log.gz", string(zipped)), named("cut.gz", string(zipped[:20])), b), "!a.log.gz>line\n|!cut.gz:truncated at byte 1556 (of 4096): the gzip data ends too early; what came before is kept|!b.log>more\n"},
		"archives inside":      {tarOf(t, named("a.tar", string(whole)), named("a.zip", string(sourcetest.Zip(t, "a=1"))), named("b.tgz", string(stored)), a), "!a.tar:a tar archive is not read: unpack it first|!a.zip:a zip archive is not read: unpack it first|!b.tgz:a tar archive inside the gzip data is not read: unpack it first|!a.log>line\n"},
		"joined":               {slices.Concat(tarOf(t, a), tarOf(t, b)), "!a.log>line\n|!b.log>more\n"},
		"padded":               {slices.Concat(whole, make([]byte, 7000)), "!a.log>line\n|!b.log>more\n"},
		"something behind":     {slices.Concat(whole, []byte(strings.Repeat("no header ", 90))), "!a.log>line\n|!b.log>more\n|:damaged at byte 3072 (of 3972): behind the end of the tar data stands something else" + missing},
		"second header wrong":  {header, "!a.log>line\n|:damaged at byte 1536 (of 3072): invalid tar data" + missing},
		"first header wrong":   {first, ":damaged at byte 512 (of 3072): invalid tar data"},
		"no end":               {whole[:2048], "!a.log>line\n|!b.log>more\n|:truncated at byte 2048 (of 2048): the tar archive has no end" + missing},
		"cut in a file":        {whole[:1538], "!a.log>line\n|!b.log:truncated at byte 1538 (of 1538): the tar data ends too early; what came before is kept|:truncated at byte 1538 (of 1538): the tar data ends too early" + missing},
		"cut in the first":     {whole[:300], ":truncated at byte 300 (of 300): the tar data ends too early"},
		"an absurd size":       {huge, "!a.log>line\n|!b.log:truncated at byte 3072 (of 3072): the tar data ends too early; what came before is kept|:truncated at byte 3072 (of 3072): the tar data ends too early" + missing},
		"wrong checksum":       {checksum, "!a.log>line\n|!b.log>more\n|:damaged at byte %d (of %[1]d): the gzip checksum does not fit; the lines before it are kept, but some may be wrong"},
		"compressed, cut":      {stored[:len(stored)-1], "!a.log>line\n|!b.log>more\n|:truncated at byte %d (of %[1]d): the gzip data ends too early" + missing},
		"compressed, behind":   {slices.Concat(stored, []byte("something else")), "!a.log>line\n|!b.log>more\n|:damaged at byte %d (of %d): behind the end of the gzip data stands something else" + missing},
		"compressed, no file":  {sourcetest.Gzip(t, tarOf(t)), ">" + string(tarOf(t))},
		"text that looks like": {[]byte(strings.Repeat(" ", 257) + "ustar  00"), ">" + strings.Repeat(" ", 257) + "ustar  00"},
	} {
		all, held, errs := unpack(t, c.data)
		var got []string
		for i := range all {
			label := strings.TrimPrefix(all[i].Label, "a.zip")
			if errs[i] != nil {
				got = append(got, label+":"+errs[i].Error())
			} else {
				got = append(got, label+">"+held[i])
			}
		}
		want := c.want
		switch {
		case strings.Contains(want, "%[1]d"):
			want = fmt.Sprintf(want, len(c.data))
		case strings.Contains(want, "%d"):
			want = fmt.Sprintf(want, len(stored), len(c.data))
		}
		if said := strings.Join(got, "|"); said != want {
			t.Errorf("%s:\n%q, want\n%q", name, said, want)
		}
	}
}

func TestTarThroughAPipe(t *testing.T) {
	for _, name := range []string{"tree.tar", "two.tgz"} {
		if _, err := readSource(Source{Path: "-"}, bytes.NewReader(fixture(t, name))); !errors.Is(err, errTarPipe) {
			t.Errorf("%s: error %v, want %v", name, err, errTarPipe)
		}
	}
}

// TestTarInAnyOrder: files may be read in any order, several at once, and given up.
func TestTarInAnyOrder(t *testing.T) {
	var entries []tarEntry
	text := func(i int) string { return strings.Repeat(fmt.Sprintf("line of file %d\n", i), 9000) }
	for i := range 20 {
		entries = append(entries, tarEntry{tar.Header{Name: fmt.Sprint(i)}, text(i)})
	}
	for name, data := range map[string][]byte{"plain": tarOf(t, entries...), "compressed": sourcetest.Gzip(t, tarOf(t, entries...))} {
		all, err := List(t.Context(), []string{sourcetest.Write(t, t.TempDir(), "a.tar", data)})
		if err != nil || len(all) != 20 {
			t.Fatalf("%s: %d sources, %v", name, len(all), err)
		}
		size := int64(0)
		for _, s := range all {
			size += s.Size
		}
		if size > int64(len(data)) || size < int64(len(data))/2 {
			t.Errorf("%s: sizes of %d in all, of %d bytes", name, size, len(data))
		}
		var readers sync.WaitGroup
		for r := range 4 {
			readers.Go(func() {
				for i := range 20 {
					i = (i*(2*r+1) + r) % 20 // the odd steps but 5 reach all
					if r == 2 {
						_, _, _ = Head(context.Background(), all[i], nil)
					} else if got, err := readSource(all[i], nil); err != nil || got != text(i) {
						t.Errorf("%s: file %d holds %d bytes, %v", name, i, len(got), err)
					}
				}
			})
		}
		readers.Wait()
		for _, s := range all {
			if _, err := readSource(s, nil); err != nil {
				t.Error(err)
			}
		}
		if n := len(all[0].tarred.idle.tapes); n > all[0].tarred.idle.most() {
			t.Errorf("%s: the archive stays open %d times", name, n)
		}
	}
}

// TestTarsAreClosed: of many archives, few stay open, in whatever order their files were done with.
func TestTarsAreClosed(t *testing.T) {
	dir := t.TempDir()
	for i := range 60 {
		sourcetest.Write(t, dir, fmt.Sprint(i, ".tar"), sourcetest.Tar(t, "a=1", "b=2", "c=3"))
	}
	all, err := List(t.Context(), []string{dir})
	if err != nil || len(all) != 180 {
		t.Fatalf("%d sources, %v", len(all), err)
	}
	for i := 0; i < len(all); i += 3 {
		var open [3]*Stream
		for j := range open {
			if open[j], err = all[i+j].Open(t.Context(), nil, new(atomic.Int64)); err != nil {
				t.Fatal(err)
			}
		}
		for _, j := range []int{2, 0, 1} {
			open[j].Close()
		}
	}
	if idle := all[0].tarred.idle; len(idle.tapes) > idle.most() {
		t.Errorf("%d files are open", len(idle.tapes))
	}
	open, err := os.ReadDir("/proc/self/fd")
	if err == nil && len(open) > 60 {
		t.Errorf("the process has %d files open", len(open))
	}
}

// TestTarThatInflates: neither what nobody reads nor a file of holes is read without end.
func TestTarThatInflates(t *testing.T) {
	block := make([]byte, 1<<20)
	out, err := os.Create(t.TempDir() + "/a.tar.zst")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	w, err := zstd.NewWriter(out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(tarOf(t, tarEntry{tar.Header{Name: "a.log"}, "line\n"})[:1024]); err != nil {
		t.Fatal(err)
	}
	zeros := tarOf(t, tarEntry{tar.Header{Name: ".hidden"}, ""})[:tarBlock]
	copy(zeros[124:], "\x80\x00\x00\x00\x00\x00\x00\x10\x00\x00\x00\x00")
	withChecksum(zeros)
	if _, err := w.Write(zeros); err != nil {
		t.Fatal(err)
	}
	for range 400 {
		if _, err := w.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	all, err := List(t.Context(), []string{out.Name()})
	if err != nil || len(all) != 2 {
		t.Fatalf("%d sources, %v", len(all), err)
	}
	if got, err := readSource(all[0], nil); got != "line\n" || err != nil || !errors.Is(all[1].fault, errInflates) {
		t.Errorf("%q, %v, %v; want the first file, and that the rest inflates", got, err, all[1].fault)
	}
}

func TestTarOfTooManyFiles(t *testing.T) {
	one := tarOf(t, tarEntry{tar.Header{Name: "a"}, ""})[:tarBlock]
	data := sourcetest.Gzip(t, bytes.Repeat(one, mostTarred+2))
	all, err := Source{Path: sourcetest.Write(t, t.TempDir(), "a.tgz", data)}.files(t.Context(), new(glance))
	if err != nil || len(all) != mostTarred+1 {
		t.Fatalf("%d sources, %v", len(all), err)
	}
	if err := all[mostTarred].fault; err == nil || !strings.Contains(err.Error(), "the tar archive holds more than 131,072 files") {
		t.Errorf("%v", err)
	}
}

// TestTarOfTooLongNames: names of 4 kB that compress to nothing would take half a gigabyte.
func TestTarOfTooLongNames(t *testing.T) {
	one := tarOf(t, tarEntry{tar.Header{Name: strings.Repeat("n", 5000)}, ""})
	data := sourcetest.Gzip(t, bytes.Repeat(one[:len(one)-2*tarBlock], mostNames/tarName+9))
	all, err := Source{Path: sourcetest.Write(t, t.TempDir(), "a.tgz", data)}.files(t.Context(), new(glance))
	if err != nil || len(all) > mostNames/tarName+2 || all[len(all)-1].fault == nil || !strings.Contains(all[len(all)-1].fault.Error(), "or names of more than 32 MiB") {
		t.Errorf("%d sources, %v, the last with %v", len(all), err, all[len(all)-1].fault)
	}
}

func TestTarListEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := Source{Path: sourcetest.Write(t, t.TempDir(), "a.tgz", fixture(t, "two.tgz"))}
	if all, err := s.files(ctx, new(glance)); !errors.Is(err, context.Canceled) {
		t.Errorf("%d sources, %v; want the context's error", len(all), err)
	}
}

// TestTarBehindALongGzipHeader: what is looked into first does not decide alone.
func TestTarBehindALongGzipHeader(t *testing.T) {
	name := make([]byte, 100) // of bytes that do not compress
	for i := range name {
		name[i] = byte('0' + i*i*7%75)
	}
	data := tarOf(t, tarEntry{tar.Header{Name: string(name)}, "line\n"})
	for _, long := range []int{0, 200, 3000, 60_000} {
		for _, level := range []int{gzip.NoCompression, gzip.BestCompression} {
			var b bytes.Buffer
			w, err := gzip.NewWriterLevel(&b, level)
			if err != nil {
				t.Fatal(err)
			}
			w.Extra = make([]byte, long)
			if _, err := w.Write(data); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			all, held, errs := unpack(t, b.Bytes())
			if len(all) != 1 || errs[0] != nil || held[0] != "line\n" {
				t.Errorf("behind %d bytes, level %d: %v, %q", long, level, errs, held)
			}
		}
	}
}
