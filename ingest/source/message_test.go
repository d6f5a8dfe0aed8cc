package source

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// held is what is read of objects that hold lines.
func held(t testing.TB, text string) string {
	t.Helper()
	var last string
	for i, in := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
		out, err := io.ReadAll(messages(in, []byte(text)[:min(len(text), headSize)]))
		if err != nil || i > 0 && string(out) != last {
			t.Fatalf("%v, %q, not %q", err, out, last)
		}
		last = string(out)
	}
	return last
}

// TestMessages: the keys are those of journalctl(1), of Filebeat's, Fluent Bit's and Splunk's documentation.
func TestMessages(t *testing.T) {
	const line = `203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /a.ts?x=<1>&b HTTP/1.1" 403 7 "-" "a\x22b é"`
	text, err := json.Marshal(line)
	if err != nil {
		t.Fatal(err)
	}
	const request = `{"remote_addr":"203.0.113.7","time":"2026-11-23T09:26:12Z","request":"GET /a HTTP/1.1","status":403,"message":`
	for name, object := range map[string]string{
		"journald":   `{"_HOSTNAME":"e","__REALTIME_TIMESTAMP":"1795425972000000","MESSAGE":%}`,
		"Filebeat":   `{"@timestamp":"2026-11-23T09:26:12.1Z","log":{"offset":1,"file":{"path":"/x"}},"message":%}`,
		"Fluent Bit": `{"date":1795425972.1,"stream":"stdout","log":%}`,
		"Splunk":     `{"preview":false,"result":{"_raw":%,"_time":"2026-11-23T09:26:12.000+00:00"}}`,
		"Elastic":    `{"_index":"x","_source":{"@timestamp":"2026-11-23T09:26:12.1Z","message":%}}`,
		"Loki":       `{"labels":{"app":"nginx"},"line":%,"timestamp":"2026-11-23T09:26:12.1Z"}`,
	} {
		object = strings.Replace(object, "%", string(text), 1)
		if got, want := held(t, object+"\nnone\n{}\n"+strings.Repeat(object+"\n", 3)+object), line+"\nnone\n{}\n"+strings.Repeat(line+"\n", 4); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	const source = `{"remote_addr":"203.0.113.7","time":"2026-11-23T09:26:12Z","request":"GET /a HTTP/1.1","status":403}`
	if got := held(t, strings.Repeat(`{"_index":"x","_score":1,"_source":`+source+"}\n", 3)); got != strings.Repeat(source+"\n", 3) {
		t.Errorf("Elastic, parsed: %q", got)
	}
	for name, text := range map[string]string{
		"requests of their own": request + string(text) + "}\n",
		"other messages":        strings.Repeat(`{"ts":1795425972,"message":"started"}`+"\n", 3),
		"no objects":            "[" + line + "]\n",
		"an empty object":       "{}\n",
		"an object alone":       strings.Replace(`{"message":%}`, "%", string(text), 1),
	} {
		if got := held(t, text); got != text {
			t.Errorf("%s: %q, want %q", name, got, text)
		}
	}
}

func FuzzMessages(f *testing.F) {
	f.Add(`{"message":"203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] \"GET / HTTP/1.1\" 200 1"}` + "\n")
	f.Fuzz(func(t *testing.T, text string) { held(t, text) })
}
