package source

import (
	"bytes"
	"io"

	"golang.org/x/text/encoding/unicode"
)

// narrowed reads UTF-16 with a byte order mark, as PowerShell writes files, as UTF-8 without one. head is what in begins with; it returns
// that of the text.
func narrowed(in io.Reader, head []byte) (io.Reader, []byte) {
	utf32 := bytes.HasPrefix(head, []byte("\xff\xfe\x00\x00"))
	if utf32 || !bytes.HasPrefix(head, []byte("\xff\xfe")) && !bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return in, head
	}
	out := buffered(unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Reader(in))
	head, _ = out.Peek(headSize)
	return out, head
}
