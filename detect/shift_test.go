package detect_test

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/detect/search"
	"ipdrift/token"
)

// switched is a log in which links are bound one way before the signer changes, and taken so before the edge does.
type switched struct {
	little
	old, new     site
	signer, edge time.Duration
}

// ask adds a request for a link that was made at one time, for a viewer of his own, and asked for at another, from
// the address that move makes of his. It returns its line and what the link was signed for.
func (w *switched) ask(viewer int, made, at time.Duration, move func(string) string) (int, string) {
	home := stranger(viewer)
	s, edge := w.old, w.old
	if made >= w.signer {
		s = w.new
	}
	if at >= w.edge {
		edge = w.new
	}
	e := entry{host: s.host, target: s.link(fmt.Sprintf("/film/%d/a.ts", viewer), home), ip: move(home), status: 200, at: at + time.Second}
	if s.hashed(home) != edge.hashed(e.ip) {
		e.status = 403
	}
	return w.add(e), s.hashed(home)
}

func stay(ip string) string   { return ip }
func beside(ip string) string { return strings.TrimSuffix(ip, ".9") + ".77" }
func apart(ip string) string  { return strings.TrimSuffix(ip, ".7.9") + ".99.9" }

// TestRule02TheBindingChanges within a log: each link is judged by its own binding, those of the other one are
// their signer's mistake while the edge does not take them, and the decision is about the one in force.
func TestRule02TheBindingChanges(t *testing.T) {
	const mistake = "unresolved_signature unresolved_signature signer:"
	whole, cut := site{host: "mask.test", dir: true}, site{host: "mask.test", dir: true, text: cutAt(24)}
	wholeFile, cutFile := site{host: "mask.test"}, site{host: "mask.test", text: cutAt(24)}
	for name, c := range map[string]struct {
		old, new site
		signer   time.Duration
		edge     time.Duration
		says     string
		late     string // a viewer who came before the change, and again after it
		early    string // one whose link the edge did not take yet
		current  int
		affected int64
		mended   int64 // moved within the /24 before the change
	}{
		"to a /24": {whole, cut, time.Hour, time.Hour, "bound to a /24 (form network) on IPv4 since 2026-11-01 13:00:01 UTC, and were bound to the whole address before",
			mistake + "no_mask", "", 24, 20, 10}, // who moved within the /24 would not be refused any more
		"to the whole address": {cut, whole, time.Hour, time.Hour, "bound to the whole address on IPv4 since 2026-11-01 13:00:01 UTC, and were bound to a /24 (form network) before",
			mistake + "masked", "", 32, 30, 0},
		"the signer first": {whole, cut, 55 * time.Minute, time.Hour, "bound to a /24 (form network) on IPv4 since 2026-11-01 13:00:01 UTC",
			mistake + "no_mask", mistake + "masked", 24, 20, 10},
		"the signer first, over files": {wholeFile, cutFile, 55 * time.Minute, time.Hour, "bound to a /24 (form network) on IPv4 since 2026-11-01 13:00:01 UTC",
			mistake + "no_mask", mistake + "masked", 24, 20, 10},
		"near the end of the log": {whole, cut, 104 * time.Minute, 104 * time.Minute, "bound to a /24 (form network) on IPv4 since 2026-11-01 13:44:01 UTC",
			mistake + "no_mask", "", 24, 20, 20},
	} {
		t.Run(name, func(t *testing.T) {
			w := switched{old: c.old, new: c.new, signer: c.signer, edge: c.edge}
			type claim struct {
				line int
				want string
			}
			var claims []claim
			for i := range 500 {
				w.ask(1000+i, time.Minute, time.Minute, stay)
			}
			for i := range 240 { // a viewer every 30 s, and ten minutes later once more
				at := time.Duration(i) * 30 * time.Second
				line, signed := w.ask(i, at, at, stay)
				if at >= w.signer && at < w.edge {
					claims = append(claims, claim{line, c.early + " recomputed " + signed})
				}
				if line, signed = w.ask(i, at, at+10*time.Minute, stay); at < w.signer && at+10*time.Minute >= w.edge {
					claims = append(claims, claim{line, c.late + " recomputed " + signed})
				}
			}
			for i := range 20 {
				viewer, move := 300+i, []func(string) string{beside, apart}[i%2]
				for _, at := range []time.Duration{20 * time.Minute, 90 * time.Minute} {
					w.ask(viewer, at, at, stay)
					line, signed := w.ask(viewer, at, at+20*time.Second, move)
					if w.entries[line-1].status == 403 {
						claims = append(claims, claim{line, "ip_mismatch ip_mismatch - recomputed " + signed})
					}
					viewer += 100
				}
			}
			line, signed := w.ask(600, 20*time.Minute, 21*time.Minute, apart) // never served
			claims = append(claims, claim{line, "ip_mismatch ip_mismatch - recomputed " + signed})
			line, signed = w.ask(601, 129*time.Minute, 129*time.Minute, stay) // by another rule
			w.entries[line-1].status = 403
			claims = append(claims, claim{line, "valid refused_elsewhere - recomputed " + signed})
			for _, tr := range []*trial{
				w.try(t, settings{recover: search.RecoverNear, twice: true}),
				w.grow(t, func(int) settings { return settings{recover: search.RecoverNear} }, len(w.entries)/3, len(w.entries)*2/3),
				// What is stated is so since the change, or was until then.
				w.try(t, settings{recover: search.RecoverNear, stated: token.Resource{Bind4: &token.Binding{Kind: token.BindMask, Prefix: 24}}}),
				w.try(t, settings{recover: search.RecoverNear, stated: token.Resource{Bind4: &token.Binding{}}}),
			} {
				for _, one := range claims {
					tr.want(t, one.line, one.want)
				}
				if n := tr.Denials.Total; n != int64(len(claims)) {
					t.Errorf("%d refusals, want %d", n, len(claims))
				}
				if n := tr.scalar(t, `SELECT count(*) FROM requests WHERE status = 200 AND verdict <> 'valid'`); n > 0 {
					t.Errorf("%d served requests are not valid", n)
				}
				if said := strings.Join(tr.Warnings, "\n"); !strings.Contains(said, c.says) {
					t.Errorf("want %q in\n%s", c.says, said)
				}
				if r := tr.advice("mask.test", "ipv4"); orZero(r.CurrentPrefix) != c.current || r.AffectedUsers != c.affected+1 {
					t.Errorf("/%d today, %d users affected, want /%d and %d", orZero(r.CurrentPrefix), r.AffectedUsers, c.current, c.affected+1)
				} else if said := strings.Contains(strings.Join(r.Caveats, "\n"), fmt.Sprintf("%d users are not counted: refused as links were bound before, and let through by a /24", c.mended)); r.MendedUsers != c.mended || said != (c.mended > 0) {
					t.Errorf("%d users mended, want %d; %q", r.MendedUsers, c.mended, r.Caveats)
				}
			}
		})
	}
}

