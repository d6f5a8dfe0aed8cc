package detect_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ipdrift/detect/finding"
)

var video = site{host: "cdn.test", dir: true}

// minutes is a viewer whose token lives a minute: the link of each is signed
// for the address of its turn, in another directory each time, so that only
// what the log tells joins them.
func minutes(l *little, add func(e entry, minute int), addresses ...string) {
	for m, ip := range addresses {
		link := video.link(fmt.Sprintf("/part%d/seg%d.ts", m, m), ip)
		for n := range 3 {
			at := time.Duration(m)*time.Minute + time.Duration(n*10)*time.Second + time.Hour
			add(entry{host: video.host, target: link, ip: ip, status: 200, at: at, agent: "player/2.0"}, m)
		}
	}
}

// gcoreWith is a line of the Gcore format with fields of its own, by number.
func gcoreWith(e entry, set map[int]string) string {
	fields := strings.Split(e.gcore(), `" "`)
	for i, v := range set {
		fields[i-1] = v
	}
	return strings.Join(fields, `" "`)
}

func TestWhatJoinsLinks(t *testing.T) {
	for name, c := range map[string]struct {
		set   func(minute int) map[int]string
		users int64
		by    string
	}{
		"nothing":      {func(int) map[int]string { return map[int]string{37: "-"} }, 3, ""},
		"uid received": {func(int) map[int]string { return map[int]string{24: "uid=7F0000011A2B3C4D", 37: "-"} }, 1, "uid cookie"},
		"uid set at first": {func(m int) map[int]string {
			return map[int]string{24 + 1 - min(m, 1): "uid=7F0000011A2B3C4D", 37: "-"}
		}, 1, "uid cookie"},
		"a TLS session":       {func(int) map[int]string { return map[int]string{43: "5a8f0011223344556677", 37: "-"} }, 1, "TLS session"},
		"a connection":        {func(int) map[int]string { return map[int]string{37: "4711"} }, 1, "connection"},
		"of different edges":  {func(m int) map[int]string { return map[int]string{37: "4711", 11: fmt.Sprintf("[ed%d]", m)} }, 3, ""},
		"different sessions":  {func(m int) map[int]string { return map[int]string{43: fmt.Sprintf("5a8f00112233445566%d", m), 37: "-"} }, 3, ""},
		"different agents":    {func(m int) map[int]string { return map[int]string{9: fmt.Sprintf("player/3.%d", m), 37: "4711"} }, 3, ""},
		"too short for an id": {func(int) map[int]string { return map[int]string{24: "uid=1", 37: "-"} }, 3, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var crowd, l little
			crowd.audience(video, 40)
			text := crowd.text(func(e entry) string { return gcoreWith(e, map[int]string{37: "-"}) })
			minutes(&l, func(e entry, m int) { text += gcoreWith(l.entries[l.add(e)-1], c.set(m)) }, stranger(70), stranger(71), stranger(72))
			tr := tryText(t, text, settings{})
			got := tr.scalar(t, `SELECT count(DISTINCT user_id) FROM requests WHERE user_agent <> 'player/1.0'`)
			if got != c.users || c.by != "" && tr.Method.IdentityUsers[c.by] != 1 || !strings.Contains(tr.Method.Identity, c.by) {
				t.Errorf("%d users, want %d by %q: %s %v", got, c.users, c.by, tr.Method.Identity, tr.Method.IdentityUsers)
			}
			if tokens := tr.scalar(t, `SELECT sum(users) FROM tokens`); tokens != 43 {
				t.Errorf("the links have %d users in all, want one each of 43", tokens)
			}
		})
	}
}

// TestStatedIdentity takes an id in the query for the user, whatever the link
// and the user agent.
func TestStatedIdentity(t *testing.T) {
	log := func() string {
		var l little
		l.audience(video, 40)
		minutes(&l, func(e entry, m int) {
			e.target += fmt.Sprintf("&viewer=%d", m%2)
			e.agent = fmt.Sprintf("player/%d", m)
			l.add(e)
		}, stranger(70), stranger(71), stranger(72), stranger(73))
		return l.text(entry.text)
	}()
	for user, want := range map[string]int64{"auto": 44, "token": 44, "query:viewer": 42, "query:other": 44} {
		tr := tryText(t, log, settings{user: user})
		if tr.Users.Total != want || !strings.HasPrefix(tr.Method.Identity, user+": ") {
			t.Errorf("%s: %d users, want %d: %s", user, tr.Users.Total, want, tr.Method.Identity)
		}
	}
	one, two := tryText(t, log, settings{user: "query:viewer", threads: 1}), tryText(t, log, settings{user: "query:viewer", threads: 2})
	const names = `SELECT md5(string_agg(user_id, ' ' ORDER BY line))::VARCHAR FROM requests`
	var a, b string
	if err := one.store.DB.QueryRow(names).Scan(&a); err != nil {
		t.Fatal(err)
	}
	if err := two.store.DB.QueryRow(names).Scan(&b); err != nil || a != b {
		t.Errorf("two runs name the users otherwise: %s, %s, %v", a, b, err)
	}
}

