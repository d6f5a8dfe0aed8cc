package format

import (
	"bytes"
	"math/bits"
	"slices"
	"strings"
)

// SampleLines is how many lines of a source decide its format, at most.
const SampleLines = 250

// Sample picks the lines of a log's beginning that decide its format, 250 at most: the first ones, and as many that are spread over the
// others, since a log may begin with nothing but health checks. The slice may share memory with lines.
func Sample(lines [][]byte) [][]byte {
	const first = SampleLines / 2
	if len(lines) <= SampleLines {
		return lines
	}
	sample := slices.Clone(lines[:first])
	rest := lines[first:]
	for i := range SampleLines - first {
		sample = append(sample, rest[i*len(rest)/(SampleLines-first)])
	}
	return sample
}

// trial is one format tried on a sample.
type trial struct {
	format   *Format
	parsed   int
	idle     int // lines that fit but for their request
	lines    int
	failures map[string]int
	first    map[string]Misfit // per reason: where it stands first
	has      fieldSet          // fields that lines carried, good or idle
	facts    Facts
	whole    int // good lines whose path has a query
	longer   int // good lines that go on behind the last value
	hosted   int // good lines that name a host
	numeric  int // and of these, those whose host is an address
	took     tookSeen
	ports    portSeen
	dates    datesSeen
}

// Detect finds the format of the first lines of a log: the one that parses most of them and, of equals, the one that tells
// most. More than half of the lines that are not blank must fit it, or one of several, with or without a request in them (TLS on a plain port,
// connections that were only opened); otherwise the Misfit says how far the best one came.
// A few hundred lines are enough; they may hold garbage. JSON formats found this way know which fields the lines carry.
// Where the user names columns or keys in a Map, only formats with names are tried: JSON lines and columns with a header.
func Detect(lines [][]byte, m Map) (*Format, *Misfit) {
	if odd := noText(lines); odd != nil {
		return nil, odd
	}
	words, err := (*words)(nil).with(m)
	if err != nil {
		return nil, &Misfit{Want: err.Error()}
	}
	best, broken := bestOf(lines, m, words)
	switch {
	case best.lines == 0: // nothing but header lines: no request came in that hour
		return best.format, nil
	case (best.parsed+best.idle)*2 <= best.lines && !best.among(lines, m):
		return nil, best.misfitOf(lines, m, broken)
	}
	return best.elsewhere(lines, m).settled(), nil
}

// bestOf tries the formats, and returns the best; or the first of which there are only header lines. broken is of one that
// fails, most of all, for its quotes; nil: there is none.
func bestOf(lines [][]byte, m Map, words *words) (best, broken *trial) {
	explained := false // what the values mean, by a row of names or the maker, for more than half of the lines
	for _, f := range candidates(lines, m) {
		if explained && f.Name == learned {
			continue
		}
		if f.columns == nil && f.layout == nil && f.cutter == nil && words != nil {
			f, _ = f.WithMap(m)
		}
		mostFailed := len(lines)
		if best != nil && best.parsed*2 > len(lines) { // who reads half of them at most does not beat it
			mostFailed /= 2
		}
		t := try(f, lines, mostFailed)
		if t.lines == 0 {
			return t, nil
		}
		if best == nil || t.beats(best) {
			best = t
		}
		explained = explained || (f.heads == commaRow || f.fixed) && t.parsed*2 > t.lines
		if reason, _ := t.typical(); reason == ReasonQuote && f.columns != nil && f.columns.quoted {
			broken = t
		}
	}
	return best, broken
}

