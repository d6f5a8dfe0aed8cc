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
func minutes(add func(e entry, minute int), addresses ...string) {
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
			minutes(func(e entry, m int) { text += gcoreWith(l.entries[l.add(e)-1], c.set(m)) }, stranger(70), stranger(71), stranger(72))
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

// TestTwoCookiesAreTwoViewers: nothing but the time joins the second link with the first, which ends where it begins, and
// an id cookie of each that a player kept tells otherwise.
func TestTwoCookiesAreTwoViewers(t *testing.T) {
	const mine, other = "uid=7F0000011A2B3C4D", "uid=7F0000019F8E7D6C"
	for name, c := range map[string]struct {
		first, second []string // the cookies of three requests each
		users         int64
	}{
		"none":              {[]string{"", "", ""}, []string{"", "", ""}, 1},
		"of one viewer":     {[]string{mine, mine, mine}, []string{mine, mine, mine}, 1},
		"of two":            {[]string{mine, mine, mine}, []string{other, other, other}, 2},
		"set at first":      {[]string{"", mine, mine}, []string{"", other, other}, 2},
		"of one known":      {[]string{mine, mine, mine}, []string{"", "", ""}, 1},
		"none that is kept": {[]string{mine, mine + "1", mine + "2"}, []string{other, other, other}, 1},
		"asked once":        {[]string{mine, mine, mine}, []string{other}, 1},
	} {
		for way, second := range map[string]string{"the same network": "198.51.100.77", "where it was refused": "203.0.113.20"} {
			t.Run(name+", "+way, func(t *testing.T) {
				var l little
				l.audience(video, 40)
				n := 0
				ask := func(link, ip, uid string, status int) {
					l.add(entry{host: video.host, target: on(fmt.Sprintf("/film/seg%d.ts", n), link), ip: ip, uid: uid, status: status, at: time.Hour + time.Duration(n*4)*time.Second, agent: "player/2.0"})
					n++
				}
				link := video.link("/film/seg0.ts", "198.51.100.10")
				for _, uid := range c.first {
					ask(link, "198.51.100.10", uid, 200)
				}
				ask(link, "203.0.113.20", c.first[2], 403)
				link = video.link("/film/seg0.ts", second)
				for _, uid := range c.second {
					ask(link, second, uid, 200)
				}
				text := l.text(func(e entry) string { return gcoreWith(e, map[int]string{37: "-"}) })
				tr := tryText(t, text, settings{})
				if got := tr.scalar(t, `SELECT count(DISTINCT user_id) FROM requests WHERE user_agent = 'player/2.0'`); got != c.users {
					t.Errorf("%d users, want %d: %v", got, c.users, tr.Method.IdentityUsers)
				}
			})
		}
	}
}

// TestStatedIdentity takes an id in the query for the user, whatever the link
// and the user agent.
func TestStatedIdentity(t *testing.T) {
	log := func() string {
		var l little
		l.audience(video, 40)
		minutes(func(e entry, m int) {
			e.target += fmt.Sprintf("&viewer=%d", m%2)
			e.agent = fmt.Sprintf("player/%d", m)
			l.add(e)
		}, stranger(70), stranger(71), stranger(72), stranger(73))
		return l.text(entry.text)
	}()
	for user, want := range map[string]int64{"auto": 44, "token": 44, "query:viewer": 42, "query:other": 44} {
		tr := tryText(t, log, settings{user: user, twice: true})
		if tr.Users.Total != want || !strings.HasPrefix(tr.Method.Identity, user+": ") {
			t.Errorf("%s: %d users, want %d: %s", user, tr.Users.Total, want, tr.Method.Identity)
		}
		if said := strings.Contains(strings.Join(tr.Warnings, "\n"), "no request with a link shows "+user); said != (user == "query:other") {
			t.Errorf("%s: said that no request shows it: %t", user, said)
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
	if got := tr.Users.ByClass; got[finding.Undetermined] != 1 || got[finding.Rotating] != 0 || tr.Users.Total != 42 {
		t.Errorf("%v, want one who was only refused, with the link of another", got)
	}
	if got := tryText(t, text, settings{user: "token"}).Users.ByClass; got[finding.Undetermined] != 1 {
		t.Errorf("by token %v, want one who asks twice for everything", got)
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
	tr := tryText(t, text, settings{user: "ip+ua", twice: true})
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
