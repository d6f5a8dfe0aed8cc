package source

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
)

// damaged is what a source yields before its damage.
func damaged(t testing.TB, data []byte) (string, *Damage) {
	t.Helper()
	got, err := inflate(t, data)
	if err == nil {
		return got, nil
	}
	var d *Damage
	if !errors.As(err, &d) {
		t.Fatalf("%v (%T) is no damage", err, err)
	}
	if d.At < 0 || d.At > d.Size || d.Size != int64(len(data)) {
		t.Errorf("%v: position outside the %d bytes", d, len(data))
	}
	return got, d
}

// TestDamageAtEveryCut cuts each fixture at every byte. Where a member has
// just ended, nothing is missing; so it is within the zero bytes behind one.
// xz is made of four bytes each, and fewer at its end are not read.
func TestDamageAtEveryCut(t *testing.T) {
	want := string(fixture(t, "access.log"))
	for name, whole := range map[string][]int{
		"one.gz":              nil,
		"members.gz":          {350, 370},
		"one.zst":             nil,
		"frames.zst":          {273, 286},
		"skippable-first.zst": nil,
		"one.bz2":             nil,
		"streams.bz2":         {399, 413},
		"small.xz":            nil,
		"filters.xz":          nil,
		"blocks.xz":           nil,
		"nocheck.xz":          nil,
		"streams.xz":          {360, 361, 362, 363, 364, 365, 366, 367, 368, 400},
	} {
		data := fixture(t, name)
		last, quiet := "", []int(nil)
		for n := 10; n < len(data); n++ {
			got, d := damaged(t, data[:n])
			if !strings.HasPrefix(want, got) || !strings.HasPrefix(got, last) {
				t.Fatalf("%s cut at %d: %q is no beginning of the log, or shorter than before", name, n, got)
			}
			last = got
			if d == nil {
				quiet = append(quiet, n)
			} else if !errors.Is(d, io.ErrUnexpectedEOF) || d.At > int64(n) || d.At < int64(n&^3) || d.At < int64(n) && !strings.HasSuffix(name, ".xz") || !strings.HasPrefix(d.Error(), "truncated at byte ") {
				t.Errorf("%s cut at %d: %v", name, n, d)
			}
		}
		if !slices.Equal(quiet, whole) {
			t.Errorf("%s: no damage when cut at %v, want %v", name, quiet, whole)
		}
	}
}

// TestDamageByOneBit turns a bit of every byte behind the magic ones.
func TestDamageByOneBit(t *testing.T) {
	want := string(fixture(t, "access.log"))
	for _, name := range []string{"one.gz", "one.zst", "one.bz2", "small.xz", "filters.xz", "blocks.xz"} {
		data := fixture(t, name)
		found := 0
		for i := 10; i < len(data); i++ {
			turned := bytes.Clone(data)
			turned[i] ^= 1 << (i % 8)
			got, err := inflate(t, turned)
			if err == nil && got != want {
				t.Errorf("%s, a bit of byte %d turned: %d bytes and no error", name, i, len(got))
			}
			if err != nil {
				found++
			}
		}
		if found < len(data)*9/10-10 {
			t.Errorf("%s: only %d of %d turned bits found", name, found, len(data))
		}
	}
}

func TestDamageIsWorded(t *testing.T) {
	plain := fixture(t, "access.log")
	behind := func(name, what string) []byte { return append(fixture(t, name), what...) }
	turned := func(name string, fromEnd int) []byte {
		data := fixture(t, name)
		data[len(data)-fromEnd] ^= 1
		return data
	}
	for name, c := range map[string]struct {
		data []byte
		all  bool // every line is kept
		want string
	}{
		"gzip, garbage":   {behind("one.gz", "garbage"), true, "damaged at byte 555 (of 562): behind the end of the gzip data stands something else; all lines before it are kept"},
		"zstd, garbage":   {behind("one.zst", "garbage"), true, "damaged at byte 392 (of 399): behind the end of the zstd data stands something else; all lines before it are kept"},
		"bzip2, garbage":  {behind("one.bz2", "garbage"), true, "damaged at byte 532 (of 539): behind the end of the bzip2 data stands something else; all lines before it are kept"},
		"xz, garbage":     {behind("one.xz", "garbage"), true, "damaged at byte 488 (of 495): behind the end of the xz data stands something else; all lines before it are kept"},
		"gzip, zeros+":    {behind("one.gz", "\x00\x00x"), true, "damaged at byte 557 (of 558): behind the end of the gzip data stands something else; all lines before it are kept"},
		"gzip, checksum":  {turned("one.gz", 8), true, "damaged at byte 555 (of 555): the gzip checksum does not fit; the lines before it are kept, but some may be wrong"},
		"zstd, checksum":  {turned("one.zst", 1), true, "damaged at byte 392 (of 392): the zstd checksum does not fit; the lines before it are kept, but some may be wrong"},
		"bzip2, checksum": {turned("one.bz2", 2), true, "damaged at byte 532 (of 532): the bzip2 checksum does not fit; the lines before it are kept, but some may be wrong"},
		"xz, checksum":    {turned("one.xz", 12+12+1), true, "damaged at byte 460 (of 488): invalid xz data; the lines before it are kept, but some may be wrong"},
		"xz, index":       {turned("one.xz", 12+4), true, "damaged at byte 472 (of 488): invalid xz data; the lines before it are kept, but some may be wrong"},
		"xz, footer":      {turned("one.xz", 1), true, "damaged at byte 484 (of 488): invalid xz data; the lines before it are kept, but some may be wrong"},
	} {
		got, d := damaged(t, c.data)
		if d == nil || d.Error() != c.want || c.all != (got == string(plain)) {
			t.Errorf("%s: %d of %d bytes kept, then %v; want %s", name, len(got), len(plain), d, c.want)
		}
	}
}

