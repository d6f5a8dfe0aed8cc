package detect_test

import (
	"fmt"
	"strings"
	"testing"

	"ipdrift/detect/finding"
)

var (
	folder = site{host: "dir.test", dir: true}
	single = site{host: "file.test"}
)

// forged adds links signed with a key that is not the host's, served all the same.
func (l *little) forged(s site, links, times int) {
	s.key = "not-the-key-of-the-host"
	for i := range links {
		for range times {
			ip := stranger(300 + i)
			l.get(s, s.link(fmt.Sprintf("/forged/%d/a.ts", i), ip), ip, 200)
		}
	}
}

// TestRule01CountsTokens draws both lines of rule 1 through distinct
// tokens: the same figures taken over requests would fall on the other side.
func TestRule01CountsTokens(t *testing.T) {
	for _, c := range []struct {
		name                       string
		good, repeats, bad, badOft int
		tokens, verified           int64
		want                       finding.CalibrationStatus
	}{
		{"29 tokens, asked for often", 29, 10, 0, 0, 29, 29, finding.NotChecked},
		{"30 tokens", 30, 1, 0, 0, 30, 30, finding.Verified},
		{"29 and one bad", 29, 1, 1, 1, 30, 29, finding.Failed},
		{"exactly 99 %", 198, 1, 2, 1, 200, 198, finding.Verified},
		{"just below, good ones asked for often", 197, 10, 3, 1, 200, 197, finding.Failed},
		{"one bad token asked for often", 100, 1, 1, 200, 101, 100, finding.Verified},
		{"few, none good", 0, 0, 5, 4, 5, 0, finding.NotChecked},
	} {
		t.Run(c.name, func(t *testing.T) {
			var l little
			for range c.repeats {
				l.audience(folder, c.good)
			}
			l.forged(folder, c.bad, c.badOft)
			tr := l.try(t, settings{})
			got := tr.host(t, folder.host)
			if got.Status != c.want || got.Tokens != c.tokens || got.Verified != c.verified {
				t.Errorf("%s, %d of %d tokens, want %s, %d of %d: %s", got.Status, got.Verified, got.Tokens, c.want, c.verified, c.tokens, got.Reason)
			}
		})
	}
}

// TestRule01ATokenHoldsWhereverItIsServed: one that was also served where it does not hold is
// not reproduced.
func TestRule01ATokenHoldsWhereverItIsServed(t *testing.T) {
	var l little
	l.audience(folder, 40)
	l.get(folder, l.entries[0].target, stranger(300), 200)
	if c := l.try(t, settings{}).host(t, folder.host); c.Status != finding.Failed || c.Tokens != 40 || c.Verified != 39 {
		t.Errorf("%s, %d of %d tokens, want failed, 39 of 40", c.Status, c.Verified, c.Tokens)
	}
}

// TestRule01AnotherKeyVouchesForNone: refused links of the key of another host tell nothing
// of the host's own.
func TestRule01AnotherKeyVouchesForNone(t *testing.T) {
	other := site{host: "other.test", key: "the-other-key", dir: true}
	var l little
	l.audience(other, 40)
	other.host = folder.host
	for i := range 40 {
		l.get(folder, other.link(fmt.Sprintf("/r/%d/a.ts", i), stranger(i)), stranger(i), 403)
	}
	tr := l.try(t, settings{keys: map[string]string{folder.host: secret, "other.test": "the-other-key"}})
	tr.want(t, 41, "unresolved_signature unresolved_signature signer:other_host_key recomputed "+stranger(0))
	if c := tr.host(t, folder.host); c.Status != finding.NotChecked || c.Tokens != 0 {
		t.Errorf("%s, %d of %d tokens: %s", c.Status, c.Verified, c.Tokens, c.Reason)
	}
}

