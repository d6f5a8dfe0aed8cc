package format

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// columns is a format of values between separators, whose names a header line or the user gives.
type columns struct {
	seps   string // any of these bytes separates
	quoted bool   // a value may stand in double quotes, doubled within (RFC 4180)
	null   byte   // a value of this byte alone is none, as "-" is; 0 if there is no such byte
	names  []string
	wants  []string // of a line that lacks the value; as many as names
	roles  []field  // as many as names
}

// of gives the columns names and meanings; of several with one meaning the best ranked is read.
func (c columns) of(names []string, w *words) *columns {
	c.names, c.roles, c.wants = names, make([]field, len(names)), make([]string, len(names))
	var best [fieldCount]meaning
	at := [fieldCount]int{}
	for i, name := range names {
		f, rank := w.meaning(folded(name))
		c.wants[i] = "a value of " + name
		if f == skipped || at[f] > 0 && best[f].rank <= rank {
			continue
		}
		if at[f] > 0 {
			c.roles[at[f]-1] = skipped
		}
		c.roles[i], at[f], best[f] = f, i+1, meaning{f, rank}
	}
	return &c
}

func (c *columns) has() (set fieldSet) {
	for _, f := range c.roles {
		set |= f.bit()
	}
	return set &^ skipped.bit()
}

// cut finds the values of a line. It must have as many as there are columns: with more or fewer, none can be trusted. Blanks
// around a value are not part of it.
func (c *columns) cut(p *Parser, line []byte) Failure {
	pos, last := 0, len(c.roles)-1
	for i, role := range c.roles {
		var next int
		pos = c.skip(line, pos)
		if c.quoted && pos < len(line) && line[pos] == '"' {
			end := quoteEnd(line, pos+1)
			if end < 0 {
				return Failure{ReasonQuote, pos + 1, "a quote at the end of the value"}
			}
			if next = c.skip(line, end+1); next < len(line) && strings.IndexByte(c.seps, line[next]) < 0 {
				return Failure{ReasonQuote, next + 1, "a separator behind the quote that ends the value"}
			}
			p.at[role] = span{int32(pos + 1), int32(end)}
		} else {
			next = c.next(line, pos)
			for n := p.inside; n > 0 && next < len(line) && p.wide&role.bit() != 0; n-- {
				next = c.next(line, next+1)
			}
			end := pos + len(trimmed(line[pos:next]))
			p.at[role] = span{int32(pos), int32(end)}
			if end == pos+1 && line[pos] == c.null {
				p.at[role] = span{int32(pos), int32(pos)}
			}
		}
		switch {
		case i == last && next < len(line) && !blank(line[next:]):
			return Failure{ReasonShifted, next + 1, "the end of the line (a value before it may hold a separator)"}
		case i < last && next >= len(line):
			return Failure{ReasonFields, len(line) + 1, c.wants[i+1]}
		}
		pos = next + 1
	}
	return Failure{}
}

// skip passes over blanks that separate nothing.
func (c *columns) skip(line []byte, pos int) int {
	for pos < len(line) && isBlank(line[pos]) && strings.IndexByte(c.seps, line[pos]) < 0 {
		pos++
	}
	return pos
}

// next finds the separator at or behind pos, or the end of the line.
func (c *columns) next(line []byte, pos int) int {
	var i int
	if len(c.seps) == 1 {
		i = bytes.IndexByte(line[pos:], c.seps[0])
	} else {
		i = bytes.IndexAny(line[pos:], c.seps)
	}
	if i < 0 {
		return len(line)
	}
	return pos + i
}

// quoteEnd finds the quote that ends a value begun before pos, skipping doubled ones; -1 if there is none.
func quoteEnd(line []byte, pos int) int {
	for {
		i := bytes.IndexByte(line[pos:], '"')
		if i < 0 {
			return -1
		}
		if pos += i; pos+1 == len(line) || line[pos+1] != '"' {
			return pos
		}
		pos += 2
	}
}

// fields cuts a line into its values, for a header.
func (c *columns) fields(line []byte) (values []string) {
	for pos := 0; pos <= len(line); {
		pos = c.skip(line, pos)
		end := c.next(line, pos)
		value := line[pos:end]
		if c.quoted && len(value) > 0 && value[0] == '"' {
			if end = quoteEnd(line, pos+1); end < 0 {
				return nil
			}
			value = undouble(nil, line[pos+1:end])
			end = c.skip(line, end+1)
		}
		values = append(values, string(bytes.TrimSpace(value)))
		pos = end + 1
	}
	return values
}

// renamed reads columns of these names with the words of f. It works on a copy that the caller owns.
func (f *Format) renamed(names []string) (*Format, error) {
	if lacks := f.words.missing(f.given, names); lacks != "" {
		return nil, fmt.Errorf("map: the log has no column %q: it has %s", lacks, strings.Join(names, ", "))
	}
	f.columns = f.columns.of(names, f.words)
	if f.has = f.columns.has(); !enough(f.has) {
		return nil, fmt.Errorf("columns: %w (a map names the column that holds it)", complete(f.has|method.bit(), ourWords))
	}
	return f, nil
}

// columnsOf builds a format from the names of its columns.
func columnsOf(kind, text string, m Map) (*Format, error) {
	f := Format{Name: kind + ":" + text, Doc: kind + " with columns " + text, given: m, columns: &columns{seps: "\t", quoted: true}, escape: doubled}
	names := nameList(text)
	switch kind {
	case "csv":
		f.columns.seps = separatorOf(text)
		names = f.columns.fields([]byte(text))
	case "akamai":
		f.columns, f.escape, f.percent, f.slash = &columns{seps: " \t", null: '^'}, verbatim, percentFields, true
		f.Source = "https://techdocs.akamai.com/datastream2/v3/docs/log-format-1"
	case "w3c":
		f.columns, f.escape, f.Source, f.words = &columns{seps: " \t"}, verbatim, w3cSource, w3cWords(names)
	}
	var err error
	if f.words, err = f.words.with(m); err != nil {
		return nil, err
	}
	out, err := f.renamed(names)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	return out, nil
}

// separatorOf is what stands between the names: a semicolon or a bar if there is one, else a comma.
func separatorOf(text string) string {
	i := slices.IndexFunc([]string{";", "|"}, func(sep string) bool { return strings.Contains(text, sep) })
	if i < 0 {
		return ","
	}
	return []string{";", "|"}[i]
}
