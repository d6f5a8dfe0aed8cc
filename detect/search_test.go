package detect_test

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"ipdrift/detect/finding"
	"ipdrift/detect/search"
)

// TestRule04SearchReachesSoFar signs links for addresses further and further away,
// with no witness.
func TestRule04SearchReachesSoFar(t *testing.T) {
	const at = "198.51.100.23"
	const none = "unresolved_signature unresolved_signature - - -"
	for _, c := range []struct {
		name, from, signed string
		near, nothing      string // verdict with --recover near, and none; "": either reading of a network's text
	}{
		{"the lowest of the /24", at, "198.51.100.0", "found", ""},
		{"the highest of the /24", at, "198.51.100.255", "found", none},
		{"another /24 of the /16", at, "198.51.255.254", "found", none},
		{"the lowest of the /16", at, "198.51.0.0", "found", ""},
		{"the next /16, not in the log", at, "198.52.0.1", none, none},
		{"far away, in the log", at, stranger(7), "found", none},
		{"far away, not in the log", at, "192.0.2.1", none, none},
		{"IPv6, in the log", "2001:db8:ffff::1", "2001:db8:3:7::1:5", "found", none},
		{"IPv6, of the same /64, not in the log", "2001:db8:3:7::1:5", "2001:db8:3:7::1:6", none, none},
		{"from IPv4 to IPv6, in the log", at, "2001:db8:3:7::1:5", "found", none},
		{"from IPv6 to IPv4, in the log", "2001:db8:ffff::1", stranger(7), "found", none},
		{"from IPv6 to IPv4, not in the log", "2001:db8:ffff::1", at, none, none},
	} {
		t.Run(c.name, func(t *testing.T) {
			var l little
			l.audience(folder, 40)
			l.audience6(folder, 40)
			line := l.get(folder, folder.link("/s/seg-1.ts", c.signed), c.from, 403)
			if c.near == "found" {
				c.near = "ip_mismatch ip_mismatch - recomputed " + c.signed
			}
			near := l.try(t, settings{recover: search.RecoverNear})
			near.want(t, line, c.near)
			if c.nothing == "" {
				return
			}
			nothing := l.try(t, settings{recover: search.RecoverNone})
			nothing.want(t, line, c.nothing)
			if s := near.Method.Search; s.Links != 1 || s.Found+s.Unresolved != 1 || s.Skipped != 0 || (s.Found == 1) != strings.HasPrefix(c.near, "ip_mismatch") {
				t.Errorf("search %+v", s)
			}
			if s := nothing.Method.Search; s.Found != 0 || s.Unresolved != 1 {
				t.Errorf("without a search: %+v", s)
			}
		})
	}
}

// TestWitnessNeedsNoSearch finds the signing address in another request with
// the same token, before or after.
func TestWitnessNeedsNoSearch(t *testing.T) {
	for _, first := range []bool{true, false} {
		var l little
		l.audience(folder, 40)
		link := folder.link("/v/seg-1.ts", far)
		var refused int
		if !first {
			refused = l.get(folder, on("/v/seg-2.ts", link), home, 403)
		}
		l.get(folder, link, far, 200)
		if first {
			refused = l.get(folder, on("/v/seg-2.ts", link), home, 403)
		}
		tr := l.try(t, settings{recover: search.RecoverNone})
		tr.want(t, refused, "ip_mismatch ip_mismatch - recomputed "+far)
		if s := tr.Method.Search; s.Links != 1 || s.Witnessed != 1 || s.Candidates != 0 {
			t.Errorf("search %+v", s)
		}
	}
}

