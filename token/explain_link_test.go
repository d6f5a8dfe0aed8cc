package token

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestExplainVectors(t *testing.T) {
	s := scheme(t, "gcore")
	for _, v := range mistakeVectors(t) {
		x := Explain(s, &v.suspect)
		if x.Rule == "" || x.Fix == "" || strings.HasSuffix(x.Rule, ".") {
			t.Errorf("%s: rule %q, fix %q", v.target, x.Rule, x.Fix)
		}
		if v.name == "" {
			if x.Found.Mistake.Name != "" || x.Codes != nil {
				t.Errorf("%s: found %q", v.target, x.Found.Mistake.Name)
			}
			continue
		}
		if len(x.Cleaned) > 0 && v.also != "" {
			continue // one of two mistakes was cleaned off
		}
		if x.Found.Mistake.Name != v.name || !strings.Contains(x.Fix, x.Found.Mistake.Fix) || !strings.Contains(x.Rule, x.Found.Mistake.Says) {
			t.Errorf("%s: %s: found %q; %s; %s", v.name, v.target, x.Found.Mistake.Name, x.Rule, x.Fix)
		}
		if x.Verdict != Valid && x.Verdict != Expired && (x.Signed != v.hashed || x.Detail != x.Found.Mistake.Detail() || x.Client != v.client) {
			t.Errorf("%s: signed %s for %v, detail %s", v.name, x.Signed, x.Client, x.Detail)
		}
		if at, _ := placeOf(v.name); (at == placeViewer) != (len(x.Codes) == 0) {
			t.Errorf("%s: code in %d languages", v.name, len(x.Codes))
		}
	}
}

func TestExplainVerdicts(t *testing.T) {
	const path = "/live/seg-1.ts"
	at := func(text string) string {
		return "https://cdn.example.com" + path + "?md5=" + seal(text+" "+testKey) + "&expires=1893456000"
	}
	good, moved := at("1893456000"+path+"203.0.113.9"), at("1893456000"+path+"198.51.100.4")
	for _, c := range []struct {
		target  string
		time    int64
		verdict Verdict
		hashed  string
		signed  string
		cleaned int
	}{
		{good, examinedAt, Valid, "1893456000/live/seg-1.ts203.0.113.9 <key>", "", 0},
		{"<" + good + ">.", examinedAt, Valid, "1893456000/live/seg-1.ts203.0.113.9 <key>", "", 2},
		{good, 1893456001, Expired, "1893456000/live/seg-1.ts203.0.113.9 <key>", "", 0},
		{moved, examinedAt, IPMismatch, "1893456000/live/seg-1.ts203.0.113.9 <key>", "1893456000/live/seg-1.ts198.51.100.4 <key>", 0},
		{moved, 1893456001, ExpiredIPMismatch, "1893456000/live/seg-1.ts203.0.113.9 <key>", "1893456000/live/seg-1.ts198.51.100.4 <key>", 0},
		{at("of nothing"), examinedAt, UnresolvedSignature, "1893456000/live/seg-1.ts203.0.113.9 <key>", "", 0},
		{path, examinedAt, Unsigned, "", "", 0},
		{path + "?md5=x", examinedAt, Malformed, "", "", 0},
	} {
		s := suspectOf(t, c.target, "203.0.113.9,198.51.100.4", "file,bound,0")
		s.Time = c.time
		x := Explain(scheme(t, "gcore"), &s)
		if x.Verdict != c.verdict || strings.Join(x.Hashed, "") != c.hashed || x.Signed != c.signed || len(x.Cleaned) != c.cleaned {
			t.Errorf("%s: %v, hashed %q, signed %q, cleaned %q", c.target, x.Verdict, x.Hashed, x.Signed, x.Cleaned)
		}
	}
	s := suspectOf(t, good, "203.0.113.9", "auto,bound,0")
	if x := Explain(scheme(t, "gcore"), &s); len(x.Hashed) != 2 || x.Hashed[1] != "1893456000/live/203.0.113.9 <key>" {
		t.Errorf("hashed %q", x.Hashed)
	}
	s = suspectOf(t, strings.Replace(good, "&", "x&", 1), "203.0.113.9", "auto,bound,0")
	if x := Explain(scheme(t, "gcore"), &s); x.Rule != "shape: the md5 is not 16 bytes of base64url" {
		t.Errorf("rule %q", x.Rule)
	}
	s.Target = []byte(good)
	if s.Keys = nil; Explain(scheme(t, "gcore"), &s).Verdict != Unchecked {
		t.Error("checked without a key")
	}
	if s.Clients = nil; Explain(scheme(t, "gcore"), &s).Verdict != Unchecked {
		t.Error("checked without a key and a client")
	}
	for late, want := range []string{"not checked", "it is late whatever the hash"} {
		s.Time = 1893456000 + int64(late)
		if x := Explain(scheme(t, "gcore"), &s); !strings.HasPrefix(x.Rule, "not checked") || !strings.Contains(x.Rule, want) || strings.Contains(x.Rule, "late") != (late > 0) {
			t.Errorf("%d s after the expiry: %s", late, x.Rule)
		}
	}
}

