package figure

import (
	"math"
	"testing"
)

func TestSentence(t *testing.T) {
	for _, c := range []struct {
		text string
		args []any
		want string
	}{
		{"nothing", nil, "nothing"},
		{"%d of %d lines", []any{7, 999}, "7 of 999 lines"},
		{"%d of %d lines", []any{1000, int64(1234567)}, "1,000 of 1,234,567 lines"},
		{"%d, %d", []any{-100, int64(math.MinInt64)}, "-100, -9,223,372,036,854,775,808"},
		{"%d {address is|addresses are} of %d {host|hosts}", []any{1, int64(2)}, "1 address is of 2 hosts"},
		{"%d {address is|addresses are} of %d {host|hosts}", []any{0, int64(1)}, "0 addresses are of 1 host"},
		{"%.0f %% of %d {line|lines}, in %s {once|often}", []any{1.0, 1, "1"}, "1 % of 1 line, in 1 once"},
		{"{nothing|something} %d%%", []any{1}, "something 1%"},
		{"%s:%s is %.1f %% of %v", []any{"a.log", "12345", 12345.67, 12345}, "a.log:12345 is 12345.7 % of 12,345"},
	} {
		args := append([]any(nil), c.args...)
		if got := Sentence(c.text, c.args...); got != c.want {
			t.Errorf("Sentence(%q, %v) = %q, want %q", c.text, args, got, c.want)
		}
		for i := range args {
			if args[i] != c.args[i] {
				t.Errorf("Sentence(%q) changed its arguments", c.text)
			}
		}
	}
}

func TestEither(t *testing.T) {
	if got := Either(true, "is", "are") + Either(false, "is", "are"); got != "isare" {
		t.Errorf("%q", got)
	}
}
