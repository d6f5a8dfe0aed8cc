package detect_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestRule06UnsignedSplits: what is refused without a token was lost on the way
// only where its viewer had one for the playlist.
func TestRule06UnsignedSplits(t *testing.T) {
	var l little
	l.audience(video, 40)
	playlist := video.link("/film/index.m3u8", stranger(70))
	l.get(video, playlist, stranger(70), 200)
	lost := l.get(video, "/film/seg1.ts", stranger(70), 403)
	other := l.get(video, "/film/seg1.ts", stranger(71), 403)
	l.get(video, video.link("/film/seg1.ts", stranger(72)), stranger(72), 200)
	noPlaylist := l.get(video, "/film/seg2.ts", stranger(72), 403)
	l.get(video, video.link("/film/index.m3u8", stranger(74)), stranger(73), 403) // the playlist was refused, too
	noneServed := l.get(video, "/film/seg2.ts", stranger(73), 403)
	l.get(video, "/logo.png", stranger(71), 200)
	tr := l.try(t, settings{twice: true})
	tr.want(t, lost, "unsigned unsigned token_not_forwarded - -")
	tr.want(t, other, "unsigned unsigned - - -")
	tr.want(t, noPlaylist, "unsigned unsigned - - -")
	tr.want(t, noneServed, "unsigned unsigned - - -")
	if n := tr.Denials.ByDetail["unsigned"]["token_not_forwarded"]; n != 1 || tr.Denials.ByCause["unsigned"] != 4 {
		t.Errorf("%d of %d unsigned refusals lost their token, want 1 of 4", n, tr.Denials.ByCause["unsigned"])
	}
	if said := strings.Join(tr.Warnings, " "); !strings.Contains(said, "cdn.test: 1 served request has no token: what it asked for is not protected") {
		t.Errorf("%q", said)
	}
}

func TestRule06NoTokenAnywhere(t *testing.T) {
	var l little
	for range 30 {
		l.get(video, "/film/seg1.ts?quality=1", stranger(1), 200)
		l.get(video, "/film/seg1.ts?quality=1", stranger(2), 403)
	}
	if said := strings.Join(l.try(t, settings{}).Warnings, " "); !strings.Contains(said, "no served request has a token of scheme gcore: it is of another scheme, was stripped from the log, or stands in a cookie") {
		t.Errorf("%q", said)
	}
	var public little // nothing was refused: its links need no token
	for range 30 {
		public.get(video, "/film/seg1.ts?quality=1", stranger(1), 200)
	}
	if said := strings.Join(public.try(t, settings{}).Warnings, " "); strings.Contains(said, "token") {
		t.Errorf("%q", said)
	}
}

// TestRule02AnotherStatusForExpiry: where links in time get it, too, a status is not taken for
// the answer to expired ones, but may be; one of missing files is no answer.
func TestRule02AnotherStatusForExpiry(t *testing.T) {
	for status, want := range map[int]bool{401: true, 404: false} {
		var l little
		l.audience(video, 40)
		l.get(video, video.link("/film/seg1.ts", stranger(99)), stranger(99), status)
		for i := range 30 {
			l.get(video, video.until(fmt.Sprintf("/late/%d/seg1.ts", i), stranger(100+i), past), stranger(100+i), status)
		}
		said := strings.Join(l.try(t, settings{}).Warnings, " ")
		if strings.Contains(said, "cdn.test: 30 links were answered 401 after their expiry") != want || strings.Contains(said, "say expired_status: 401") != want {
			t.Errorf("%d: %q", status, said)
		}
	}
}

// TestRule07AClockIsNoLifetime: links that are late by an hour all alike tell of
// a time zone; that they should live longer must not be advised, as it must where they
// are few, or four fifths of them are not alike.
func TestRule07AClockIsNoLifetime(t *testing.T) {
	for name, c := range map[string]struct {
		links   int
		more    func(i int) int // seconds later than an hour
		shifted bool
	}{
		"alike":     {30, func(i int) int { return i }, true},
		"few":       {29, func(i int) int { return i }, false},
		"a quarter": {40, func(i int) int { return i % 4 / 3 * 400 }, false},
		"anyhow":    {40, func(i int) int { return 67 * i }, false},
	} {
		var l little
		l.audience(video, 40)
		for i := range c.links {
			ip, at := stranger(100+i), time.Duration(i)*time.Minute
			link := video.until("/film/seg1.ts", ip, noon.Add(at-time.Hour).Unix()-int64(c.more(i)))
			l.add(entry{host: video.host, target: link, ip: ip, status: 410, at: at + time.Second})
		}
		r := l.try(t, settings{}).advice("cdn.test", "ipv4")
		if r == nil || strings.Contains(r.Reason, "live longer") == c.shifted || strings.Contains(r.Reason, "most are late by 60 minutes: the time zone of the log or of the signer is wrong, by as much and what the links live") != c.shifted {
			t.Errorf("%s: advice %+v", name, r)
		}
	}
}

// TestRule20LinksAlreadyOut: the plan says how long old links stay out, and never less:
// those of the audience live a day less up to 39 seconds from their first use, and one, used
// again two hours later, a day and a half. A forged link is not out at all.
func TestRule20LinksAlreadyOut(t *testing.T) {
	var l little
	l.audience(video, 40)
	l.get(video, fmt.Sprintf("/film/seg1.ts?md5=%s&expires=%d", strings.Repeat("A", 22), noon.AddDate(3, 0, 0).Unix()), stranger(99), 403)
	long := video.until("/long/seg1.ts", stranger(98), noon.Add(36*time.Hour).Unix())
	l.get(video, long, stranger(98), 200)
	l.add(entry{host: video.host, target: on("/long/seg2.ts", long), ip: stranger(98), status: 200, at: 2 * time.Hour, agent: "player/2.0"})
	for i := range 60 {
		home := stranger(100 + i)
		away := home[:strings.LastIndexByte(home, '.')] + ".77"
		link := video.until("/film/seg1.ts", home, noon.Unix()+int64(3600*(1+i%2)))
		l.get(video, link, home, 200)
		l.get(video, on("/film/seg2.ts", link), away, 403)
	}
	r := l.try(t, settings{}).advice("cdn.test", "ipv4")
	if r == nil || r.Prefix == nil || !strings.Contains(strings.Join(r.Change, " "), "links live up to 36 h from their first use, 95 % of them at most 24 h") {
		t.Errorf("%+v", r)
	}
}