// TestOneLinkTwoViewers tells the viewers of a link apart by the id that they
// send, where one of them is refused.
func TestOneLinkTwoViewers(t *testing.T) {
	var l little
	l.audience(video, 40)
	home, away := stranger(70), stranger(71)
	link := video.link("/film/seg1.ts", home)
	for n := range 6 {
		l.add(entry{host: video.host, target: on(fmt.Sprintf("/film/seg%d.ts", n+1), link) + "&viewer=one", ip: home, status: 200})
		l.add(entry{host: video.host, target: on(fmt.Sprintf("/film/seg%d.ts", n+1), link) + "&viewer=two", ip: away, status: 403})
	}
	text := l.text(entry.text)
	tr := tryText(t, text, settings{user: "query:viewer"})
	if got := tr.Users.ByClass; got[finding.FirstRequest] != 1 || got[finding.Rotating] != 0 || tr.Users.Total != 42 {
		t.Errorf("%v, want one who was only refused", got)
	}
	if got := tryText(t, text, settings{user: "token"}).Users.ByClass; got[finding.Rotating] != 1 {
		t.Errorf("by token %v, want one who seems to rotate", got)
	}
	if n := tr.scalar(t, `SELECT users FROM tokens WHERE requests = 12`); n != 2 {
		t.Errorf("the link has %d users, want 2", n)
	}
}

// TestRule11ByAddressNobodyRotates: whoever is told apart by address cannot be
// seen to change it, and no mask follows.
func TestRule11ByAddressNobodyRotates(t *testing.T) {
	var l little
	l.audience(video, 40)
	for i := range 40 {
		home, away := stranger(100+i), stranger(200+i)
		link := video.link(fmt.Sprintf("/film%d/seg1.ts", i), home)
		l.get(video, link, home, 200)
		l.get(video, on(fmt.Sprintf("/film%d/seg2.ts", i), link), away, 403)
	}
	text := l.text(entry.text)
	tr := tryText(t, text, settings{user: "ip+ua"})
	if c := tr.Users.ByClass; c[finding.Undetermined] != 40 || c[finding.Unchanged] != 80 || len(tr.Users.Flagged) > 0 {
		t.Errorf("classes %v, %d flagged; want 40 undetermined and 80 unchanged", c, len(tr.Users.Flagged))
	}
	if r := tr.advice("cdn.test", "ipv4"); r == nil || r.Decision != finding.InsufficientEvidence || !strings.Contains(r.Reason, "told apart by address") {
		t.Errorf("advice %+v", r)
	}
	if got := tryText(t, text, settings{}).Users.ByClass; got[finding.Rotating] != 40 {
		t.Errorf("by link: %v, want 40 who rotate", got)
	}
}

// TestRule10StrangersAreNotGlued: an id that travels with a link joins nobody's
// requests who play it side by side in unrelated networks.
func TestRule10StrangersAreNotGlued(t *testing.T) {
	var l little
	l.audience(video, 40)
	for i, ip := range []string{stranger(70), stranger(71), stranger(72)} {
		link := video.link("/film/seg1.ts", ip)
		for n := range 6 {
			l.add(entry{host: video.host, target: on(fmt.Sprintf("/film/seg%d.ts", n+1), link) + "&sid=0123456789", ip: ip, status: 200, at: time.Hour + time.Duration(n*6+i)*time.Second})
		}
	}
	tr := tryText(t, l.text(entry.text), settings{})
	if got := tr.Users.ByClass; got[finding.ManyNetworks] != 3 || tr.Users.Total != 43 {
		t.Errorf("%v, want three users of many networks", got)
	}
	if n := tr.scalar(t, `SELECT count(DISTINCT user_id) FROM requests`); n != 43 {
		t.Errorf("%d users of the requests, want 43", n)
	}
}

