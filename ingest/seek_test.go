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
