package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text from a log harmless for a terminal: control characters,
// escape sequences, bidirectional overrides, characters without a shape and
// bytes that are not UTF-8 are written out, as \n, \x1b, \u202e or \xff. What
// can be printed stays as it is, the backslash too, so cleaning twice changes
// nothing more. The result is one line.
func Clean(s string) string { return visible(s, "") }

// visible is Clean for all but the characters in keep.
func visible(s, keep string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return hidden(r, keep) }) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		_, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case hidden(r, keep):
			b.WriteString(escaped(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// hidden tells what a reader would not see for what it is. Variation selectors
// and the fillers of Other_Default_Ignorable_Code_Point count as printable for
// Go, but have no shape (Unicode 15, PropList.txt).
func hidden(r rune, keep string) bool {
	if ' ' <= r && r <= '~' || strings.ContainsRune(keep, r) {
		return false
	}
	return !unicode.IsPrint(r) || unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

func escaped(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}
