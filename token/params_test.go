package token

import (
	"bytes"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// TestGlob compares with regular expressions, in which .* and . say the same.
func TestGlob(t *testing.T) {
	chance := rand.New(rand.NewPCG(42, 42))
	word := func(letters string, most int) string {
		out := make([]byte, chance.IntN(most+1))
		for i := range out {
			out[i] = letters[chance.IntN(len(letters))]
		}
		return string(out)
	}
	fits := 0
	for range 20000 {
		pattern, text := word("ab*?", 9), word("ab", 12)
		same := regexp.MustCompile(`^` + strings.NewReplacer("*", ".*", "?", ".").Replace(pattern) + `$`)
		want := same.MatchString(text)
		if got := glob([]byte(pattern), []byte(text)); got != want {
			t.Fatalf("%q fits %q: %v, want %v", text, pattern, got, want)
		}
		if want {
			fits++
		}
	}
	if fits < 1000 {
		t.Errorf("only %d texts fit", fits)
	}
}

// TestGlobIsLinear would not end if each place of the text were compared with all of the pattern.
func TestGlobIsLinear(t *testing.T) {
	a := bytes.Repeat([]byte("a"), 1<<20)
	for _, begin := range []string{"*", "*?", "*a?", "*a*"} {
		pattern := append(append([]byte(begin), a[:1<<19]...), "b*"...)
		if glob(pattern, a) {
			t.Errorf("%s…: fits", begin)
		}
	}
	if many := []byte(strings.Repeat("*ab*!", 1<<18)); (&Link{PathOK: true, Path: append([]byte("/"), a...), scratch: new([]byte)}).reachOfACL(many) != reachAstray {
		t.Error("a list of patterns, none of which fits, is good for the path")
	}
}
