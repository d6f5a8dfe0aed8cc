package detect_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ipdrift/detect/finding"
)

// TestRule03WhoTriesTheLinksOfManyIsNoViewer: a checker of links asks for each before its viewer does, from one
// address under a user agent of its own, and disturbs nobody. Viewers in few networks who are refused later, or whose
// links served nobody, may be behind one address; so may those who are served there.
func TestRule03WhoTriesTheLinksOfManyIsNoViewer(t *testing.T) {
	const checker = "192.0.2.99"
	neighbour := func(i int) string { return fmt.Sprintf("198.51.%d.9", i) }
	for name, c := range map[string]struct {
		links                 int
		home                  func(int) string
		agent                 string
		viewers, served, left bool
		late                  int // lines between the last that was served and the checker's
	}{
		"a checker":                {40, stranger, "checker/1", true, false, true, 0},
		"a checker of a few":       {7, stranger, "checker/1", true, false, true, 0},
		"of fewer":                 {6, stranger, "checker/1", true, false, false, 0},
		"of few, as their player":  {29, stranger, "player/1.0", true, false, false, 0},
		"of few, and served":       {29, stranger, "checker/1", true, true, false, 0},
		"links of one network":     {40, neighbour, "checker/1", true, false, true, 0},
		"of few of one network":    {29, neighbour, "checker/1", true, false, false, 0},
		"of one network, too late": {40, neighbour, "checker/1", true, false, false, 40},
		"of one network, and last": {40, neighbour, "player/1.0", true, false, false, 1},
		"of one network, served":   {40, neighbour, "player/1.0", true, true, false, 0},
		"links that served none":   {40, stranger, "checker/1", false, false, false, 0},
		"as the viewer's player":   {40, stranger, "player/1.0", true, false, true, 0},
		"who is served, too":       {40, stranger, "player/1.0", true, true, false, 0},
		"a checker who is served":  {40, stranger, "checker/1", true, true, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var l little
			l.audience(folder, 40)
			if c.served {
				l.get(folder, folder.link("/own/index.m3u8", checker), checker, 200)
			}
			for i := range c.links {
				home := c.home(100 + i)
				link := folder.link(fmt.Sprintf("/film%d/index.m3u8", i), home)
				tries := func(after int) {
					l.add(entry{host: folder.host, target: link, ip: checker, status: 403, agent: c.agent, at: time.Duration(len(l.entries)+after) * time.Second})
				}
				if c.late == 0 {
					tries(0)
				}
				if c.viewers {
					l.get(folder, link, home, 200)
					l.get(folder, on(fmt.Sprintf("/film%d/seg-1.ts", i), link), home, 200)
				}
				if c.late > 0 {
					tries(c.late)
				}
			}
			tr := l.try(t, settings{user: "token", cramped: true})
			said := strings.Contains(strings.Join(tr.Warnings, " "), fmt.Sprintf("1 address tries in vain the links of viewers in 30 networks or more, under a user agent that was served none of them or without being served anything (both: more than 6), or as many links as they came into use elsewhere, as who checks links or collects them does: what %d users were refused so is left out", c.links))
			if said != c.left {
				t.Errorf("said %t, want %t: %q", said, c.left, tr.Warnings)
			}
			if n := tr.Users.ByClass[finding.Undetermined]; c.left && n != int64(c.links) {
				t.Errorf("%v", tr.Users.ByClass)
			}
			if r := tr.advice(folder.host, "ipv4"); c.left && (r.Decision != finding.KeepCurrent || r.AffectedUsers != 0) {
				t.Errorf("%s: %s", r.Decision, r.Reason)
			}
		})
	}
}
