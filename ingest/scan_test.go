package ingest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// numbered is a line as cut hands it on.
type numbered struct {
	line int64
	text string
	long bool
}

// cutAll runs cut over r and takes its chunks apart.
func cutAll(t *testing.T, r io.Reader) (got []numbered, lines int64, err error) {
	t.Helper()
	var c chunks
	out := make(chan chunk)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ch := range out {
			if ch.source != 3 {
				t.Errorf("chunk of source %d, want 3", ch.source)
			}
			if ch.long {
				got = append(got, numbered{ch.first, string(ch.data), true})
				c.put(ch)
				continue
			}
			for i, text := range strings.Split(strings.TrimSuffix(string(ch.data), "\n"), "\n") {
				got = append(got, numbered{ch.first + int64(i), text, false})
			}
			for i := range ch.data {
				ch.data[i] = '#' // whoever reads on would see it
			}
			c.put(ch)
		}
	}()
	lines, err = c.cut(3, bufio.NewReaderSize(r, 16), func(ch chunk) error { out <- ch; return nil })
	close(out)
	<-done
	return got, lines, err
}

// split is the plain splitter cut is held against.
func split(text string) (want []numbered) {
	if text == "" {
		return nil
	}
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		n := numbered{int64(i) + 1, line, false}
		if len(line)+1 > maxLine {
			n.text, n.long = line[:keepLong], true
		}
		want = append(want, n)
	}
	return want
}

func compare(t *testing.T, name string, text string, r io.Reader) {
	t.Helper()
	want := split(text)
	got, lines, err := cutAll(t, r)
	if err != nil || lines != int64(len(want)) || len(got) != len(want) {
		t.Errorf("%s: %d lines, %d handed on, %v; want %d", name, lines, len(got), err, len(want))
		return
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s: line %d is %.40q (%d bytes, number %d, long %t), want %.40q (%d bytes, number %d, long %t)", name, i+1,
				got[i].text, len(got[i].text), got[i].line, got[i].long, want[i].text, len(want[i].text), want[i].line, want[i].long)
			return
		}
	}
}

// portions returns at most the next of its sizes at a time, and the end
// together with the last bytes if asked to.
type portions struct {
	rest  string
	sizes func() int
	early bool
}

func (p *portions) Read(b []byte) (int, error) {
	if p.rest == "" {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), p.sizes())], p.rest)
	p.rest = p.rest[n:]
	if p.rest == "" && p.early {
		return n, io.EOF
	}
	return n, nil
}

// byteless hides ReadByte.
type byteless struct{ io.Reader }

func filler(n int) string { return strings.Repeat("x", n) }

func TestCutIsAPlainSplitter(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	texts := map[string]string{
		"empty": "", "newline": "\n", "newlines": "\n\n\n", "no newline": "a", "no newline at the end": "a\nb", "CRLF": "a\r\nb\r\n\r\n", "NUL": "a\x00b\n\x00\n\x00",
		"long first":        filler(maxLine+1) + "\na\nb\n",
		"long last":         "a\nb\n" + filler(maxLine+1) + "\n",
		"long, no newline":  "a\n" + filler(maxLine+5),
		"long ones alone":   filler(maxLine) + "\n" + filler(3*maxLine) + "\n" + filler(maxLine) + "\n",
		"long after a full": filler(maxLine-1) + "\n" + filler(maxLine) + "\n" + "a",
		"half and long":     filler(maxLine/2) + "\n" + filler(maxLine+1) + "\n" + filler(maxLine/2) + "\nb\n",
		"empty after long":  filler(maxLine) + "\n\n\n",
	}
	for d := -2; d <= 2; d++ {
		texts[fmt.Sprintf("boundary %+d", d)] = "a\n" + filler(maxLine-2+d) + "\nb\n" + filler(10) + "\nc"
		texts[fmt.Sprintf("line of the limit %+d", d)] = filler(maxLine-1+d) + "\nb\n" + filler(maxLine-1+d) + "\nc\n"
	}
	var b strings.Builder
	for b.Len() < 3*maxLine {
		n := rng.IntN(300)
		if rng.IntN(500) == 0 {
			n = rng.IntN(maxLine + 1000)
		}
		b.WriteString(filler(n) + "\n")
	}
	texts["random"] = b.String()
	texts["random, no newline"] = b.String() + "end"
	for name, text := range texts {
		for kind, sizes := range map[string]func() int{
			"whole":  func() int { return len(text) },
			"random": func() int { return 1 + rng.IntN(1<<20) },
			"page":   func() int { return 4096 },
			"odd":    func() int { return 65_521 },
		} {
			compare(t, name+", "+kind, text, &portions{text, sizes, false})
			compare(t, name+", "+kind+", early end", text, &portions{text, sizes, true})
		}
		compare(t, name+", byte reader", text, strings.NewReader(text))
		compare(t, name+", no byte reader", text, byteless{strings.NewReader(text)})
	}
	short := "a\n\nbc\r\n" + filler(500) + "\nend"
	compare(t, "byte by byte", short, iotest.OneByteReader(strings.NewReader(short)))
	compare(t, "byte by byte, early end", short, iotest.DataErrReader(iotest.OneByteReader(strings.NewReader(short))))
}

func TestCutKeepsWhatCameBeforeDamage(t *testing.T) {
	fault := errors.New("flood in the server room")
	for name, c := range map[string]struct {
		text  string
		lines int64
	}{
		"nothing":         {"", 0},
		"behind a line":   {"a\nb\n", 2},
		"inside a line":   {"a\nb\nhal", 3},
		"second chunk":    {strings.Repeat(filler(99)+"\n", 30_000) + "hal", 30_001},
		"in a long line":  {"a\n" + filler(maxLine+10), 2},
		"behind the long": {filler(maxLine+10) + "\nb\nc", 3},
	} {
		got, lines, err := cutAll(t, io.MultiReader(strings.NewReader(c.text), iotest.ErrReader(fault)))
		if !errors.Is(err, fault) || lines != c.lines || int64(len(got)) != c.lines {
			t.Errorf("%s: %d lines, %d handed on, %v; want %d and %v", name, lines, len(got), err, c.lines, fault)
		}
		for i, n := range got {
			if n.line != int64(i)+1 {
				t.Errorf("%s: line %d has number %d", name, i+1, n.line)
				break
			}
		}
	}
}

func TestCutStops(t *testing.T) {
	var c chunks
	s := sampler{src: &input{format: namedFormat(t, "json")}, fixed: true, settled: true, out: func(chunk) error { return errNotWanted }}
	_, err := c.cut(0, bufio.NewReader(strings.NewReader("a\nb\n")), s.take)
	if !errors.Is(err, errNotWanted) {
		t.Errorf("cut with nobody to take its chunks: %v, want %v", err, errNotWanted)
	}
}

func FuzzCut(f *testing.F) {
	for _, s := range []string{"", "\n", "a\nb", "a\r\n\x00\n", "\n\n"} {
		f.Add(s, uint8(1), false)
	}
	f.Fuzz(func(t *testing.T, text string, size uint8, early bool) {
		compare(t, "fuzzed", text, &portions{text, func() int { return int(size) + 1 }, early})
	})
}
