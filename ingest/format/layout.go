package format

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"
)

// piece is a part of a line as a format describes it: fixed text (name is ""), or a value with a name.
type piece struct {
	text string
	name string
	field
	rank   uint8
	blanks int // in every value, as in a time with its zone
}

// step takes one value off a line: all up to the text that must follow it.
type step struct {
	field   field
	after   string // "" is the end of the line
	blanks  int    // within the value, where a blank ends it
	keep    bool   // after belongs to the next value
	word    bool   // the last value: ends at a blank, too
	guarded bool   // a quote behind a backslash does not end the value
	short   bool   // the value mostly is, and has no blanks of its own
	timed   bool   // the value is a time with blanks
	list    bool   // the value may be addresses with a comma and a blank between
	port    bool   // the value is an address or a name, and a colon and a port follow
	bare    bool   // the value is not quoted; after is a separator, which it may hold
	last    bool   // of the bars before a blank, the last one before a name ends the value
	first   uint64 // the first byte of after, eight times
	text    uint64 // all of after
	mask    uint64 // the bytes of it that count
	want    string
}

// layout is a text format: fixed text around values.
type layout struct {
	before  string // what a line begins with
	opening string // before, in words
	steps   []step
	need    int  // steps a line must have
	raw     bool // no escaping: a backslash is a backslash
	stray   bool // quotes in values are not escaped
	bare    bool // a step is
	scheme  bool // the scheme field proves that no value shifted the ones after it
}

// compile turns pieces into the steps that read them. Of several pieces with one meaning the best ranked is read.
func compile(pieces []piece) (*layout, error) {
	pieces = joinPath(pieces)
	l := &layout{}
	if len(pieces) > 0 && pieces[0].name == "" {
		l.before, pieces = pieces[0].text, pieces[1:]
		l.opening = fmt.Sprintf("%#q to begin with", l.before)
	}
	best := bestRanked(pieces)
	for i, p := range pieces {
		if p.name == "" {
			continue
		}
		s := step{}
		if best[p.field] == i {
			s.field = p.field
		}
		if err := s.end(p, pieces[i+1:]); err != nil {
			return nil, err
		}
		s.guarded = strings.HasPrefix(s.after, `"`)
		s.port = s.after == ":" && (s.field == client || s.field == host)
		s.spell()
		s.list = (s.field == client || s.field == forwarded || s.field == skipped) && s.after != "" && s.after[0] == ' '
		s.timed = s.field == when && s.blanks > 0 && s.after != "" && !s.word && !s.keep
		s.want = p.name + " and then " + s.ending()
		s.bare = len(s.after) > 0 && strings.Contains("|;,", strings.Trim(s.after, " "))
		l.bare = l.bare || s.bare
		l.steps = append(l.steps, s)
	}
	if n := len(l.steps); n > 1 && l.steps[n-1].field == agent && l.steps[n-1].after == "" {
		l.steps[n-2].last = l.steps[n-2].field == target && l.steps[n-2].after == "|"
	}
	l.need = len(l.steps)
	return l, nil
}

// spell prepares near and follows.
func (s *step) spell() {
	if s.after == "" || len(s.after) > 8 {
		return
	}
	long := s.field == agent || s.field == target || s.field == request || s.field == referer
	s.short = !long && !s.keep && !s.port && s.blanks == 0
	var text, mask [8]byte
	for i := range copy(text[:], s.after) {
		mask[i] = 0xff
	}
	s.first, s.text, s.mask = eachByte*uint64(s.after[0]), binary.LittleEndian.Uint64(text[:]), binary.LittleEndian.Uint64(mask[:])
}

// near is find for a short value; -1 is for find to settle.
func (s *step) near(line []byte, pos int) (end int) {
	if pos+24 > cap(line) {
		return -1
	}
	b := (*[24]byte)(line[pos : pos+24]) // past the end of the line there is the next one
	i := 0
	if at := zeros(binary.LittleEndian.Uint64(b[:]) ^ s.first); at != 0 {
		i = bits.TrailingZeros64(at) / 8
	} else if at := zeros(binary.LittleEndian.Uint64(b[8:]) ^ s.first); at != 0 {
		i = 8 + bits.TrailingZeros64(at)/8
	} else {
		return -1
	}
	end = pos + i
	next := end + len(s.after)
	if binary.LittleEndian.Uint64(b[i:])&s.mask != s.text || next > len(line) ||
		s.word && next < len(line) && !isBlank(line[next]) || s.guarded && i > 0 && b[i-1] == '\\' {
		return -1
	}
	return end
}