// What cleaning took off may be what the edge refused.
func TestExplainTellsOfTheLinkAsPasted(t *testing.T) {
	good := seal("1893456000/live/seg-1.ts203.0.113.9 " + testKey)
	s := suspectOf(t, "/live/seg-1.ts?md5="+good+"&amp;expires=1893456000", "203.0.113.9", "auto,bound,0")
	x := Explain(scheme(t, "gcore"), &s)
	if x.Verdict != Valid || x.Found.Mistake.Name != mistakeHTML || !strings.Contains(x.Rule, "as it was pasted it would be refused") || len(x.Cleaned) != 1 {
		t.Errorf("%v, %q, %s, %q", x.Verdict, x.Found.Mistake.Name, x.Rule, x.Cleaned)
	}
}

func TestCleanURL(t *testing.T) {
	const clean = "https://cdn.example.com/a/b_(1).ts?md5=14nsJ0zrjGipdIbehZ1tRw&expires=2147483647"
	wrapped := strings.Replace(clean, "&", "\r\n   &", 1)
	html := strings.Replace(clean, "&", "&amp;", 1)
	for pasted, steps := range map[string]int{
		clean:                                    0,
		"  " + clean + "\n":                      1,
		wrapped:                                  1,
		"> " + wrapped + "\n> ":                  1,
		"\"" + clean + "\"":                      1,
		"'" + clean + "',":                       2,
		"<" + clean + ">":                        1,
		"<URL:" + clean + ">.":                   2,
		"(" + clean + ").":                       2,
		"[" + clean + "]":                        1,
		"**" + clean + "**":                      1,
		"“" + clean + "”":                        1,
		clean + ".":                              1,
		clean + "...":                            1,
		clean + "\",":                            2,
		html:                                     1,
		strings.Replace(clean, "&", "&#038;", 1): 1,
		strings.Replace(clean, "&", "&amp;amp;", 1):                                                       1,
		`"` + strings.Replace(clean, "&", `\u0026`, 1) + `",`:                                             3,
		strings.ReplaceAll(clean, "/", `\/`):                                                              1,
		`https://cdn.example.com/a/b_(1).ts\?md5\=14nsJ0zrjGipdIbehZ1tRw\&expires\=2147483647`:            1,
		"GET " + clean + " HTTP/1.1":                                                                      1,
		strings.TrimPrefix(clean, "https://"):                                                             1,
		strings.Replace(clean, "https://cdn.", "hxxps://cdn[.]", 1):                                       1,
		clean[:40] + "\u200b" + clean[40:]:                                                                1,
		"Der Link " + clean + " geht nicht":                                                               1,
		"Hallo,\nder Film\n" + wrapped + "\ngeht seit gestern nicht.":                                     3,
		"Ссылка " + clean + ", ошибка 403":                                                                2,
		clean + "\n" + strings.Replace(clean, "/a/", "/b/", 1):                                            2,
		"Seite https://example.com/film, Segment " + clean:                                                1,
		"curl -v '" + clean + "'":                                                                         2,
		"[Film](" + clean + ")":                                                                           2,
		"[" + clean + "](" + clean + ")":                                                                  2,
		`<a href="` + html + `">Film</a>`:                                                                 3,
		"curl ^\"" + strings.Replace(clean, "&", "^&", 1) + "^\" ^\r\n  -H ^\"accept: */*^\"":             4,
		"curl \"" + strings.Replace(clean, "&", "^&", 1) + "\" ^\n  -H \"referer: https://example.com/\"": 4,
		"curl -H 'Referer: https://example.com/film?id=1' '" + clean + "'":                                2,
		`{"headers":[{"name":"Referer","value":"https://example.com/film?id=1"}],"url":"` + clean + `"}`:  2,
		"Unsere Seite ist https://example.com/film?id=1\nund hier kommt 403: " + clean:                    2,
		"<" + html + "|der Film>":                                                                         3,
		"[" + clean + "|" + clean + "|smart-link]":                                                        2,
		"{code}" + clean + "{code}":                                                                       2,
		"{noformat}\n" + clean + "\n{noformat}":                                                           2,
		strings.TrimPrefix(clean, "https:"):                                                               1,
		strings.Replace(clean, "https://", "https://anna:p@ss@", 1):                                       1,
		"https://urldefense.com/v3/__" + clean + "__;!!abc$":                                              1,
		"https://urldefense.com/v3/__https:**Acdn.example.com/a/b_(1).ts?md5=14nsJ0zrjGipdIbehZ1tRw*expires=2147483647__;Ly8m!!abc$":                      1,
		"https://urldefense.com/v3/__https:/*cdn.example.com/a/b_(1).ts?md5=14nsJ0zrjGipdIbehZ1tRw&expires=2147483647__;Lw!!abc$":                         1,
		"https://urldefense.proofpoint.com/v2/url?u=https-3A__cdn.example.com_a_b-5F-281-29.ts-3Fmd5-3D14nsJ0zrjGipdIbehZ1tRw-26expires-3D2147483647&d=x": 1,
		"https://slack-redir.net/link?url=" + url.QueryEscape(clean):                                                                                      1,
		clean + "…": 1,
		"XHRGET\n" + clean + "\n[HTTP/2 403  120ms]": 2,
		url.QueryEscape(clean):                       1,
		strings.ReplaceAll(clean[:60], "=", "=3D") + "=\r\n" + strings.ReplaceAll(clean[60:], "=", "=3D"):            1,
		"https://eur01.safelinks.protection.outlook.com/?url=" + url.QueryEscape(clean) + "&data=05%7C01&reserved=0": 1,
		"https://www.google.com/url?sa=D&q=" + url.QueryEscape(clean) + "&usg=AOv":                                   1,
	} {
		got, cleaned := CleanURL(pasted)
		if got != clean || len(cleaned) != steps {
			t.Errorf("%q: got %s, cleaned %q", pasted, got, cleaned)
		}
	}
	if got, _ := CleanURL("cdn.example.com:8443/a.ts?md5=x"); got != "https://cdn.example.com:8443/a.ts?md5=x" {
		t.Errorf("a host and its port: %q", got)
	}
	for _, pasted := range []string{"user@cdn.example.com:8443/a.ts?md5=x", "user:p@ssword@cdn.example.com:8443/a.ts?md5=x"} {
		if got, cleaned := CleanURL(pasted); got != "https://cdn.example.com:8443/a.ts?md5=x" || len(cleaned) != 2 {
			t.Errorf("%q: got %q, cleaned %q", pasted, got, cleaned)
		}
	}
	if got, _ := CleanURL("//user:password@cdn.example.com/a.ts?md5=x"); got != "https://cdn.example.com/a.ts?md5=x" {
		t.Errorf("a host without a scheme: %q", got)
	}
	for _, untouched := range []string{"", "/", "/a", "/a@b.c/d?md5=x", "//live//@cam.ts?md5=x", "https://h:8443/a@b?md5=x", "https://h?a@b", "/a?to=http://u@b.c/d&md5=x", "/a?md5=x&expires=1", "https://h/a%20b?x=%22y", "http://[2001:db8::1]:80/a?md5=x",
		"https://h/my film.ts?md5=x", "https://h/my film.ts", "/a?to=http://b.c/d&md5=x", "https://h/a.ts?md5=3D4x&expires=1", "https://h/a.ts%3Fmd5%3Dx", "/a?u=https%3A%2F%2Fb.c",
		"//live//seg-1.ts?md5=x&expires=1", "//movie.mp4/seg-1.ts?md5=x", "https://h/a^b?x=1|2&md5=x"} {
		if got, cleaned := CleanURL(untouched); got != untouched || cleaned != nil {
			t.Errorf("%q: got %q, cleaned %q", untouched, got, cleaned)
		}
	}
}