// misfitOf says why not even the best format fits.
func (t *trial) misfitOf(lines [][]byte, m Map, broken *trial) *Misfit {
	if other := noAccess(lines); other != nil {
		return other
	}
	if dataStream(lines) {
		return &Misfit{Want: "this looks like Akamai DataStream 2, structured: name the fields of the stream in their order, --log-format 'akamai:version,streamId,cp,reqId,reqTimeSec,…'"}
	}
	if t.parsed+t.idle == 0 && someBinary(lines) {
		return &Misfit{Lines: t.lines, Want: wantText}
	}
	if broken != nil {
		return broken.misfit(lines)
	}
	if fault := headerFault(lines, m); fault != nil && t.parsed == 0 {
		return fault
	}
	return t.misfit(lines)
}

// settled is the format with what the lines have shown of it.
func (t *trial) settled() *Format {
	f := *t.format
	if f.whole = t.whole > 0 || t.has&query.bit() != 0; f.whole { // the other lines only seem to lack one: Akamai omits what is "-"
		t.facts.QueryCut = 0
	}
	if f.unitless = f.byName(duration) && t.took.unitless(); f.unitless {
		t.has &^= duration.bit()
	}
	f.ports, f.dates = t.ports.all(), t.dates.order()
	f.urls = f.urls || t.parsed > 0 && t.hosted == t.parsed
	f.has, f.notes = t.has, t.facts.Sentences(f.Name)
	return &f
}

// among reports whether a format that half of the lines or fewer fit is one of several, all of which are found one after the other, so that more
// than half of the lines fit one of them.
func (t *trial) among(lines [][]byte, m Map) bool {
	if t.parsed*(MostOthers+1) < t.lines || t.parsed < FewForeign {
		return false
	}
	foreign := Foreign([]*Format{t.format}, slices.Values(lines))
	if 2*(t.parsed+t.idle)+len(foreign) <= t.lines || len(foreign) == len(lines) {
		return false
	}
	_, misfit := Detect(foreign, m)
	return misfit == nil
}

// candidates are the formats that are worth a trial; of equally good ones the first is taken.
func candidates(lines [][]byte, m Map) (list []*Format) {
	if f := headedBy(lines, m); f != nil {
		list = append(list, f)
		if f.heads == fieldsLine {
			list = append(list, f.inQuotes())
		}
	}
	if f := vendorOf(lines); f != nil {
		list = append(list, f)
	} else {
		list = append(list, jsonLines())
	}
	if len(m) > 0 {
		return list
	}
	list = append([]*Format{gcore()}, list...)
	if f := bareCloudFront(lines); f != nil {
		list = append(list, f)
	}
	list = append(list, nginx(), apacheVhost(), apacheCommon(), bunny(), keyCDN(), alibabaOffline(), alb(), elb(), s3(), s3Old(), haproxy(), squid())
	if f := liteSpeed(); try(f, lines, len(lines)).parsed > 0 { // lines with doubled quotes fit it but for their request
		list = append(list, f)
	}
	if f := learn(lines); f != nil && !dataStream(lines) {
		list = append(list, f)
	}
	return list
}

// dataStream tells lines of Akamai DataStream 2, structured: behind the stream's version and number, the customer has chosen the
// fields and their order, and their values do not tell a status from a port or a time to first byte.
func dataStream(lines [][]byte) bool {
	like, full := 0, 0
	for _, line := range lines {
		if blank(line) {
			continue
		}
		full++
		line = bytes.TrimLeft(line[:min(len(line), maxLearned)], " \t")
		if bytes.IndexAny(line, " \t") > 2 { // no version
			continue
		}
		words := strings.FieldsFunc(string(line), func(r rune) bool { return r == ' ' || r == '\t' })
		if len(words) > 8 && len(words[0]) <= 2 && len(words[1]) <= 8 && isCount(words[0]) && isCount(words[1]) && slices.ContainsFunc(words[2:8], isEpoch) {
			like++
		}
	}
	return float64(like) > mostly*float64(full)
}

func isEpoch(s string) bool {
	return len(s) >= 10 && strings.Trim(s, "0123456789.") == "" && isMoment(s)
}

// someday lets times without a year be read where the year does not matter: 2100.
const someday = 4102444800 * second

