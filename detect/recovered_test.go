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

// TestRule12ANewTokenOfAnotherUserRecovers: where each token is a user, one whose token had
// expired recovers as the next.
func TestRule12ANewTokenOfAnotherUserRecovers(t *testing.T) {
	for pause, interrupted := range map[time.Duration]int64{10 * time.Second: 0, 11 * time.Second: 1} {
		var l little
		l.audience(folder, 40)
		l.add(entry{host: folder.host, target: folder.until("/a/seg-1.ts", home, past), ip: home, status: 410, at: time.Hour})
		l.add(entry{host: folder.host, target: folder.link("/a/seg-1.ts", home), ip: home, status: 200, at: time.Hour + pause})
		tr := l.try(t, settings{user: "token"})
		if n := tr.scalar(t, `SELECT count(*) FROM users WHERE refusals = 1 AND interrupted`); n != interrupted {
			t.Errorf("served with a new link after %v: %d interrupted, want %d", pause, n, interrupted)
		}
	}
}

// TestRule12ARefusedTokenIsNoNewOne: refused with one link and at once with another, a
// viewer who is served with the first again has not recovered: at the address it was
// signed for, and, where edges differ about an expiry, at the address of the refusals.
func TestRule12ARefusedTokenIsNoNewOne(t *testing.T) {
	const home, away = "198.51.100.10", "203.0.113.99"
	for name, c := range map[string]struct {
		at    string
		first func(path string) string
	}{
		"address": {home, func(path string) string { return folder.link(path, home) }},
		"expiry":  {away, func(path string) string { return folder.until(path, away, noon.Add(time.Hour).Unix()-5) }},
	} {
		for third, interrupted := range map[bool]int64{false: 1, true: 0} {
			var l little
			l.audience(folder, 300)
			first, second := c.first("/a/seg-1.ts"), folder.link("/b/seg-1.ts", "192.0.2.7")
			l.add(entry{host: folder.host, target: first + "&sid=0123456789", ip: c.at, status: 200, at: time.Hour - time.Minute})
			l.add(entry{host: folder.host, target: first + "&sid=0123456789", ip: away, status: 403, at: time.Hour})
			l.add(entry{host: folder.host, target: second + "&sid=0123456789", ip: away, status: 403, at: time.Hour + 2*time.Second})
			if third {
				first = folder.link("/c/seg-1.ts", c.at)
			}
			l.add(entry{host: folder.host, target: first + "&sid=0123456789", ip: c.at, status: 200, at: time.Hour + 4*time.Second})
			tr := l.try(t, settings{})
			if n := tr.scalar(t, `SELECT count(*) FROM users WHERE refusals = 2 AND interrupted`); n != interrupted || tr.scalar(t, `SELECT count(*) FROM users WHERE refusals = 2`) != 1 {
				t.Errorf("%s, a third link %t: %d interrupted, want %d", name, third, n, interrupted)
			}
		}
	}
}
