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

const (
	home = "198.51.100.23"
	away = "198.51.100.77" // of the same /24
	far  = "192.0.2.99"
)

// TestMistakesOfTheSigner are hashes that hold for the observed address, in a
// way the host does not take.
func TestMistakesOfTheSigner(t *testing.T) {
	var l little
	l.audience(folder, 40)
	open := folder
	open.text = func(string) string { return "" }
	bare := l.get(folder, open.link("/v/1/seg-1.ts", home), home, 403)
	late := l.get(folder, open.until("/v/1/seg-1.ts", home, past), home, 403)
	cidr := folder
	cidr.text = func(ip string) string { return cutters["cidr"](ip, 3) }
	masked := l.get(folder, cidr.link("/v/1/seg-1.ts", home), home, 403)
	forged := l.get(folder, site{key: "not-the-key"}.link("/v/1/seg-1.ts", home), home, 403)
	tr := l.try(t, settings{})
	tr.want(t, bare, "unresolved_signature unresolved_signature signer:no_address recomputed -")
	tr.want(t, late, "unresolved_signature unresolved_signature signer:no_address recomputed -")
	tr.want(t, masked, "unresolved_signature unresolved_signature signer:masked recomputed 198.51.100.0")
	tr.want(t, forged, "unresolved_signature unresolved_signature - - -")
	if n := tr.Denials.ByDetail["unresolved_signature"]["signer:no_address"]; n != 2 {
		t.Errorf("details %v", tr.Denials.ByDetail)
	}
}

// TestRule02UnboundHost: its refusals cannot come from rotation.
func TestRule02UnboundHost(t *testing.T) {
	s := site{host: "open.test", dir: true, text: func(string) string { return "" }}
	var l little
	l.audience(s, 40)
	refused := l.movers(s, 40, "198.51.%d.10", "198.51.%d.99")
	l.publicLink(s, 6, 200)
	bound := l.get(s, site{dir: true}.link("/v/1/a.ts", home), home, 403)
	tr := l.try(t, settings{})
	tr.want(t, refused[0], "valid refused_elsewhere - recomputed -")
	tr.want(t, bound, "unresolved_signature unresolved_signature signer:address recomputed "+home)
	if c := tr.host(t, s.host); c.Policy.Binding != "none" || c.Status != finding.Verified {
		t.Errorf("%s, policy %+v", c.Status, c.Policy)
	}
	r := tr.advice(s.host, "ipv4")
	if r.Decision != finding.KeepCurrent || r.Prefix != nil || r.CurrentPrefix != nil || r.AffectedUsers != 0 || !strings.Contains(r.Reason, "carry no address") {
		t.Errorf("advice: %s", asJSON(t, r))
	}
	if len(tr.Users.Flagged) > 0 {
		t.Errorf("flagged: %+v", tr.Users.Flagged[0])
	}
}

// TestRule02PartlyUnbound: most links carry no address, those of one folder do, and
// its viewers are who the mask is about.
func TestRule02PartlyUnbound(t *testing.T) {
	s := site{host: "part.test", dir: true}
	open := s
	open.text = func(string) string { return "" }
	var l little
	for i := range 120 {
		ip := stranger(i)
		l.get(s, open.link(fmt.Sprintf("/free/%d/a.ts", i), ip), ip, 200)
	}
	l.audience(s, 40)
	refused := l.movers(s, 40, "198.51.%d.10", "198.51.%d.99")
	bare := l.get(s, open.link("/crowd/1/a.ts", home), home, 403)
	bound := l.get(s, s.link("/free/1/a.ts", home), home, 403)
	tr := l.try(t, settings{})
	tr.want(t, refused[0], "ip_mismatch ip_mismatch - recomputed 198.51.0.10")
	tr.want(t, bare, "unresolved_signature unresolved_signature signer:no_address recomputed -")
	tr.want(t, bound, "unresolved_signature unresolved_signature signer:address recomputed "+home)
	if r := tr.advice(s.host, "ipv4"); r.Decision != finding.Widen || *r.Prefix != 24 || r.AffectedUsers != 40 {
		t.Errorf("advice: %s", asJSON(t, r))
	}
}

