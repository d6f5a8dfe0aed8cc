package detect_test

import (
	"fmt"
	"testing"
	"time"
)

// TestRule12ANewTokenRecovers: refused at a changed address, and served there with
// a new link 10 s later, a viewer has recovered; a second more is an interruption.
func TestRule12ANewTokenRecovers(t *testing.T) {
	for pause, interrupted := range map[time.Duration]int64{10 * time.Second: 0, 11 * time.Second: 40} {
		var l little
		l.audience(folder, 40)
		for i := range 40 {
			at, home, away := time.Duration(100+i)*time.Minute, fmt.Sprintf("198.51.%d.10", i), fmt.Sprintf("198.51.%d.99", i)
			path := fmt.Sprintf("/move/%d/", i)
			link := folder.link(path+"seg-1.ts", home)
			l.add(entry{host: folder.host, target: link, ip: home, status: 200, at: at})
			l.add(entry{host: folder.host, target: on(path+"seg-2.ts", link), ip: away, status: 403, at: at + time.Second})
			l.add(entry{host: folder.host, target: folder.link(path+"seg-2.ts", away), ip: away, status: 200, at: at + time.Second + pause})
		}
		tr := l.try(t, settings{user: "token"})
		if n := tr.scalar(t, `SELECT count(*) FROM users WHERE class = 'rotating' AND interrupted`); n != interrupted {
			t.Errorf("served with a new link after %v: %d interrupted, want %d", pause, n, interrupted)
		}
		if r := tr.advice(folder.host, "ipv4"); r.Interrupted != interrupted || *r.Recovered != 40-interrupted {
			t.Errorf("after %v: %d interrupted, %d recovered", pause, r.Interrupted, *r.Recovered)
		}
	}
}
