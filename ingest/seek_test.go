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
	} {
		got, err := Seek(text, r)
		if err != nil || got.Token != "Xk2vQ7" || (got.Hash != 0) != strings.Contains(text, "://") {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	one, _ := Seek("https://cdn.example.com/a/b.ts?md5="+whole+"&expires=1893456000", r)
	other, _ := Seek("https://CDN.example.com/c.ts?expires=1893456000&md5="+whole, r)
	if one != other {
		t.Errorf("one link is two: %v, %v", one, other)
	}
	for _, text := range []string{"", "abc", "Xk 2vQ7", "https://cdn.example.com/a?md5=" + whole, "https://cdn.example.com/"} {
		if got, err := Seek(text, r); err == nil || strings.Contains(err.Error(), whole) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}