// TestRule02FolderOfNetworks: a link signed for an address, as most are, in a folder where
// the edge hashes its network is right in path and address, but not in the mask.
func TestRule02FolderOfNetworks(t *testing.T) {
	s := site{host: "two.test", dir: true}
	cut := s
	cut.text = func(ip string) string { return ip[:strings.LastIndexByte(ip, '.')] + ".0" }
	var l little
	l.audience(s, 60)
	for i := range 20 {
		l.get(cut, cut.link(fmt.Sprintf("/net/%d/a.ts", i), stranger(100+i)), stranger(100+i), 200)
	}
	whole := l.get(s, s.link("/net/1/a.ts", home), home, 403)
	l.try(t, settings{}).want(t, whole, "unresolved_signature unresolved_signature signer:no_mask recomputed "+home)
}

// TestRule07Expiry draws the lines around the second of the deadline.
func TestRule07Expiry(t *testing.T) {
	at := 200 * time.Second
	due := noon.Add(at).Unix()
	for _, c := range []struct {
		name   string
		offset int64 // deadline − second of the log time
		status int
		took   time.Duration
		from   string // another address than the link was signed for
		want   string
	}{
		{"in its own second", 0, 200, 0, "", "valid - - recomputed"},
		{"in its own second, refused", 0, 403, 0, "", "expired expired at_expiry recomputed"},
		{"a second late", -1, 410, 0, "", "expired expired near_expiry recomputed"},
		{"a second late, another status", -1, 403, 0, "", "expired expired near_expiry recomputed"},
		{"two seconds late", -2, 403, 0, "", "expired expired near_expiry recomputed"},
		{"three seconds late", -3, 403, 0, "", "expired expired - recomputed"},
		{"a second early, refused", 1, 403, 0, "", "valid refused_elsewhere near_expiry recomputed"},
		{"three seconds early, refused", 3, 403, 0, "", "valid refused_elsewhere - recomputed"},
		{"a second early, served", 1, 200, 0, "", "valid - - recomputed"},
		{"two seconds late, served", -2, 200, 0, "", "expired - near_expiry recomputed"},
		{"a second early, elsewhere", 1, 403, 0, "198.51.100.77", "ip_mismatch ip_mismatch near_expiry recomputed"},
		{"a second late, elsewhere", -1, 403, 0, "198.51.100.77", "expired_ip_mismatch expired_ip_mismatch near_expiry recomputed"},
		{"an hour late", -3600, 410, 0, "", "expired expired - recomputed"},
		{"long download that began in time", -30, 200, 31 * time.Second, "", "valid - - recomputed"},
		{"410 a second early: clocks", 1, 410, 0, "", "expired expired at_expiry recomputed"},
		{"refusal that took across the second", -1, 410, 1500 * time.Millisecond, "", "expired expired at_expiry recomputed"},
		{"refusal that took across the second, with 403", -1, 403, 1500 * time.Millisecond, "", "expired expired at_expiry recomputed"},
		{"served across the second", -1, 200, 1500 * time.Millisecond, "", "valid - - recomputed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var l little
			l.audience(folder, 40)
			line := l.add(entry{host: folder.host, target: folder.until("/e/a.ts", home, due+c.offset), ip: cmp.Or(c.from, home), status: c.status, at: at, took: c.took})
			l.try(t, settings{}).want(t, line, c.want+" "+home)
		})
	}
}

// TestRule07ExpiredElsewhere: late and on another address; no mask would have saved it.
func TestRule07ExpiredElsewhere(t *testing.T) {
	var l little
	l.audience(folder, 40)
	for i := range 40 {
		ip := fmt.Sprintf("198.51.%d.10", i)
		l.get(folder, folder.until(fmt.Sprintf("/e/%d/a.ts", i), ip, past), fmt.Sprintf("198.51.%d.11", i), 403)
	}
	tr := l.try(t, settings{})
	tr.want(t, 41, "expired_ip_mismatch expired_ip_mismatch - recomputed 198.51.0.10")
	if r := tr.advice(folder.host, "ipv4"); r.AffectedUsers != 0 || r.Prefix != nil {
		t.Errorf("expired links count as affected: %s", asJSON(t, r))
	}
	if tr.Users.ByClass[finding.Unchanged] != 80 {
		t.Errorf("classes %v, want 80 unchanged", tr.Users.ByClass)
	}
}

