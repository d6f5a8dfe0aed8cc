package detect_test

import (
	"fmt"
	"testing"
	"time"

	"ipdrift/detect/finding"
)

// TestRule14AnIDTellsASchoolFromTabs: 40 pupils with one kind of computer, each with a link of its own, change the address
// at once as their line does. An id cookie of each shows that they are no tabs of one browser; one that a player does not
// keep shows nothing.
func TestRule14AnIDTellsASchoolFromTabs(t *testing.T) {
	for name, c := range map[string]struct {
		uid  func(pupil, request int) string
		want finding.Decision
	}{
		"an id of each": {func(pupil, _ int) string { return fmt.Sprintf("uid=%032X", pupil+1) }, finding.Widen},
		"no id":         {func(int, int) string { return "" }, finding.InsufficientEvidence},
		"at first only": {func(pupil, request int) string {
			return map[bool]string{true: fmt.Sprintf("uid=%032X", pupil+1)}[request == 0]
		}, finding.InsufficientEvidence},
		"ids not kept": {func(pupil, request int) string { return fmt.Sprintf("uid=%032X", 100*pupil+request+1) }, finding.InsufficientEvidence},
	} {
		var l little
		l.audience(video, 40)
		for i := range 40 {
			path := fmt.Sprintf("/lesson/%d/", i)
			link := video.link(path+"seg-1.ts", "203.0.113.7")
			for n, ip := range []string{"203.0.113.7", "203.0.113.7", "203.0.113.7", "203.0.113.99"} {
				at := time.Hour + time.Duration(n*10*1000+i*200)*time.Millisecond
				l.add(entry{host: video.host, target: on(fmt.Sprintf("%sseg-%d.ts", path, n+1), link), ip: ip, status: 200 + 203*(n/3), uid: c.uid(i, n), edge: fmt.Sprint("ed", i), at: at}) // connections are counted by edge
			}
		}
		for _, user := range []string{"", "query:viewer"} { // whom no such id tells is told as without it
			tr := l.tryGcore(t, settings{user: user})
			want := c.want
			if user != "" {
				want = finding.InsufficientEvidence
			}
			if rec := tr.Recommendations[0]; rec.Decision != want || rec.AffectedUsers != 40 {
				t.Errorf("%s, by %q: %s, %d affected: %s", name, user, rec.Decision, rec.AffectedUsers, rec.Reason)
			}
		}
	}
}
