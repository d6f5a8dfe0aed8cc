package source

import (
	"bufio"
	"bytes"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	dockerLead  = `{"log":"`
	dockerField = `"stream":"std`
)

// docker reads the lines of a log that Docker's json-file driver keeps (https://docs.docker.com/engine/logging/drivers/json-file/):
// each stands in an object, as the value of "log" with its line feed. A line over 16 KiB is in several objects, of which the last
// alone has the line feed. A line in no such object stays as it is.
type docker struct {
	in *bufio.Reader
	at dockerPart
}

type dockerPart uint8

const (
	dockerStart dockerPart = iota
	dockerText             // in the value of "log"
	dockerRest             // behind it
	dockerOther            // a line without it
)

func (d *docker) Read(p []byte) (int, error) {
	out := p[:0]
	for len(out)+utf8.UTFMax <= len(p) { // a step gives one rune at most
		c, err := d.in.ReadByte()
		if err != nil {
			if len(out) > 0 {
				err = nil // it comes again
			}
			return len(out), err
		}
		if d.at == dockerStart {
			d.at = dockerOther
			if lead, _ := d.in.Peek(len(dockerLead) - 1); c == '{' && string(lead) == dockerLead[1:] {
				d.in.Discard(len(lead))
				d.at = dockerText
				continue
			}
		}
		switch {
		case c == '\n':
			if d.at != dockerRest { // else the value ended with its own
				out = append(out, c)
			}
			d.at = dockerStart
		case d.at == dockerText && c == '"':
			d.at = dockerRest
		case d.at == dockerText && c == '\\':
			out = d.unescape(out)
		case d.at != dockerRest:
			out = append(out, c)
		}
	}
	return len(out), nil
}

// unescape reads what stands behind a backslash.
func (d *docker) unescape(out []byte) []byte {
	c, err := d.in.ReadByte()
	if err != nil {
		return out
	}
	switch i := bytes.IndexByte([]byte("nrtbf"), c); {
	case c == '\n': // damage
		d.in.UnreadByte()
		return out
	case i >= 0:
		return append(out, "\n\r\t\b\f"[i])
	case c != 'u':
		return append(out, c)
	}
	r, ok := d.hex()
	if ok && utf16.IsSurrogate(r) {
		low := rune(0)
		if more, _ := d.in.Peek(2); string(more) == `\u` {
			d.in.Discard(2)
			low, _ = d.hex()
		}
		r = utf16.DecodeRune(r, low)
	}
	if !ok {
		r = utf8.RuneError
	}
	return utf8.AppendRune(out, r)
}

func (d *docker) hex() (rune, bool) {
	digits, _ := d.in.Peek(4)
	n, err := strconv.ParseUint(string(digits), 16, 16)
	if err != nil || len(digits) < 4 {
		return 0, false
	}
	d.in.Discard(4)
	return rune(n), true
}

// unwrapped is a log without what Docker puts around its lines, or around the objects that it has instead of lines. head is what in
// begins with, more as in documents.
func unwrapped(in io.Reader, head []byte, more *bool) io.Reader {
	in, head = narrowed(in, head)
	in, head = uncoloured(in, head)
	in, head = grepped(in, head)
	in, head = unescaped(in, head)
	if !bytes.HasPrefix(head, []byte(dockerLead)) {
		return messages(tabled(records(documents(in, head, more), head), head), head)
	}
	buf, head := ahead(in)
	if line, _, whole := bytes.Cut(head, []byte{'\n'}); whole && !bytes.Contains(line, []byte(dockerField)) {
		return messages(documents(buf, head, more), head)
	}
	return bufio.NewReaderSize(&docker{in: buf}, documentHead)
}
