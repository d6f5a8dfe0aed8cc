package format

import (
	"fmt"
	"io"
	"strconv"
)

// Sentence is fmt.Sprintf for what people read: whole numbers of type int and int64
// have thousands separators under %d, as in 1,234,567. What is no count, such as a
// year or the number of a line, is given as text.
func Sentence(text string, args ...any) string {
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

type tally int64

func (n tally) Format(to fmt.State, _ rune) {
	digits, sign := strconv.FormatInt(int64(n), 10), ""
	if n < 0 {
		digits, sign = digits[1:], "-"
	}
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	io.WriteString(to, sign+digits)
}
