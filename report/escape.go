package report

import (
	"strings"
	"unicode"
)

// breaker is a zero-width space, as an entity: with it behind them, @ and # are
// no mention and no reference any more, and an address is no link. A backslash
// is not enough, since trackers look for these after the Markdown was rendered.
const breaker = "&#8203;"

// escape makes text show as itself in Markdown, within a paragraph, a list item
// or a table cell (CommonMark 0.31, 2.4; GFM tables, autolinks): no markup, no
// HTML, no entity, no link, no mention of a person or an issue, no new line.
func escape(s string) string {
	s = Clean(s)
	var b strings.Builder
	for i, r := range s {
		if special(s, i, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
		if breaks(s, i, r) {
			b.WriteString(breaker)
		}
	}
	return b.String()
}

// special reports whether Markdown would take the character at s[i] for its own.
func special(s string, i int, r rune) bool {
	switch r {
	case '\\', '`', '*', '_', '[', ']', '<', '>', '|', '~', '&', '$', '#', '@', '!':
		return true
	case '-', '+', '=':
		return strings.TrimSpace(s[:i]) == ""
	case '.', ')':
		return numbered(s, i)
	}
	return false
}

// numbered reports whether the text up to s[i] is the number of a list item.
func numbered(s string, i int) bool {
	return strings.Trim(strings.TrimLeft(s[:i], " "), "0123456789") == "" && (i+1 == len(s) || s[i+1] == ' ')
}

// breaks reports whether the character at s[i] would start or join what trackers
// link by themselves: @name, #12, GH-12, ://, www.name.
func breaks(s string, i int, r rune) bool {
	switch r {
	case '@', '#':
		return named(s[i+1:])
	case '-':
		return after(s[:i], "gh") && named(s[i+1:])
	case '.':
		return after(s[:i], "www")
	case ':':
		return strings.HasPrefix(s[i:], "://")
	}
	return false
}

// named reports whether text starts with a character of a name or a number.
func named(text string) bool {
	text = strings.TrimLeft(text, `\`)
	return strings.IndexFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) || r == '_' }) == 0
}

// after reports whether text ends with a word, in either case of letters.
func after(text, word string) bool {
	return len(text) >= len(word) && strings.EqualFold(text[len(text)-len(word):], word)
}
