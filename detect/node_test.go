package detect_test

import (
	"fmt"
	"strings"
	"testing"

	"ipdrift/detect/finding"
)

// TestLinksOfNodesAlone: links that belong together, and that a node alone asked for,
// are nobody's; those of a viewer still are one user's.
func TestLinksOfNodesAlone(t *testing.T) {
	var l little
	l.audience(video, 40)
	for i := range 60 {
		link := video.link(fmt.Sprintf("/film%d/seg1.ts", i), stranger(100+i))
		l.add(entry{host: video.host, target: link, ip: "192.0.2.99", status: 403, asn: 16509, agent: fmt.Sprintf("player/1.%d", i%6), uid: fmt.Sprintf("uid=%032X", i/12)})
	}
	for i := range 20 {
		for n := range 2 {
			link := video.link(fmt.Sprintf("/show%d/%d/seg1.ts", i, n), home)
			l.add(entry{host: video.host, target: link, ip: home, status: 200, agent: fmt.Sprint("viewer/", i), uid: fmt.Sprintf("uid=%032X", 1000+i)})
		}
	}
	for _, cramped := range []bool{false, true} {
		tr := l.tryGcore(t, settings{cramped: cramped})
		if n := tr.Method.IdentityUsers["uid cookie"]; tr.Users.Total != 60 || n < 20 {
			t.Errorf("%d users, %d by their id cookie: the audience is 40, whose one connection is nobody's, and 20 have two links each", tr.Users.Total, n)
		}
	}
}

// TestRule03NodesAreNotViewers: a proxy in a hosting network brings many
// viewers' links, which were signed for their own addresses.
func TestRule03NodesAreNotViewers(t *testing.T) {
	for _, c := range []struct {
		asn, links, agents int
		node               bool
	}{{16509, 60, 6, true}, {16509, 51, 5, true}, {64500, 60, 6, false}, {16509, 50, 6, false}, {16509, 60, 4, false}} {
		var l little
		l.audience(video, 40)
		for i := range c.links {
			home := stranger(100 + i)
			link := video.link(fmt.Sprintf("/film%d/seg1.ts", i), home)
			l.get(video, link, home, 200)
			l.add(entry{host: video.host, target: on(fmt.Sprintf("/film%d/seg2.ts", i), link), ip: "192.0.2.99", status: 403, asn: c.asn, agent: fmt.Sprintf("player/1.%d", i%c.agents)})
		}
		number := 0
		tr := tryText(t, l.text(func(e entry) string { // from two countries in turn: one address all the same
			number++
			return strings.Replace(e.gcore(), `"PL"`, []string{`"PL"`, `"DE"`}[number/2%2], 1)
		}), settings{user: "token", twice: true})
		said := strings.Contains(strings.Join(tr.Warnings, " "), fmt.Sprintf("1 address in a hosting or CDN network is a node (shield, proxy), not a viewer, with more than 50 tokens: its %d requests are left out", c.links))
		if said != c.node || (tr.Denials.Total == 0) != c.node {
			t.Errorf("%+v: %d denials, warnings %q", c, tr.Denials.Total, tr.Warnings)
		}
		if n := tr.scalar(t, `SELECT sum(requests)::BIGINT - (SELECT count(user_id) FROM requests) FROM users`); n != 0 {
			t.Errorf("%+v: users have %d requests more than the requests tell", c, n)
		}
		verdict := "ip_mismatch ip_mismatch - recomputed "
		if c.node {
			verdict = "unchecked - - - "
		}
		if tr.want(t, 42, verdict+stranger(100)); c.node && (tr.Users.Total != int64(40+c.links) || tr.Users.ByClass[finding.Unchanged] != tr.Users.Total) {
			t.Errorf("users %+v", tr.Users.ByClass)
		}
	}
}

// TestRule10PreviewsAndHosts: who opens a link because it was sent to somebody,
// and who comes by way of a host, is no viewer who moved.
func TestRule10PreviewsAndHosts(t *testing.T) {
	for name, e := range map[string]entry{
		"preview": {agent: "TelegramBot (like TwitterBot)"}, "host": {asn: 24940}, "viewer": {agent: "player/9"},
	} {
		var l little
		l.audience(video, 40)
		home := stranger(100)
		link := video.link("/film/seg1.ts", home)
		l.get(video, link, home, 200)
		e.host, e.target, e.ip, e.status = video.host, on("/film/seg2.ts", link), "192.0.2.99", 403
		l.add(e)
		tr := l.tryGcore(t, settings{})
		if affected := tr.Users.ByClass[finding.Rotating] + tr.Users.ByClass[finding.FirstRequest]; (affected == 0) != (name != "viewer") {
			t.Errorf("%s: %v", name, tr.Users.ByClass)
		}
	}
}
