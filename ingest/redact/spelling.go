package redact

import (
	"bytes"
	"strings"
)

// spelling is a text as it is meant and as it is written: with its percent-escapes
// resolved, however often they are encoded, and without.
type spelling struct {
	meant, written string
	at             []int // where each byte of meant is written, and the end; nil: they are the same
}

func spell(text string) spelling {
	if strings.IndexByte(text, '%') < 0 {
		return spelling{text, text, nil}
	}
	meant, at := make([]byte, 0, len(text)), make([]int, 0, len(text)+1)
	for i := 0; i < len(text); {
		c, n := letter(text[i:])
		meant, at = append(meant, c), append(at, i)
		i += n
	}
	return spelling{string(meant), text, append(at, len(text))}
}

// Unescaped is a text with its percent-escapes resolved, however often they are encoded.
func Unescaped(text string) string { return spell(text).meant }

func (s *spelling) place(i int) int {
	if s.at == nil {
		return i
	}
	return s.at[i]
}

// cut shortens the runs of what is meant that next finds, each from a place on, to
// their first characters. next returns len(meant) twice when there are no more.
func (s *spelling) cut(next func(from int) (start, end int)) string {
	var out strings.Builder
	done, end := 0, 0
	for {
		var start int
		if start, end = next(end); start == len(s.meant) {
			break
		}
		if end-start > Shown {
			out.WriteString(s.written[done:s.place(start+Shown)])
			out.WriteString(Mark)
			done = s.place(end)
		}
	}
	if done == 0 {
		return s.written
	}
	out.WriteString(s.written[done:])
	return out.String()
}

// letter is the first byte of a text, of a percent-escape what it stands for, and
// how many bytes that takes.
func letter[T string | []byte](text T) (c byte, n int) {
	c, n = text[0], 1
	for c == '%' && n+1 < len(text) {
		high, low := Hex(text[n]), Hex(text[n+1])
		if high > 15 || low > 15 {
			break
		}
		c, n = high<<4|low, n+2
	}
	return c, n
}

// Hex is the value of a hexadecimal digit, more than 15 of anything else.
func Hex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 255
}

// shortestToken is how long a token is at least: 16 bytes are the shortest digest.
const shortestToken = 16

// OwnToken is the token of a link as other fields of its line may repeat it, nil
// where it is too short to be one.
func OwnToken(token []byte) []byte {
	if bytes.IndexByte(token, '%') >= 0 {
		token = []byte(spell(string(token)).meant)
	}
	if token = bytes.TrimRight(token, "="); len(token) < shortestToken {
		return nil
	}
	return token
}

// CutOwn shortens the token of a line where a text of the same line repeats it,
// which is returned as it is where it does not.
func CutOwn(text, token []byte) []byte {
	if len(token) == 0 {
		return text
	}
	if bytes.Contains(text, token) { // also behind a percent sign that is no escape's
		text = bytes.ReplaceAll(text, token, append(bytes.Clone(token[:Shown]), Mark...))
	}
	if bytes.IndexByte(text, '%') < 0 {
		return text
	}
	s, own := spell(string(text)), string(token)
	cut := s.cut(func(from int) (start, end int) {
		i := strings.Index(s.meant[from:], own)
		if i < 0 {
			return len(s.meant), len(s.meant)
		}
		return from + i, from + i + len(own)
	})
	if len(cut) == len(text) {
		return text
	}
	return []byte(cut)
}
