package detect_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/token"
)

// givenUp is a log of an edge that takes another key from 13:00 on, while a third of the links come with the old one
// all the time. It returns lines refused before, for another reason, and after, at the signing address and another one.
func givenUp(l *little, host string) (before, after, moved int) {
	links := [2]site{{host: host, key: "key-of-before", dir: true}, {host: host, key: "key-of-after", dir: true}}
	for i := range 240 {
		at, ip := time.Duration(i)*30*time.Second, stranger(i)
		s := links[min(i%3, 1)]
		if at < 30*time.Minute {
			s = links[0]
		}
		old := s.key == links[0].key
		get := func(ip string, at time.Duration, refused bool) int {
			e := entry{host: s.host, target: s.link(fmt.Sprintf("/film%d/a.ts", i), stranger(i)), ip: ip, status: 200, at: at + time.Second}
			if old && at >= time.Hour || refused {
				e.status = 403
			}
			return l.add(e)
		}
		switch line := get(ip, at, i == 30); {
		case i == 30:
			before = line
		case old && at >= time.Hour:
			after = line
		}
		if late := get(ip, at+10*time.Minute, false); old && at >= 50*time.Minute {
			after = late
		}
		if old && at > 90*time.Minute && moved == 0 {
			moved = get(away, at+time.Minute, true)
		}
	}
	return before, after, moved
}

// TestAKeyThatTheEdgeGaveUp: what is refused for it is told as if its end were stated, and no viewer who moved with
// it counts for a mask. A refusal of before, for whatever reason, is not.
func TestAKeyThatTheEdgeGaveUp(t *testing.T) {
	var l little
	before, after, moved := givenUp(&l, "cdn.test")
	tr := l.try(t, settings{ringOf: []string{"key-of-before", "key-of-after"}, twice: true})
	tr.want(t, before, "valid refused_elsewhere - recomputed "+stranger(30))
	const old = "unresolved_signature unresolved_signature signer:old_key recomputed"
	if got := tr.rows[after-1].String(); !strings.HasPrefix(got, old) {
		t.Errorf("line %d: %s", after, got)
	}
	if got := tr.rows[moved-1].String(); !strings.HasPrefix(got, old) {
		t.Errorf("a viewer who moved, line %d: %s", moved, got)
	}
	refused := tr.scalar(t, `SELECT count(*) FROM requests WHERE detail = 'signer:old_key'`)
	want := fmt.Sprintf("%d of the %d requests that were refused as unresolved_signature are signed with key 1 of those given, which the edge has not taken since 2026-11-01 12:59:31 UTC", refused, refused)
	if said := strings.Join(tr.Warnings, "\n"); !strings.Contains(said, want) || !strings.Contains(said, "state not_after: 2026-11-01T12:59:32Z of that key") {
		t.Errorf("want %q in\n%s", want, said)
	}
	r := tr.advice("cdn.test", "ipv4")
	if r.AffectedUsers != 0 || r.Decision != finding.KeepCurrent || !strings.Contains(r.Reason, "fell on links of an old key") || !strings.Contains(r.Reason, "key 1 is not taken since 2026-11-01 12:59 UTC") {
		t.Errorf("%s: %s", r.Decision, r.Reason)
	}
	if got := tr.Denials.Common; len(got) != 1 || got[0].Trait != finding.TraitOldKey || got[0].Cause != "unresolved_signature" || got[0].Value != "1" {
		t.Errorf("in common: %+v", got)
	}
}

// TestAKeyInACaseThatGrew is followed through its runs, whatever its number in each.
func TestAKeyInACaseThatGrew(t *testing.T) {
	const old, new = "key-of-before", "key-of-after"
	for name, c := range map[string]struct {
		rings [][]string // keys of each run
		says  string
	}{
		"the same":          {[][]string{{old, new}, {old, new}, {old, new}}, "signed with key 1 of those given, which"},
		"in another order":  {[][]string{{old, new}, {new, old}, {old, new}}, "signed with key 1 of those given, which"},
		"the new one later": {[][]string{{old}, {new, old}, {new, old}}, "signed with key 2 of those given, which"},
		"others before":     {[][]string{{"an-old-one", old}, {new, old}, {new, old}}, "signed with key 2 of those given, which"},
	} {
		t.Run(name, func(t *testing.T) {
			var l little
			before, after, moved := givenUp(&l, "cdn.test")
			once := l.try(t, settings{ringOf: []string{old, new}})
			tr := l.grow(t, func(run int) settings { return settings{ringOf: c.rings[run]} }, 120, 300)
			for _, line := range []int{before, after, moved} {
				tr.want(t, line, once.rows[line-1].String())
			}
			if got, want := asJSON(t, tr.Denials.ByDetail), asJSON(t, once.Denials.ByDetail); got != want {
				t.Errorf("%s", firstDifference(got, want))
			}
			if said := strings.Join(tr.Warnings, "\n"); !strings.Contains(said, c.says+" the edge has not taken since 2026-11-01 12:59:31 UTC") {
				t.Errorf("want %q in\n%s", c.says, said)
			}
			if got, want := tr.advice("cdn.test", "ipv4"), once.advice("cdn.test", "ipv4"); got.Decision != want.Decision || got.AffectedUsers != want.AffectedUsers {
				t.Errorf("%s of %d users, want %s of %d", got.Decision, got.AffectedUsers, want.Decision, want.AffectedUsers)
			}
		})
	}
}

