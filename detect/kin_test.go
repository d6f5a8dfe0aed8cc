package detect_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ipdrift/detect/finding"
)

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
			strangers := int64(0) // who repeat what another viewer got
			if name == "a stranger among them" {
				strangers = 1
			}
			if got.ByClass[finding.ManyNetworks] != c.many || got.ByClass[finding.FirstRequest] != 2-c.many/3*2-strangers || got.ByClass[finding.Undetermined] != strangers || got.Total != 43 {
				t.Errorf("%v, want %d of many networks and %d strangers among 43", got.ByClass, c.many, strangers)
			}
		})
	}
}

// TestRule09AnotherCookieIsAnotherViewer: a film of one file has no sequence that could
// start over, and one user agent asks for it at two addresses with one link. Only an id
// cookie tells a neighbour from a viewer who moved.
func TestRule09AnotherCookieIsAnotherViewer(t *testing.T) {
	const own, other = "uid=7F0000011A2B3C4D", "uid=7F0000019F8E7D6C"
	for name, c := range map[string]struct {
		cookies [5]string // of four requests at home, and of the one that was refused
		want    finding.Class
	}{
		"another":                  {[5]string{own, own, own, own, other}, finding.Undetermined},
		"the same":                 {[5]string{own, own, own, own, own}, finding.Rotating},
		"none":                     {[5]string{"-", "-", "-", "-", "-"}, finding.Rotating},
		"given out first":          {[5]string{"-", own, own, own, other}, finding.Undetermined},
		"a player that keeps none": {[5]string{own + "1", own + "2", own + "3", own + "4", own + "5"}, finding.Rotating},
		"not logged when refused":  {[5]string{own, own, own, own, "-"}, finding.Rotating},
	} {
		t.Run(name, func(t *testing.T) {
			var crowd, l little
			crowd.audience(video, 40)
			text := crowd.text(func(e entry) string { return gcoreWith(e, map[int]string{37: "-"}) })
			link := video.link("/films/one.mp4", "198.51.100.10")
			for n, cookie := range c.cookies {
				e := entry{host: video.host, target: link, ip: "198.51.100.10", status: 206, at: time.Hour + time.Duration(n*60)*time.Second, agent: "browser"}
				if n == 4 {
					e.ip, e.status = "198.51.100.99", 403
				}
				text += gcoreWith(l.entries[l.add(e)-1], map[int]string{37: "-", 24: cookie})
			}
			if got := tryText(t, text, settings{}).Users; got.ByClass[c.want] != 1 {
				t.Errorf("%v, want one %s", got.ByClass, c.want)
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
				tr := tryText(t, text.String(), settings{twice: true})
				if warned := strings.Contains(strings.Join(tr.Warnings, "\n"), name+" of 60 links "+said); tr.Users.Total != users || warned != (users == 60) {
					t.Errorf("%d users, want %d: %q", tr.Users.Total, users, tr.Warnings)
				}
				if doubted := strings.Contains(strings.Join(tr.Warnings, "\n"), "one "+strings.TrimPrefix(name, "the ")+" makes one user of 60 of 60 links, in 60 networks"); doubted != (users == 1) {
					t.Errorf("%d users, doubted %v: %q", tr.Users.Total, doubted, tr.Warnings)
				}
			})
		}
	}
}

// TestWideIDsInOrder: ids that join many links are named by how many, in every run.
func TestWideIDsInOrder(t *testing.T) {
	var l little
	var text strings.Builder
	for id, links := range []int{40, 50, 35, 45} {
		for i := range links {
			n := 50*id + i
			path, at := fmt.Sprintf("/film%d/seg1.ts", n), time.Minute+time.Duration(i)*40*time.Second
			e := entry{host: video.host, target: video.link(path, stranger(n)), ip: stranger(n), status: 200, at: at}
			text.WriteString(gcoreWith(l.entries[l.add(e)-1], map[int]string{37: "-", 24: fmt.Sprint("uid=7F0000011A2B3C4", id)}))
		}
	}
	for range 3 {
		var told []string
		for _, w := range tryText(t, text.String(), settings{}).Warnings {
			if _, rest, ok := strings.Cut(w, "one uid cookie makes one user of "); ok {
				told = append(told, rest[:2])
			}
		}
		if got := strings.Join(told, " "); got != "50 45 40 35" {
			t.Errorf("ids of %s links are named, want 50 45 40 35", got)
		}
	}
}

