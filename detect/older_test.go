package detect_test

import (
	"fmt"
	"strings"
	"testing"

	"ipdrift/detect/finding"
)

// TestRule02ALinkOlderThanTheLog: all links live for a day, so that one that expires 22 hours after the log begins was
// issued two hours before, and may have been served to another viewer then, who handed it on. Who was refused amid a title
// was a viewer before, too.
func TestRule02ALinkOlderThanTheLog(t *testing.T) {
	for name, c := range map[string]struct {
		file    string
		expires int64
		open    bool
	}{
		"issued in its time": {"index.m3u8", later, false},
		"issued before":      {"index.m3u8", later - 2*3600, true},
		"amid a title":       {"seg-7.ts", later - 2*3600, false},
	} {
		var l little
		l.audience(video, 40)
		for i := range 40 {
			ip := fmt.Sprintf("198.51.%d.10", i)
			l.get(video, video.until(fmt.Sprintf("/lent/%d/%s", i, c.file), fmt.Sprintf("198.51.%d.200", i), c.expires), ip, 403)
		}
		rec := l.try(t, settings{}).advice(video.host, "ipv4")
		said := strings.Contains(rec.Reason, "40 of them were refused where viewing begins, with links that may be older than the log")
		if rec.AffectedUsers != 40 || said != c.open || (rec.Decision == finding.InsufficientEvidence) != c.open {
			t.Errorf("%s: %s, %d affected: %s", name, rec.Decision, rec.AffectedUsers, rec.Reason)
		}
	}
}
