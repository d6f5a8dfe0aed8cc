package token

import (
	"os/exec"
	"strings"
	"testing"
)

// Every letter of Latin, Greek, Cyrillic, kana and Hangul is taken apart and put together as Python's unicodedata does it.
func TestUnicodeForms(t *testing.T) {
	const script = `import unicodedata as u
for first, last in (0xc0, 0x24f), (0x370, 0x45f), (0x1e00, 0x1eff), (0x3041, 0x30fe), (0xac00, 0xd7a3):
    for c in map(chr, range(first, last + 1)):
        d = u.normalize("NFD", c)
        if d != c and u.normalize("NFC", c) == c: print(c, d)`
	command := exec.Command(interpreter(t, "python3"), "-c", script)
	command.Env = append(command.Environ(), "PYTHONIOENCODING=utf-8")
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(out)) {
		whole, apart, _ := strings.Cut(strings.TrimSpace(line), " ")
		if got := string(appendApart(nil, []byte(whole))); got != apart {
			t.Errorf("%s: %+q apart, want %+q", whole, got, apart)
		}
		if got := string(appendTogether(nil, []byte(apart+apart))); got != whole+whole {
			t.Errorf("%s: %+q together, want %+q", whole, got, whole+whole)
		}
		n++
	}
	if n < 11_700 {
		t.Errorf("%d letters", n)
	}
}