// TestRule01LeavesOut are answers that say nothing about a token, be its hash right or
// wrong.
func TestRule01LeavesOut(t *testing.T) {
	var l little
	l.audience(folder, 40)
	odd := folder
	odd.key = "not-the-key-of-the-host"
	for i, e := range []entry{{status: 200, method: "OPTIONS"}, {status: 403, method: "OPTIONS"}, {status: 204}, {status: 301}, {status: 302}, {status: 307}, {status: 404}, {status: 416}, {status: 499}, {status: 502}, {status: 200, method: "POST"}} {
		e.host, e.ip = odd.host, stranger(i)
		for n := range 5 {
			e.target = odd.link(fmt.Sprintf("/odd/%d/%d/a.ts", i, n), e.ip)
			l.add(e)
			e.target = folder.link(fmt.Sprintf("/even/%d/%d/a.ts", i, n), e.ip)
			l.add(e)
		}
	}
	got := l.try(t, settings{}).host(t, folder.host)
	if got.Status != finding.Verified || got.Tokens != 40 || got.Verified != 40 {
		t.Errorf("%s, %d of %d tokens, want 40 of 40", got.Status, got.Verified, got.Tokens)
	}
	for _, served := range []entry{{status: 206}, {status: 304}, {status: 200, method: "HEAD"}} {
		more := little{entries: l.entries[:40:40]}
		for i := range 5 {
			e := served
			e.host, e.ip = odd.host, stranger(i)
			e.target = odd.link(fmt.Sprintf("/served/%d/a.ts", i), e.ip)
			more.add(e)
		}
		if got := more.try(t, settings{}).host(t, folder.host); got.Status != finding.Failed || got.Tokens != 45 {
			t.Errorf("%s %d: %s of %d tokens, want failed of 45", served.method, served.status, got.Status, got.Tokens)
		}
	}
}

// TestRule01FailedHostAccusesNobody gives one host of two the wrong key.
func TestRule01FailedHostAccusesNobody(t *testing.T) {
	bad, good := site{host: "bad.test", dir: true}, site{host: "good.test", dir: true}
	var l little
	for _, s := range []site{bad, good} {
		l.audience(s, 40)
		l.movers(s, 40, "198.51.%d.10", "198.51.%d.99")
	}
	var refused []int
	for i, e := range l.entries {
		if e.host == bad.host && e.status == 403 {
			refused = append(refused, i+1)
		}
	}
	l.add(entry{host: bad.host, target: "/a.ts?md5=short&expires=1", ip: "198.51.100.1", status: 403})
	unsigned := l.add(entry{host: bad.host, target: "/a.ts", ip: "198.51.100.1", status: 403})
	shared := l.publicLink(bad, 5, 200)
	l.publicLink(good, 5, 403)
	tr := l.try(t, settings{keys: map[string]string{"": secret, bad.host: "some-other-key"}})
	if c := tr.host(t, bad.host); c.Status != finding.Failed {
		t.Fatalf("%s is %s: %s", bad.host, c.Status, c.Reason)
	}
	for _, line := range refused {
		tr.want(t, line, "unchecked unchecked - - -")
	}
	tr.want(t, 1, "unchecked - - - -")
	tr.want(t, unsigned-1, "malformed malformed bad_md5 - -")
	tr.want(t, unsigned, "unsigned unsigned - - -")
	tr.want(t, shared, "unchecked - - - -")
	if r := tr.advice(bad.host, "ipv4"); r == nil || r.Decision != finding.InsufficientEvidence || r.Prefix != nil || r.AffectedUsers != 0 || !strings.Contains(r.Reason, "the hashes of served links do not fit this host") {
		t.Errorf("advice for the failed host: %+v", r)
	}
	for _, u := range tr.Users.Flagged {
		if u.Host == bad.host {
			t.Errorf("a user of the failed host is flagged as %s: %s", u.Class, u.Reason)
		}
	}
	if n := tr.Users.ByClass[finding.ManyNetworks]; n != 5 {
		t.Errorf("%d users of shared links, want the 5 of the good host: %v", n, tr.Users.ByClass)
	}
	if r := tr.advice(good.host, "ipv4"); r == nil || r.Decision != finding.Widen || *r.Prefix != 24 || r.AffectedUsers != 40 {
		t.Errorf("advice for the good host: %+v", r)
	}
}

// movers adds viewers who are served at one address and refused at the other;
// both patterns take the viewer's number. It returns the refused lines.
func (l *little) movers(s site, viewers int, from, to string) (refused []int) {
	for i := range viewers {
		a, b := fmt.Sprintf(from, i), fmt.Sprintf(to, i)
		path := fmt.Sprintf("/move/%d/", i)
		link := s.link(path+"seg-1.ts", a)
		l.get(s, link, a, 200)
		next := on(path+"seg-2.ts", link)
		if !s.dir {
			next = link
		}
		refused = append(refused, l.get(s, next, b, 403))
	}
	return refused
}

// publicLink adds one link that viewers of unrelated networks play at the same
// time, and returns its first line. All but the first get this status.
func (l *little) publicLink(s site, networks, status int) (first int) {
	link := s.link("/public/index.m3u8", stranger(0))
	for n := range 6 {
		for i := range networks {
			path := fmt.Sprintf("/public/seg-%d.ts", n)
			if n == 0 {
				path = "/public/index.m3u8"
			}
			answer := status
			if i == 0 {
				answer = 200
			}
			line := l.add(entry{host: s.host, target: on(path, link), ip: stranger(i), status: answer, agent: fmt.Sprintf("player/%d.0", i)})
			if first == 0 {
				first = line
			}
		}
	}
	return first
}