// TestWhoComesFirstInOneSecond: links that were first asked for in one second follow each
// other as in the log, whichever of them it names first for a later request. In each case
// the other order of the four would make strangers of them: the pairs a with b and c with
// d, where b with c leaves a and d, of one operator, alone; and forty files one by one, not
// twenty.
func TestWhoComesFirstInOneSecond(t *testing.T) {
	type one struct {
		path     string
		operator int
	}
	for name, c := range map[string]struct {
		bursts int
		of     [4]one
		order  [4]int // in the log, at first
	}{
		"side by side": {3, [4]one{{"/film1/seg1.ts", 1}, {"/film2/seg1.ts", 2}, {"/film1/seg1.ts", 3}, {"/film2/seg1.ts", 1}}, [4]int{1, 2, 0, 3}},
		"one title":    {10, [4]one{{"/files/1.zip", 0}, {"/files/2.zip", 0}, {"/files/1.zip", 0}, {"/files/2.zip", 0}}, [4]int{0, 2, 1, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			var l little
			var text strings.Builder
			for burst := range c.bursts {
				get := func(i int, after time.Duration) {
					ip, set := stranger(4*burst+i), map[int]string{37: "-", 24: "uid=7F0000011A2B3C4D", 36: "-"}
					if c.of[i].operator > 0 {
						set[36] = fmt.Sprint(64500 + 3*burst + c.of[i].operator)
					}
					e := entry{host: video.host, target: video.link(c.of[i].path, ip), ip: ip, status: 200, at: time.Duration(burst+1)*time.Minute + after}
					text.WriteString(gcoreWith(l.entries[l.add(e)-1], set))
				}
				for i := range 4 {
					get(i, 10*time.Second)
				}
				for _, i := range c.order {
					get(i, 0)
				}
			}
			if tr := tryText(t, text.String(), settings{}); tr.Users.Total != 1 {
				t.Errorf("%d users, want 1: %q", tr.Users.Total, tr.Warnings)
			}
		})
	}
}