// TestTheKeyFileIsReplaced between two runs, as the edge changes its key: the second cannot reproduce what is left of the
// old links, but knows that the first did.
func TestTheKeyFileIsReplaced(t *testing.T) {
	const old, new = "key-of-before", "key-of-after"
	var l little
	ask := func(key string, viewer, step, status int) int {
		s := site{host: "cdn.test", key: key, dir: true}
		return l.add(entry{host: s.host, target: s.link(fmt.Sprintf("/film%d/a.ts", viewer), stranger(viewer)), ip: stranger(viewer), status: status, at: time.Duration(1+step) * 30 * time.Second})
	}
	for i := range 120 {
		ask(old, i, i, 200)
	}
	var late []int
	for i := range 120 {
		ask(new, 200+i, 120+i, 200)
		if i < 20 {
			late = append(late, ask(old, 100+i, 120+i, 403))
		}
	}
	tr := l.grow(t, func(run int) settings { return settings{ringOf: [][]string{{old}, {new}}[run]} }, 120)
	for i, line := range late {
		tr.want(t, line, "unresolved_signature unresolved_signature signer:old_key recomputed "+stranger(100+i))
	}
	const want = "20 of the 20 requests that were refused as unresolved_signature are signed with a key that only earlier runs were given, which the edge has not taken since 2026-11-01 13:00:00 UTC"
	if said := strings.Join(tr.Warnings, "\n"); !strings.Contains(said, want) {
		t.Errorf("want %q in\n%s", want, said)
	}
}

// TestKeysOfSeveralHosts are followed some at a time.
func TestKeysOfSeveralHosts(t *testing.T) {
	var l little
	givenUp(&l, "a.test")
	givenUp(&l, "b.test")
	givenUp(&l, "c.test")
	s := settings{ringOf: []string{"key-of-before", "key-of-after"}}
	at := asJSON(t, l.try(t, s).Analysis)
	if n := strings.Count(at, "which the edge has not taken since"); n != 6 {
		t.Errorf("said %d times, want a warning and a common trait of three hosts", n)
	}
	s.meagre = true
	if again := asJSON(t, l.try(t, s).Analysis); again != at {
		t.Errorf("one at a time: %s", firstDifference(at, again))
	}
}

// TestAKeyThatTheEdgeStillTakes: a rule refuses half of the links of either key, and those of the old one end sooner.
func TestAKeyThatTheEdgeStillTakes(t *testing.T) {
	links := [2]site{{host: "cdn.test", key: "key-of-before", dir: true}, {host: "cdn.test", key: "key-of-after", dir: true}}
	var l little
	for i := range 120 {
		l.get(links[i/60], links[i/60].link(fmt.Sprintf("/film%d/a.ts", i), stranger(i)), stranger(i), []int{200, 403}[i%2])
	}
	for i := range 6 {
		l.get(links[0], links[0].link(fmt.Sprintf("/more%d/a.ts", i), stranger(200+i)), stranger(200+i), 403)
		l.get(links[1], links[1].link(fmt.Sprintf("/more%d/a.ts", i), stranger(300+i)), stranger(300+i), 200)
	}
	tr := l.try(t, settings{ringOf: []string{"key-of-before", "key-of-after"}})
	if tr.Denials.ByCause["refused_elsewhere"] != 66 || strings.Contains(strings.Join(tr.Warnings, "\n"), "not_after") {
		t.Errorf("%v: %q", tr.Denials.ByCause, tr.Warnings)
	}
}

