package source

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// heldInTable is what is read of a table.
func heldInTable(t testing.TB, text string) string {
	t.Helper()
	var last string
	for i, in := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
		out, err := io.ReadAll(tabled(in, []byte(text)[:min(len(text), headSize)]))
		if err != nil || i > 0 && string(out) != last {
			t.Fatalf("%v, %q, not %q", err, out, last)
		}
		last = string(out)
	}
	return last
}

// TestTabled: the names are those of exports by Splunk (outputcsv, and a search piped to table _raw), Kibana's Discover, Grafana's
// Explore, Graylog, Datadog and CloudWatch Logs Insights; a spreadsheet saves lines that were pasted into it as one column.
func TestTabled(t *testing.T) {
	const line = `203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /a.ts?x=1,2;3 HTTP/1.1" 403 7 "-" "a\x22b é"`
	quoted := `"` + strings.ReplaceAll(line, `"`, `""`) + `"`
	for name, c := range map[string]struct{ names, name, before, after string }{
		"Splunk":             {`"_raw","_time","host"`, "_raw", "", `,"2026-11-23T09:26:12.000+0000",edge1`},
		"Splunk, _raw alone": {`"_raw"`, "_raw", "", ""},
		"Kibana":             {"@timestamp,_id,message", "message", `"Nov 23, 2026 @ 09:26:12.000","x",`, ""},
		"Grafana":            {"labels,Time,Line,tsNs", "Line", `"{""app"":""nginx""}",1795425972000,`, ",1795425972000000000"},
		"Graylog":            {`"timestamp","source","message","full_message"`, "full_message", `"2026-11-23T09:26:12.000Z","edge1","nginx: a request",`, ""},
		"Datadog":            {"Date;Host;Service;Message", "Message", "2026-11-23T09:26:12Z;edge1;nginx;", ""},
		"CloudWatch":         {"@timestamp,@message", "@message", "2026-11-23 09:26:12.000,", ""},
		"a spreadsheet":      {quoted, line, "", ""},
	} {
		row := c.before + quoted + c.after
		want := c.name + "\n" + strings.Repeat(line+"\n", 3) + "none\n" + line + "\n"
		text := c.names + "\r\n" + strings.Repeat(row+"\r\n", 3) + "none\n" + row + "\r\n"
		if got := heldInTable(t, text); strings.ReplaceAll(got, "\r", "") != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for name, text := range map[string]string{
		"requests of their own": "client_ip,time,method,uri,status,message\n" + strings.Repeat("203.0.113.7,2026-11-23T09:26:12Z,GET,/a,403,"+quoted+"\n", 3),
		"other messages":        "time,message\n" + strings.Repeat("2026-11-23,started\n", 3),
		"quoted values":         strings.Repeat(`"203.0.113.7" "-" "-" "[23/Nov/2026:09:26:12 +0000]" "GET /a HTTP/1.1" "403"`+"\n", 3),
		"an open quote":         `"` + line + "\n",
		"nothing":               "",
	} {
		if got := heldInTable(t, text); got != text {
			t.Errorf("%s: %q, want %q", name, got, text)
		}
	}
}

func FuzzTabled(f *testing.F) {
	f.Add("_raw,_time\n\"203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] \"\"GET / HTTP/1.1\"\" 200 1\",x\n")
	f.Fuzz(func(t *testing.T, text string) { heldInTable(t, text) })
}
