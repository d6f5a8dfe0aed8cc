package source

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"ipdrift/ingest/format"
)

// lineColumns are the columns that hold whole lines: of Splunk, Graylog, Elasticsearch and Datadog, Grafana, CloudWatch and Google Cloud.
var lineColumns = []string{"_raw", "full_message", "message", "line", "@message", "log", "textpayload"}

// tabled reads the lines that one column of a table holds, where its rows themselves are no requests, and what they hold is. Such are
// exports of what gathers logs; and a spreadsheet into which lines were pasted saves them as a table of one column, without a name.
// Of the row of names, the column's remains. head is what in begins with.
func tabled(in io.Reader, head []byte) io.Reader {
	if !mayHoldLines(textOf(head)) {
		return in
	}
	buf, head := ahead(in)
	lines := bytes.Split(head[:bytes.LastIndexByte(head, '\n')+1], []byte{'\n'})
	lines = lines[:min(len(lines), format.SampleLines)]
	if _, misfit := format.Detect(lines, nil); misfit == nil {
		return buf
	}
	for _, c := range linesIn(lines[0]) {
		var held [][]byte
		for _, line := range lines {
			if text := c.value(line); text != nil {
				held = append(held, text)
			}
		}
		if len(held)*2 <= len(lines) {
			continue
		}
		if _, misfit := format.Detect(held, nil); misfit == nil {
			return changed(buf, func(line []byte, whole bool) []byte { // a row without the value stays as it is
				if text := c.value(line); whole && text != nil {
					return append(text, '\n')
				}
				return line
			})
		}
	}
	return buf
}

// mayHoldLines tells whether a text may begin with a row that names a column of lines, or with a quoted value alone.
func mayHoldLines(head []byte) bool {
	if len(head) > 0 && head[0] == '"' {
		end := quoteEnd(head)
		if end < 0 {
			return true
		}
		rest := bytes.TrimLeft(head[end:], " ")
		if len(rest) == 0 || rest[0] == '\r' || rest[0] == '\n' {
			return true
		}
	}
	row, _, _ := bytes.Cut(head, []byte{'\n'})
	return mayName(row)
}

// column is one of a table's.
type column struct {
	sep     byte
	at, all int
}

// linesIn gives the columns of lines that a first row names; of a table of one column, that.
func linesIn(row []byte) (columns []column) {
	all, sep := 1, byte(',')
	for _, s := range []byte(separators) {
		if n := csvColumns(row, s); n > all {
			all, sep = n, s
		}
	}
	if all == 1 {
		return []column{{sep, 0, 1}}
	}
	var names []string
	for i := range all {
		names = append(names, strings.ToLower(string(column{sep, i, all}.value(row))))
	}
	for _, name := range lineColumns {
		if i := slices.Index(names, name); i >= 0 {
			columns = append(columns, column{sep, i, all})
		}
	}
	return columns
}

// value is the column's in a row, on one line and without its quotes; nil: the row is none, or there is none in it.
func (c column) value(row []byte) []byte {
	row = bytes.TrimRight(row, "\r\n")
	if csvColumns(row, c.sep) != c.all {
		return nil
	}
	for i := 0; ; i++ {
		row = bytes.TrimLeft(row, " ")
		end := bytes.IndexByte(row, c.sep)
		quoted := len(row) > 0 && row[0] == '"'
		if quoted {
			end = quoteEnd(row)
			if more := bytes.IndexByte(row[end:], c.sep); more >= 0 {
				end += more
			} else {
				end = -1
			}
		}
		if end < 0 {
			end = len(row)
		}
		switch value := row[:end]; {
		case i < c.at:
			row = row[end+1:]
		case quoted:
			value = bytes.TrimRight(value, " ")
			return bytes.TrimRight(bytes.ReplaceAll(value[1:len(value)-1], []byte(`""`), []byte{'"'}), " ")
		case len(value) == 0 || c.all == 1: // lines without quotes stand for themselves
			return nil
		default:
			return bytes.Clone(value)
		}
	}
}
