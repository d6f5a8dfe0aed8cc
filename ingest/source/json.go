package source

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

const (
	documentHead = 64 << 10 // what tells a JSON document from lines of JSON
	envelopeHead = 1 << 10
	maxNesting   = 64 // of a record; what is nested deeper is none
	maxTail      = 4 << 10
	blanks       = " \t\r\n"
)

// documents puts every object of a JSON document on a line of its own, and hands on what is none. A document is an array of
// objects, the answer of an API with such an array (bunny.net's Logging API v2, Gcore's log viewer API and others), and objects
// that are indented or stand one behind the other (Fastly's templates, Amazon Data Firehose). From there on it is a log like any
// other, and a line number is the number of the object. head is what in begins with; more becomes whether the last answer says that
// others follow it.
func documents(in io.Reader, head []byte, more *bool) io.Reader {
	if head = textOf(head); len(head) == 0 || head[0] != '{' && head[0] != '[' {
		return in
	}
	buf, head := ahead(in)
	if !isDocument(head) {
		return buf
	}
	buf.Discard(len(head) - len(bytes.TrimPrefix(head, []byte(ByteOrderMark))))
	return bufio.NewReaderSize(&objects{in: buf, more: more}, documentHead)
}

// ahead is a log, and the beginning of it. What ends its reading ends that of the log too.
func ahead(in io.Reader) (*bufio.Reader, []byte) {
	buf := bufio.NewReaderSize(in, documentHead)
	head, _ := buf.Peek(documentHead)
	return buf, head
}

func textOf(head []byte) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(head, []byte(ByteOrderMark)), blanks)
}

// isDocument tells an array or an envelope of objects, objects with line breaks in them, and several on a line.
func isDocument(text []byte) bool {
	text = textOf(text)
	first := bytes.TrimLeft(bytes.TrimPrefix(text, []byte{'['}), blanks)
	if len(first) == 0 || first[0] != '{' || !bytes.HasPrefix(bytes.TrimLeft(first[1:], blanks), []byte{'"'}) {
		return false
	}
	if text[0] == '[' || envelope(first) > 0 {
		return true
	}
	depth, quoted := 0, false
	for i := 0; i < len(first); i++ {
		switch c := first[i]; {
		case c == '\n':
			return !quoted
		case c == '"':
			quoted = !quoted
		case quoted:
			if c == '\\' {
				i++
			}
		case c == '{', c == '[':
			depth++
		case c == '}', c == ']':
			if depth--; depth == 0 {
				return bytes.HasPrefix(bytes.TrimLeft(first[i+1:], " \t,"), []byte{'{'})
			}
		}
	}
	return false
}

// envelopeKeys are the first keys of answers and files that hold objects: of bunny.net's and Gcore's APIs, filter-log-events of the AWS
// CLI, and Azure's exports.
var envelopeKeys = []string{`"data"`, `"events"`, `"records"`}

// envelope measures an object's beginning up to its array of objects: its first key, the hits of Elasticsearch's _search or the logs of
// Edgecast's Real-Time Log Delivery; 0 if there is none.
func envelope(b []byte) (n int) {
	for _, key := range envelopeKeys {
		if n = follow(b, "{", key, ":", "["); n > 0 {
			break
		}
	}
	list := ""
	switch {
	case follow(b, "{", `"took"`) > 0:
		list = `"hits"`
	case nextIndex(b, 0, `"agent_id"`) > 0 && nextIndex(b, 0, `"account_number"`) > 0:
		list = `"logs"`
	}
	for i := 0; list != "" && i >= 0 && n == 0; i = nextIndex(b, i+1, list) {
		if m := follow(b[i:], list, ":", "["); m > 0 {
			n = i + m
		}
	}
	if rest := bytes.TrimLeft(b[n:], blanks); n == 0 || len(rest) == 0 || rest[0] != '{' && rest[0] != ']' {
		return 0
	}
	return n
}

var errHAR = errors.New("a HAR, which is what one browser recorded, is no access log, and does not tell the address that the CDN saw: take the URL that failed from it to ipdrift explain")

// isHAR tells the beginning of an HTTP Archive (HAR 1.2): its version and creator come first.
func isHAR(head []byte) bool {
	head = textOf(head)
	return follow(head, "{", `"log"`, ":", "{", `"version"`) > 0 && bytes.Contains(head, []byte(`"creator"`))
}

// nextIndex finds a word from a place on; -1: it is not there.
func nextIndex(b []byte, from int, word string) int {
	if i := bytes.Index(b[from:min(len(b), envelopeHead)], []byte(word)); i >= 0 {
		return from + i
	}
	return -1
}

