package source

import (
	"bufio"
	"bytes"
	"io"
)

// maxBroken is how many bytes of the lines behind one may belong to it.
const maxBroken = 64 << 10

// records puts every record of CSV on a line of its own, with blanks for the line breaks that its quoted values hold (RFC 4180,
// 2.6): a line number is then the number of the record. CSV begins with a row of names. Everything else is handed on as it is.
func records(in io.Reader, head []byte) io.Reader {
	if row, _, _ := bytes.Cut(textOf(head), []byte{'\n'}); !mayName(row) {
		return in
	}
	buf := bufio.NewReaderSize(in, 2*maxBroken)
	head, _ = buf.Peek(maxBroken) // an error comes again with the first byte
	row, rest, whole := bytes.Cut(textOf(head), []byte{'\n'})
	if bytes.HasPrefix(row, []byte("sep=")) { // for spreadsheets
		row, _, whole = bytes.Cut(rest, []byte{'\n'})
	}
	if !whole || !mayName(row) {
		return buf
	}
	r := &csvLines{in: buf}
	for _, sep := range []byte(separators) {
		if n := csvColumns(row, sep); n > r.columns {
			r.sep, r.columns = sep, n
		}
	}
	if r.columns < fewestNames {
		return buf
	}
	return changed(buf, r.line)
}

const (
	separators  = "\t,;|"
	fewestNames = 4
)

// mayName tells whether a line, or what there is of it, can be a row of names: every request has a slash, every object a brace. A dollar
// stands in those of Gcore's Logs Uploader, which doubles no quote, and breaks no line.
func mayName(row []byte) bool {
	return len(row) > 0 && !bytes.ContainsAny(row, "/{$") && bytes.ContainsAny(row, separators)
}

// csvLines reads records as lines. A line with an odd number of quotes ends within a value. With the lines behind it, up to the
// next such one, it is a record if they have as many values as there are names; else it stays as it is, and so do they.
type csvLines struct {
	in      *bufio.Reader
	sep     byte
	columns int
	record  []byte // scratch
}

// line is the record that a line begins, or the line.
func (r *csvLines) line(line []byte, whole bool) []byte {
	if !whole || bytes.Count(line, []byte{'"'})%2 == 0 {
		return line
	}
	return r.join(line)
}

// join is the record that a line begins, or the line where there is none.
func (r *csvLines) join(line []byte) []byte {
	r.record = append(r.record[:0], line...)
	n := len(line)
	if n == 0 || line[n-1] != '\n' || csvColumns(line, r.sep) == r.columns {
		return r.record
	}
	next, err := r.in.Peek(maxBroken)
	for at := 0; at < len(next); {
		i := bytes.IndexByte(next[at:], '\n')
		if i < 0 && err != io.EOF {
			break
		}
		end := at + i + 1
		if i < 0 {
			end = len(next)
		}
		if bytes.Count(next[at:end], []byte{'"'})%2 == 0 {
			at = end
			continue
		}
		if whole := append(r.record, next[:end]...); csvColumns(whole, r.sep) == r.columns {
			r.record = whole
			r.in.Discard(end)
			unbreak(r.record)
			return r.record
		}
		break
	}
	return r.record[:n]
}

// unbreak writes blanks over the line breaks within a record.
func unbreak(record []byte) {
	end := len(bytes.TrimRight(record, "\r\n"))
	for i, c := range record[:end] {
		if c == '\n' || c == '\r' {
			record[i] = ' '
		}
	}
}

// csvColumns counts the values of a record; 0: it is none.
func csvColumns(record []byte, sep byte) int {
	record = bytes.TrimRight(record, "\r\n")
	for n := 1; ; n++ {
		record = bytes.TrimLeft(record, " ")
		if len(record) > 0 && record[0] == '"' {
			end := quoteEnd(record)
			if end < 0 {
				return 0
			}
			if record = bytes.TrimLeft(record[end:], " "); len(record) > 0 && record[0] != sep {
				return 0
			}
		}
		i := bytes.IndexByte(record, sep)
		if i < 0 {
			return n
		}
		record = record[i+1:]
	}
}

// quoteEnd is where the quoted value at the beginning ends, doubled quotes in it passed over; -1: it does not end.
func quoteEnd(record []byte) int {
	for at := 1; ; at += 2 {
		i := bytes.IndexByte(record[at:], '"')
		if i < 0 {
			return -1
		}
		if at += i; at+1 == len(record) || record[at+1] != '"' {
			return at + 1
		}
	}
}