// TestRule05EdgeCodes reads field 41 of Gcore's raw logs.
func TestRule05EdgeCodes(t *testing.T) {
	var l little
	l.audience(folder, 40)
	good, moved := folder.link("/g/a.ts", home), folder.link("/m/a.ts", away)
	gone := folder.until("/p/a.ts", home, past)
	add := func(target string, status, code, upstream int) int {
		return l.add(entry{host: folder.host, target: target, ip: home, status: status, code: code, upstream: upstream})
	}
	want := map[int]string{
		add(good, 403, 1001, 0): "valid refused_elsewhere country edge_code",
		add(good, 403, 1002, 0): "valid refused_elsewhere referer edge_code",
		add(good, 403, 1003, 0): "valid refused_elsewhere address edge_code",
		add(good, 403, 1004, 0): "valid refused_elsewhere user_agent edge_code",
		add(good, 403, 1007, 0): "valid refused_elsewhere waf edge_code",
		add(good, 403, 1009, 0): "valid refused_elsewhere bot edge_code",
		add(good, 403, 1203, 0): "valid refused_elsewhere shield edge_code",
		add(good, 403, 0, 403):  "valid refused_elsewhere origin recomputed",
		add(good, 410, 0, 410):  "valid refused_elsewhere origin recomputed",
		add(good, 403, 0, 200):  "valid refused_elsewhere - recomputed",
		add(good, 403, 0, 0):    "valid refused_elsewhere - recomputed",
		add(good, 403, 1005, 0): "valid refused_elsewhere token_denied recomputed", // disagrees
		add(gone, 410, 1006, 0): "expired expired - recomputed",
		add(gone, 403, 1005, 0): "expired expired - recomputed", // disagrees
	}
	foreign := map[int]string{
		add(moved, 403, 1005, 0): "ip_mismatch ip_mismatch - recomputed",
		add(moved, 403, 1001, 0): "ip_mismatch refused_elsewhere country edge_code",
		add(moved, 410, 1006, 0): "ip_mismatch ip_mismatch - recomputed", // disagrees
	}
	bare := add("/g/a.ts", 403, 1002, 0)
	served := folder.link("/h/a.ts", home) // its only refusal is the country's
	add(served, 200, 0, 0)
	add(served, 403, 1001, 0)
	tr := l.tryGcore(t, settings{})
	for line, w := range want {
		tr.want(t, line, w+" "+home)
	}
	for line, w := range foreign {
		tr.want(t, line, w+" "+away)
	}
	tr.want(t, bare, "unsigned refused_elsewhere referer edge_code -")
	if tr.Denials.Disagreements != 3 {
		t.Errorf("%d disagreements, want 3", tr.Denials.Disagreements)
	}
	if n := tr.scalar(t, `SELECT count(*) FROM tokens WHERE signed_ip IS NOT NULL AND basis <> 'recomputed'`); n > 0 {
		t.Errorf("%d signing addresses are not said to be recomputed, though a hash was reproduced for each", n)
	}
}

// TestNetworkOfTwoOperators: one of them must not stand for both, and not at random.
func TestNetworkOfTwoOperators(t *testing.T) {
	var l little
	l.audience(folder, 40)
	for i := range 12 {
		l.add(entry{host: folder.host, target: folder.link("/m/a.ts", away), ip: fmt.Sprintf("198.51.7.%d", i), status: 403, asn: 64501 + i%2})
	}
	tr := l.tryGcore(t, settings{})
	if n := tr.Denials.Networks; len(n) != 1 || n[0].ASN != nil {
		t.Errorf("networks %s, want one /16 without an operator", asJSON(t, n))
	}
}

