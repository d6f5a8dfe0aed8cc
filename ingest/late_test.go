package ingest

import (
	"fmt"
	"math"
	"testing"
)

func TestLateness(t *testing.T) {
	const d = int64(1_900_000_000) // deadline
	const s = int64(1_000_000)
	for _, c := range []struct {
		name     string
		from, to int64 // µs
		want     Late
	}{
		{"an hour early", (d - 3600) * s, (d-3600)*s + s - 1, InTime},
		{"three seconds early", (d - 3) * s, (d-3)*s + s - 1, InTime},
		{"two seconds early", (d - 2) * s, (d-2)*s + s - 1, InTime}, // rule 7: ±2 s, about the end of the deadline's second
		{"one second early", (d - 1) * s, (d-1)*s + s - 1, NearExpiry},
		{"the second of the deadline itself", d * s, d*s + s - 1, NearExpiry}, // nginx: expires < now is late
		{"its last microsecond", d*s + s - 1, d*s + s - 1, NearExpiry},
		{"the first microsecond behind it", (d + 1) * s, (d + 1) * s, JustLate},
		{"one second late", (d + 1) * s, (d+1)*s + s - 1, JustLate},
		{"two seconds late", (d + 2) * s, (d+2)*s + s - 1, JustLate},
		{"three seconds late", (d + 3) * s, (d+3)*s + s - 1, TooLate},
		{"a day late", (d + 86400) * s, (d+86400)*s + s - 1, TooLate},
		{"from the deadline's second into the next", d*s + s - 1, (d + 1) * s, AtExpiry},
		{"from long before to long behind", (d - 100) * s, (d + 100) * s, AtExpiry},
		{"from long before to the deadline", (d - 100) * s, d * s, NearExpiry},
	} {
		if got := lateness(c.from, c.to, d); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	for us, want := range map[int64]int64{0: 0, 1: 0, 999_999: 0, 1_000_000: 1, -1: -1, -1_000_000: -1, -1_000_001: -2} {
		if got := floorSecond(us); got != want {
			t.Errorf("floorSecond(%d) = %d, want %d", us, got, want)
		}
	}
}

func TestLatenessFarAway(t *testing.T) {
	for _, at := range []int64{0, 1, 1_800_000_000 * 1e6, math.MaxInt64 / 2} {
		if got := lateness(at, at, math.MaxInt64); got != InTime {
			t.Errorf("at %d µs, deadline at the end of time: %d, want %d", at, got, InTime)
		}
	}
}

// TestLateOfLines loads lines around a deadline and reads off column late.
func TestLateOfLines(t *testing.T) {
	const line = `203.0.113.7 - - [01/Nov/2026:00:00:00 +0000] "GET %s HTTP/1.1" %d 1000 "-" "P" cdn.example.com%s` + "\n"
	const timed = combinedHost
	const untimed = `nginx:$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $host`
	const sizeless = `nginx:$remote_addr - $remote_user [$time_local] "$request" $status $x "$http_referer" "$http_user_agent" $host`
	for _, c := range []struct {
		name     string
		deadline int64
		status   int
		format   string
		duration string
		want     Late
	}{
		{"served in the deadline's second", logTime, 200, timed, " 0.000", NearExpiry},
		{"served a second behind", logTime - 1, 200, timed, " 0.000", JustLate},
		{"served late, but started in time", logTime - 100, 200, timed, " 200.000", InTime},
		{"started early, ended behind", logTime - 10, 200, timed, " 20.000", InTime},
		{"refused at the deadline", logTime, 403, timed, " 0.000", AtExpiry},
		{"refused long behind", logTime - 100, 410, timed, " 0.000", TooLate},
		{"refused after a long wait across the deadline", logTime - 5, 403, timed, " 10.000", AtExpiry},
		{"served, start unknown, deadline behind", logTime + 100, 200, untimed, "", InTime},
		{"served, start unknown, deadline before", logTime - 100, 200, untimed, "", AtExpiry},
		{"served, start unknown, as long before as 1,000 bytes may take", logTime - 301, 200, untimed, "", AtExpiry},
		{"served, start unknown, longer before than 1,000 bytes take", logTime - 320, 200, untimed, "", TooLate},
		{"served, start and bytes unknown, an hour before", logTime - 3600, 200, sizeless, "", AtExpiry},
		{"served, start and bytes unknown, longer before", logTime - 3620, 200, sizeless, "", TooLate},
		{"refused, start unknown, deadline before", logTime - 100, 403, untimed, "", TooLate},
		{"a deadline no clock reaches", math.MaxInt64, 200, untimed, "", InTime},
		{"a deadline at the beginning", 1, 403, timed, " 0.000", TooLate},
	} {
		o := testOptions(t)
		o.Format = namedFormat(t, c.format)
		target := fmt.Sprintf("/a/x.ts?md5=%s&expires=%d", signedFor(c.deadline, "/a/x.ts", "203.0.113.7", testKey), c.deadline)
		s, _ := loadText(t, o, fmt.Sprintf(line, target, c.status, c.duration))
		got := one[string](t, s, `SELECT late || ' ' || matched FROM hit JOIN outcome o ON o.id = hit.outcome`)
		if want := fmt.Sprintf("%d true", c.want); got != want {
			t.Errorf("%s: %s, want %s", c.name, got, want)
		}
	}
}
