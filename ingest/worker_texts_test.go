package ingest

import (
	"strings"
	"testing"

	"ipdrift/ingest/redact"
)

func TestAgentText(t *testing.T) {
	hex := "3f786850e387550fdab836ed7e6dc881"
	for _, c := range []struct{ in, want string }{
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)", ""},
		{"Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", ""},
		{"Xiaomi-Redmi-Note-13-Pro/1.0 com_example_television_player_release", ""},
		{"Player/1.0 (SMART-TV; Linux; Tizen 6.5) 100% %zz", ""},
		{"P " + planted, "P Zq7-Xw…"},
		{"P/" + hex + ";" + strings.ToUpper(hex) + ")", "P/3f7868…;3F7868…)"},
		{"P " + escaped(planted) + " x", "P %5A%71%37%2D%58%77… x"},
		{"P md5[]=" + planted + " x", "P md5[]=Zq7-Xw… x"},
		{"P md5%5B%5D%3Dabcdefgh", "P md5%5B%5D%3Dabcdef…"},
		{"P access_token[0]=abcdefgh", "P access_token[0]=abcdef…"},
		{"P a[=]=[md5]=abcdefgh token]=abcdefgh", "P a[=]=[md5]=abcdefgh token]=abcdefgh"},
	} {
		if c.want == "" {
			c.want = c.in
		}
		if got, some := redact.Agent([]byte(c.in)); got != c.want || !some {
			t.Errorf("agentText(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestRefererText(t *testing.T) {
	if got, some := redact.RefererText(nil); some {
		t.Errorf("no referer is %q, want NULL", got)
	}
	for in, want := range map[string]string{
		"https://site.example/watch?session=S3cr3t":                     "https://site.example/watch",
		"https://site.example/videos/1_a/" + planted + "/1900000000/x":  "https://site.example/videos/1_a/Zq7-Xw…/1900000000/x",
		"https://site.example/cb#access_token=" + planted + "&s=S3cr3t": "https://site.example/cb",
		"https://user:S3cr3t@site.example/":                             "https://site.example/",
	} {
		if got, _ := redact.RefererText([]byte(in)); strings.Contains(got, "S3cr3t") || !strings.Contains(in, "S3cr3t") && got != want {
			t.Errorf("refererText(%q) = %q, want %q", in, got, want)
		}
	}
}
