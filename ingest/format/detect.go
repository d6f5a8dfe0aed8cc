package format

import "bytes"

// trial is one format tried on a sample.
type trial struct {
	format   *Format
	parsed   int
	lines    int
	failures map[string]int
	first    map[string]Misfit // per reason: where it stands first
	has      uint32            // fields that good lines carried
	facts    Facts
	local    int // good lines whose time has no zone
}

// Detect finds the format of the first lines of a log: the one that parses most of them and, of equals, the one that tells
// most. It must parse more than half of the lines that are not blank; otherwise the Misfit says how far the best one came.
// A few hundred lines are enough; they may hold garbage. JSON formats found this way know which fields the lines carry.
func Detect(lines [][]byte) (*Format, *Misfit) { return DetectWith(lines, nil) }

// DetectWith is Detect for a log some of whose columns or keys the user names. Where a Map is given, only formats with names are
// tried: JSON lines and columns with a header.
func DetectWith(lines [][]byte, m Map) (*Format, *Misfit) {
	if odd := noText(lines); odd != nil {
		return nil, odd
	}
	words, err := (*words)(nil).with(m)
	if err != nil {
		return nil, &Misfit{Want: err.Error()}
	}
	var best *trial
	for _, f := range candidates(lines, m) {
		if f.columns == nil && f.layout == nil && f.cutter == nil && words != nil {
			f, _ = f.WithMap(m)
		}
		t := try(f, lines)
		if t.lines == 0 { // nothing but header lines: no request came in that hour
			return f, nil
		}
		if best == nil || t.beats(best) {
			best = t
		}
	}
	if best.parsed*2 <= best.lines {
		if fault := headerFault(lines, m); fault != nil && best.parsed == 0 {
			return nil, fault
		}
		return nil, best.misfit(lines)
	}
	f := *best.format
	f.has, f.notes = best.has, best.notes(f.Name)
	return &f, nil
}

// candidates are the formats that are worth a trial; of equally good ones the first is taken.
func candidates(lines [][]byte, m Map) (list []*Format) {
	if f := headedBy(lines, m); f != nil {
		list = append(list, f)
	}
	if f := vendorOf(lines); f != nil {
		list = append(list, f)
	}
	list = append(list, jsonLines())
	if len(m) > 0 {
		return list
	}
	list = append([]*Format{gcore()}, list...)
	list = append(list, nginx(), apacheVhost(), apacheCommon(), bunny(), keyCDN())
	if f := learn(lines); f != nil {
		list = append(list, f)
	}
	return list
}

// noText refuses what is not a text log: nothing at all, or binary data. Lines count alike, however long: a rotation may leave
// a run of NUL bytes before a good log.
func noText(lines [][]byte) *Misfit {
	odd, full := 0, 0
	for _, line := range lines {
		if blank(bytes.TrimSuffix(line, []byte{'\r'})) {
			continue
		}
		full++
		if binary(line) {
			odd++
		}
	}
	switch {
	case full == 0:
		return &Misfit{Want: "lines of text, found none"}
	case odd*2 > full:
		return &Misfit{Lines: full, Want: "lines of text, found binary data (a compressed or encrypted file?)"}
	}
	return nil
}

// binary tells whether more than a quarter of a line are bytes that no text has.
func binary(line []byte) bool {
	odd := 0
	for _, c := range line {
		if c < ' ' && c != '\t' && c != '\r' || c >= 0x80 {
			odd++
		}
	}
	return odd*4 > len(line)
}

func try(f *Format, lines [][]byte) *trial {
	t := &trial{format: f, failures: map[string]int{}, first: map[string]Misfit{}}
	p := f.NewParser()
	var r Record
	for i, line := range lines {
		bad := p.Parse(line, &r)
		if bad.Reason == ReasonBlank || bad.Header() {
			continue
		}
		t.lines++
		if bad.Reason != "" {
			t.note(i, bad)
			continue
		}
		t.parsed++
		t.has |= p.found()
		t.facts.Note(&r)
		if zoneless(p.raw(when)) || zoneless(p.raw(started)) {
			t.local++
		}
	}
	return t
}

// notes are what the sample shows of the log.
func (t *trial) notes(name string) []string {
	out := t.facts.Sentences(name)
	if t.local > 0 {
		out = append(out, "the times say no zone: they are read as UTC")
	}
	return out
}

// found is the set of fields that the last good line had.
func (p *Parser) found() (set uint32) {
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
	if t.parsed != other.parsed {
		return t.parsed > other.parsed
	}
	if a, b := len(fieldsOf(t.has)), len(fieldsOf(other.has)); a != b {
		return a > b
	}
	reason, mine := t.typical()
	otherReason, theirs := other.typical()
	if a, b := reach(reason), reach(otherReason); a != b {
		return t.parsed == 0 && a > b
	}
	return t.parsed == 0 && mine.Column > theirs.Column
}

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
	case ReasonAddress, ReasonMasked:
		return 1
	case ReasonTime:
		return 2
	case ReasonNoTarget:
		return 3
	case ReasonStatus:
		return 4
	}
	return 0
}

func (t *trial) misfit(lines [][]byte) *Misfit {
	_, m := t.typical()
	m.Best, m.Parsed, m.Lines = t.format.Name, t.parsed, t.lines
	if m.Line > 0 {
		m.Text = excerpt(lines[m.Line-1], m.Column)
	}
	return &m
}

const (
	excerptLen = 80
	leadIn     = 20 // bytes of an excerpt before the column it is about
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

// starRuns covers long runs of base64url or hex bytes.
func starRuns(text []byte) {
	start := 0
	for i := 0; i <= len(text); i++ {
		if i < len(text) && (isNameByte(text[i]) && text[i] != '.') {
			continue
		}
		if i-start >= longRun {
			copy(text[start:i], bytes.Repeat([]byte{'*'}, i-start))
		}
		start = i + 1
	}
}
