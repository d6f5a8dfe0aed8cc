package format

import (
	"bytes"
	"strings"
)

const learned = "nginx-like"

// table is the lines of a sample that have one skeleton (the same fixed text around as many values), by columns.
type table struct {
	before  []string   // per column: the fixed text before it
	columns [][]string // per column: its values
	quoted  []bool
	tail    string
	roles   []field
}

// learn builds a format from the structure of a sample's lines; nil if it cannot be understood. Tabs, bars, Hive's ^A, semicolons, commas and blanks
// with or without bars are tried as separators; semicolons and commas not below a row of names, which a Map explains. Blanks come last, as
// they also stand around others.
func learn(lines [][]byte) *Format {
	separators := []string{"\t", "|", "\x01", ";", ",", " |"}
	if headerFault(lines, nil) != nil {
		separators = []string{"\t", "|", "\x01", " |"}
	}
	for _, seps := range separators {
		t := commonTable(lines, seps)
		if t == nil {
			continue
		}
		if f := bareColumns(lines, seps, len(t.columns[0])); f != nil {
			return f
		}
		t.assign()
		if f := t.format(); f != nil {
			return f
		}
		if f := bareColumns(lines, seps, 0); f != nil { // with blanks around the separators
			return f
		}
	}
	return nil
}

// bareColumns builds the format of CSV without a row of names, which puts quotes around the values that need them alone, so that few lines
// have one skeleton; nil if this is none, or no more than so many lines fit it.
func bareColumns(lines [][]byte, sep string, others int) *Format {
	if len(sep) > 1 {
		return nil
	}
	c := columns{seps: sep, quoted: true}
	tables, full := map[int]*table{}, 0
	var best *table
	for _, line := range lines {
		line = bytes.TrimRight(line, "\r")
		if blank(line) {
			continue
		}
		full++
		values := c.fields(line)
		if len(values) < fewest || len(values) > maxColumns || len(line) > maxLearned {
			continue
		}
		t := tables[len(values)]
		if t == nil {
			t = newTable(make([]token, len(values)), "")
			tables[len(values)] = t
		}
		for i, v := range values {
			t.columns[i] = append(t.columns[i], v)
		}
		if best == nil || len(t.columns[0]) > len(best.columns[0]) {
			best = t
		}
	}
	if best == nil || len(best.columns[0]) <= others || float64(len(best.columns[0])) < mostly*float64(full) {
		return nil
	}
	best.assign()
	for _, role := range best.roles {
		c.names, c.wants = append(c.names, role.String()), append(c.wants, "a value of "+role.String())
	}
	c.roles = best.roles
	if !enough(c.has()) {
		return nil
	}
	return &Format{Name: learned, Doc: "learned from the lines, CSV without names: <" + strings.Join(c.names, ">"+sep+"<") + ">", columns: &c, escape: doubled, has: c.has(),
		doubt: best.rival()}
}

// commonTable takes the lines whose skeleton is the most frequent one.
func commonTable(lines [][]byte, seps string) *table {
	groups := map[string]*table{}
	var best *table
	var list []token
	var skeleton []byte
	for _, line := range lines {
		if !severalAny(line, seps, fewest-1) {
			continue
		}
		text := strings.TrimSuffix(string(line), "\r")
		if seps != "\t" { // where it is one, a value may be missing at the end
			text = strings.TrimRight(text, " \t")
		}
		var tail string
		if list, tail = tokens(text, seps, list[:0]); len(list) < fewest {
			continue
		}
		skeleton = appendSkeleton(skeleton[:0], list, tail)
		t := groups[string(skeleton)]
		if t == nil {
			t = newTable(list, tail)
			groups[string(skeleton)] = t
		}
		t.add(list)
		if best == nil || len(t.columns[0]) > len(best.columns[0]) {
			best = t
		}
	}
	return best
}

// fewest is how many values a line has that is learned from.
const fewest = 4

// severalAny reports whether a line has so many bytes that are among some.
func severalAny(line []byte, some string, n int) bool {
	for ; n > 0; n-- {
		i := bytes.IndexAny(line, some)
		if i < 0 {
			return false
		}
		line = line[i+1:]
	}
	return true
}

func appendSkeleton(b []byte, list []token, tail string) []byte {
	for _, tok := range list {
		b = append(append(b, tok.before...), 0)
	}
	return append(b, tail...)
}

func newTable(list []token, tail string) *table {
	t := &table{columns: make([][]string, len(list)), tail: tail, roles: make([]field, len(list))}
	for _, tok := range list {
		t.before = append(t.before, tok.before)
		t.quoted = append(t.quoted, tok.quoted)
	}
	return t
}

func (t *table) add(list []token) {
	for i, tok := range list {
		t.columns[i] = append(t.columns[i], tok.value)
	}
}

// share is the part of a column's values that are like something.
func (t *table) share(column int, like func(string) bool) float64 {
	n := 0
	for _, v := range t.columns[column] {
		if like(v) {
			n++
		}
	}
	return float64(n) / float64(len(t.columns[column]))
}

// mostly reports whether a column's values are mostly like something.
func (t *table) mostly(column int, like func(string) bool) bool {
	values := t.columns[column]
	n := len(values)
	for _, v := range values {
		if like(v) {
			continue
		}
		if n--; float64(n)/float64(len(values)) < mostly {
			return false
		}
	}
	return true
}

// blanks counts the blanks in a column's times.
func (t *table) blanks(column int) int {
	if v := t.columns[column][0]; isMoment(v) || isUndated(v) {
		return strings.Count(strings.ReplaceAll(v, "  ", " "), " ")
	}
	return 0
}

// format turns the table into the format that reads it; nil if it does not tell enough.
func (t *table) format() *Format {
	pieces := make([]piece, 0, 2*len(t.columns)+1)
	var doc strings.Builder
	for i := range t.columns {
		if t.before[i] != "" {
			pieces = append(pieces, piece{text: t.before[i]})
		}
		pieces = append(pieces, piece{name: t.roles[i].String(), field: t.roles[i], blanks: t.blanks(i)})
		doc.WriteString(t.before[i] + "<" + t.roles[i].String() + ">")
	}
	if t.tail != "" {
		pieces = append(pieces, piece{text: t.tail})
	}
	l, err := compile(pieces)
	if err != nil || !enough(l.has()) {
		return nil
	}
	return &Format{Name: learned, Doc: "learned from the lines: " + doc.String() + t.tail, layout: l, has: l.has(), percent: t.percent(),
		doubt: t.rival()}
}

// percent is what CloudFront's real-time logs have percent-encoded: there is no blank in any user agent, but in many an encoded one.
func (t *table) percent() fieldSet {
	ua := t.column(agent)
	if ua < 0 || t.share(ua, func(s string) bool { return strings.ContainsAny(s, " ") }) > 0 || t.share(ua, func(s string) bool { return strings.Contains(s, "%20") }) < (1-mostly) {
		return 0
	}
	return agent.bit() | referer.bit()
}
