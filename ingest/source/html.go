package source

import (
	"bytes"
	"io"
	"strings"
)

// unescaped undoes what a web page does to the lines that it shows, where they were saved from its source: it does so only where most lines
// have quotes of HTML and none of their own. head is what in begins with; it returns that of the text without.
func unescaped(in io.Reader, head []byte) (io.Reader, []byte) {
	if !quotesOfHTML(head) {
		return in, head
	}
	buf, head := ahead(in)
	escaped, all := 0, 0
	for line := range bytes.Lines(head) {
		all++
		if quotesOfHTML(line) && bytes.IndexByte(line, '"') < 0 {
			escaped++
		}
	}
	if escaped*2 <= all {
		return buf, head[:min(len(head), headSize)]
	}
	entities := strings.NewReplacer("&quot;", `"`, "&#34;", `"`, "&#39;", "'", "&#039;", "'", "&#x27;", "'", "&apos;", "'", "&lt;", "<", "&gt;", ">", "&amp;", "&")
	out := changed(buf, func(line []byte, _ bool) []byte {
		if bytes.IndexByte(line, '&') < 0 {
			return line
		}
		return []byte(entities.Replace(string(line)))
	})
	head, _ = out.Peek(headSize)
	return out, head
}

func quotesOfHTML(text []byte) bool {
	return bytes.Contains(text, []byte("&quot;")) || bytes.Contains(text, []byte("&#34;"))
}