// TestRule10WhatEverybodyHasIsNoIDInSparseTraffic: 40 viewers, one every 20 s, who watch for
// 30 s each: two at a time have the same id, these two for a while and then those two. One
// household has it at home, where it watches all the time, and under way, now in this
// network and then in that, of a few operators. Who comes one after the other is many
// viewers only if 30 networks or more with nothing in common ask within a day.
func TestRule10WhatEverybodyHasIsNoIDInSparseTraffic(t *testing.T) {
	const said = "the uid cookie of %d links tells no viewer and joins nothing"
	play := func(l *little, text *strings.Builder, ip string, film, operators, agents int, start time.Duration) {
		link := video.link(fmt.Sprintf("/film%d/seg1.ts", film), ip)
		for n := range 6 {
			e := entry{host: video.host, target: on(fmt.Sprintf("/film%d/seg%d.ts", film, n+1), link), ip: ip, status: 200, asn: 64500 + film%operators, agent: fmt.Sprint("player/", film%agents), at: time.Minute + start + time.Duration(n*6)*time.Second}
			text.WriteString(gcoreWith(l.entries[l.add(e)-1], map[int]string{37: "-", 24: "uid=7F0000011A2B3C4D"}))
		}
	}
	one := func(l *little, text *strings.Builder, ip, path string, i int) {
		e := entry{host: video.host, target: video.link(path, ip), ip: ip, status: 200, at: time.Minute + time.Duration(i)*40*time.Second}
		text.WriteString(gcoreWith(l.entries[l.add(e)-1], map[int]string{37: "-", 24: "uid=7F0000011A2B3C4D", 36: "-"}))
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
		"one after the other": {40, func(l *little, text *strings.Builder) {
			for i := range 40 {
				play(l, text, stranger(i), i, 40, 1, time.Duration(i)*40*time.Second)
			}
		}},
		"one after the other, 29 a day": {1, func(l *little, text *strings.Builder) {
			for i := range 40 {
				play(l, text, stranger(i), i, 40, 1, time.Duration(i)*50*time.Minute)
			}
		}},
		"one after the other, of 29 operators": {1, func(l *little, text *strings.Builder) {
			for i := range 40 {
				play(l, text, stranger(i), i, 29, 1, time.Duration(i)*40*time.Second)
			}
		}},
		"all for one title": {1, func(l *little, text *strings.Builder) {
			for i := range 40 {
				play(l, text, stranger(i), 1, 1, 1, time.Duration(i)*20*time.Second)
			}
		}},
		"files, of operators that are not known": {40, func(l *little, text *strings.Builder) {
			for i := range 40 {
				one(l, text, stranger(i), fmt.Sprintf("/files/%d.zip", i), i)
			}
		}},
		"one file, of operators that are not known": {1, func(l *little, text *strings.Builder) {
			for i := range 40 {
				one(l, text, stranger(i), "/files/1.zip", i)
			}
		}},
		"segments, of operators that are not known": {1, func(l *little, text *strings.Builder) {
			for i := range 40 {
				one(l, text, stranger(i), fmt.Sprintf("/film/seg%d.ts", i), i)
			}
		}},
		"a household": {1, func(l *little, text *strings.Builder) {
			for i := range 40 {
				play(l, text, stranger(100), i, 1, 1, time.Duration(i)*40*time.Second)
				play(l, text, stranger(i), 100+i, 5, 1, time.Duration(i)*40*time.Second)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var l little
			var text strings.Builder
			c.watch(&l, &text)
			tr := tryText(t, text.String(), settings{twice: true})
			if warned := strings.Contains(strings.Join(tr.Warnings, "\n"), fmt.Sprintf(said, c.users)); tr.Users.Total != c.users || warned != (c.users > 1) {
				t.Errorf("%d users, want %d: %q", tr.Users.Total, c.users, tr.Warnings)
			}
		})
	}
}

// TestWhatEverybodyIsCalledIsNoID: 40 viewers in networks of their own, 12 of whom move within their /16, with one
// name for all who are not logged in ("guest"): in the query, which --user names, or in the signer's record. One who
// asks from another /24 of one network every 4 s, with a link for each file, keeps an id that is stated.
func TestWhatEverybodyIsCalledIsNoID(t *testing.T) {
	const said = " tells no viewer and joins nothing: more than 6 networks"
	for name, c := range map[string]struct {
		called      func(viewer int) string
		users, told int // with the id, and in the warning: links
	}{
		"each by a name":            {func(i int) string { return fmt.Sprint("viewer", i) }, 41, 0},
		"all by one":                {func(int) string { return "guest" }, 41, 40},
		"half of them by one":       {func(i int) string { return []string{"guest", fmt.Sprint("viewer", i)}[i%2] }, 41, 20},
		"three names, used in turn": {func(i int) string { return fmt.Sprint("slot", i%3) }, 41, 40},
	} {
		var l little
		text := "url,address,viewer\n"
		ask := func(id, path, link, ip string, status int, at time.Duration) {
			l.add(entry{host: video.host, target: on(path, link) + "&uid=" + id, ip: ip, status: status, at: at})
		}
		for i := range 40 {
			home, path, at := stranger(i), fmt.Sprintf("/film%d/", i), time.Duration(i)*time.Second
			link := folder.link(path+"index.m3u8", home)
			text += fmt.Sprintf("https://%s%s,%s,%s\n", video.host, link, home, c.called(i))
			for n := range 20 {
				ip, status := home, 200
				if i < 12 && n == 19 {
					ip, status = strings.Replace(home, ".7.9", ".90.9", 1), 403
				}
				ask(c.called(i), fmt.Sprintf("%sseg%d.ts", path, n+1), link, ip, status, at+time.Duration(4*n)*time.Second)
			}
		}
		for n := range 10 {
			ip := fmt.Sprintf("198.51.%d.9", n)
			link := folder.link(fmt.Sprintf("/pool/%d/seg.ts", n), ip)
			text += fmt.Sprintf("https://%s%s,%s,pool\n", video.host, link, ip)
			ask("pool", fmt.Sprintf("/pool/%d/seg.ts", n), link, ip, 200, time.Duration(4*n)*time.Second)
		}
		slices.SortStableFunc(l.entries, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
		for where, s := range map[string]settings{"the query:uid": {user: "query:uid"}, "the viewer in the signer's record": {issued: record(t, text)}} {
			log := l.text(entry.text)
			if s.issued != nil {
				log = strings.ReplaceAll(log, "&uid=", "&title=")
			}
			tr := tryText(t, log, s)
			if tr.Users.Total != int64(c.users) || tr.Users.ByClass[finding.Rotating] != 12 {
				t.Errorf("%s, %s: %d users %v, want %d, of them 12 rotating", name, where, tr.Users.Total, tr.Users.ByClass, c.users)
			}
			want := fmt.Sprintf("%s of %d links%s", where, c.told, said)
			if got := strings.Join(tr.Warnings, "\n"); strings.Contains(got, want) != (c.told > 0) || strings.Contains(got, "no request with a link shows") {
				t.Errorf("%s, %s: want %q %v in %q", name, where, want, c.told > 0, got)
			}
		}
	}
}

// TestAnIDInManyBlocksAtOnce: one id with links from 12,000 /64s of one operator within half a minute, which no single viewer has,
// takes no longer than others: to compare each with all the others took most of a minute. The log does show the id.
func TestAnIDInManyBlocksAtOnce(t *testing.T) {
	var l little
	for i := range 12_000 {
		ip := fmt.Sprintf("2001:db8:1:%x::1", i)
		path := fmt.Sprintf("/pool/%d/seg.ts", i)
		l.add(entry{host: video.host, target: on(path, folder.link(path, ip)) + "&uid=pool", ip: ip, status: 200, at: time.Second + time.Duration(i)*2*time.Millisecond})
	}
	begun := time.Now()
	tr := tryText(t, l.text(entry.text), settings{user: "query:uid"})
	if took := time.Since(begun); tr.Users.Total != 12_000 || took > 20*time.Second || strings.Contains(strings.Join(tr.Warnings, "\n"), "no request with a link shows") {
		t.Errorf("%d users, in %v: %q", tr.Users.Total, took, tr.Warnings)
	}
}
