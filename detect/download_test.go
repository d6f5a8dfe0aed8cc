package detect_test

import (
	"fmt"
	"testing"
	"time"
)

// TestRule09ADownloadEndsWhereItsRequestTimeSays: of viewers who are refused nine minutes after their only request began,
// those whose download broke off then have moved; whose goes on for minutes lent the link to somebody.
func TestRule09ADownloadEndsWhereItsRequestTimeSays(t *testing.T) {
	for class, took := range map[string]time.Duration{"rotating": 9*time.Minute + 40*time.Second, "undetermined": 15 * time.Minute} {
		var l little
		l.audience(folder, 40)
		for i := range 40 {
			began, home, away := time.Duration(100+i)*time.Minute, fmt.Sprintf("198.51.%d.10", i), fmt.Sprintf("198.51.%d.99", i)
			link := folder.link(fmt.Sprintf("/move/%d/film.mp4", i), home)
			l.add(entry{host: folder.host, target: link, ip: away, status: 403, at: began + 9*time.Minute})
			l.add(entry{host: folder.host, target: link, ip: home, status: 206, at: began + took, took: took})
		}
		tr := l.try(t, settings{})
		if n := tr.scalar(t, `SELECT count(*) FROM users WHERE class = '`+class+`'`); n != 40 {
			t.Errorf("a download of %v: %d users are %s, want 40", took, n, class)
		}
	}
}
