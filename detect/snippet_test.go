package detect_test

import (
	"strings"
	"testing"

	"ipdrift/token"
)

// TestRule20SigningCode: the plan holds the code that signs what it says, over
// the directory where this host does, with the text form that is asked for.
func TestRule20SigningCode(t *testing.T) {
	for _, s := range []site{folder, single} {
		var l little
		l.audience(s, 40)
		l.movers(s, 40, "198.51.%d.10", "198.51.%d.99")
		r := l.try(t, settings{}).advice(s.host, "ipv4")
		if r == nil || r.Prefix == nil || len(r.Snippets) != 4 {
			t.Fatalf("%s", asJSON(t, r))
		}
		for i, lang := range token.Langs() {
			got := r.Snippets[i]
			if want := token.SigningCode(lang, token.Recipe{Dir: s.dir, Prefix4: 24}); got.Lang != lang || got.Code != want || got.Form != "network" {
				t.Errorf("%s: %+v, want\n%s", lang, got, want)
			}
			if strings.Contains(got.Code, secret) {
				t.Error("the code holds the key")
			}
		}
	}
	var l little
	l.audience(folder, 40)
	if r := l.try(t, settings{}).advice(folder.host, "ipv4"); r.Snippets != nil {
		t.Error("nothing to change, but code for it")
	}
}
