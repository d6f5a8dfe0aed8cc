package figure

import (
	"math"
	"testing"
	"time"
)

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Count(0), "0"}, {Count(999), "999"}, {Count(1000), "1,000"}, {Count(12481220), "12,481,220"}, {Count(-1234), "-1,234"}, {Count(-123), "-123"},
		{Count(math.MinInt64), "-9,223,372,036,854,775,808"},
		{Plural(1, "user", "users"), "1 user"}, {Plural(0, "user", "users"), "0 users"}, {Plural(3211, "user", "users"), "3,211 users"},
		{Times(1), "once"}, {Times(2), "twice"}, {Times(1000), "1,000 times"},
		{Share(1, 0), "not known"}, {Share(1, 3), "33 %"},
		{Bounds(0.965, 0.978), "96.5 to 97.8"}, {Bounds(0.5961, 0.6239), "59.6 to 62.4"}, {Bounds(0.281, 0.659), "28 to 66"}, {Bounds(0.9964, 1), "99.6 to 100"},
		{Floor(0.58, 0), "58"}, {Floor(0.5799, 0), "57"}, {Ceil(0.07, 0), "7"}, {Ceil(0.0701, 1), "7.1"}, {Decimal(5, 1), "5"},
		{Lasting(0), "<0.1 s"}, {Lasting(300 * time.Millisecond), "0.3 s"}, {Lasting(41 * time.Second), "41 s"}, {Lasting(252 * time.Second), "4 min 12 s"},
		{Lasting(59999 * time.Millisecond), "1 min"}, {Lasting(time.Hour - time.Millisecond), "1 h"}, {Lasting(125 * time.Minute), "2 h 5 min"}, {Lasting(76 * time.Hour), "3 d 4 h"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

// TestPercent: a decimal below 10 % and above 99 %, and nothing is all or none that is not.
func TestPercent(t *testing.T) {
	for share, want := range map[float64]string{
		0: "0 %", 0.0004: "<0.1 %", 0.0009: "<0.1 %", 0.0012: "0.1 %", 0.0057: "0.6 %", 0.015: "1.5 %", 0.05: "5 %", 0.0512: "5.1 %", 0.0994: "9.9 %", 0.0996: "10 %",
		0.105: "11 %", 0.125: "13 %", 0.4949: "49 %", 0.5: "50 %", 0.614: "61 %", 0.625: "63 %", 0.97: "97 %", 0.99: "99 %", 0.991: "99.1 %", 0.994: "99.4 %", 0.9995: ">99.9 %", 1: "100 %",
	} {
		if got := Percent(share); got != want {
			t.Errorf("%v is %q, want %q", share, got, want)
		}
	}
	if got := Percent(math.NaN()); got != "not known" {
		t.Errorf("no number is %q", got)
	}
}