// TestRule11Sampling: in a log that says that requests are missing nobody can be
// followed.
func TestRule11Sampling(t *testing.T) {
	for rate, want := range map[string]finding.Class{"1": finding.Rotating, "10": finding.Undetermined} {
		var text strings.Builder
		for i := range 80 {
			home := stranger(i)
			link := video.link(fmt.Sprintf("/film%d/seg1.ts", i), home)
			for status, ip := range map[int]string{200: home, 403: stranger(100 + i)} {
				fmt.Fprintf(&text, `{"remote_addr":%q,"time":"2026-11-01T12:00:%02dZ","method":"GET","host":"cdn.test","uri":%q,"status":%d,"user_agent":"p","sample_rate":%q}`+"\n",
					ip, status/10-20, link, status, rate)
			}
		}
		tr := tryText(t, text.String(), settings{})
		if got := tr.Users.ByClass; got[want] != 80 {
			t.Errorf("one in %s is logged: %v, want 80 %s", rate, got, want)
		}
	}
}

// TestRule10OneCookieIsOneViewer: three user agents in three networks play one link side
// by side. An id cookie or a TLS session makes them one viewer's, though three users; an
// id that the link may carry does not.
func TestRule10OneCookieIsOneViewer(t *testing.T) {
	const uid, other = "uid=7F0000011A2B3C4D", "uid=7F0000019F8E7D6C"
	for name, c := range map[string]struct {
		set   func(device int) map[int]string
		query string
		many  int64
	}{
		"nothing":       {func(int) map[int]string { return map[int]string{37: "-"} }, "", 3},
		"a uid cookie":  {func(int) map[int]string { return map[int]string{37: "-", 24: uid} }, "", 0},
		"a TLS session": {func(int) map[int]string { return map[int]string{37: "-", 43: "5a8f0011223344556677"} }, "", 0},
		"cookie, then session": {func(d int) map[int]string {
			return []map[int]string{{37: "-", 24: uid}, {37: "-", 24: uid, 43: "5a8f0011223344556677"}, {37: "-", 43: "5a8f0011223344556677"}}[d]
		}, "", 0},
		"a stranger among them": {func(d int) map[int]string { return map[int]string{37: "-", 24: []string{uid, uid, other}[d]} }, "", 0},
		"a cookie each":         {func(d int) map[int]string { return map[int]string{37: "-", 24: uid + fmt.Sprint(d)} }, "", 3},
		"an id in the link":     {func(int) map[int]string { return map[int]string{37: "-"} }, "&sid=0123456789", 3},
	} {
		t.Run(name, func(t *testing.T) {
			var crowd, l little
			crowd.audience(video, 40)
			text := crowd.text(func(e entry) string { return gcoreWith(e, map[int]string{37: "-"}) })
			home := stranger(70)
			link := video.link("/film/index.m3u8", home)
			for n := range 6 {
				for d, status := range []int{200, 403, 403} {
					target := link
					if n > 0 {
						target = on(fmt.Sprintf("/film/seg%d.ts", n), link)
					}
					e := entry{host: video.host, target: target + c.query, ip: stranger(70 + d), status: status, asn: 64501 + d,
						at: time.Hour + time.Duration(n*6+d)*time.Second, agent: fmt.Sprintf("device/%d", d)}
					text += gcoreWith(l.entries[l.add(e)-1], c.set(d))
				}
			}
			got := tryText(t, text, settings{}).Users
			if got.ByClass[finding.ManyNetworks] != c.many || got.ByClass[finding.FirstRequest] != 2-c.many/3*2 || got.Total != 43 {
				t.Errorf("%v, want %d of many networks among 43", got.ByClass, c.many)
			}
		})
	}
}

