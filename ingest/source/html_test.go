package source

import (
	"html"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestUnescaped: lines as Go's html package and PHP's htmlspecialchars (which writes &#039; and &quot;) escape them.
func TestUnescaped(t *testing.T) {
	const line = `203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /a.ts?md5=x&expires=1&lt=2 HTTP/1.1" 403 7 "-" "P <it's>"` + "\n"
	php := strings.NewReplacer("&", "&amp;", `"`, "&quot;", "'", "&#039;", "<", "&lt;", ">", "&gt;").Replace(line)
	for text, want := range map[string]string{
		html.EscapeString(line): line,
		php + php:               line + line,
		"<pre>" + html.EscapeString(line+line+line) + "</pre>": "<pre>" + line + line + line + "</pre>",
		line + strings.ReplaceAll(line, "-", "&quot;"):         line + strings.ReplaceAll(line, "-", "&quot;"),
		"": "",
	} {
		for _, in := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
			in, first := unescaped(in, []byte(text)[:min(len(text), headSize)])
			head := string(first)
			out, err := io.ReadAll(in)
			if err != nil || string(out) != want || !strings.HasPrefix(want, head) {
				t.Errorf("%q: %v, %q behind %q, want %q", text, err, out, head, want)
			}
		}
	}
}
