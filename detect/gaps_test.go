package detect_test

import (
	"fmt"
	"strings"
	"testing"

	"ipdrift/detect/finding"
)

// watching adds 60 viewers who watch 20 segments each and change the address
// within their /24 at the twelfth; keep tells which segments are logged.
func watching(keep func(viewer, segment int) bool) *little {
	var l little
	for i := range 60 {
		home, away := fmt.Sprintf("198.51.%d.10", i), fmt.Sprintf("198.51.%d.99", i)
		link := video.link(fmt.Sprintf("/film/%d/index.m3u8", i), home)
		l.get(video, link, home, 200)
		for n := range 20 {
			ip, status := home, 200
			if n >= 12 {
				ip, status = away, 403
			}
			if keep(i, n) {
				l.get(video, on(fmt.Sprintf("/film/%d/seg%d.ts", i, n+1), link), ip, status)
			}
		}
	}
	return &l
}

// TestRule11GapsInSegmentNumbers: where viewers' segments are missing, and were
// never refused, nobody is said to rotate, and no mask is advised.
func TestRule11GapsInSegmentNumbers(t *testing.T) {
	whole := watching(func(int, int) bool { return true }).try(t, settings{})
	if n := whole.Users.ByClass[finding.Rotating]; n != 60 || strings.Contains(strings.Join(whole.Warnings, " "), "missing from the log") {
		t.Fatalf("%d rotating users in a whole log, want 60: %q", n, whole.Warnings)
	}
	sampled := watching(func(i, n int) bool { return (i*7+n*5)%4 != 0 }).try(t, settings{}) // a quarter is missing
	if n := sampled.Users.ByClass[finding.Rotating]; n != 0 || sampled.Users.ByClass[finding.Undetermined] != 60 {
		t.Errorf("classes %v, want all undetermined", sampled.Users.ByClass)
	}
	if said := strings.Join(sampled.Warnings, "\n"); !strings.Contains(said, "% of the segments that viewers must have asked for are missing from the log, of 60 of 60 viewers") {
		t.Errorf("%q", said)
	}
	if r := sampled.advice(video.host, "ipv4"); r == nil || r.Prefix != nil || r.AffectedUsers != 0 {
		t.Errorf("advice %s", asJSON(t, r))
	}
	few := watching(func(i, n int) bool { return n != 5 }).try(t, settings{}) // a twentieth is
	if n := few.Users.ByClass[finding.Rotating]; n != 60 {
		t.Errorf("classes %v, want 60 rotating", few.Users.ByClass)
	}
}

// TestRule11RejectedLinesLeaveHoles: where so many lines are rejected, the segments that are missing may stand there.
func TestRule11RejectedLinesLeaveHoles(t *testing.T) {
	lines := strings.SplitAfter(watching(func(int, int) bool { return true }).text(entry.text), "\n")
	for i := range lines {
		if i%4 == 1 {
			lines[i] = lines[i][:20] + "\n"
		}
	}
	tr := tryText(t, strings.Join(lines, ""), settings{damaged: true})
	if said := strings.Join(tr.Warnings, "\n"); !strings.Contains(said, "neither served nor refused. They may stand in the 315 lines that were rejected, so") {
		t.Errorf("%d rejected: %q", tr.Input.Rejected, said)
	}
}

// TestRule11ARefusalLeavesAHole: viewers of a live stream go on with what is on by the time
// they are let in again. Those who were never refused tell that no request is missing.
func TestRule11ARefusalLeavesAHole(t *testing.T) {
	for smooth, rotating := range map[int]int64{29: 0, 30: 60} {
		l := watching(func(_, n int) bool { return n%6 != 5 })
		for i := range smooth {
			link := video.link(fmt.Sprintf("/film/x%d/index.m3u8", i), stranger(i))
			for n := range 20 {
				l.get(video, on(fmt.Sprintf("/film/x%d/seg%d.ts", i, n+1), link), stranger(i), 200)
			}
		}
		if tr := l.try(t, settings{}); tr.Users.ByClass[finding.Rotating] != rotating {
			t.Errorf("%d never refused: classes %v, want %d rotating: %q", smooth, tr.Users.ByClass, rotating, tr.Warnings)
		}
	}
}

