package detect_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestRule02HolesInTheLog: ten viewers ask in one minute and ten in another; five empty minutes
// between them are a hole, four are none, and nine viewers, or two who ask for much, may
// all have stopped.
func TestRule02HolesInTheLog(t *testing.T) {
	for name, c := range map[string]struct {
		viewers, each int
		empty         time.Duration
		want          bool
	}{
		"a hole":        {10, 1, 5 * time.Minute, true},
		"too short":     {10, 1, 4 * time.Minute, false},
		"few viewers":   {9, 2, time.Hour, false},
		"many requests": {2, 20, time.Hour, false},
	} {
		var l little
		for part := range 2 {
			for i := range c.viewers {
				ip := stranger(100*part + i)
				for n := range c.each {
					l.add(entry{host: video.host, target: video.link(fmt.Sprintf("/film/seg%d.ts", n), ip), ip: ip, status: 200,
						at: time.Duration(part)*(time.Minute+c.empty) + time.Second + time.Duration(i)*time.Second})
				}
			}
		}
		said := strings.Join(l.try(t, settings{}).Warnings, "\n")
		if got := strings.Contains(said, "no request is logged in"); got != c.want {
			t.Errorf("%s: said %v, want %v: %q", name, got, c.want, said)
		}
		if want := "1 spell of 5 minutes or more, 5 min together, between minutes in which 10 addresses or more asked"; c.want && !strings.Contains(said, want) {
			t.Errorf("%s: %q, want %q", name, said, want)
		}
	}
}
