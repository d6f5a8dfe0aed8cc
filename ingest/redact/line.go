package redact

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"

	"ipdrift/ingest/format"
)

const (
	rejectText = 300 // bytes of a rejected line that are kept
	tokenRun   = 20  // a run of this many token characters is taken for a token
)

// Line cuts out of a rejected line what could be a secret: query strings,
// the value of every parameter, JSON strings that say more than an address, a
// time or a number, and all but the first characters of everything as long as
// a token, and a line of a single word. The line did not parse, so its parts are guessed at, on the safe
// side.
func Line(line []byte) string {
	if len(line) > 0 && format.Lone(line) && !bytes.ContainsAny(line, "/=?%") {
		return Mark
	}
	line = []byte(WithoutCredentials(string(line)))
	whole := line
	line = line[:min(len(line), rejectText)]
	var out []byte
	i := 0
	if end, letters := tokenEnd(whole, 0); letters > 0 && goesOn(whole[end:]) {
		out, i = append(out, Mark...), min(end, len(line))
	}
	for i < len(line) {
		run, letters := tokenEnd(whole, i)
		var end int
		switch {
		case letters >= tokenRun: // also of a run that the end of the kept text cuts
			out = append(append(out, line[i:min(i+Shown, len(line))]...), Mark...)
			end = run
		case run > i:
			end = min(run, len(line))
			out = append(out, line[i:end]...)
		default:
			out = append(out, line[i])
			if end = secretEnd(whole, i); end > i+1 || line[i] == '=' {
				out = append(out, Mark...)
			}
		}
		i = end
	}
	return ValidText(string(out))
}

// WithoutCredentials cuts what stands behind the scheme of an Authorization header (RFC 9110, 11.6.2).
func WithoutCredentials(text string) string {
	const shortest = 4
	s := spell(text)
	low := lowerASCII(s.meant)
	var out strings.Builder
	done := 0
	for at := 0; ; {
		b := strings.IndexByte(low[at:], 'b')
		if b < 0 {
			break
		}
		i := at + b
		switch {
		case strings.HasPrefix(low[i:], "basic "):
			i += len("basic ")
		case strings.HasPrefix(low[i:], "bearer "):
			i += len("bearer ")
		default:
			at = i + 1
			continue
		}
		for i < len(low) && low[i] == ' ' {
			i++
		}
		end := i
		for end < len(low) && (TokenByte(low[end]) || strings.IndexByte("/.~=", low[end]) >= 0) {
			end++
		}
		if end-i >= shortest {
			out.WriteString(s.written[done:s.place(i)] + Mark)
			done = s.place(end)
		}
		at = end
	}
	return out.String() + s.written[done:]
}

// tokenEnd is where the run of token characters from i on ends, percent-encoded ones
// among them, and how many they are.
func tokenEnd(line []byte, i int) (end, letters int) {
	for ; i < len(line); letters++ {
		c, n := letter(line[i:])
		if !TokenByte(c) && c != '~' {
			break
		}
		i += n
	}
	return i, letters
}

// goesOn reports whether a line begins as one does behind the rest of a value that a line break cut: with
// another parameter, or the end of the request.
func goesOn(line []byte) bool {
	line = bytes.TrimLeft(line, "=")
	return len(line) > 1 && line[0] == '&' && named(string(line[1:min(len(line), 64)])) || bytes.HasPrefix(line, []byte(" HTTP/"))
}

// secretEnd is where what the byte at i opens ends, i+1 where it opens
// nothing that must be cut.
func secretEnd(line []byte, i int) int {
	from := i + 1
	switch line[i] {
	case '?':
		if n := bytes.IndexAny(line[from:], " \t"); n >= 0 {
			return from + n
		}
		return len(line)
	case '=':
		for i = from; i < len(line) && !endsValue(line, i); i++ {
		}
		return i
	case '"':
		if before := bytes.TrimRight(line[:i], " \t"); bytes.HasSuffix(before, []byte{':'}) || bytes.HasSuffix(before, []byte{'['}) {
			end := from
			for end < len(line) && !closes(line, end) {
				end++
			}
			if end == len(line) || !harmless(string(line[from:end])) {
				return end
			}
		}
	}
	return from
}

func endsValue(line []byte, i int) bool {
	return line[i] == '&' || line[i] == ' ' || line[i] == '\t' || closes(line, i)
}

// closes reports whether a quote ends its string rather than stands in it: behind it comes a blank, a JSON
// delimiter or the end of the line.
func closes(line []byte, i int) bool {
	if line[i] != '"' || line[i-1] == '\\' {
		return false
	}
	return i+1 == len(line) || bytes.IndexByte([]byte(" \t\r,}]"), line[i+1]) >= 0
}

// harmless tells what a JSON string of a log may show: an address, a time, a
// number, a method, or a few characters.
func harmless(text string) bool {
	const few, longestTime = 3, 32
	if len(text) <= few || slices.Contains([]string{"HEAD", "POST", "PATCH", "DELETE", "OPTIONS"}, text) {
		return true
	}
	if _, err := netip.ParseAddr(text); err == nil {
		return !strings.Contains(text, "%")
	}
	return len(text) <= longestTime && strings.Trim(text, "0123456789-:.+/TZ ") == ""
}
