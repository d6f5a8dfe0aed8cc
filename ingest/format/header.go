package format

import (
	"bytes"
	"slices"
	"strings"
)

// heading says how a log names its columns, if it does.
type heading uint8

const (
	noHeader   heading = iota
	fieldsLine         // #Fields: name name …
	commaRow           // the names as the data stand: separated by a comma, semicolon, tab or bar
	tabRow             // the same, tabs only
	dollarRow          // "$name" "$name" …, as the data stand
)

func (h heading) want() string {
	switch h {
	case fieldsLine:
		return "a #Fields: line before it that names client, time, request and status, or --log-format 'w3c:<field names>'"
	case dollarRow:
		return "a line of $names first, or --log-format 'gcore:<field names>'"
	}
	return "a row of column names first, or --log-format 'csv:<column names>'"
}

// After gives the format of the lines behind a chunk of whole lines: f itself, or the one that the last header line in it
// sets. It is how the columns are followed through a source that is parsed in pieces: chunks come in order, and each is
// parsed with what After gave for the ones before it. It costs a search per line for formats with header lines, and nothing
// for others.
func (f *Format) After(chunk []byte) *Format {
	if f.heads == noHeader {
		return f
	}
	for line := range bytes.Lines(chunk) {
		if g := f.headed(bytes.TrimRight(line, "\r\n")); g != nil {
			f = g
		}
	}
	return f
}

// headed gives the format that a header line sets; nil if the line is none. Of rows, only those without a slash are looked
// at: every request has one.
func (f *Format) headed(line []byte) *Format {
	line = trimmed(bytes.TrimPrefix(line, []byte(byteOrderMark)))
	switch {
	case len(line) == 0 || f.heads == noHeader:
		return nil
	case f.heading != "" && string(line) == f.heading:
		return f
	case f.heads == fieldsLine:
		return f.fieldsLine(line[:min(len(line), maxLearned)])
	case bytes.IndexByte(line, '/') >= 0 || len(line) > maxLearned:
		return nil
	case f.heads == dollarRow:
		return f.dollarRow(line)
	}
	return f.row(line)
}

// fieldsLine reads a directive of the W3C extended log format; lines with # that set no fields leave the format as it is.
func (f *Format) fieldsLine(line []byte) *Format {
	if line[0] != '#' {
		return nil
	}
	if rest, ok := bytes.CutPrefix(line, []byte("#Software:")); ok {
		g := *f
		g.iis = bytes.Contains(rest, []byte("Microsoft"))
		return &g
	}
	rest, ok := bytes.CutPrefix(line, []byte("#Fields:"))
	if !ok {
		return f
	}
	g := f.ofFields(strings.Fields(string(rest)))
	if g == nil { // what stands behind it must not be read as the columns before
		blind := *f
		blind.columns = nil
		g = &blind
	}
	g.heading = string(line)
	return g
}

// row reads a row of column names.
func (f *Format) row(line []byte) *Format {
	seps := rowSeparators()
	if f.heads == tabRow {
		seps = seps[:1]
	}
	for _, sep := range seps {
		if !bytes.Contains(line, []byte(sep)) {
			continue
		}
		g := *f
		g.columns = &columns{seps: sep, quoted: true}
		names := g.columns.fields(line)
		if slices.Contains(names, "sourcetype") || slices.Contains(names, "splunk_server") {
			g.words, _ = splunkWords().with(f.given) // which f has taken already
		} else if v := vendorOfNames(names); v != nil {
			g.words, g.percent, g.slash = v.words, v.percent, v.slash
			g.words, _ = g.words.with(f.given)
		}
		h, err := g.renamed(names)
		if err != nil {
			continue
		}
		h.heading = string(line)
		h.named(sep)
		return h
	}
	return nil
}

// splunkWords are the columns of Splunk's exports that mean something else there: host is the server that a line came from
// (https://docs.splunk.com/Documentation/Splunk/latest/Data/Aboutdefaultfields).
func splunkWords() *words { return &words{names: map[string]meaning{"host": {field: edge}}} }

// named gives a format with a header row its name, and says what it found.
func (f *Format) named(sep string) {
	*f = Format{Name: "csv", layout: f.layout, columns: f.columns, heads: f.heads, heading: f.heading, words: f.words, given: f.given, has: f.has, escape: f.escape,
		percent: f.percent, slash: f.slash, ports: f.ports, dates: f.dates}
	if sep == "\t" {
		f.Name = "tsv"
	}
	if !slices.ContainsFunc(strings.Fields(viewerColumns), func(name string) bool { return !slices.Contains(f.columns.names, name) }) {
		f.Name, f.Source = viewerName, gcoreViewer().Source
	}
	f.Doc = "columns named by the first row: " + strings.Join(f.columns.names, " ")
}

// dollarRow builds the format of a log whose first line shows its own pattern: the variables with a $ before each.
func (f *Format) dollarRow(line []byte) *Format {
	if bytes.Count(line, []byte{'$'}) < 4 {
		return nil
	}
	g, err := gcoreOf(string(line), f.words)
	if err != nil {
		return nil
	}
	g.layout.unguard()
	if g, err = g.WithMap(f.given); err != nil {
		return nil
	}
	g.heads, g.heading, g.Name = dollarRow, string(line), "gcore-uploader"
	return g
}

// headedBy finds the first header line of a sample and the format it sets; nil if there is none.
func headedBy(lines [][]byte, m Map) *Format {
	for _, start := range []*Format{gcoreUploader(), w3c(), csv()} {
		start, err := start.WithMap(m)
		if err != nil {
			continue
		}
		for _, line := range lines {
			f := start.headed(bytes.TrimRight(line, "\r"))
			switch {
			case f == nil:
			case f.columns != nil || f.layout != nil:
				return f
			default:
				start = f
			}
		}
	}
	return nil
}

// headerFault says why the first line that looks like a header names too little; nil if none does.
func headerFault(lines [][]byte, m Map) *Misfit {
	for i, line := range lines {
		line = bytes.TrimRight(line, "\r")
		name, names := "csv", []string(nil)
		if rest, ok := bytes.CutPrefix(line, []byte("#Fields:")); ok {
			name, names = "w3c", strings.Fields(string(rest))
		} else if i == 0 && bytes.IndexByte(line, '/') < 0 && len(line) < maxLearned {
			names = widest(line)
		}
		if len(names) < 4 {
			continue
		}
		f := Format{given: m, columns: &columns{seps: ","}}
		f.words, _ = f.words.with(m)
		if _, err := f.renamed(names); err != nil {
			return &Misfit{Best: name, Lines: len(lines), Line: i + 1, Column: 1, Want: err.Error(), Text: excerpt(line, 1)}
		}
	}
	return nil
}

// widest cuts a row at the separator that gives the most values.
func widest(line []byte) (names []string) {
	for _, sep := range rowSeparators() {
		c := columns{seps: sep, quoted: true}
		if list := c.fields(line); len(list) > len(names) {
			names = list
		}
	}
	return names
}

func rowSeparators() []string { return []string{"\t", ",", ";", "|"} }

func csv() *Format {
	return &Format{Name: "csv", Doc: "CSV (RFC 4180) with a header row, columns by their usual names or a map; also ; and | for the comma",
		Source: "https://www.rfc-editor.org/rfc/rfc4180", heads: commaRow, escape: doubled, has: anyField}
}

func tsv() *Format {
	f := csv()
	f.Name, f.Doc, f.heads = "tsv", "TSV with a header row, columns by their usual names or a map", tabRow
	f.Source = "https://www.iana.org/assignments/media-types/text/tab-separated-values"
	return f
}