// TestWithoutAKey says what can be said, and that it is inferred.
func TestWithoutAKey(t *testing.T) {
	var l little
	l.audience(folder, 40)
	link := folder.link("/v/seg-1.ts", home)
	served := l.get(folder, link, home, 200)
	moved := l.get(folder, on("/v/seg-2.ts", link), away, 403)
	same := l.get(folder, on("/v/seg-2.ts", link), home, 403)
	alone := l.get(folder, folder.link("/w/seg-1.ts", far), away, 403)
	late := l.get(folder, folder.until("/x/seg-1.ts", home, past), home, 410)
	late403 := l.get(folder, folder.until("/x/seg-1.ts", home, past-1), home, 403)
	broken := l.get(folder, "/v/seg-1.ts?md5=tooshort&expires=1", home, 403)
	bare := l.get(folder, "/v/seg-1.ts", home, 403)
	now := noon.Unix() + 100
	just := l.add(entry{host: folder.host, target: folder.until("/n/seg-1.ts", home, now-2), ip: home, status: 410, at: 100 * time.Second})
	second := l.add(entry{host: folder.host, target: folder.until("/m/seg-1.ts", home, now), ip: home, status: 410, at: 100 * time.Second})
	third := l.add(entry{host: folder.host, target: folder.until("/o/seg-1.ts", home, now-3), ip: home, status: 410, at: 100 * time.Second})
	tr := l.try(t, settings{noKey: true})
	tr.want(t, just, "expired expired near_expiry inferred -")
	tr.want(t, second, "expired expired near_expiry inferred -")
	tr.want(t, third, "expired expired - inferred -")
	tr.want(t, served, "unchecked - - - "+home)
	tr.want(t, moved, "ip_mismatch ip_mismatch - inferred "+home)
	tr.want(t, same, "unchecked unchecked - - "+home)
	tr.want(t, alone, "unchecked unchecked - - -")
	tr.want(t, late, "expired expired - inferred -")
	tr.want(t, late403, "expired expired - inferred -")
	tr.want(t, broken, "malformed malformed bad_md5 - -")
	if n := tr.scalar(t, `SELECT count(*) FROM tokens WHERE scope = ''`); n != 0 {
		t.Errorf("%d tokens with an empty scope, want NULL where it is not known", n)
	}
	tr.want(t, bare, "unsigned unsigned - - -")
	if c := tr.host(t, folder.host); c.Status != finding.NotChecked || !strings.Contains(c.Reason, "no key") {
		t.Errorf("%s: %s", c.Status, c.Reason)
	}
	if got, want := fmt.Sprint(tr.Denials.Inferred), "map[expired:5 ip_mismatch:1]"; got != want {
		t.Errorf("inferred %s, want %s", got, want)
	}
}

// TestAnEdgeThatAcceptsNothing refuses all links of a signer that forgot the address, or
// hashed another path. Its code 1005 says that the hash is wrong (Gcore documentation,
// "Logs uploader"); without a code nobody knows that. The report says either.
func TestAnEdgeThatAcceptsNothing(t *testing.T) {
	for name, s := range map[string]site{
		"no address": {host: "cdn.test", dir: true, text: func(string) string { return "" }},
		"the file":   {host: "cdn.test"},
	} {
		t.Run(name, func(t *testing.T) {
			refuse := func(code int) *little {
				var l little
				for i := range 40 {
					l.add(entry{host: s.host, target: s.link(fmt.Sprintf("/v%d/a.ts", i), stranger(i)), ip: stranger(i), status: 403, code: code})
				}
				l.add(entry{host: s.host, target: s.link("/v0/a.ts", stranger(0)), ip: stranger(0), status: 204, method: "OPTIONS"}) // a preflight tells nothing
				return &l
			}
			tr := refuse(1005).tryGcore(t, settings{})
			tr.want(t, 1, "unresolved_signature unresolved_signature - - -")
			if said := strings.Join(tr.Warnings, " "); tr.Denials.Disagreements != 0 || !strings.Contains(said, "40 refusals of links whose hash reproduces, but the edge's own code (1005) says that it is wrong") {
				t.Errorf("%d disagreements; %q", tr.Denials.Disagreements, said)
			}
			r := tr.advice(s.host, "ipv4")
			if r.Decision == finding.Widen || strings.Contains(r.Reason, "carry no address") || strings.Contains(r.Reason, "another rule") {
				t.Errorf("%s: %s", r.Decision, r.Reason)
			}
			tr = refuse(0).tryGcore(t, settings{})
			if said := strings.Join(tr.Warnings, " "); tr.Denials.ByCause["refused_elsewhere"] != 40 || !strings.Contains(said, "it accepted no link, so what its edge hashes is taken from refused ones: 40 refusals") {
				t.Errorf("%v: %q", tr.Denials.ByCause, said)
			}
		})
	}
}

