package ingest

import (
	"strings"
	"testing"

	"ipdrift/token"
)

func TestSeek(t *testing.T) {
	const whole = "Xk2vQ7pLm0aB1cD2eF3gHw"
	r := token.NewResources(token.Schemes()[0])
	for _, text := range []string{
		"Xk2vQ7", whole, " " + whole + "\n", "/a/b.ts?md5=" + whole + "&expires=1893456000",
		"https://cdn.example.com/a/b.ts?md5=" + whole + "&expires=1893456000", "<https://CDN.example.com/a/b.ts?md5=" + whole + "&amp;expires=1893456000>",
		"md5=" + whole, "?md5=" + whole + "&expires=1893456000", "GET /a/b.ts?md5=" + whole + "&expires=1893456000 HTTP/1.1", "/a/b.ts%3Fmd5%3D" + whole + "%26expires%3D1893456000",
		"Der Film https://cdn.example.com/a/b.ts?md5=" + whole + "&expires=1893456000 geht nicht (403).", "https://cdn.example.com/a/b.ts%3Fmd5%3D" + whole + "%26expires%3D1893456000",
		"https://go.example.net/?to=https%3A%2F%2Fcdn.example.com%2Fa%2Fb.ts%3Fmd5%3D" + whole + "%26expires%3D1893456000",
	} {
		got, err := Seek(text, r)
		if err != nil || got.Token != "Xk2vQ7" || (got.Hash != 0) != strings.Contains(text, "://") {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	one, _ := Seek("https://cdn.example.com/a/b.ts?md5="+whole+"&expires=1893456000", r)
	if both, err := Seek("https://cdn.example.com/a/b.ts?md5="+whole+"&expires=1893456000 and https://cdn.example.com/a/c.ts?md5="+whole+"&expires=1893456000", r); both != one {
		t.Errorf("two files with one token: %v, %v, %v", both, one, err)
	}
	other, _ := Seek("https://CDN.example.com/c.ts?expires=1893456000&md5="+whole, r)
	if one != other {
		t.Errorf("one link is two: %v, %v", one, other)
	}
	for _, text := range []string{"", "abc", "Xk 2vQ7", "https://cdn.example.com/a?md5=" + whole, "https://cdn.example.com/",
		"https://cdn.example.com/a.ts?md5=" + whole + "&expires=1893456000 https://cdn.example.com/a.ts?md5=Y" + whole[1:] + "&expires=1893456000"} {
		if got, err := Seek(text, r); err == nil || strings.Contains(err.Error(), whole) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

// TestSeekBunny: all HMAC tokens of bunny.net begin with the name of the digest, which tells none from another.
func TestSeekBunny(t *testing.T) {
	scheme, err := token.SchemeNamed("bunny")
	if err != nil {
		t.Fatal(err)
	}
	const mac = "Xk2vQ7pLm0aB1cD2eF3gHwXk2vQ7pLm0aB1cD2eF3gH"
	r := token.NewResources(scheme)
	for _, text := range []string{
		"HS256-" + mac, "HS256-1-" + mac, "HS256-1-" + mac[:10], "HS256-" + mac[:6], mac[:8], "token=HS256-1-" + mac,
		"/a/b.ts?token=HS256-1-" + mac + "&expires=1893456000", "https://z.b-cdn.net/a/b.ts?token=HS256-" + mac + "&expires=1893456000",
		"/bcdn_token=HS256-1-" + mac + "&expires=1893456000/a/b.ts",
	} {
		if got, err := Seek(text, r); err != nil || got.Token != mac[:6] {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	digit := "1-" + mac[2:] // a digest that begins as one of a bound link
	if got, err := Seek("HS256-"+digit, r); err != nil || got.Token != digit[:6] {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := Seek("HS256-1-", r); err == nil {
		t.Errorf("%+v of no digest", got)
	}
	issued, _, err := ReadIssued(strings.NewReader("token,viewer\nHS256-1-"+mac+",a\nHS256-1-Z"+mac[1:]+",b\n"), r)
	if viewer := issued[TokenID(mac[:6])]; err != nil || len(issued) != 2 || viewer.Viewer == 0 || viewer.Token != mac[:6] {
		t.Errorf("%v, %v", issued, err)
	}
}