// TestDeepSearchGivesUp: where a sample finds nothing the rest is not searched
// deeply, and the report says so.
func TestDeepSearchGivesUp(t *testing.T) {
	var l little
	l.audience(folder, 40)
	for i := range 300 {
		l.get(folder, site{key: "forged"}.link(fmt.Sprintf("/f/%d/a.ts", i), home), home, 403)
	}
	tr := l.try(t, settings{threads: 2})
	s := tr.Method.Search
	if s.Links != 300 || s.Unresolved != 300 || s.Skipped < 30 || s.Skipped > 270 {
		t.Errorf("search %+v, want 300 links, a sample of which is searched", s)
	}
	if say := fmt.Sprintf("%d of 300 unresolved links were not searched deeply", s.Skipped); !strings.Contains(strings.Join(tr.Warnings, "\n"), say) {
		t.Errorf("warnings %q, want %q", tr.Warnings, say)
	}
	if c := tr.host(t, folder.host); c.Status != finding.Verified || c.Tokens != 40 {
		t.Errorf("forged links count against the host: %s of %d tokens", c.Status, c.Tokens)
	}
}

// TestNoSearchIsMissedWhereTheKeyFails: the key is what is amiss.
func TestNoSearchIsMissedWhereTheKeyFails(t *testing.T) {
	var l little
	l.audience(folder, 40)
	for i := range 100 {
		l.get(folder, folder.link(fmt.Sprintf("/f/%d/a.ts", i), home), home, 403)
	}
	tr := l.try(t, settings{keys: map[string]string{"": "some-other-key"}, threads: 2})
	if all := strings.Join(tr.Warnings, "\n"); tr.Method.Search.Skipped == 0 || strings.Contains(all, "searched deeply") {
		t.Errorf("%d links skipped: %q", tr.Method.Search.Skipped, all)
	}
}

// TestOrderDoesNotMatter reads the same lines from two files, in both orders:
// refusals of a masked host before and after the served requests that teach
// its mask.
func TestOrderDoesNotMatter(t *testing.T) {
	s := site{host: "mask.test", dir: true, text: func(ip string) string { return cutters["cidr"](ip, 3) }}
	var served, refused little
	served.audience(s, 40)
	for i := range 20 {
		ip := stranger(i)
		refused.get(s, s.link(fmt.Sprintf("/r/%d/a.ts", i), ip), ip, 403)                         // good, refused elsewhere
		refused.get(s, s.link(fmt.Sprintf("/q/%d/a.ts", i), stranger(i+1)), ip, 403)              // of another network
		refused.get(s, s.until(fmt.Sprintf("/o/%d/a.ts", i), ip, past), ip, 410)                  // late
		refused.get(s, site{dir: true}.link(fmt.Sprintf("/p/%d/a.ts", i), ip), ip, 403)           // signed whole
		refused.get(s, s.over(fmt.Sprintf("/t/%d/b/a.ts", i), "/t/", s.text(ip), later), ip, 403) // an ancestor
	}
	a, b := write(t, "a.log", served.text(entry.text)), write(t, "b.log", refused.text(entry.text))
	var texts []string
	for _, files := range [][]string{{a, b}, {b, a}} {
		tr := tryFiles(t, settings{files: files})
		tr.Input.Sources = nil
		texts = append(texts, asJSON(t, tr.Analysis))
	}
	if texts[0] != texts[1] {
		t.Errorf("the order of the files matters: %s", firstDifference(texts[0], texts[1]))
	}
}

// TestRefusedFirstThenServed: a link under a mask that is refused before
// anything else of its host is seen, and served right after.
func TestRefusedFirstThenServed(t *testing.T) {
	s := site{host: "mask.test", dir: true, text: func(ip string) string { return cutters["cidr"](ip, 3) }}
	var l little
	for i := range 40 {
		link := s.link(fmt.Sprintf("/v/%d/a.ts", i), stranger(i))
		l.get(s, link, stranger(i), 403)
		l.get(s, link, stranger(i), 200)
	}
	tr := l.try(t, settings{threads: 1})
	if c := tr.host(t, s.host); c.Status != finding.Verified || c.Verified != 40 {
		t.Errorf("%s, %d of %d tokens: %s", c.Status, c.Verified, c.Tokens, c.Reason)
	}
	tr.want(t, 2, "valid - - recomputed 20.1.7.0")
}

