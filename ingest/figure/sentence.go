package figure

import (
	"fmt"
	"io"
	"strings"
)

// Sentence is fmt.Sprintf for what people read: whole numbers of type int and int64
// have thousands separators under %d, as in 1,234,567. What is no count, such as a
// year or the number of a line, is given as text. Of {line|lines} the first is said
// where the last such number before it is 1, else the second.
func Sentence(text string, args ...any) string {
	if strings.Contains(text, "{") {
		text = agree(text, args)
	}
	said := make([]any, len(args))
	for i, a := range args {
		switch n := a.(type) {
		case int:
			said[i] = tally(n)
		case int64:
			said[i] = tally(n)
		default:
			said[i] = a
		}
	}
	return fmt.Sprintf(text, said...)
}

// Either returns the first of two wordings, or else the second.
func Either(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

// agree chooses between the words in braces.
func agree(text string, args []any) string {
	var b strings.Builder
	one := false
	for {
		at := strings.IndexAny(text, "%{")
		if at < 0 || at+1 == len(text) {
			return b.String() + text
		}
		b.WriteString(text[:at])
		rest := text[at+1:]
		if text[at] == '{' {
			words, after, _ := strings.Cut(rest, "}")
			single, several, _ := strings.Cut(words, "|")
			if one {
				several = single
			}
			b.WriteString(several)
			text = after
			continue
		}
		if rest[0] != '%' && len(args) > 0 {
			switch n := args[0].(type) {
			case int:
				one = n == 1
			case int64:
				one = n == 1
			}
			args = args[1:]
		}
		b.WriteString(text[at : at+2])
		text = rest[1:]
	}
}

// tally is a number that is written with separators under any verb and flag.
type tally int64

func (n tally) Format(to fmt.State, _ rune) { io.WriteString(to, Count(n)) }