// follow measures words with blanks between or none; 0 if others stand there.
func follow(b []byte, words ...string) (n int) {
	for _, word := range words {
		n += len(b[n:]) - len(bytes.TrimLeft(b[n:], blanks))
		if !bytes.HasPrefix(b[n:], []byte(word)) {
			return 0
		}
		n += len(word)
	}
	return n
}

// objects reads the objects of a JSON document as lines, with blanks for the line breaks in them. Damage ends the object that it
// is in: the next one begins with a brace where no value can stand. What stands between objects and is no JSON is a line, too.
type objects struct {
	in      *bufio.Reader
	part    part
	listed  int    // the braces open around the objects of an envelope; 0: they are in none
	tail    []byte // what an envelope says of itself
	more    *bool
	open    []byte // the braces and brackets that are open
	before  byte   // the last byte that is no blank, outside strings
	quoted  bool
	escaped bool
}

// part is where in a document the next byte stands.
type part uint8

const (
	inGap part = iota // between objects
	inObject
	inText // a line that is no JSON
	inTail // behind the array of an envelope: what it says of itself is no log, but may say that the log is a part
)

func (o *objects) Read(p []byte) (int, error) {
	out := p[:0]
	for len(out)+2 <= len(p) { // a step gives two bytes at most
		c, err := o.in.ReadByte()
		if err != nil {
			if len(out) > 0 {
				err = nil // it comes again
			}
			return len(out), err
		}
		switch o.part {
		case inGap:
			out = o.next(c, out)
		case inText:
			out = append(out, c)
			if c == '\n' {
				o.part = inGap
			}
		default:
			out = o.step(c, out)
		}
	}
	return len(out), nil
}

// next takes a byte that stands between objects.
func (o *objects) next(c byte, out []byte) []byte {
	switch {
	case c == ']' && o.listed > 0:
		o.begin(inTail)
		o.open = append(o.open, bytes.Repeat([]byte{'{'}, o.listed-1)...)
		o.listed = 0
	case c == '{':
		if o.inEnvelope() {
			return out
		}
		o.begin(inObject)
		return append(out, c)
	case c != '[' && c != ']' && c != ',' && bytes.IndexByte([]byte(blanks), c) < 0:
		o.part = inText
		return append(out, c)
	}
	return out
}

func (o *objects) begin(at part) {
	o.part, o.before, o.quoted, o.escaped = at, '{', false, false
	o.open = append(o.open[:0], '{')
}

// inEnvelope passes over the beginning of an envelope whose brace was read.
func (o *objects) inEnvelope() bool {
	if o.listed > 0 || o.in.UnreadByte() != nil {
		return false
	}
	head, _ := o.in.Peek(envelopeHead) // an error comes again with the first byte
	n := envelope(head)
	o.listed = bytes.Count(head[:n], []byte{'{'}) - bytes.Count(head[:n], []byte{'}'})
	o.in.Discard(max(n, 1))
	return n > 0
}

// step takes a byte of an object.
func (o *objects) step(c byte, out []byte) []byte {
	if o.quoted {
		switch {
		case c == '\n':
			return o.end(out)
		case o.escaped:
			o.escaped = false
		default:
			o.escaped, o.quoted = c == '\\', c != '"'
		}
		return o.keep(c, out)
	}
	switch c {
	case '\n', '\r':
		c = ' '
	case '"':
		o.quoted = true
	case '{', '[':
		if c == '{' && o.open[len(o.open)-1] == '{' && o.before != ':' {
			return o.next(c, o.end(out))
		}
		if o.open = append(o.open, c); len(o.open) > maxNesting {
			return o.end(out)
		}
	case '}', ']':
		if o.open = o.open[:len(o.open)-1]; len(o.open) == 0 {
			return o.end(o.keep(c, out))
		}
	}
	if c != ' ' && c != '\t' {
		o.before = c
	}
	return o.keep(c, out)
}

func (o *objects) keep(c byte, out []byte) []byte {
	switch {
	case o.part == inObject:
		out = append(out, c)
	case len(o.tail) < maxTail && bytes.IndexByte([]byte(blanks), c) < 0:
		o.tail = append(o.tail, c)
	}
	return out
}

func (o *objects) end(out []byte) []byte {
	if o.part == inTail { // bunny.net: {"pagination": {"returned": 1000, "hasMore": true}}
		*o.more, o.tail = bytes.Contains(o.tail, []byte(`"hasMore":true`)), o.tail[:0]
	}
	out = o.keep('\n', out)
	o.part = inGap
	return out
}