// try reads lines in a format, and again where they prove what comes first in their dates. It ends early where more than mostFailed
// of them fail.
func try(f *Format, lines [][]byte, mostFailed int) *trial {
	t := tryOrder(f, lines, mostFailed, eitherFirst)
	if order := t.dates.order(); order != eitherFirst {
		seen := t.dates
		t = tryOrder(f, lines, mostFailed, order)
		t.dates = seen
	}
	return t
}

func tryOrder(f *Format, lines [][]byte, mostFailed int, order dateOrder) *trial {
	t := &trial{format: f, failures: map[string]int{}, first: map[string]Misfit{}}
	ordered := *f
	ordered.dates = order
	p := ordered.NewParser()
	p.Latest = someday
	var r Record
	for i, line := range lines {
		bad := p.Parse(line, &r)
		if bad.Reason == ReasonBlank || bad.Header() {
			continue
		}
		t.lines++
		if bad.Reason != "" {
			t.note(i, bad)
			if bad.Reason == ReasonTime {
				t.dates.note(p.raw(when))
				t.dates.note(p.raw(started))
				t.dates.note(p.raw(day))
			}
			if mostFailed--; mostFailed < 0 {
				break
			}
			if p.idle(bad) {
				t.idle++
				t.has |= p.found()
			}
			continue
		}
		t.parsed++
		t.has |= p.found()
		r.Yearless = false // which year it is, is not known here
		t.facts.Note(&r)
		if bytes.IndexByte(p.raw(path), '?') >= 0 {
			t.whole++
		}
		if r.Host != nil {
			t.hosted++
		}
		if _, ok := Address(r.Host); ok {
			t.numeric++
		}
		if p.goesOn() {
			t.longer++
		}
		t.took.note(p.raw(duration))
		t.ports.note(p.raw(client))
	}
	return t
}

// idle reports whether a line that failed is a whole one, and only what stands for its request is none.
func (p *Parser) idle(bad Failure) bool {
	_, ok := p.status()
	return bad.Reason == ReasonNoTarget && ok && (p.at[request].end > 0 || p.at[target].end > 0 || p.at[path].end > 0)
}

// goesOn reports whether the last line, a good one, has text behind the last value of the layout.
func (p *Parser) goesOn() bool {
	l := p.format.layout
	if l == nil || !p.full {
		return false
	}
	last := l.steps[len(l.steps)-1]
	return int(p.at[last.field].end)+len(last.after) < len(trimmed(p.line))
}

// found is the set of fields that the last line had.
func (p *Parser) found() (set fieldSet) {
	for f := client; f < fieldCount; f++ {
		if p.at[f].end > 0 {
			set |= f.bit()
		}
	}
	if bytes.IndexByte(p.raw(path), '?') >= 0 { // as $uri is in some logs: with its query after all
		set = set&^path.bit() | target.bit()
	}
	return set
}

func (t *trial) note(i int, bad Failure) {
	if t.failures[bad.Reason]++; t.failures[bad.Reason] == 1 {
		t.first[bad.Reason] = Misfit{Line: i + 1, Column: bad.Column, Want: bad.Want}
	}
}

// beats compares by lines parsed, then by fields told, then by how far into the lines the trial came.
func (t *trial) beats(other *trial) bool {
	more := bits.OnesCount64(uint64(t.has)) - bits.OnesCount64(uint64(other.has))
	switch d := t.parsed - other.parsed; {
	case d < 0 && more > 0 && t.nearly(other), d > 0 && more < 0 && other.nearly(t):
		return more > 0
	case d != 0:
		return d > 0
	case more != 0 && max(t.idle-other.idle, other.idle-t.idle) <= t.few():
		return more > 0
	case t.idle != other.idle:
		return t.idle > other.idle
	case more != 0:
		return more > 0
	}
	reason, mine := t.typical()
	otherReason, theirs := other.typical()
	if a, b := reach(reason), reach(otherReason); a != b {
		return t.parsed == 0 && a > b
	}
	return t.parsed == 0 && mine.Column > theirs.Column
}

