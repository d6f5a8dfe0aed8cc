package ingest

import (
	"bufio"
	"bytes"
	"io"
	"sync"

	"ipdrift/ingest/format"
	"ipdrift/ingest/source"
)

const (
	chunkSize = source.ChunkSize
	maxLine   = 2 << 20 // a longer line is rejected and never held whole
	keepLong  = 4 << 10 // of a line too long, this much is kept for its reject
)

// chunk is a run of whole lines of one source.
type chunk struct {
	source int
	first  int64            // number of the first line, from 1
	data   []byte           // whole lines; the last may lack its newline at the end of a source
	long   bool             // data is the beginning of one line longer than maxLine
	format *format.Format   // of its lines; nil for a long one
	others []*format.Format // of those that it does not fit
	buf    *[]byte
}

// chunks recycles chunk buffers.
type chunks struct{ pool sync.Pool }

func (c *chunks) get() *[]byte {
	if b, ok := c.pool.Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, maxLine)
	return &b
}

func (c *chunks) put(ch chunk) { c.pool.Put(ch.buf) }

// cut reads r to its end and hands out chunks of whole lines. It returns the
// number of lines, also when reading fails: what came before the damage has
// been sent. The incomplete line at which a read error struck is sent as a
// line of its own.
func (c *chunks) cut(number int, r lineReader, out func(chunk) error) (lines int64, err error) {
	next := int64(1)
	buf := c.get()
	kept := 0 // bytes of an unfinished line at the start of buf
	for {
		n, rerr := source.Fill(r, (*buf)[kept:min(kept+chunkSize, maxLine)])
		data := (*buf)[:kept+n]
		ended := rerr != nil
		end := len(data)
		if !ended {
			end = bytes.LastIndexByte(data, '\n') + 1
		}
		if end == 0 && !ended && len(data) < maxLine {
			kept = len(data) // a long line goes on
			continue
		}
		if end == 0 && !ended {
			next, err = c.skipLong(number, next, buf, r, out)
			if err != nil {
				return next - 1, err
			}
			buf, kept = c.get(), 0
			continue
		}
		var fresh *[]byte
		if !ended {
			fresh = c.get()
			kept = copy(*fresh, data[end:])
		}
		if end > 0 {
			ch := chunk{source: number, first: next, data: data[:end], buf: buf}
			next += countLines(ch.data)
			if err := out(ch); err != nil {
				return next - 1, err
			}
		}
		if ended {
			if rerr == io.EOF {
				rerr = nil
			}
			return next - 1, rerr
		}
		buf = fresh
	}
}

// skipLong sends the beginning of an overlong line and reads past its end.
func (c *chunks) skipLong(number int, line int64, buf *[]byte, r lineReader, out func(chunk) error) (int64, error) {
	if err := out(chunk{source: number, first: line, data: (*buf)[:keepLong], long: true, buf: buf}); err != nil {
		return line, err
	}
	return line + 1, skipLine(r)
}

// lineReader is what can also be read up to the end of a line.
type lineReader interface {
	io.Reader
	ReadSlice(end byte) ([]byte, error)
}

// skipLine reads to the next newline, or to the end.
func skipLine(r lineReader) error {
	for {
		switch _, err := r.ReadSlice('\n'); err {
		case nil, io.EOF:
			return nil
		case bufio.ErrBufferFull:
		default:
			return err
		}
	}
}

func countLines(data []byte) int64 {
	n := int64(bytes.Count(data, []byte{'\n'}))
	if len(data) > 0 && data[len(data)-1] != '\n' {
		n++
	}
	return n
}
