package source

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// ungrepped is what is read of what grep found.
func ungrepped(t testing.TB, text string) string {
	t.Helper()
	var last string
	for i, in := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
		in, head := grepped(in, []byte(text)[:min(len(text), headSize)])
		out, err := io.ReadAll(in)
		if err != nil || i > 0 && string(out) != last || !strings.HasPrefix(string(out), string(head)) {
			t.Fatalf("%v, %q, not %q, behind %q", err, out, last, head)
		}
		last = string(out)
	}
	return last
}

// TestGrepped: the lines are as GNU grep 3.8 and zgrep write them for several files.
func TestGrepped(t *testing.T) {
	const line = `203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] "GET /a.ts HTTP/1.1" 403 7 "-" "P"` + "\n"
	const six = "2001:db8::7" + `- - [23/Nov/2026:09:26:12 +0000] "GET /a.ts HTTP/1.1" 403 7 "-" "P"` + "\n"
	for text, want := range map[string]string{
		"access.log:" + line + "access.log.1:" + line:                   line + line,
		"/var/log/nginx/access.log-20261123.gz:" + line:                 line,
		`C:\logs\access.log:` + line + `C:\logs\access.log:` + line:     line + line,
		`C:\logs\host:` + line:                                          `C:\logs\host:` + line,
		`C:\`:                                                           `C:\`,
		"ed_cdn.example.com_access.log.gz:" + `"203.0.113.7" "-"`:       `"203.0.113.7" "-"`,
		"access.log:" + six + "access_log:" + six:                       six + six,
		"a.log:12:" + line + "a.log:2001:" + six + "a.log:13:{\"a\":1}": line + six + `{"a":1}`,
		"a.log:" + line + "--\n" + "b.log:" + line:                      line + "--\n" + line,
		"blog.example.com:443 " + line:                                  "blog.example.com:443 " + line,
		"my.login.example.com:8080 " + line:                             "my.login.example.com:8080 " + line,
		line + "access.log:" + line:                                     line + "access.log:" + line,
		"access.log:" + line + line + line:                              "access.log:" + line + line + line,
		six:                                                             six,
		"12:" + line:                                                    line,
		"12:" + line + "13:" + line + "210:" + six + "1000:" + line:     line + line + six + line,
		"12:" + six:                                                  "12:" + six,
		"09:26:12 " + line + "10:26:12 " + line:                      "09:26:12 " + line + "10:26:12 " + line,
		"1:" + six + "2:" + six + "30:" + six + "31:" + six:          six + six + six + six,
		"12:" + line + "12:" + line:                                  "12:" + line + "12:" + line,
		"12:" + line + line:                                          "12:" + line + line,
		"09:26:12 " + line + "10:26:12 " + line + "10:26:13 " + line: "09:26:12 " + line + "10:26:12 " + line + "10:26:13 " + line,
		"":       "",
		"a.log:": "",
	} {
		if got := ungrepped(t, text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzGrepped(f *testing.F) {
	f.Add("access.log:203.0.113.7 \"GET /\"\n", "a.log.gz:1:{}\n")
	f.Fuzz(func(t *testing.T, a, b string) {
		ungrepped(t, a+b)
		if a = strings.ReplaceAll(a, "\n", " "); numberBefore([]byte(a)) > 0 {
			return
		}
		if got := ungrepped(t, "x.log:"+a+"\n"+"x.log:"+a); got != a+"\n"+a {
			t.Fatalf("%q: %q", a, got)
		}
	})
}
