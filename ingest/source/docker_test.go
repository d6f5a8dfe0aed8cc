package source

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

// undocked is what is read of a log that Docker keeps.
func undocked(t testing.TB, text string) string {
	t.Helper()
	var last string
	for i, in := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
		out, err := io.ReadAll(unwrapped(in, []byte(text)[:min(len(text), headSize)], new(bool)))
		if err != nil || i > 0 && string(out) != last {
			t.Fatalf("%v, %q, not %q", err, out, last)
		}
		last = string(out)
	}
	return last
}

// TestDocker: the objects are those of https://docs.docker.com/engine/logging/drivers/json-file/, with values of ours.
func TestDocker(t *testing.T) {
	const tail = `","stream":"stdout","time":"2026-11-23T09:26:12.1Z"}` + "\n"
	for name, c := range map[string]struct{ text, want string }{
		"combined":        {`{"log":"203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] \"GET /a?x=\u003c1\u003e\u0026b HTTP/1.1\" 200 7 \"-\" \"a\\x22b\"\n` + tail, `203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /a?x=<1>&b HTTP/1.1" 200 7 "-" "a\x22b"` + "\n"},
		"JSON":            {`{"log":"{\"a\":\"\\\"\\n\"}\n` + tail, `{"a":"\"\n"}` + "\n"},
		"a line in parts": {`{"log":"one ` + tail + `{"log":"line\n` + tail + `{"log":"two\n` + tail, "one line\ntwo\n"},
		"runes":           {`{"log":"\ud83d\ude00 \ud83d \ud83dx \u00e9 \t\b\f\r\/` + tail, "😀 � �x é \t\b\f\r/"},
		"damage":          {`{"log":"a\n` + tail + "{\"log\":\"cut\nplain\n" + `{"log":"b\u12` + "\n" + `{"log":"c\` + "\n" + `{"log":"d`, "a\ncut\nplain\nb�12\nc\nd"},
		"a long own key":  {`{"log":"` + strings.Repeat("a", 1000) + `","status":200}` + "\n", `{"log":"` + strings.Repeat("a", 1000) + `","status":200}` + "\n"},
		"a long line":     {`{"log":"` + strings.Repeat("a", 1000) + tail, strings.Repeat("a", 1000)},
		"an own key":      {`{"log":"a","status":200}` + "\n", `{"log":"a","status":200}` + "\n"},
	} {
		if got := undocked(t, c.text); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func FuzzDocker(f *testing.F) {
	f.Add("203.0.113.7 \"GET /<a>\" \\x22 😀\t", "{\"a\":\"\\\"\"}")
	f.Fuzz(func(t *testing.T, a, b string) {
		undocked(t, `{"log":"`+a+`","stream":"stdout"}`+"\n"+b)
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			return
		}
		var kept, want strings.Builder
		for _, line := range []string{a + "\n", b, a + "\n"} {
			text, err := json.Marshal(struct {
				Log    string `json:"log"`
				Stream string `json:"stream"`
			}{line, "stdout"})
			if err != nil {
				t.Fatal(err)
			}
			kept.Write(append(text, '\n'))
			want.WriteString(line)
		}
		if got := undocked(t, kept.String()); got != want.String() {
			t.Fatalf("%q, want %q", got, want.String())
		}
	})
}