// TestRule11ANewLinkGoesOnWhereTheStreamIs: nor is one missing where all were refused, and get a new link each time: with
// none of them a segment is left out.
func TestRule11ANewLinkGoesOnWhereTheStreamIs(t *testing.T) {
	for lost, rotating := range map[int]int64{0: 60, 1: 0} {
		var l little
		for i := range 60 {
			for n := range 4 {
				ip, next := fmt.Sprintf("198.51.%d.%d", i, n+1), fmt.Sprintf("198.51.%d.%d", i, n+2)
				link := video.link(fmt.Sprintf("/live/%d/index.m3u8", i), ip)
				l.get(video, link, ip, 200)
				for segment := range 5 {
					if lost == 0 || segment != 2 {
						l.get(video, on(fmt.Sprintf("/live/%d/seg%d.ts", i, 8*n+segment+1), link), ip, 200)
					}
				}
				l.get(video, on(fmt.Sprintf("/live/%d/seg%d.ts", i, 8*n+6), link), next, 403)
			}
		}
		if tr := l.try(t, settings{}); tr.Users.ByClass[finding.Rotating] != rotating {
			t.Errorf("%d lost of five: classes %v, want %d rotating: %q", lost, tr.Users.ByClass, rotating, tr.Warnings)
		}
	}
}

// TestRule11SeveralConnectionsAreNoGaps: a player that loads over five connections, each
// segment with a link of its own that no address is in, leaves none out.
func TestRule11SeveralConnectionsAreNoGaps(t *testing.T) {
	var l little
	var text strings.Builder
	free := site{host: "img.test", text: func(string) string { return "" }}
	for i := range 60 {
		for n := range 40 {
			e := entry{host: free.host, target: free.link(fmt.Sprintf("/film/%d/seg%d.ts", i, n+1), ""), ip: stranger(i), status: 200}
			text.WriteString(gcoreWith(l.entries[l.add(e)-1], map[int]string{37: fmt.Sprint(100*i + n*n*3%7)}))
		}
	}
	if said := strings.Join(tryText(t, text.String(), settings{}).Warnings, "\n"); strings.Contains(said, "missing from the log") {
		t.Errorf("%q", said)
	}
}

// TestRule02OneEdge: a log whose lines all name one edge says so.
func TestRule02OneEdge(t *testing.T) {
	const says = "requests were logged by one edge ([ed])"
	l := watching(func(int, int) bool { return true })
	text := l.text(entry.gcore)
	if said := strings.Join(tryText(t, text, settings{}).Warnings, "\n"); !strings.Contains(said, "all 1,260 "+says) {
		t.Errorf("%q", said)
	}
	two := strings.Replace(text, `"[ed]"`, `"[fr]"`, 1)
	short := strings.Join(strings.SplitAfter(text, "\n")[:900], "")
	for _, text := range []string{two, short, l.text(entry.text)} {
		if said := strings.Join(tryText(t, text, settings{}).Warnings, "\n"); strings.Contains(said, "one edge") {
			t.Errorf("%q", said)
		}
	}
	files := []string{write(t, "a.log", text), write(t, "b.log", strings.ReplaceAll(l.text(entry.gcore), `"[ed]"`, `"[fr]"`))}
	if said := strings.Join(tryFiles(t, settings{files: files}).Warnings, "\n"); strings.Contains(said, "one edge") {
		t.Errorf("two edges, a file each: %q", said)
	}
}

// TestRule11Sampling: in a log more than a tenth of which says that requests are missing
// nobody can be followed.
func TestRule11Sampling(t *testing.T) {
	for sampled, want := range map[int]finding.Class{0: finding.Rotating, 8: finding.Rotating, 9: finding.Undetermined, 80: finding.Undetermined} {
		var text strings.Builder
		for i := range 80 {
			home := stranger(i)
			link := video.link(fmt.Sprintf("/film%d/seg1.ts", i), home)
			rate := "1"
			if i < sampled {
				rate = "10"
			}
			for status, ip := range map[int]string{200: home, 403: stranger(100 + i)} {
				fmt.Fprintf(&text, `{"remote_addr":%q,"time":"2026-11-01T12:00:%02dZ","method":"GET","host":"cdn.test","uri":%q,"status":%d,"user_agent":"p","sample_rate":%q}`+"\n",
					ip, status/10-20, link, status, rate)
			}
		}
		tr := tryText(t, text.String(), settings{})
		if got := tr.Users.ByClass; got[want] != 80 {
			t.Errorf("%d of 80 viewers are sampled: %v, want 80 %s", sampled, got, want)
		}
	}
}
