package format

import "strings"

// token is one value of a line of unknown format, and the fixed text before it.
type token struct {
	before string // separator, opening quote or bracket, and a name such as host=
	value  string
	quoted bool
	column int // 0-based, of the value
}

const (
	maxLearned = 8 << 10
	maxColumns = 128
)

// tokens cuts a line at the separators seps, one of them or, if a blank is among them, a run: quoted strings, [brackets] and
// names before a value are understood, and a CLF or ISO time with a blank in it stays whole. tail is the fixed text behind
// the last value.
//
// They are put behind those of list.
//
// A line past maxLearned bytes or maxColumns values has no tokens: what is looked for in it would take quadratic time.
func tokens(line, seps string, list []token) (_ []token, tail string) {
	begin := 0 // of the fixed text
	if len(line) > maxLearned {
		return nil, ""
	}
	ltsv := seps == "\t" && labelled(line)
	glued := seps[0] == ' ' && !strings.Contains(line, `","`) && !strings.Contains(line, `";"`) // where commas or semicolons separate, quotes are doubled
	for pos := 0; len(list) <= maxColumns; {
		for pos < len(line) && isIn(line[pos], seps) {
			if pos++; seps[0] != ' ' {
				break
			}
		}
		for seps[0] != ' ' && seps[0] != '\t' && pos < len(line) && line[pos] == ' ' {
			pos++
		}
		if pos >= len(line) && (seps[0] == ' ' || begin == pos) {
			return list, line[begin:]
		}
		if ltsv {
			pos += labelLength(line[pos:])
		} else {
			pos += nameLength(line[pos:], seps)
		}
		value, end, quoted := valueAt(line, pos, seps, glued)
		for seps[0] != ' ' && seps[0] != '\t' && !quoted && end > value && line[end-1] == ' ' { // as where " | " separates
			end--
		}
		list = append(list, token{line[begin:value], line[value:end], quoted, value})
		begin, pos = end, end
		for pos < len(line) && !isIn(line[pos], seps) && (pos == end && (quoted || line[pos] == ']') || !(glued && opens(line, pos))) { // the closing mark, and what sticks to it
			pos++
		}
		if pos >= len(line) {
			return list, line[begin:]
		}
	}
	return nil, ""
}

// labelled reports whether a line is labelled values with tabs between, host:203.0.113.7
// (http://ltsv.org).
func labelled(line string) bool {
	for value := range strings.SplitSeq(line, "\t") {
		if labelLength(value) == 0 {
			return false
		}
	}
	return true
}

// labelLength measures a label and the colon behind it.
func labelLength(s string) int {
	n := 0
	for n < len(s) && isNameByte(s[n]) {
		n++
	}
	if n == 0 || n == len(s) || s[n] != ':' || '0' <= s[0] && s[0] <= '9' {
		return 0
	}
	return n + 1
}

// nameLength measures a name= before a value; a query string has none, nor has what base64 ends with ==.
func nameLength(s, seps string) int {
	n := 0
	for n < len(s) && isNameByte(s[n]) {
		n++
	}
	if n == 0 || n == len(s) || s[n] != '=' || '0' <= s[0] && s[0] <= '9' {
		return 0
	}
	end := strings.IndexAny(s, seps)
	if end < 0 {
		end = len(s)
	}
	first, _, _ := strings.Cut(s[n+1:end], "&")
	if isQuery(s[:end]) && !strings.Contains(first, "=") || strings.HasPrefix(s[n:end], "==") {
		return 0
	}
	return n + 1
}

