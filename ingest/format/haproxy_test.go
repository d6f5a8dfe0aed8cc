package format

import "testing"

// TestHAProxyHost: the captured Host header names the host, and the server name of the connection does where it was not captured, or cut.
func TestHAProxyHost(t *testing.T) {
	for captures, want := range map[string]string{
		"":                                 "a.example.com",
		"{a.example.c|curl/8.0} ":          "a.example.com",
		"{|curl/8.0} {nginx} ":             "a.example.com",
		"{b.example.com|curl/8.0} ":        "b.example.com",
		"{b.example.com:8443} {a.b.test} ": "b.example.com",
	} {
		line := "203.0.113.8:51236 [23/Nov/2026:09:26:14.000] https~ edge/srv1 0/0/1/2/3 206 300 - - ---- 1/1/1/1/0 0/0 " + captures +
			`"GET /a.ts HTTP/2.0" 0/0/0/0/0 a.example.com/TLSv1.3/TLS_AES_256_GCM_SHA384`
		p, r := haproxy().NewParser(), &Record{}
		if bad := p.Parse([]byte(line), r); bad.Reason != "" || string(r.Host) != want {
			t.Errorf("%q: host %q, want %q (%s)", captures, r.Host, want, bad.Reason)
		}
	}
}