// TestAnEdgeThatCutsAddressesAlone: since a mask was set on the edge and not in the signer, it accepts nothing. 40 viewers
// ask from the address of their link, and some from another one of their /16 then: no mask is advised for these unless
// fewer than half were refused at home, too.
func TestAnEdgeThatCutsAddressesAlone(t *testing.T) {
	const said = "refused at the address of their link, too, and no link was accepted: the edge seems to hash something else"
	for _, c := range []struct {
		atHome int // of the 40 who move
		shut   bool
	}{{40, true}, {20, true}, {19, false}} {
		for _, code := range []int{0, 1005} {
			var l little
			for i := range 40 {
				path, home, away := fmt.Sprintf("/v%d/", i), fmt.Sprintf("%d.%d.7.9", 60+i, i), fmt.Sprintf("%d.%d.90.9", 60+i, i)
				link := folder.link(path+"index.m3u8", home)
				if i < c.atHome {
					l.add(entry{host: folder.host, target: link, ip: home, status: 403, code: code})
				}
				l.add(entry{host: folder.host, target: on(path+"seg-1.ts", link), ip: away, status: 403, code: code, at: time.Duration(60+i) * time.Second})
			}
			slices.SortStableFunc(l.entries, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
			r := l.tryGcore(t, settings{}).advice(folder.host, "ipv4")
			if shut := strings.Contains(r.Reason, said); shut != c.shut || shut != (r.Decision == finding.InsufficientEvidence && r.Remedy == finding.AlignEdge) || r.AffectedUsers != 40 {
				t.Errorf("%d at home, code %d: %d users, %s: %s", c.atHome, code, r.AffectedUsers, r.Decision, r.Reason)
			}
		}
	}
}

// TestRule05WithoutAKeyTheCodeCounts: 1005 says that the hash failed, so the link is
// not refused for its age alone, however late it is.
func TestRule05WithoutAKeyTheCodeCounts(t *testing.T) {
	var l little
	l.audience(folder, 40)
	wrong := l.add(entry{host: folder.host, target: folder.until("/x/a.ts", home, past), ip: home, status: 403, code: 1005})
	late := l.add(entry{host: folder.host, target: folder.until("/y/a.ts", home, past), ip: home, status: 410, code: 1006})
	l.add(entry{host: folder.host, target: folder.until("/v/a.ts", home, past), ip: home, status: 200, at: -2 * time.Hour})
	moved := l.add(entry{host: folder.host, target: folder.until("/v/a.ts", home, past), ip: away, status: 403, code: 1005})
	country := l.add(entry{host: folder.host, target: folder.link("/z/a.ts", home), ip: home, status: 403, code: 1001})
	tr := l.tryGcore(t, settings{noKey: true})
	tr.want(t, wrong, "unchecked unchecked - - -")
	tr.want(t, late, "expired expired - edge_code -")
	tr.want(t, moved, "expired_ip_mismatch expired_ip_mismatch - inferred "+home)
	tr.want(t, country, "unchecked refused_elsewhere country edge_code -")
}

// TestRule08RetriesAreOne: the same refusal within half a minute is one, for users
// who are judged as for users who are only counted.
func TestRule08RetriesAreOne(t *testing.T) {
	var l little
	l.audience(folder, 40)
	link, gone := folder.link("/v/seg-1.ts", home), folder.until("/x/seg-1.ts", home, past)
	l.get(folder, link, home, 200)
	for _, seconds := range []int{100, 105, 110, 131, 200} { // windows from 100, 131 and 200 on
		l.add(entry{host: folder.host, target: on("/v/seg-2.ts", link), ip: away, status: 403, at: time.Duration(seconds) * time.Second})
		l.add(entry{host: folder.host, target: gone, ip: home, status: 410, at: time.Duration(seconds) * time.Second})
	}
	tr := l.try(t, settings{})
	const of = `SELECT refusals FROM users JOIN (SELECT DISTINCT user_id, path FROM requests) USING (user_id) WHERE path = ?`
	if n := tr.scalar(t, of, "/v/seg-2.ts"); n != 3 {
		t.Errorf("the rotating user was refused %d times, want 3", n)
	}
	if n := tr.scalar(t, of, "/x/seg-1.ts"); n != 3 {
		t.Errorf("the user of the expired link was refused %d times, want 3", n)
	}
	if n := tr.scalar(t, `SELECT ip_mismatches FROM users WHERE class = 'rotating'`); n != 3 {
		t.Errorf("%d mismatches, want 3", n)
	}
}

// TestRule12InterruptedAlike: served with a new link within ten seconds of a refused
// token is recovered, later or with the old link is not; after a refusal that the token
// was no reason for, the old link will do: for users who are judged as for users who are
// only counted. An expired link that is served once more stands for clocks that differ.
func TestRule12InterruptedAlike(t *testing.T) {
	for _, c := range []struct {
		name              string
		after             time.Duration
		renewed           bool
		faulty, faultless int64 // interrupted users
	}{
		{"old link", 9 * time.Second, false, 1, 0},
		{"new link", 9 * time.Second, true, 0, 0},
		{"old link, late", 25 * time.Second, false, 1, 1},
		{"new link, late", 25 * time.Second, true, 1, 1},
	} {
		var l little
		l.audience(folder, 300)
		at := 1000 * time.Second
		for _, u := range []struct {
			name, link, home, away string
		}{
			{"judged", folder.link("/v/seg-1.ts", home), home, away},
			{"expired", folder.until("/w/seg-1.ts", far, noon.Add(at).Unix()-5), far, far},
			{"elsewhere", folder.link("/x/seg-1.ts", "192.0.2.7"), "192.0.2.7", "192.0.2.7"},
		} {
			next := u.link
			if c.renewed {
				next = folder.until("/n/seg-1.ts", u.home, noon.Unix()+86400)
			}
			l.add(entry{host: folder.host, target: u.link + "&u=" + u.name, ip: u.home, status: 200, at: at - 20*time.Second})
			l.add(entry{host: folder.host, target: u.link + "&u=" + u.name, ip: u.away, status: 403, at: at})
			l.add(entry{host: folder.host, target: next + "&u=" + u.name, ip: u.home, status: 200, at: at + c.after})
		}
		tr := l.try(t, settings{user: "query:u"})
		for dir, want := range map[string]string{"/v/": fmt.Sprint("rotating 2 of 3, ", c.faulty), "/w/": fmt.Sprint("unchanged 2 of 3, ", c.faulty), "/x/": fmt.Sprint("unchanged 2 of 3, ", c.faultless)} {
			var got string
			if err := tr.store.DB.QueryRow(`SELECT any_value(class) || ' ' || count(*) FILTER (status = 200) || ' of ' || count(*) || ', ' || any_value(interrupted)::INT
				FROM users JOIN requests USING (user_id) WHERE user_id IN (SELECT user_id FROM requests WHERE path LIKE ? || '%')`, dir).Scan(&got); err != nil || got != want {
				t.Errorf("%s after %v: the user in %s is %s, %v, want %s", c.name, c.after, dir, got, err, want)
			}
		}
	}
}