func FuzzCleanURL(f *testing.F) {
	for _, v := range mistakeVectors(f) {
		f.Add("<https://cdn.example.com" + v.target + ">.")
	}
	for _, seed := range []string{"", ".", "hhxxpxxp://a", "&a&amp;mp;", "[[.].]/a", "\\\\&", "GET GET  HTTP/ HTTP/", "a.b/\u200b", "=\r\n>", "((a)", "\xa1\x84\xe9\xb9http://"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, pasted string) {
		url, cleaned := CleanURL(pasted)
		if (url != pasted) != (len(cleaned) > 0) {
			t.Errorf("%q: got %q, cleaned %q", pasted, url, cleaned)
		}
		if again, more := CleanURL(url); again != url || more != nil {
			t.Errorf("%q: got %q, then %q, cleaned %q", pasted, url, again, more)
		}
	})
}

func TestSnippetsAreMarked(t *testing.T) {
	marks := map[string]string{"no_space": `' '`, "hex_digest": "true", "ms_expiry": "time()", "encoded_path": "rawurldecode",
		"private_address": "REMOTE_ADDR", "key_newline": "rtrim", "html_ampersand": "'&expires='"}
	for name, part := range marks {
		i := slices.IndexFunc(Mistakes(), func(m Mistake) bool { return m.Name == name })
		m := Mistakes()[i]
		for _, lang := range Langs() {
			before, after, ok := strings.Cut(Snippet(m, lang), " here: "+m.Fix+"\n")
			marked, _, _ := strings.Cut(after, "\n")
			if !ok || strings.Contains(after, " here: ") || lang == "php" && !strings.Contains(marked, part) {
				t.Errorf("%s in %s: marked %q behind %q", name, lang, marked, before)
			}
		}
	}
	if Snippet(Mistakes()[0], "cobol") != "" || Snippet(Mistake{Name: "none such"}, "go") != "" {
		t.Error("code for what is not known")
	}
}
