package ingest

import (
	"fmt"
	"strings"
	"testing"

	"ipdrift/token"
)

// TestLikelyScheme: links that none of the stated scheme are name the one that they look like,
// as the makers' documentation writes them.
func TestLikelyScheme(t *testing.T) {
	const md5, hex = "tO30NAhRI01mliuy0K_Pvg", "0123456789abcdef0123456789abcdef01234567"
	sha := strings.Repeat("aZ09_-b", 7)[:43]
	for name, c := range map[string]struct{ target, scheme, want string }{
		"gcore":                  {target: "/v/1.ts?md5=" + md5 + "&expires=1893456000"},
		"bunny, MD5":             {target: "/v/1.ts?token=" + md5 + "&expires=1893456000", want: "gcore has it; they look like those of scheme bunny:"},
		"bunny, SHA-256":         {target: "/v/1.ts?token=" + sha + "&expires=1893456000", want: "scheme bunny:"},
		"bunny, path":            {target: "/bcdn_token=" + sha + "&expires=1893456000/v/1.ts", want: "scheme bunny:"},
		"keycdn":                 {target: "/v/1.ts?token=" + md5 + "&expire=1893456000", want: "scheme keycdn:"},
		"akamai":                 {target: "/v/1.ts?hdnts=exp=1893456000~acl=/*~hmac=" + strings.Repeat("0a", 32), want: "scheme akamai:"},
		"fastly":                 {target: "/v/1.ts?token=1893456000_" + hex, want: "scheme fastly:"},
		"cloudfront":             {target: "/v/1.ts?Expires=1893456000&Signature=AAAA&Key-Pair-Id=K", want: "scheme cloudfront:"},
		"gcore, bunny is stated": {target: "/v/1.ts?md5=" + md5 + "&expires=1893456000", scheme: "bunny", want: "bunny has it; they look like those of scheme gcore"},
		"bunny, bunny is stated": {target: "/v/1.ts?token=" + md5 + "&expires=1893456000", scheme: "bunny"},
		"no token":               {target: "/v/1.ts?session=1"},
		"damaged":                {target: "/v/1.ts?md5=" + md5[:6] + "&expires=1893456000"},
	} {
		t.Run(name, func(t *testing.T) {
			o := testOptions(t)
			if c.scheme != "" {
				o.Resources = token.NewResources(testScheme(t, c.scheme))
			}
			var b strings.Builder
			for i := range 20 {
				fmt.Fprintf(&b, `203.0.113.7 - - [23/Nov/2026:09:26:%02d +0000] "GET %s HTTP/1.1" 200 77 "-" "curl/8.0"`+"\n", i, c.target)
			}
			_, got := loadText(t, o, b.String())
			notes := strings.Join(got.Sources[0].Notes, "\n")
			if said := strings.Contains(notes, "no link is signed as"); said != (c.want != "") || !strings.Contains(notes, c.want) {
				t.Errorf("notes %q, want %q", notes, c.want)
			}
		})
	}
}