// nearly reports whether a trial parsed one line less than another, or few, or whether the other reads but the beginnings of the
// lines that this one reads, and the rest may be of another format: what a cut line still has of a shorter format must not make that
// the better one.
func (t *trial) nearly(other *trial) bool {
	few, shifted := t.few(), -t.idle
	for reason, n := range t.failures {
		if !foreignTo(reason) {
			shifted += n
		}
	}
	return t.parsed*2 > t.lines && (other.parsed-t.parsed <= few || other.longer >= t.parsed && shifted <= few)
}

// few is how many lines tell nothing between two formats: damage may fit one by chance.
func (t *trial) few() int { return max(1, t.lines/50) }

// typical is the first failure for the most frequent reason; of equally frequent ones, the one that came first.
func (t *trial) typical() (reason string, m Misfit) {
	most := 0
	for r, n := range t.failures {
		if at := t.first[r]; n > most || n == most && at.Line < m.Line {
			most, reason, m = n, r, at
		}
	}
	return reason, m
}

// reach tells how far into a line a failure comes: values that were found and are wrong are further than none found.
func reach(reason string) int {
	switch reason {
	case ReasonAddress:
		return 1
	case ReasonMasked:
		return 2
	case ReasonTime:
		return 3
	case ReasonNoTarget:
		return 4
	case ReasonStatus:
		return 5
	}
	return 0
}

func (t *trial) misfit(lines [][]byte) *Misfit {
	_, m := t.typical()
	m.Best, m.Parsed, m.Lines = t.format.Name, t.parsed, t.lines
	if m.Line > 0 && !(m.Lines <= fewLines && Lone(lines[m.Line-1])) {
		m.Text = excerpt(lines[m.Line-1], m.Column)
	}
	return &m
}

const (
	excerptLen = 80
	leadIn     = 20 // bytes of an excerpt before the column it is about
	fewLines   = 3  // of a file that may hold a key and no log
	longRun    = 16 // letters and digits without a break: a token, a key, a hash
)

// excerpt shows a line around a column: values after "=" and long runs are starred out, what cannot be printed becomes "?".
func excerpt(line []byte, column int) string {
	text := bytes.Clone(line)
	starValues(text)
	starRuns(text)
	for i, c := range text {
		if c < ' ' || c > '~' {
			text[i] = '?'
		}
	}
	start := max(0, min(column-1-leadIn, len(text)-excerptLen))
	return string(text[start:min(start+excerptLen, len(text))])
}

// Lone reports whether a line is a single word. No line of a log is, but a key or a password may be, whose
// file was taken for a log: it is not shown.
func Lone(line []byte) bool {
	line = bytes.TrimSpace(line)
	if bytes.ContainsAny(line, " \t") {
		return false
	}
	for _, separator := range []string{",", ";", "|", `"`} {
		if bytes.Count(line, []byte(separator)) > 1 {
			return false
		}
	}
	return true
}

// starValues covers what stands between "=" and the next delimiter.
func starValues(text []byte) {
	inside := false
	for i, c := range text {
		switch c {
		case '=':
			if inside {
				text[i] = '*'
			}
			inside = true
		case ' ', '\t', '&', ';', '"', '|':
			inside = false
		default:
			if inside {
				text[i] = '*'
			}
		}
	}
}

// starRuns covers long runs of base64url or hex bytes, percent-encoded ones among them.
func starRuns(text []byte) {
	start := 0
	for i := 0; i <= len(text); i++ {
		if i < len(text) && (isNameByte(text[i]) && text[i] != '.' || text[i] == '%') {
			continue
		}
		if i-start >= longRun {
			copy(text[start:i], bytes.Repeat([]byte{'*'}, i-start))
		}
		start = i + 1
	}
}
