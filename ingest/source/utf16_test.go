package source

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestNarrowed: the bytes are those of printf | iconv -t UTF-16LE, and by hand where no text has them.
func TestNarrowed(t *testing.T) {
	for text, want := range map[string]string{
		"\xff\xfea\x00\r\x00\n\x00b\x00":              "a\r\nb",
		"\xfe\xff\x00a\x00\n\x04\x32":                 "a\nв",
		"\xff\xfe\x3d\xd8\x00\xde\xe9\x00\xac\x20":    "😀é€",
		"\xff\xfe\x3d\xd8a\x00\x00\xdeb\x00\x3d\xd8":  "\uFFFDa\uFFFDb\uFFFD",
		"\xff\xfea\x00b":                              "a\uFFFD",
		"\xff\xfe":                                    "",
		"\xff\xfe\x00\x00a\x00\x00\x00":               "\xff\xfe\x00\x00a\x00\x00\x00",
		"plain":                                       "plain",
		"\xff\xfe" + strings.Repeat("a\x00", 200_000): strings.Repeat("a", 200_000),
	} {
		for _, in := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text)), iotest.DataErrReader(strings.NewReader(text))} {
			in, first := narrowed(in, []byte(text)[:min(len(text), headSize)])
			head := string(first)
			out, err := io.ReadAll(in)
			if err != nil || string(out) != want || !strings.HasPrefix(want, head) {
				t.Errorf("%.20q: %v, %.20q behind %.20q, want %.20q", text, err, out, head, want)
			}
		}
	}
}

// TestNarrowedIntoAFullBuffer: what is left of a buffer may be too little for a rune.
func TestNarrowedIntoAFullBuffer(t *testing.T) {
	for wide, want := range map[string]string{"\xe9\x00": "é", "\xac\x20": "€", "\x3d\xd8\x00\xde": "😀"} {
		for before := range 4 {
			text := "\xff\xfe" + strings.Repeat("a\x00", before) + strings.Repeat(wide, 100_000)
			in, _ := narrowed(strings.NewReader(text), []byte(text)[:min(len(text), headSize)])
			buf, _ := ahead(in)
			if out, err := io.ReadAll(buf); err != nil || string(out) != strings.Repeat("a", before)+strings.Repeat(want, 100_000) {
				t.Errorf("%s behind %d letters: %v, %d bytes", want, before, err, len(out))
			}
		}
	}
}
