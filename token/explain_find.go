package token

import (
	"strings"
	"unicode"
)

// alone takes the best link out of the text around it. A blank may stand in a path that was
// pasted, but in no query.
func alone(s string) string {
	from := linkStart(s)
	s = s[from:]
	query := strings.IndexByte(s, '?')
	ends := " \t\"<>"
	if query < 0 && from == 0 {
		ends = "\"<>"
	}
	query = max(query, 0)
	for _, end := range []int{strings.IndexAny(s[query:], ends), strings.Index(s[query:], "](")} {
		if end > 0 {
			s = s[:min(query+end, len(s))]
		}
	}
	return s
}

// linkStart is where the best link begins in a text, the first of several; 0 where there is no text around it.
func linkStart(s string) int {
	if strings.HasPrefix(s, "/") {
		return 0
	}
	best, most, at, worth := 0, 0, 0, newWorth()
	for word := range strings.FieldsFuncSeq(s, isBetween) {
		at += strings.Index(s[at:], word)
		if from := schemeAt(word); from >= 0 {
			if w := worth.of(decoded(word[from:])); w > most {
				best, most = at+from, w
			}
		}
		at += len(word)
	}
	if most > 0 {
		return best
	}
	for word := range strings.FieldsSeq(s) {
		if strings.Contains(word, "/") && strings.Contains(word, "?") {
			return strings.Index(s, word)
		}
	}
	return 0
}

func isBetween(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("\"<>", r) }

// worth tells which of several links is meant.
type worth []*Parser

func newWorth() (w worth) {
	for _, s := range Schemes() {
		w = append(w, NewParser(s))
	}
	return w
}

// partly is the worth of a link with a part of one; what has all of it is worth more, and a query less.
const partly = 3

func (w worth) of(link string) (most int) {
	most = 1
	if strings.Contains(link, "?") {
		most = 2
	}
	var l Link
	for _, p := range w {
		if p.Parse([]byte(link), &l); l.Shape == Signed {
			return partly + 1
		} else if l.Shape == BadShape {
			most = partly
		}
	}
	return most
}

// schemeAt is where a link with a scheme begins in a word, and not in a query; -1 where none does.
func schemeAt(word string) int {
	for i := range len(word) {
		for _, scheme := range [...]string{"http://", "https://", "http%3a%2f%2f", "https%3a%2f%2f"} {
			if beginsWith(word[i:], scheme) {
				return i
			}
		}
		if word[i] == '/' || word[i] == '?' {
			break
		}
	}
	return -1
}

// beginsWith is strings.HasPrefix in either case.
func beginsWith(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
