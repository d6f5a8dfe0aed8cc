package detect_test

import (
	"fmt"
	"strings"
	"testing"

	"ipdrift/detect/finding"
)

// TestShieldsByAddress gives a log whose last line, with a user agent of its own, a
// shield wrote, and one that shields alone wrote: these requests are nobody's.
func TestShieldsByAddress(t *testing.T) {
	var l little
	l.audience(video, 40)
	l.add(entry{host: video.host, target: video.link("/crowd/0/a.ts", stranger(0)), ip: "198.51.100.7", status: 200, agent: "shield/1"})
	lines := strings.SplitAfter(l.text(entry.gcore), "\n")
	last := strings.Replace(lines[40], "shield_no", "shield_yes", 1)
	if last == lines[40] {
		t.Fatal("the last line is no shield's")
	}
	tr := tryText(t, strings.Join(lines[:40], "")+last, settings{user: "ip+ua"})
	if c := tr.Users.ByClass; c[finding.Unchanged] != 40 || tr.Users.Total != 40 {
		t.Errorf("classes %v, want 40 unchanged", c)
	}
	if tr := tryText(t, last, settings{user: "ip+ua"}); tr.Users.Total != 0 {
		t.Errorf("%d users of a log of shields", tr.Users.Total)
	}
}

// TestAgentsWithoutEnd gives two links, each asked for by thousands of user agents:
// each of these is a user of each.
func TestAgentsWithoutEnd(t *testing.T) {
	const agents = 20_000
	var l little
	l.audience(video, 40)
	for _, path := range []string{"/film1/seg.ts", "/film2/seg.ts"} {
		link := video.link(path, stranger(1))
		for i := range agents {
			l.get(video, link, stranger(1), 200)
			l.entries[len(l.entries)-1].agent = fmt.Sprintf("agent/%d", i)
		}
	}
	tr := tryText(t, l.text(entry.text), settings{})
	if tr.Users.Total != 40+2*agents {
		t.Errorf("%d users, want %d", tr.Users.Total, 40+2*agents)
	}
}