// TestRule10WhatEverybodyHasIsNoID: a value that 60 viewers in 60 networks have at the same
// time joins nobody; one that a viewer has who moves twice a minute does.
func TestRule10WhatEverybodyHasIsNoID(t *testing.T) {
	const said = "tells no viewer and joins nothing: more than 6 networks (/24, IPv6 /64) show the same one within 30 s"
	for name, c := range map[string]struct {
		set   map[int]string
		query string
	}{
		"the connection":      {map[int]string{37: "1"}, ""},
		"the uid cookie":      {map[int]string{37: "-", 24: "uid=7F0000011A2B3C4D"}, ""},
		"the TLS session":     {map[int]string{37: "-", 43: "5a8f0011223344556677"}, ""},
		"the id in the query": {map[int]string{37: "-"}, "&sid=0123456789"},
	} {
		for gap, users := range map[time.Duration]int64{5 * time.Second: 60, 30 * time.Second: 1} {
			t.Run(fmt.Sprint(name, " ", gap), func(t *testing.T) {
				var l little
				var text strings.Builder
				for i := range 60 {
					link := video.link(fmt.Sprintf("/film%d/seg1.ts", i), stranger(i))
					for n := range 3 {
						e := entry{host: video.host, target: on(fmt.Sprintf("/film%d/seg%d.ts", i, n+1), link) + c.query, ip: stranger(i), status: 200,
							at: time.Minute + time.Duration(i)*gap + time.Duration(n*4)*time.Second}
						text.WriteString(gcoreWith(l.entries[l.add(e)-1], c.set))
					}
				}
				tr := tryText(t, text.String(), settings{})
				if warned := strings.Contains(strings.Join(tr.Warnings, "\n"), name+" of 60 links "+said); tr.Users.Total != users || warned != (users == 60) {
					t.Errorf("%d users, want %d: %q", tr.Users.Total, users, tr.Warnings)
				}
			})
		}
	}
}

// TestRule10WhatEverybodyHasIsNoIDInSparseTraffic: 40 viewers, one every 20 s, who watch for
// 30 s each: two at a time have the same id, these two for a while and then those two. One
// household has it at home, where it watches all the time, and under way, now in this
// network and then in that.
func TestRule10WhatEverybodyHasIsNoIDInSparseTraffic(t *testing.T) {
	const said = "the uid cookie of %d links tells no viewer and joins nothing"
	play := func(l *little, text *strings.Builder, ip string, film, operators, agents int, start time.Duration) {
		link := video.link(fmt.Sprintf("/film%d/seg1.ts", film), ip)
		for n := range 6 {
			e := entry{host: video.host, target: on(fmt.Sprintf("/film%d/seg%d.ts", film, n+1), link), ip: ip, status: 200, asn: 64500 + film%operators, agent: fmt.Sprint("player/", film%agents), at: time.Minute + start + time.Duration(n*6)*time.Second}
			text.WriteString(gcoreWith(l.entries[l.add(e)-1], map[int]string{37: "-", 24: "uid=7F0000011A2B3C4D"}))
		}
	}
	for name, c := range map[string]struct {
		users int64
		watch func(l *little, text *strings.Builder)
	}{
		"strangers": {40, func(l *little, text *strings.Builder) {
			for i := range 40 {
				play(l, text, stranger(i), i, 40, 1, time.Duration(i)*20*time.Second)
			}
		}},
		"of one operator": {40, func(l *little, text *strings.Builder) {
			for i := range 40 {
				play(l, text, stranger(i), i, 1, 3, time.Duration(i)*20*time.Second)
			}
		}},
		"sound and pictures by two gateways": {1, func(l *little, text *strings.Builder) {
			for i := range 40 {
				play(l, text, stranger(i), i, 1, 1, time.Duration(i)*20*time.Second)
			}
		}},
		"one after the other": {1, func(l *little, text *strings.Builder) {
			for i := range 40 {
				play(l, text, stranger(i), i, 40, 1, time.Duration(i)*40*time.Second)
			}
		}},
		"all for one title": {1, func(l *little, text *strings.Builder) {
			for i := range 40 {
				play(l, text, stranger(i), 1, 1, 1, time.Duration(i)*20*time.Second)
			}
		}},
		"a household": {1, func(l *little, text *strings.Builder) {
			for i := range 40 {
				play(l, text, stranger(100), i, 1, 1, time.Duration(i)*40*time.Second)
				play(l, text, stranger(i), 100+i, 40, 1, time.Duration(i)*40*time.Second)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var l little
			var text strings.Builder
			c.watch(&l, &text)
			tr := tryText(t, text.String(), settings{})
			if warned := strings.Contains(strings.Join(tr.Warnings, "\n"), fmt.Sprintf(said, c.users)); tr.Users.Total != c.users || warned != (c.users > 1) {
				t.Errorf("%d users, want %d: %q", tr.Users.Total, c.users, tr.Warnings)
			}
		})
	}
}