// TestHostColumn is found however plain the user agents are.
func TestHostColumn(t *testing.T) {
	var l little
	for _, s := range []site{folder, single} {
		for i := range 30 {
			l.add(entry{host: s.host, target: s.link(fmt.Sprintf("/c/%d/a.ts", i), home), ip: home, status: 200, agent: "player"})
		}
	}
	tr := l.try(t, settings{})
	if len(tr.Calibration) != 2 {
		t.Errorf("%d hosts, want 2: %+v", len(tr.Calibration), tr.Calibration)
	}
}

// TestOtherLinksOfTheClient: each file has a link of its own, and 40 viewers who came from another
// network are refused with ten each. The budget is for one link of each viewer, or for none: then
// the 30 links of the sample tell of their own viewers alone.
func TestOtherLinksOfTheClient(t *testing.T) {
	var l little
	l.audience(folder, 40)
	for n := range 10 {
		for v := range 40 {
			signed := stranger(v)
			if v == 39 {
				signed = "192.0.2.1" // nobody finds it
			}
			l.get(folder, folder.link(fmt.Sprintf("/v/%d/%d/seg1.ts", v, n), signed), fmt.Sprintf("2001:db8:ffff:%x::1", v), 403)
		}
	}
	for name, c := range map[string]struct{ budget, least, most int }{
		"one of each":     {40 << 14, 390, 390},
		"none but 30":     {0, 100, 300},
		"no bound at all": {500_000_000, 390, 390},
	} {
		tr := l.try(t, settings{recover: search.RecoverNear, tries: func(l *search.Limits) { l.Rest = c.budget }})
		s := tr.Method.Search
		if found := int(s.Found); found < c.least || found > c.most || found%10 != 0 || s.Found+s.Unresolved != 400 {
			t.Errorf("%s: search %+v, want %d to %d found, and all of a viewer's or none", name, s, c.least, c.most)
		}
	}
}

// TestRule04NetworksBesideAreSearched: where links are bound to the network of an IPv6 address, those beside it can be tried.
func TestRule04NetworksBesideAreSearched(t *testing.T) {
	const at = "2001:db8:77:1203::5"
	for _, c := range []struct {
		name   string
		length int
		signed string
		found  bool
	}{
		{"another /64 of the /56", 64, "2001:db8:77:12ff::", true},
		{"another /64 of the /48", 64, "2001:db8:77:ff00::", true},
		{"a /64 of another /48", 64, "2001:db8:78:1203::", false},
		{"another /56 of the /40", 56, "2001:db8:ff:ab00::", true},
	} {
		bound := folder
		bound.text = func(ip string) string {
			if a := netip.MustParseAddr(ip); a.Is6() {
				return netip.PrefixFrom(a, c.length).Masked().Addr().String()
			}
			return ip
		}
		var l little
		l.audience(bound, 40)
		l.audience6(bound, 40)
		for i := range 40 { // a mask shows where other addresses of a network are served
			ip := fmt.Sprintf("2001:db8:%x:7::1:5", i+1)
			l.get(bound, on("/crowd6/"+strconv.Itoa(i)+"/b.ts", bound.link(fmt.Sprintf("/crowd6/%d/a.ts", i), ip)), strings.Replace(ip, "1:5", "2:6", 1), 200)
		}
		line := l.get(bound, bound.link("/s/seg-1.ts", c.signed), at, 403)
		tr := l.try(t, settings{recover: search.RecoverNear})
		want := "unresolved_signature unresolved_signature - - -"
		if c.found {
			want = "ip_mismatch ip_mismatch - recomputed " + c.signed
		}
		t.Run(c.name, func(t *testing.T) { tr.want(t, line, want) })
	}
}