// TestRule02TwoBindings that are in use at the same time are named, by folder where each has its own, and are no change;
// nor is a folder that ends as another one begins.
func TestRule02TwoBindings(t *testing.T) {
	whole, cut := site{host: "mask.test", dir: true}, site{host: "mask.test", dir: true, text: cutAt(24)}
	for name, c := range map[string]struct {
		where func(i int) (site, string) // of the links of 200 viewers, one after the other
		says  string
	}{
		"by folder": {func(i int) (site, string) {
			if i%3 == 0 {
				return cut, fmt.Sprintf("/vod/%d/a.ts", i)
			}
			return whole, fmt.Sprintf("/live/%d/a.ts", i)
		}, "mask.test: links are bound to the whole address below /live/ and to a /24 (form network) below /vod/ on IPv4: each link"},
		"one folder after the other": {func(i int) (site, string) {
			if i > 150 {
				return cut, fmt.Sprintf("/vod/%d/a.ts", i)
			}
			return whole, fmt.Sprintf("/live/%d/a.ts", i)
		}, "mask.test: links are bound to the whole address below /live/ and to a /24 (form network) below /vod/ on IPv4: each link"},
		"a test of the new one": {func(i int) (site, string) {
			if i >= 180 {
				return cut, fmt.Sprintf("/film/%d/a.ts", i)
			}
			return whole, fmt.Sprintf("/film/%d/a.ts", i)
		}, "mask.test: links are bound to the whole address and to a /24 (form network) on IPv4: each link"},
		"two signers": {func(i int) (site, string) {
			return []site{whole, whole, cut}[i%3], fmt.Sprintf("/film/%d/a.ts", i)
		}, "mask.test: links are bound to the whole address and to a /24 (form network) on IPv4: each link"},
	} {
		t.Run(name, func(t *testing.T) {
			var l little
			refused := map[int]string{}
			for i := range 200 {
				s, path := c.where(i)
				link := s.link(path, stranger(i))
				l.get(s, link, stranger(i), 200)
				if i%5 == 0 {
					refused[l.get(s, link, apart(stranger(i)), 403)] = s.hashed(stranger(i))
				}
			}
			tr := l.try(t, settings{})
			for line, signed := range refused {
				tr.want(t, line, "ip_mismatch ip_mismatch - recomputed "+signed)
			}
			if said := strings.Join(tr.Warnings, "\n"); !strings.Contains(said, c.says) || strings.Contains(said, "since") {
				t.Errorf("want %q in\n%s", c.says, said)
			}
			if p := tr.host(t, "mask.test").Policy; p.Binding != "address" {
				t.Errorf("policy %+v", p)
			}
		})
	}
	var l little // what is stated needs no word, where both are in use
	for i := range 60 {
		for n, s := range []site{whole, cut} {
			ip := stranger(2*i + n)
			l.get(s, s.link("/film/a.ts", ip), ip, 200)
		}
	}
	tr := l.try(t, settings{stated: token.Resource{Bind4: &token.Binding{}}})
	if said := strings.Join(tr.Warnings, "\n"); strings.Contains(said, "each link is judged") {
		t.Errorf("%s", said)
	}
}

