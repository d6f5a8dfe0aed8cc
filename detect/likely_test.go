package detect_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestRule09ALinkRenewedAtAThirdAddress: refused at another address, a viewer goes on with a
// link for a third one. Who goes on with the refused segment, or with the playlist and then
// with it, counts once; so does who starts over, if at least ten do and one in ten of them at
// most may by chance: as often as others begin before a refusal.
func TestRule09ALinkRenewedAtAThirdAddress(t *testing.T) {
	for name, c := range map[string]struct {
		viewers, others int      // others: who begin 5 s before the refusal of so many
		files           []string // that the new link begins with
		users           int64
	}{
		"the refused segment":            {1, 0, []string{"seg9.ts"}, 1},
		"the playlist, then the segment": {1, 0, []string{"index.m3u8", "seg9.ts"}, 1},
		"another segment":                {9, 0, []string{"seg1.ts"}, 18},
		"another segment of ten":         {10, 0, []string{"seg1.ts"}, 10},
		"another segment, one by chance": {10, 1, []string{"seg1.ts"}, 11},
		"another segment, two by chance": {10, 2, []string{"seg1.ts"}, 22},
		"the refused one, others nearby": {10, 10, []string{"seg9.ts"}, 20},
		"another one, as many before it": {20, 20, []string{"seg1.ts"}, 60},
	} {
		t.Run(name, func(t *testing.T) {
			var l little
			l.audience(video, 40)
			for i := range c.viewers {
				at, dir := time.Hour+time.Duration(i)*time.Minute, fmt.Sprintf("/film%d/", i)
				home, away, third := fmt.Sprintf("198.51.%d.10", i), fmt.Sprintf("198.18.%d.10", i), fmt.Sprintf("203.0.%d.10", i)
				link, next := video.link(dir+"seg8.ts", home), video.link(dir+"seg8.ts", third)
				l.add(entry{host: video.host, target: link, ip: home, status: 200, at: at})
				if i < c.others {
					other := fmt.Sprintf("192.0.%d.10", i)
					l.add(entry{host: video.host, target: video.link(dir+"seg0.ts", other), ip: other, status: 200, at: at + time.Second})
				}
				l.add(entry{host: video.host, target: on(dir+"seg9.ts", link), ip: away, status: 403, at: at + 6*time.Second})
				for n, file := range c.files {
					l.add(entry{host: video.host, target: on(dir+file, next), ip: third, status: 200, at: at + time.Duration(9+n)*time.Second})
				}
			}
			tr := l.try(t, settings{twice: true})
			if got := tr.Users.Total - 40; got != c.users {
				t.Errorf("%d users, want %d: %s", got, c.users, tr.Method.Identity)
			}
			if told := tr.Method.IdentityUsers["consecutive tokens"] > 0; told == (c.users > int64(c.viewers+c.others)) || told != strings.Contains(tr.Method.Identity, "consecutive tokens") {
				t.Errorf("%s", tr.Method.Identity)
			}
		})
	}
}

// TestRule09RenewedInALogOfRefusals: viewers who are refused every ten minutes, with a link that was signed where they were
// refused last, count once each, although the log does not show when it came into use, also where they are back at addresses; where
// all have the same addresses, nothing tells whose link it was.
func TestRule09RenewedInALogOfRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		addresses int
		pool      int // of all
		users     int64
	}{
		"other addresses each time": {7, 0, 8},
		"addresses that come back":  {2, 0, 8},
		"the addresses of others":   {7, 11, 39},
	} {
		t.Run(name, func(t *testing.T) {
			var l little
			for turn := range 6 {
				for i := range 8 {
					at := func(n int) string {
						if c.pool > 0 {
							return fmt.Sprintf("198.51.%d.1", (3*i+n*(i+1))%c.pool)
						}
						return fmt.Sprintf("198.51.%d.%d", i, 1+n%c.addresses)
					}
					link := video.until(fmt.Sprintf("/film/seg%d.ts", 100*turn+i), at(turn), later+int64(turn*8+i))
					l.add(entry{host: video.host, target: link, ip: at(turn + 1), status: 403, at: time.Duration(turn)*10*time.Minute + time.Duration(1+i)*time.Minute})
				}
			}
			tr := l.try(t, settings{})
			if r := tr.advice(video.host, "ipv4"); r.AffectedUsers != c.users {
				t.Errorf("%d users, want %d: %s: %s", r.AffectedUsers, c.users, r.Decision, r.Reason)
			}
		})
	}
}

// TestRule09ALongerSilenceInAFilm: who goes on with the refused film half a minute later, at a third address, counts once.
func TestRule09ALongerSilenceInAFilm(t *testing.T) {
	var l little
	l.audience(video, 40)
	for i := range 12 {
		film := fmt.Sprintf("/films/%d/film.mp4", i)
		for turn := range 3 {
			at, home, away := time.Hour+time.Duration(i)*5*time.Minute+time.Duration(turn)*80*time.Second, fmt.Sprintf("198.%d.%d.10", turn, i), fmt.Sprintf("203.%d.%d.10", turn, i)
			link := video.link(film, home)
			for n := range 5 {
				l.add(entry{host: video.host, target: link, ip: home, status: 206, at: at + time.Duration(n)*10*time.Second})
			}
			l.add(entry{host: video.host, target: link, ip: away, status: 403, at: at + 50*time.Second})
		}
	}
	if tr := l.try(t, settings{twice: true}); tr.Users.Total-40 != 12 {
		t.Errorf("%d users: %s", tr.Users.Total-40, tr.Method.Identity)
	}
}