// TestAKeyThatTheEdgeTakesAnyway: its stated validity ends before the log begins. What the edge serves disproves that, so
// that viewers who move with fresh links count; where it serves few and refuses many, the statement stands.
func TestAKeyThatTheEdgeTakesAnyway(t *testing.T) {
	s := site{host: "cdn.test", key: "key-of-before"}
	of := settings{ringOf: []string{s.key, "key-of-after"}, spans: map[string]token.Span{s.key: {Until: 1000}}, twice: true}
	var l little
	l.audience(s, 60)
	for i := range 40 {
		home, away := fmt.Sprintf("198.51.%d.10", i), fmt.Sprintf("198.51.%d.99", i)
		l.get(s, s.link(fmt.Sprintf("/move/%d/seg-1.ts", i), home), home, 200)
		l.get(s, s.link(fmt.Sprintf("/move/%d/seg-2.ts", i), home), away, 403)
	}
	l.get(s, s.link("/crowd/0/b.ts", stranger(0)), stranger(0), 403)
	tr := l.try(t, of)
	if by := tr.Denials.ByCause; by["ip_mismatch"] != 40 || by["refused_elsewhere"] != 1 || len(by) != 2 {
		t.Errorf("causes: %v", by)
	}
	if r := tr.advice("cdn.test", "ipv4"); r.Decision != finding.Widen || r.AffectedUsers != 40 {
		t.Errorf("%s: %s", r.Decision, r.Reason)
	}
	if said := strings.Join(tr.Warnings, "\n"); !strings.Contains(said, "100 requests were served whose link is signed with a key outside its stated validity: the edge takes it all the same") || len(tr.Signer) > 0 {
		t.Errorf("%v in\n%s", tr.Signer, said)
	}
	for i := range 10 {
		l.get(s, s.link(fmt.Sprintf("/gone/%d/a.ts", i), stranger(i)), stranger(i), 403)
	}
	tr = l.try(t, of)
	if n := tr.Denials.ByDetail["unresolved_signature"]["signer:old_key"]; n != 51 {
		t.Errorf("%d refusals for the old key: %v", n, tr.Denials.ByDetail)
	}
}

// TestTheOldKeyIsMissing: only the new key is given. Where most links of before fail, the calibration says when the
// edge changed its key; where they are few, a warning does.
func TestTheOldKeyIsMissing(t *testing.T) {
	const want = "6 links that do not reproduce were served up to 2026-11-01 12:58:31 UTC and refused from 2026-11-01 13:01:01 on, at the same addresses: the edge had another key until then"
	var l little
	givenUp(&l, "cdn.test")
	tr := l.try(t, settings{ringOf: []string{"key-of-after"}})
	if c := tr.host(t, "cdn.test"); c.Status != finding.Failed || !strings.Contains(c.Reason, want) {
		t.Errorf("%s: %s", c.Status, c.Reason)
	}
	after := site{host: "cdn.test", key: "key-of-after", dir: true}
	for i := range 9_000 {
		l.add(entry{host: after.host, target: after.link(fmt.Sprintf("/more%d/a.ts", i), stranger(i)), ip: stranger(i), status: 200, at: 4*time.Hour + time.Duration(i)*time.Second})
	}
	tr = l.try(t, settings{ringOf: []string{"key-of-after"}})
	if c := tr.host(t, "cdn.test"); c.Status != finding.Verified || !strings.Contains(strings.Join(tr.Warnings, "\n"), want) {
		t.Errorf("%s: %q", c.Status, tr.Warnings)
	}
}

// TestAWrongKeyIsNoOldOne: links that the edge served before it refused them, for another reason, do not show that the key
// was changed where no link reproduces, or where both are in one second.
func TestAWrongKeyIsNoOldOne(t *testing.T) {
	s := site{host: "cdn.test", key: "key-of-the-edge"}
	for name, gap := range map[string]time.Duration{"in one second": 0, "later": time.Hour} {
		var l little
		l.audience(s, 60)
		for i := range 10 {
			at := 2*time.Minute + time.Duration(i)*time.Second
			e := entry{host: s.host, target: s.link(fmt.Sprintf("/more/%d/a.ts", i), stranger(i)), ip: stranger(i), status: 200, at: at}
			l.add(e)
			e.status, e.at = 403, at+gap
			l.add(e)
		}
		tr := l.try(t, settings{ringOf: []string{"another-key"}})
		if c := tr.host(t, s.host); c.Status != finding.Failed || !strings.Contains(c.Reason, "most likely the key or the scheme is wrong") {
			t.Errorf("%s: %s: %s", name, c.Status, c.Reason)
		}
	}
}
