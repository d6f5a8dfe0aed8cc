//go:build isal && cgo

package source

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"slices"
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

// TestISALHeaders reads two members with every set of flags, whole and cut, and with a wrong checksum of the header.
func TestISALHeaders(t *testing.T) {
	body := sourcetest.Gzip(t, []byte("a line\na line\n"))[10:]
	for flags := range 256 {
		for _, wrong := range []uint16{0, 1} {
			head := []byte{0x1f, 0x8b, 8, byte(flags), 1, 2, 3, 4, 0, 3}
			if flags&4 != 0 {
				head = append(head, 3, 0, 'a', 'b', 'c')
			}
			if flags&8 != 0 {
				head = append(head, "name\x00"...)
			}
			if flags&16 != 0 {
				head = append(head, "comment\x00"...)
			}
			if flags&2 != 0 {
				head = binary.LittleEndian.AppendUint16(head, uint16(crc32.ChecksumIEEE(head))^wrong)
			}
			two := bytes.Repeat(slices.Concat(head, body), 2)
			for end := len(two) / 2; end <= len(two); end++ {
				got, _, reason := readGzip(two[:end], 16, gzipMembers)
				want, _, reasonGo := readGzip(two[:end], 16, gzipInGo)
				if missing := len(want) - len(got); reason != reasonGo || !bytes.HasPrefix(want, got) || missing > 3 || reason == "" && missing != 0 {
					t.Errorf("flags %08b, checksum off by %d, %d of %d bytes: %q, %q, want %q, %q", flags, wrong, end, len(two), got, reason, want, reasonGo)
				}
			}
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