// TestRule02TheBindingChangesTwice: each change is said, and links of before are their signer's mistake, also where one
// goes back, and where viewers ask so often that all old links are refused at once.
func TestRule02TheBindingChangesTwice(t *testing.T) {
	site24, site16, whole := site{host: "mask.test", dir: true, text: cutAt(24)}, site{host: "mask.test", dir: true, text: cutAt(16)}, site{host: "mask.test", dir: true}
	for name, c := range map[string]struct {
		sites   [3]site
		says    string    // of the last binding, which began at 14:00
		details [2]string // of links that were made before a change, and asked for after it
	}{
		"wider twice": {[3]site{whole, site24, site16}, "bound to a /16 (form network) on IPv4", [2]string{"no_mask", "masked"}},
		"and back":    {[3]site{whole, site24, whole}, "bound to the whole address on IPv4", [2]string{"no_mask", "masked"}},
	} {
		t.Run(name, func(t *testing.T) {
			var l little
			claims := map[int]string{}
			for i := range 360 { // a viewer every 30 s, who asks again every 20 s for five minutes
				home, made := stranger(i), i/120
				link := c.sites[made].link(fmt.Sprintf("/film/%d/a.ts", i), home)
				for n := range 15 {
					at := 30*i + 20*n
					e := entry{host: "mask.test", target: link, ip: home, status: 200, at: time.Duration(at+1) * time.Second}
					now := min(at/3600, 2)
					if now != made {
						e.status = 403
					}
					if line := l.add(e); now != made {
						claims[line] = "unresolved_signature unresolved_signature signer:" + c.details[made] + " recomputed " + c.sites[made].hashed(home)
					}
				}
			}
			tr := l.try(t, settings{})
			for line, want := range claims {
				tr.want(t, line, want)
			}
			says := regexp.MustCompile(regexp.QuoteMeta(c.says) + ` since 2026-11-01 14:00:\d\d UTC, to a /24 \(form network\) since 2026-11-01 13:00:\d\d UTC, and were bound to the whole address before`)
			if said := strings.Join(tr.Warnings, "\n"); len(claims) == 0 || !says.MatchString(said) {
				t.Errorf("%d claims; want %s in\n%s", len(claims), says, said)
			}
		})
	}
}

// TestAViewerReloadsBeforeTheBindingChanges: 10 viewers who are refused at another address of their /16 load the page again
// there within 20 s, before links were bound to a /24 and since, among 80 others. Each counts once.
func TestAViewerReloadsBeforeTheBindingChanges(t *testing.T) {
	whole, cut := site{host: "mask.test", dir: true}, site{host: "mask.test", dir: true, text: cutAt(24)}
	w := &switched{old: whole, new: cut, signer: time.Hour, edge: time.Hour}
	for i := range 80 {
		at := time.Duration(i) * 90 * time.Second
		w.ask(i, at, at, stay)
	}
	for i := range 20 {
		s, at, home := whole, time.Duration(i)*3*time.Minute, stranger(200+i)
		if i >= 10 {
			s, at = cut, at+40*time.Minute
		}
		away, path := apart(home), fmt.Sprintf("/reload/%d/", i)
		first, second := s.link(path+"index.m3u8", home), s.link(path+"index.m3u8", away)
		for _, e := range []entry{
			{target: first, ip: home, status: 200, at: 1}, {target: on(path+"seg-1.ts", first), ip: home, status: 200, at: 4},
			{target: on(path+"seg-2.ts", first), ip: away, status: 403, at: 8}, {target: second, ip: away, status: 200, at: 28}, {target: on(path+"seg-2.ts", second), ip: away, status: 200, at: 29},
		} {
			e.host, e.at = s.host, at+e.at*time.Second
			w.add(e)
		}
	}
	slices.SortStableFunc(w.entries, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
	if tr := w.try(t, settings{}); tr.Users.Total != 100 || tr.Users.ByClass[finding.Rotating] != 20 || !strings.Contains(strings.Join(tr.Warnings, " "), "were bound to the whole address before") {
		t.Errorf("%d users %v, want 100, of them 20 rotating; %q", tr.Users.Total, tr.Users.ByClass, tr.Warnings)
	}
}
