package detect_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ipdrift/detect/finding"
)

// TestMaskSetWithinALogWithoutAKey: viewers move within their /24, 60 who are refused there and as many who are served from some time
// on. Where none is refused any more, what the first 60 need is in force already; where it is so now and then, as where only some of the
// tree is bound, it is not.
func TestMaskSetWithinALogWithoutAKey(t *testing.T) {
	for name, c := range map[string]struct {
		status func(i int) int // of viewer i, elsewhere
		want   finding.Decision
	}{
		"never":      {func(int) int { return 403 }, finding.Widen},
		"set":        {func(i int) int { return map[bool]int{true: 403, false: 200}[i < 60] }, finding.InsufficientEvidence},
		"taken back": {func(i int) int { return map[bool]int{true: 200, false: 403}[i < 60] }, finding.Widen},
		"in turn":    {func(i int) int { return 403 - 203*(i%2) }, finding.Widen},
	} {
		var l little
		for i := range 120 {
			at, a, b := time.Duration(i)*time.Minute, stranger(i), beside(stranger(i))
			link := func(n int) string { return folder.link(fmt.Sprintf("/move/%d/seg-%d.ts", i, n), a) }
			for n := range 4 {
				e := entry{host: folder.host, target: link(n), ip: a, status: 200, at: at + time.Duration(4*n)*time.Second}
				if n == 3 {
					e.ip, e.status = b, c.status(i)
				}
				l.add(e)
			}
		}
		r := l.try(t, settings{noKey: true}).advice(folder.host, "ipv4")
		const since = "were refused until 2026-11-01 12:59:12 UTC and have been served since"
		if r.Decision != c.want || strings.Contains(r.Reason, since) != (name == "set") {
			t.Errorf("%s: %s: %s", name, r.Decision, r.Reason)
		}
	}
}
