package report

import "testing"

// TestExoticIsEscaped has what may stand in a string and what may not. U+1F600 is
// printable; U+E0001 takes two units of UTF-16 (RFC 8259, section 7).
func TestExoticIsEscaped(t *testing.T) {
	for text, want := range map[string]string{
		"plain, é and \U0001F600": "plain, é and \U0001F600",
		"\u202ex":                 `\u202ex`,
		"a\u200bb\u009bc":         `a\u200bb\u009bc`,
		"é\U000E0001é":            `é\udb40\udc01é`,
		"end\ufeff":               `end\ufeff`,
		"a\x7fb\u3164":            `a\u007fb\u3164`,
	} {
		if got := string(EscapeJSON([]byte(text))); got != want {
			t.Errorf("%q becomes %s, want %s", text, got, want)
		}
	}
}
