package ingest

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ipdrift/token"
)

// TestForwards: whose address a load balancer's log is about is what its tokens are signed for.
func TestForwards(t *testing.T) {
	const viewers, far = `"203.0.113.%d, 198.51.100.7"`, "203.0.113."
	signed := func(address string) string { // as Gcore's documentation has it: MD5 over expiry, path, address, a blank and the key
		sum := md5.Sum(fmt.Appendf(nil, "1893456000/v/%s %s", address, testKey))
		return base64.RawURLEncoding.EncodeToString(sum[:])
	}
	log := func(list string, address func(i int) string) string {
		var b strings.Builder
		for i := range 40 {
			via := list
			if strings.Contains(via, "%d") {
				via = fmt.Sprintf(list, i+1)
			}
			fmt.Fprintf(&b, `198.51.100.%d - - [23/Nov/2026:09:26:%02d +0000] "GET /v/%d.ts?md5=%s&expires=1893456000 HTTP/1.1" 200 77 "-" "curl/8.0" %s`+"\n",
				i%2+1, i, i, signed(address(i)), via)
		}
		return b.String()
	}
	viewer := func(i int) string { return fmt.Sprint(far, i+1) }
	balancer := func(i int) string { return fmt.Sprint("198.51.100.", i%2+1) }
	proven := log(viewers, viewer)
	unlisted := log(`"-"`, balancer)
	for name, c := range map[string]struct {
		text, spec string
		keyless    bool
		want       bool
	}{
		"bound to the viewer's":           {text: proven, want: true},
		"under a stated format":           {text: proven, spec: `nginx:$remote_addr - - [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for"`, want: true},
		"without a key":                   {text: proven, keyless: true},
		"bound to the connection's":       {text: log(viewers, balancer)},
		"bound to neither":                {text: log(viewers, func(int) string { return "192.0.2.1" })},
		"bound to nothing":                {text: log(viewers, func(int) string { return "" })},
		"one bound to nothing":            {text: log(viewers, func(i int) string { return []string{"", viewer(i)}[min(1, i)] }), want: true},
		"one bound to the connection's":   {text: log(viewers, func(i int) string { return []string{viewer(i), balancer(i)}[min(1, i/39)] })},
		"most lines name no other":        {text: unlisted + strings.Join(strings.SplitAfter(proven, "\n")[:30], "")},
		"refused, all of them":            {text: strings.ReplaceAll(proven, " 200 77 ", " 403 77 ")},
		"most lines name another, mended": {text: proven + strings.Join(strings.SplitAfter(log(`"-"`, viewer), "\n")[:10], ""), want: true},
	} {
		t.Run(name, func(t *testing.T) {
			o := testOptions(t)
			if c.spec != "" {
				o.Format = namedFormat(t, c.spec)
			}
			if c.keyless {
				o.Keys = &token.Keyring{}
			}
			s, got := loadText(t, o, c.text)
			lines := strings.Count(c.text, "\n")
			if got.Sources[0].Parsed != int64(lines) {
				t.Fatalf("%d of %d lines parsed", got.Sources[0].Parsed, lines)
			}
			forwarded := one[int](t, s, `SELECT count(*) FROM requests WHERE client_ip LIKE '`+far+`%'`)
			want := 0
			if c.want {
				want = 40
			}
			if forwarded != want {
				t.Errorf("%d requests of the addresses in X-Forwarded-For, want %d", forwarded, want)
			}
			said := slices.ContainsFunc(got.Sources[0].Notes, func(s string) bool { return strings.Contains(s, "served tokens reproduce with what stands there") })
			if said != c.want {
				t.Errorf("notes %q", got.Sources[0].Notes)
			}
		})
	}
}
