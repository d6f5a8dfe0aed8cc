package source

import (
	"bufio"
	"bytes"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// glance looks into one compressed file after the other. It keeps decoders: to
// make one for zstd takes 200 times as long as the look.
type glance struct {
	gzip *gzip.Reader
	zstd *zstd.Decoder
	idle *rack // for the archives that it finds
}

// inside is the beginning of what a file holds that begins with head, without
// its compression, where it has one.
func (g *glance) inside(in *bufio.Reader, head []byte) []byte {
	for _, c := range compressions() {
		if c.is(head) {
			return g.begin(c, in)
		}
	}
	return head
}

// begin decompresses the beginning. A decoder for gzip takes all that it is given, up to 32 KiB of text, so it is given little first.
func (g *glance) begin(c compression, in *bufio.Reader) []byte {
	text := make([]byte, headSize)
	for size := len(text); c.name == "gzip" && size <= in.Size(); size *= 2 {
		stored, _ := in.Peek(size)
		if n, _ := io.ReadFull(g.decoder(c, bytes.NewReader(stored)), text); n == len(text) || len(stored) < size {
			return text[:n]
		}
	}
	n, _ := io.ReadFull(g.decoder(c, in), text)
	return text[:n]
}

func (g *glance) decoder(c compression, in io.Reader) io.Reader {
	switch c.name {
	case "gzip":
		if g.gzip == nil {
			g.gzip = new(gzip.Reader)
		}
		if g.gzip.Reset(in) == nil {
			return g.gzip
		}
	case "zstd":
		if g.zstd == nil {
			g.zstd, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow)) // these options suit it
		}
		if g.zstd.Reset(in) == nil {
			return g.zstd
		}
	default:
		buf := bufio.NewReader(in)
		return &members{compression: c, in: buf, open: c.members(buf)}
	}
	return bytes.NewReader(nil)
}