// follows reports whether after stands at i, where its first byte does.
func (s *step) follows(line []byte, i int) bool {
	if s.mask != 0 && i+8 <= cap(line) {
		return binary.LittleEndian.Uint64(line[i:i+8])&s.mask == s.text
	}
	return string(line[i:i+len(s.after)]) == s.after
}

// unguard reads values whose quotes are not escaped.
func (l *layout) unguard() {
	l.stray = true
	for i := range l.steps {
		l.steps[i].guarded = false
	}
}

// end settles where the value of p ends, given the pieces behind it.
func (s *step) end(p piece, behind []piece) error {
	switch {
	case len(behind) == 0:
		s.blanks = p.blanks
		s.word = s.field != agent && s.field != target && s.field != request && s.field != referer
	case behind[0].name == "":
		s.after = behind[0].text
		s.word = len(behind) == 1
		if s.after[0] == ' ' {
			s.blanks = p.blanks
			if p.field == request { // without quotes: method, target, protocol
				s.blanks = 2
			}
		}
	case behind[0].field == target || behind[0].field == path:
		s.after, s.keep = "/", true
	default:
		return fmt.Errorf("nothing stands between $%s and $%s: put a blank between them", p.name, behind[0].name)
	}
	return nil
}

func (s *step) ending() string {
	if s.after == "" {
		return "the end of the line"
	}
	return fmt.Sprintf("%q", s.after)
}

// bestRanked gives, per field, the index of the piece to read it from; -1 where there is none.
func bestRanked(pieces []piece) (best [fieldCount]int) {
	for f := range best {
		best[f] = -1
	}
	for i, p := range pieces {
		if b := best[p.field]; p.name != "" && (b < 0 || p.rank < pieces[b].rank) {
			best[p.field] = i
		}
	}
	return best
}

// sameTime is find for a time that stood in a line before; -1 is for find to settle.
func (s *step) sameTime(line []byte, pos int, text []byte) (end int) {
	end = pos + len(text)
	if len(text) == 0 || end+len(s.after) > len(line) || string(line[pos:end]) != string(text) || !s.follows(line, end) {
		return -1
	}
	return end
}

// joinPath replaces $uri$is_args$args, which is a target in three variables, by one value.
func joinPath(pieces []piece) []piece {
	out := make([]piece, 0, len(pieces))
	for i := 0; i < len(pieces); i++ {
		p := pieces[i]
		if p.field == path && i+2 < len(pieces) && pieces[i+2].field == query &&
			(pieces[i+1].name == "is_args" || pieces[i+1].text == "?") {
			p.field, i = target, i+2
		}
		out = append(out, p)
	}
	return out
}

// has is the set of fields that the layout reads.
func (l *layout) has() (set fieldSet) {
	for _, s := range l.steps {
		set |= s.field.bit()
	}
	return set &^ skipped.bit()
}

// cut finds the values of a line and leaves them in p.at, or what is wrong in p.bad.
func (l *layout) cut(p *Parser, line []byte) (ok bool) {
	if len(line) < len(l.before) || string(line[:len(l.before)]) != l.before {
		p.at = [fieldCount]span{}
		p.bad = Failure{ReasonFields, 1, l.opening}
		return false
	}
	pos := len(l.before)
	for i := range l.steps {
		s := &l.steps[i]
		end := -1
		switch {
		case s.short:
			end = s.near(line, pos)
		case s.timed:
			end = s.sameTime(line, pos, p.clock.text)
		case s.last:
			end = lastBar(line, pos)
		}
		next := end + len(s.after)
		if end < 0 {
			if end, next = s.find(line, pos, l.raw); end < 0 {
				return l.early(p, line, i, pos)
			}
		}
		for s.list && end > pos && line[end-1] == ',' && next < len(line) && (s.field != skipped || isAddress(string(line[pos:end-1]))) {
			more, behind := s.find(line, next, l.raw)
			if more < 0 {
				return l.early(p, line, i, next)
			}
			end, next = more, behind
		}
		for n := p.inside; n > 0 && s.bare && p.wide&s.field.bit() != 0; n-- {
			if end, next = s.find(line, next, l.raw); end < 0 {
				return l.early(p, line, i, pos)
			}
		}
		p.at[s.field] = span{int32(pos), int32(end)}
		pos = next
	}
	p.full = true
	if end := bytes.IndexByte(line, '\r'); end >= 0 { // another line would be lost
		p.bad = Failure{ReasonShifted, end + 1, "a line feed, found a carriage return alone"}
		return false
	}
	return true
}