func isNameByte(c byte) bool {
	return c == '_' || c == '-' || c == '.' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// valueAt finds the value at pos.
func valueAt(line string, pos int, seps string, glued bool) (start, end int, quoted bool) {
	if pos < len(line) && (line[pos] == '"' || line[pos] == '\'' && (seps[0] != ' ' || line[0] == '\'')) {
		if end := closingQuote(line, pos+1, seps, glued); end >= 0 {
			return pos + 1, end, true
		}
	}
	if pos < len(line) && line[pos] == '[' {
		if n := strings.IndexByte(line[pos:], ']'); n >= 0 && (endsAt(line, pos+n+1, seps) || glued && opens(line, pos+n+1)) {
			return pos + 1 + titleLength(line[pos+1:pos+n]), pos + n, false
		}
	}
	if pos < len(line) && line[pos] == '(' { // (203.0.113.7, 10.0.0.2), or (-)
		if n := strings.IndexByte(line[pos:], ')'); n >= 0 && endsAt(line, pos+n+1, seps) && (line[pos+1:pos+n] == "-" || isAddress(line[pos+1:pos+n])) {
			return pos + 1, pos + n, false
		}
	}
	if n := max(timeLength(line[pos:]), addressesLength(line[pos:])); n > 0 && endsAt(line, pos+n, seps) {
		return pos, pos + n, false
	}
	end = len(line)
	if n := strings.IndexAny(line[pos:], seps); n >= 0 {
		end = pos + n
	}
	if n := strings.IndexByte(line[pos:end], '"'); n > 0 && isCount(line[pos:pos+n]) && glued && opens(line, pos+n) {
		end = pos + n
	}
	return pos, end, false
}

// titleLength measures the name and the blank before the value in [Client 203.0.113.7], as Nginx Proxy Manager writes it.
func titleLength(s string) int {
	n := 0
	for n < len(s) && (s[n] == '-' || isLetter(s[n])) {
		n++
	}
	if n == 0 || n+1 >= len(s) || s[n] != ' ' || strings.IndexByte(s[n+1:], ' ') >= 0 {
		return 0
	}
	return n + 1
}

// opens reports whether a quoted string begins right behind a value: two parts of a log_format that has no blank between them.
func opens(line string, pos int) bool {
	return pos+1 < len(line) && line[pos] == '"' && !isIn(line[pos+1], " ,;]})")
}

// closingQuote finds the quote that ends a string begun before pos: one before the separator, the end, or punctuation.
func closingQuote(line string, pos int, seps string, glued bool) int {
	for i := pos; i < len(line); i++ {
		if line[i] == '\\' {
			i++
		} else if line[i] == line[pos-1] && (endsAt(line, i+1, seps) || isIn(line[i+1], ",;]})") || line[i] == '"' && glued && opens(line, i+1)) {
			return i
		}
	}
	return -1
}

// timeLength measures a time with blanks in it: 23/Nov/2026:09:26:12 +0000, 2026-11-23 09:26:12, and that with a zone; and
// what syslog begins a line with.
func timeLength(s string) int {
	for words := 3; words <= 4 && (s != "" && (s[0] == '<' || 'A' <= s[0] && s[0] <= 'S')); words++ { // Nov 23 or Nov  3
		if n := wordsLength(s, words); n >= 14 && n <= 30 && isUndated(s[:n]) {
			return n
		}
	}
	for _, words := range []int{3, 2} {
		n := wordsLength(s, words)
		if n < 19 || n > 40 {
			continue
		}
		if _, _, ok := moment([]byte(s[:n])); ok {
			return n
		}
	}
	return 0
}

// addressesLength measures a list of addresses with blanks between, as X-Forwarded-For has it: 10.0.0.2, 203.0.113.7.
func addressesLength(s string) (length int) {
	for {
		word := wordsLength(s[length:], 1)
		if word < 2 || s[length+word-1] != ',' {
			if length > 0 && isAddress(s[length:length+word]) {
				return length + word
			}
			return 0
		}
		if !isAddress(s[length : length+word-1]) {
			return 0
		}
		if length += word; length >= len(s) || s[length] != ' ' {
			return 0
		}
		length++
	}
}

// wordsLength measures the first n words of s; 0 if it has fewer.
func wordsLength(s string, n int) int {
	length := 0
	for i := range n {
		if i > 0 {
			length++
		}
		if length >= len(s) {
			return 0
		}
		word := strings.IndexByte(s[length:], ' ')
		if word < 0 {
			word = len(s) - length
		}
		length += word
	}
	return length
}

func isIn(c byte, set string) bool { return strings.IndexByte(set, c) >= 0 }

func endsAt(line string, pos int, seps string) bool { return pos == len(line) || isIn(line[pos], seps) }
