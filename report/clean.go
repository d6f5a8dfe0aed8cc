package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text from a log harmless for a terminal: control characters,
// escape sequences, bidirectional overrides, characters without a shape, marks
// piled on one letter and bytes that are not UTF-8 are written out, as \n, \x1b, \u202e or \xff. What
// can be printed stays as it is, the backslash too, so cleaning twice changes
// nothing more. The result is one line.
func Clean(s string) string { return visible(s, "") }

// mostMarks is how many marks may stand on one letter. No writing system needs more
// than four; more of them would be drawn over the lines above and below.
const mostMarks = 4

// visible is Clean for all but the characters in keep.
func visible(s, keep string) string {
	if harmless(s, keep) {
		return s
	}
	var b strings.Builder
	marks := 0
	for i, r := range s {
		_, size := utf8.DecodeRuneInString(s[i:])
		marks = piled(marks, r)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case hidden(r, keep) || marks > mostMarks:
			b.WriteString(escaped(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// harmless reports whether visible would change nothing.
func harmless(s, keep string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	marks := 0
	for _, r := range s {
		if r < utf8.RuneSelf && r >= ' ' && r != 0x7f {
			marks = 0
			continue
		}
		if marks = piled(marks, r); marks > mostMarks || hidden(r, keep) {
			return false
		}
	}
	return true
}

// piled is how many marks stand on a letter after one more character.
func piled(marks int, r rune) int {
	if r >= utf8.RuneSelf && unicode.In(r, unicode.Mn, unicode.Me) {
		return marks + 1
	}
	return 0
}

// hidden reports whether a reader would not see a character for what it is. Variation selectors and the
// fillers of Other_Default_Ignorable_Code_Point count as printable for Go, but have no shape (Unicode 15,
// PropList.txt).
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
