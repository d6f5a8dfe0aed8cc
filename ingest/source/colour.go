package source

import (
	"bytes"
	"io"
)

// escape begins the sequences that colour text on a terminal (ECMA-48, 5.4: CSI).
const escape = "\x1b["

// uncoloured takes off the colours that a program gives lines for a terminal, as docker compose, stern and grep --color do: it does so only
// where most lines have some. head is what in begins with; it returns that of the text without.
func uncoloured(in io.Reader, head []byte) (io.Reader, []byte) {
	if !bytes.Contains(head, []byte(escape)) {
		return in, head
	}
	buf, head := ahead(in)
	coloured, all := 0, 0
	for line := range bytes.Lines(head) {
		all++
		if bytes.Contains(line, []byte(escape)) {
			coloured++
		}
	}
	if coloured*2 <= all {
		return buf, head[:min(len(head), headSize)]
	}
	out := changed(buf, func(line []byte, _ bool) []byte { return withoutColours(line) })
	head, _ = out.Peek(headSize)
	return out, head
}

// withoutColours works in place. A sequence ends in a letter, or a sign like one.
func withoutColours(line []byte) []byte {
	out := line[:0]
	for {
		i := bytes.Index(line, []byte(escape))
		if i < 0 {
			return append(out, line...)
		}
		out = append(out, line[:i]...)
		end := i + len(escape)
		for end < len(line) && line[end] >= ' ' && line[end] < '@' {
			end++
		}
		if end < len(line) && line[end] >= '@' && line[end] <= '~' {
			end++
		}
		line = line[end:]
	}
}
