package source

import (
	"bytes"
	"context"
	"io"
	"sync/atomic"

	"ipdrift/ingest/format"
)

// ChunkSize is how much of a source is read at a time: what a processor's cache holds, measured
// best.
const ChunkSize = 512 << 10

// Head reads the first lines of a source, without their newlines, as far as what
// decides its format goes (see [format.Sample]); the last one is left out where it may go
// on. An error behind the first bytes ends them silently. stdin is for a source of the path "-". facts is what the source says of itself apart from its
// lines, where it was read to its end.
func Head(ctx context.Context, s Source, stdin io.Reader) (head [][]byte, facts format.Facts, err error) {
	var read atomic.Int64
	in, err := s.Open(ctx, stdin, &read)
	if err != nil {
		return nil, facts, err
	}
	defer in.Close()
	text := make([]byte, ChunkSize)
	n, err := Fill(in, text)
	if err != nil && err != io.EOF && n == 0 {
		return nil, facts, err
	}
	text = bytes.TrimPrefix(text[:n], []byte(ByteOrderMark))
	all := bytes.Split(text, []byte("\n"))
	if last := len(all) - 1; len(all[last]) == 0 || n == ChunkSize && last > 0 {
		all = all[:last]
	}
	facts.Page = in.Page()
	return all, facts, nil
}

// Fill reads until p is full or r says why not. Unlike io.ReadFull it hands
// r's own error on, so that a truncated gzip is not taken for an end.
func Fill(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = r.Read(p[n:])
		n += m
	}
	return n, err
}