// TestRule01UncheckedIsNotUnchanged: where nothing could be checked nobody can say
// that no refusal came from the address.
func TestRule01UncheckedIsNotUnchanged(t *testing.T) {
	for name, s := range map[string]settings{"wrong key": {keys: map[string]string{"": "some-other-key"}}, "no key": {noKey: true}} {
		t.Run(name, func(t *testing.T) {
			var l little
			l.audience(folder, 40)
			for i := range 10 {
				l.get(folder, folder.link(fmt.Sprintf("/only/%d/a.ts", i), "192.0.2.7"), stranger(i), 403)
			}
			tr := l.try(t, s)
			if n := tr.Denials.ByCause["unchecked"]; n != 10 {
				t.Fatalf("%d refusals are unchecked, want 10: %v", n, tr.Denials.ByCause)
			}
			if n := tr.Users.ByClass[finding.Undetermined]; n != 10 {
				t.Errorf("%d users are undetermined, want the 10 refused ones: %v", n, tr.Users.ByClass)
			}
			if r := tr.advice(folder.host, "ipv4"); r.Decision != finding.InsufficientEvidence {
				t.Errorf("%s: %s", r.Decision, r.Reason)
			}
		})
	}
}

// TestRule02RefusalsOnly is the log that customers attach most.
func TestRule02RefusalsOnly(t *testing.T) {
	var l little
	for i := range 40 { // signed for a neighbour of the /24 that the log never shows
		l.get(folder, folder.link(fmt.Sprintf("/r/%d/seg-7.ts", i), fmt.Sprintf("198.51.%d.200", i)), fmt.Sprintf("198.51.%d.10", i), 403)
	}
	for range 2 { // a valid link that another rule refused
		l.get(folder, folder.link("/r/other/seg-7.ts", "192.0.2.7"), "192.0.2.7", 403)
	}
	tr := l.try(t, settings{})
	for line := range 40 {
		tr.want(t, line+1, fmt.Sprintf("ip_mismatch ip_mismatch - recomputed 198.51.%d.200", line))
	}
	if c := tr.host(t, folder.host); c.Status != finding.Verified || c.Tokens != 41 || c.Verified != 41 {
		t.Errorf("%s, %d of %d tokens: %s", c.Status, c.Verified, c.Tokens, c.Reason)
	}
	r := tr.advice(folder.host, "ipv4")
	if r == nil || r.BoundUsers != nil || r.AffectedUsers != 40 || r.Decision != finding.Widen || *r.Prefix != 24 {
		t.Fatalf("advice: %s", asJSON(t, r))
	}
	if n := tr.scalar(t, `SELECT count(*) FROM users WHERE interrupted`); r.Interrupted != 0 || n != 0 {
		t.Errorf("%d and %d interrupted users are claimed, where service cannot be seen", r.Interrupted, n)
	}
	if n := tr.Users.ByClass[finding.FirstRequest]; n != 40 {
		t.Errorf("classes %v, want 40 first_request", tr.Users.ByClass)
	}
	if !strings.Contains(strings.Join(tr.Warnings, "\n"), "refused requests only") {
		t.Errorf("no warning that only refusals are logged: %q", tr.Warnings)
	}
	l.get(folder, folder.link("/r/0/a.ts", "192.0.2.1"), "192.0.2.1", 200)
	if r := l.try(t, settings{}).advice(folder.host, "ipv4"); r.BoundUsers == nil || *r.BoundUsers != 42 {
		t.Errorf("with one served request the rate is known: bound users %v", r.BoundUsers)
	}
}

// TestRefusalsOnlyWithTheWrongKey proves nothing, and says so.
func TestRefusalsOnlyWithTheWrongKey(t *testing.T) {
	var l little
	for i := range 40 {
		l.get(folder, folder.link(fmt.Sprintf("/r/%d/seg-7.ts", i), fmt.Sprintf("198.51.%d.200", i)), fmt.Sprintf("198.51.%d.10", i), 403)
	}
	tr := l.try(t, settings{keys: map[string]string{"": "some-other-key"}})
	c := tr.host(t, folder.host)
	if c.Status == finding.Verified || c.Tokens != 0 || !strings.Contains(c.Reason, "none of the 40 refused links") {
		t.Errorf("%s, %d tokens: %s", c.Status, c.Tokens, c.Reason)
	}
	if r := tr.advice(folder.host, "ipv4"); r.AffectedUsers != 0 || r.Prefix != nil {
		t.Errorf("advice: %+v", r)
	}
}
