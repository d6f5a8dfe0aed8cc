package source

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestUncoloured: sequences as docker compose, GNU grep 3.8 and a logger for terminals write them.
func TestUncoloured(t *testing.T) {
	const line = `203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /live/a.ts?md5=x&expires=1 HTTP/1.1" 403 7 "-" "curl/8.0"` + "\n"
	paint := func(what, before, after string) string { return strings.ReplaceAll(line, what, before+what+after) }
	plain := strings.Repeat(line, 3)
	for text, want := range map[string]string{
		paint("403", "\x1b[31m", "\x1b[0m"):                               line,
		paint("live", "\x1b[01;31m\x1b[K", "\x1b[m\x1b[K"):                line,
		"\x1b[36mweb-1  |\x1b[0m " + line:                                 "web-1  | " + line,
		"\x1b[38;2;1;2;3m" + strings.TrimSuffix(line, "\n") + "\x1b[0m\n": line,
		"\x1b[1m" + line + plain:                                          "\x1b[1m" + line + plain, // most have none
		plain + paint("403", "\x1b[31m", ""):                              plain + paint("403", "\x1b[31m", ""),
		"\x1b[3":                                                          "",
		"":                                                                "",
	} {
		for _, in := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
			in, first := uncoloured(in, []byte(text)[:min(len(text), headSize)])
			head := string(first)
			out, err := io.ReadAll(in)
			if err != nil || string(out) != want || !strings.HasPrefix(want, head) {
				t.Errorf("%q: %v, %q behind %q, want %q", text, err, out, head, want)
			}
		}
	}
}

func TestColoursInMessages(t *testing.T) {
	const line = `203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /a.ts HTTP/1.1" 403 7 "-" "curl/8.0"`
	const painted = "\x1b[32m" + line + "\x1b[0m"
	escaped := strings.ReplaceAll(strings.ReplaceAll(painted, `"`, `\"`), "\x1b", `\u001b`)
	numbers := strings.ReplaceAll(strings.Trim(fmt.Sprint([]byte(painted)), "[]"), " ", ",")
	for _, message := range []string{`"` + escaped + `"`, "[" + numbers + "]"} {
		text := strings.Repeat(`{"PRIORITY":"6","MESSAGE":`+message+"}\n", 3)
		out, err := io.ReadAll(unwrapped(strings.NewReader(text), []byte(text)[:min(len(text), headSize)], new(bool)))
		if want := strings.Repeat(line+"\n", 3); err != nil || string(out) != want {
			t.Errorf("%q, %v; want %q", out, err, want)
		}
	}
}