// lastBar is the last bar before a blank, where a name stands behind it: the user agent behind a URL has blanks, and hardly ever bars. It
// is -1 if there is none.
func lastBar(line []byte, pos int) (end int) {
	b := line[pos:]
	if blank := bytes.IndexByte(b, ' '); blank >= 0 {
		b = b[:blank]
	}
	end = bytes.LastIndexByte(b, '|')
	if end < 0 || end+1 == len(b) || b[end+1] != '-' && !isLetter(b[end+1]) {
		return -1
	}
	return pos + end
}

// early settles a line that ends before step i does: fine if enough values were seen.
func (l *layout) early(p *Parser, line []byte, i, pos int) (ok bool) {
	if p.stale {
		p.at, p.stale = [fieldCount]span{}, false
		return l.cut(p, line)
	}
	s := &l.steps[i]
	if end := len(trimmed(line)) - 1; i+1 >= l.need && i+1 < len(l.steps) && end >= pos && line[end] == '"' {
		p.at[s.field] = span{int32(pos), int32(end)}
		return true
	}
	p.bad = Failure{ReasonFields, min(pos, len(line)) + 1, s.want}
	return false
}

// find gives the end of the value at pos and where the next one begins; end is -1 if the value does not end.
func (s *step) find(line []byte, pos int, raw bool) (end, next int) {
	from := pos
	if s.blanks > 0 {
		from += inner(line[pos:], s.blanks)
	}
	if s.after == "" {
		end = s.lineEnd(line, from)
		return end, end
	}
	if s.port {
		i := portAt(line, pos)
		return i, i + 1
	}
	first, n := s.after[0], len(s.after)
	for i := from; ; i++ {
		j := bytes.IndexByte(line[i:], first)
		if j < 0 || i+j+n > len(line) {
			return -1, 0
		}
		i += j
		switch {
		case n > 1 && !s.follows(line, i):
		case s.guarded && !raw && escapedAt(line, pos, i):
		case s.word && i+n < len(line) && !isBlank(line[i+n]):
		case s.keep:
			return i, i
		default:
			return i, i + n
		}
	}
}

// portAt finds the colon between an address or a name and its port: the last one, as IPv6 addresses have colons, too. It is -1 where no
// number follows.
func portAt(line []byte, pos int) int {
	end := pos
	for end < len(line) && (isNameByte(line[end]) || strings.IndexByte("[]:%", line[end]) >= 0) {
		end++
	}
	colon := pos + bytes.LastIndexByte(line[pos:end], ':')
	if _, ok := number(line[colon+1 : end]); !ok || colon < pos {
		return -1
	}
	return colon
}

// lineEnd gives the end of a value that nothing follows, but blanks.
func (s *step) lineEnd(line []byte, from int) int {
	if i := bytes.IndexAny(line[from:], " \t"); s.word && i >= 0 {
		return from + i
	}
	return from + len(trimmed(line[from:]))
}

// inner gives the place behind the n-th blank of b, or behind the last if it has fewer. Two in a row are one, as in Nov  3.
func inner(b []byte, n int) (pos int) {
	for ; n > 0; n-- {
		next := indexByte(b[pos:], ' ') + 1
		if pos += next; next > 0 && pos < len(b) && b[pos] == ' ' {
			pos++
		}
	}
	return pos
}