// TestDamageKeepsLinesBefore cuts several blocks of xz at 50 places, and puts
// a wrong byte there: what stands before is kept, but for the few bytes that
// the decoder looks ahead. The blocks shrink alike, to an eighth.
func TestDamageKeepsLinesBefore(t *testing.T) {
	data := fixture(t, "large.xz")
	want, err := inflate(t, data)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		at := 100 + i*(len(data)-200)/50
		got, d := damaged(t, data[:at])
		if least := at*len(want)/len(data) - 3000; d == nil || !strings.HasPrefix(want, got) || len(got) < least {
			t.Errorf("cut at %d: %d bytes kept, want %d or more; %v", at, len(got), least, d)
		}
		turned := bytes.Clone(data)
		turned[at] ^= 0x55
		wrong, d := damaged(t, turned)
		if same := max(0, len(got)-200); d == nil || !strings.HasPrefix(wrong, got[:same]) {
			t.Errorf("a wrong byte at %d: of %d bytes before it not all are kept; %v", at, len(got), d)
		}
	}
}

// TestDamageKeepsMembersBefore damages the second member.
func TestDamageKeepsMembersBefore(t *testing.T) {
	plain := string(fixture(t, "access.log"))
	half := strings.Join(strings.SplitAfter(plain, "\n")[:20], "")
	for name, at := range map[string]int{"members.gz": 500, "frames.zst": 420, "streams.bz2": 600, "streams.xz": 470} {
		data := fixture(t, name)
		copy(data[at:], "XXXXXXXXXXXXXXXX")
		got, d := damaged(t, data)
		if d == nil || !strings.HasPrefix(got, half) || !strings.HasPrefix(plain, got) && errors.Is(d, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %d bytes kept, then %v; want the first member, of %d bytes", name, len(got), d, len(half))
		}
	}
}

// failing yields data and then fails.
func failing(data []byte, err error) io.ReadCloser {
	return io.NopCloser(io.MultiReader(bytes.NewReader(data), iotest.ErrReader(&fs.PathError{Op: "read", Path: "/p", Err: err})))
}

// TestDamageOfTheDisk: reading the file itself fails in the middle.
func TestDamageOfTheDisk(t *testing.T) {
	bad := errors.New("input/output error")
	for name, cut := range map[string]int{"access.log": 1000, "one.gz": 300, "frames.zst": 420, "one.bz2": 300, "small.xz": 300, "skippable-first.zst": 6} {
		data := fixture(t, name)
		var read atomic.Int64
		in, err := (&stored{file: failing(data[:cut], bad), size: int64(len(data))}).inflate(nil, &read)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, err = io.ReadAll(in)
		var d *Damage
		if !errors.As(err, &d) || !errors.Is(err, bad) || d.At != int64(cut) || d.Reason != "input/output error" {
			t.Errorf("%s: %v, want the error of the disk at byte %d", name, err, cut)
		}
	}
	var read atomic.Int64
	in, err := (&stored{file: failing(fixture(t, "one.gz")[:300], context.Canceled), size: -1}).inflate(nil, &read)
	if err != nil {
		t.Fatal(err)
	}
	var d *Damage
	if _, err := io.ReadAll(in); !errors.Is(err, context.Canceled) || errors.As(err, &d) {
		t.Errorf("cancelled: %v, want the context's own error", err)
	}
}

// TestDamageByTruncation: somebody empties the file (logrotate's copytruncate)
// while it is read.
func TestDamageByTruncation(t *testing.T) {
	for name, cut := range map[string]int{"access.log": 1000, "one.gz": 300, "frames.zst": 420, "one.bz2": 300, "small.xz": 300} {
		data := fixture(t, name)
		var read atomic.Int64
		in, err := (&stored{file: io.NopCloser(bytes.NewReader(data[:cut])), size: int64(len(data))}).inflate(nil, &read)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, err = io.ReadAll(in)
		if want := fmt.Sprintf("truncated at byte %d (of %d): the file became shorter while it was read", cut, len(data)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

// zeros is an endless file of zero bytes.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestDamageByABomb(t *testing.T) {
	limit := int64(freeInflation)
	for name, c := range map[string]struct {
		used, out int64
		stopped   bool
	}{
		"a log":                     {1 << 20, 20 << 20, false},
		"small, and long":           {1, limit, false},
		"as far as it goes":         {(limit + 1<<20) / maxRatio, limit + 1<<20 - maxRatio, false},
		"one buffer too far":        {limit / maxRatio, limit + 1<<20, true},
		"a gigabyte of a few bytes": {100, 1 << 30, true},
	} {
		in := &stored{raw: &countingReader{n: c.used}, Reader: bufio.NewReader(strings.NewReader("")), size: c.used}
		got, err := io.Copy(io.Discard, &guarded{Reader: io.LimitReader(zeros{}, c.out), in: in})
		var d *Damage
		switch {
		case !c.stopped && (err != nil || got != c.out):
			t.Errorf("%s: stopped after %d of %d bytes: %v", name, got, c.out, err)
		case c.stopped && (!errors.As(err, &d) || got > max(limit, c.used*maxRatio)+64<<10 || !strings.HasPrefix(d.Error(), "stopped at byte ")):
			t.Errorf("%s: %d bytes of a bomb read, then %v", name, got, err)
		}
	}
}
