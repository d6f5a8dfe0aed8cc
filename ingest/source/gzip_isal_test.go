//go:build isal && cgo

package source

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"testing/iotest"

	"ipdrift/ingest/source/sourcetest"
)

// readGzip is what is read of gzip data, how many of its bytes that took, and what was said.
func readGzip(data []byte, size int, open func(*bufio.Reader) func() (io.Reader, error)) (text []byte, at int64, reason string) {
	src := bytes.NewReader(data)
	in := bufio.NewReaderSize(iotest.HalfReader(src), size)
	text, err := io.ReadAll(&members{compression: compressions()[0], in: in, open: open(in)})
	at = int64(len(data) - src.Len() - in.Buffered())
	if d := (*Damage)(nil); errors.As(err, &d) {
		return text, at + d.At, d.Reason
	}
	return text, at, ""
}

// TestISALAgainstGo reads a real log, whole and damaged, in both ways. Nothing that Go reads may be
// missing, but for up to three letters that end in the last byte before a cut: ISA-L looks them up together.
func TestISALAgainstGo(t *testing.T) {
	demo, err := os.ReadFile("../../testdata/nginx/video-demo.log.gz")
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := readGzip(demo, 4096, gzipInGo)
	whole := sourcetest.Gzip(t, text[:1<<19])
	r := rand.New(rand.NewPCG(8, 3))
	for i := range 300 {
		data, way := bytes.Clone(whole), [3]string{"a bit turned", "cut", "two members"}[i%3]
		switch way {
		case "a bit turned":
			data[r.IntN(len(data))] ^= 1 << r.IntN(8)
		case "cut":
			data = data[:r.IntN(len(data))]
		case "two members":
			data = append(data, data[:r.IntN(len(data))]...)
		}
		size := 16 << r.IntN(14)
		got, at, reason := readGzip(data, size, gzipMembers)
		want, atGo, reasonGo := readGzip(data, size, gzipInGo)
		missing := len(want) - len(got)
		if reason != reasonGo || !bytes.HasPrefix(got, want[:min(len(want), len(got))]) || reason == "" && missing != 0 || missing > 3 || missing > 0 && way == "a bit turned" {
			t.Errorf("%d, %s: %d bytes, %q, want %d bytes, %q", i, way, len(got), reason, len(want), reasonGo)
		}
		if off := at - atGo; off < -8 || off > 328 { // it holds up to 64 bits; a block's header (ISAL_DEF_MAX_HDR_SIZE) it takes at once
			t.Errorf("%d, %s: at byte %d, want %d", i, way, at, atGo)
		}
	}
}

// TestISALIntoSmallBuffers reads a few bytes at a time.
func TestISALIntoSmallBuffers(t *testing.T) {
	want := fixture(t, "access.log")
	in := bufio.NewReader(bytes.NewReader(fixture(t, "one.gz")))
	z, err := gzipMembers(in)()
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(iotest.OneByteReader(z))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v, want %d", len(got), err, len(want))
	}
}
