package detect_test

import (
	"fmt"
	"strings"
	"testing"

	"ipdrift/detect/finding"
)

// TestRule02NamesAnswersToWrongLinks: viewers who move are answered a status that is no refusal
// by itself. It is named, and nothing is decided, unless links that hold get it, too, others are refused, or
// they are few.
func TestRule02NamesAnswersToWrongLinks(t *testing.T) {
	for name, c := range map[string]struct {
		status, movers int
		right, refused int // links that hold, with that status; others that do not, with 403
		want           bool
	}{
		"a missing file":            {status: 404, movers: 30, want: true},
		"a redirect":                {status: 302, movers: 30, want: true},
		"too few":                   {status: 302, movers: 29},
		"a redirect of all":         {status: 301, movers: 30, right: 30},
		"files that are missing":    {status: 404, movers: 30, refused: 30},
		"404 of some that hold":     {status: 404, movers: 30, right: 10, want: true},
		"a client that was gone":    {status: 499, movers: 30},
		"a range past the end":      {status: 416, movers: 30},
		"a refusal":                 {status: 403, movers: 30},
		"a server that has no work": {status: 503, movers: 30},
	} {
		var l little
		l.audience(video, 40)
		for i := range c.movers {
			link := video.link(fmt.Sprintf("/move/%d/seg-1.ts", i), stranger(100+i))
			l.get(video, link, stranger(100+i), 200)
			l.get(video, link, stranger(200+i), c.status)
		}
		for i := range c.right {
			l.get(video, video.link(fmt.Sprintf("/gone/%d/seg-1.ts", i), stranger(300+i)), stranger(300+i), c.status)
		}
		for i := range c.refused {
			l.get(video, video.link(fmt.Sprintf("/no/%d/seg-1.ts", i), stranger(400+i)), stranger(500+i), 403)
		}
		tr := l.try(t, settings{})
		says := fmt.Sprintf("cdn.test: 30 of 30 links whose hash does not hold for who asked got %d, which", c.status)
		if said := strings.Contains(strings.Join(tr.Warnings, "\n"), says); said != c.want {
			t.Errorf("%s: said %v: %q", name, said, tr.Warnings)
		}
		rec := tr.Recommendations[0]
		if open := strings.Contains(rec.Reason, fmt.Sprintf("expired_status: %d", c.status)); open != c.want || open && rec.Decision != finding.InsufficientEvidence {
			t.Errorf("%s: %s: %s", name, rec.Decision, rec.Reason)
		}
		if !c.want && strings.Contains(strings.Join(tr.Warnings, "\n"), "does not hold for who asked") {
			t.Errorf("%s: %q", name, tr.Warnings)
		}
	}
}
