package source

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// narrowed reads UTF-16 with a byte order mark, as PowerShell writes files, as UTF-8 without one. head is what in begins with; it returns
// that of the text.
func narrowed(in io.Reader, head []byte) (io.Reader, []byte) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe\x00\x00")): // UTF-32
		return in, head
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return in, head
	}
	buf := buffered(in)
	buf.Discard(2)
	out := buffered(&wide{in: buf, order: order})
	head, _ = out.Peek(headSize)
	return out, head
}

// wide is text in UTF-16.
type wide struct {
	in    *bufio.Reader
	order binary.ByteOrder
	rest  []byte // of a rune for which there was no room
}

func (w *wide) Read(p []byte) (n int, err error) {
	if len(w.rest) == 0 && len(p) < utf8.UTFMax { // a buffer is nearly full
		r, err := w.rune()
		if err != nil {
			return 0, err
		}
		w.rest = utf8.AppendRune(nil, r)
	}
	n = copy(p, w.rest)
	w.rest = w.rest[n:]
	for n == 0 || n+utf8.UTFMax <= len(p) && w.in.Buffered() > 0 {
		r, err := w.rune()
		if err != nil {
			return n, err
		}
		n += utf8.EncodeRune(p[n:], r)
	}
	return n, nil
}

func (w *wide) rune() (rune, error) {
	first, err := w.unit()
	if err != nil || !utf16.IsSurrogate(first) {
		return first, err
	}
	if next, _ := w.in.Peek(2); len(next) == 2 {
		if r := utf16.DecodeRune(first, rune(w.order.Uint16(next))); r != utf8.RuneError {
			w.in.Discard(2)
			return r, nil
		}
	}
	return utf8.RuneError, nil
}

func (w *wide) unit() (rune, error) {
	b, err := w.in.Peek(2)
	switch len(b) {
	case 2:
		w.in.Discard(2)
		return rune(w.order.Uint16(b)), nil
	case 1:
		w.in.Discard(1)
		return utf8.RuneError, nil
	}
	return 0, err
}
