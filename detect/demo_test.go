package detect_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"ipdrift/detect/finding"
	"ipdrift/testdata/nginx/demo"
)

const nginx = "../testdata/nginx/"

// play is one line of the demo log, with the truth about it.
type play struct {
	host, status, verdict, scenario string
	client, signed                  netip.Addr
	link, agent                     string // query string and user agent, as logged
}

func demoTruth(t testing.TB) (plays []play) {
	t.Helper()
	lines, truth := demo.Read(t, nginx)
	for i, row := range truth {
		quoted := strings.Split(lines[i], `"`)
		_, link, _ := strings.Cut(strings.Fields(quoted[1])[1], "?")
		plays = append(plays, play{
			host: row[1], status: row[2], verdict: row[4], scenario: row[5],
			client: netip.MustParseAddr(row[7]), signed: netip.MustParseAddr(row[8]), link: link, agent: quoted[5],
		})
	}
	if len(plays) != 12880 {
		t.Fatalf("%d lines in the truth, want 12880", len(plays))
	}
	return plays
}

func tryDemo(t testing.TB, threads int) *trial {
	t.Helper()
	return tryFiles(t, settings{
		keys: map[string]string{"": demo.Key(t, nginx)}, threads: threads, files: []string{nginx + "video-demo.log.gz"}, user: "token",
	})
}

// cause is what column cause holds for a line.
func (p play) cause() string {
	switch {
	case p.status != "403" && p.status != "410":
		return "-"
	case p.verdict == "valid":
		return "refused_elsewhere"
	}
	return p.verdict
}

// signedText is what column signed_ip holds: the address that was hashed.
func (p play) signedText(t testing.TB) string {
	switch {
	case p.verdict == "malformed", p.host == "open.example.com":
		return "-"
	case p.host == "masked.example.com":
		net, err := p.signed.Prefix(24)
		if err != nil {
			t.Fatal(err)
		}
		return net.Addr().String()
	}
	return p.signed.String()
}

func TestDemoLineByLine(t *testing.T) {
	plays, tr := demoTruth(t), tryDemo(t, 2)
	if len(tr.rows) != len(plays) {
		t.Fatalf("%d requests, %d lines of truth", len(tr.rows), len(plays))
	}
	wrong := 0
	for i, p := range plays {
		got := tr.rows[i]
		if want := p.signedText(t); got.host == p.host && got.verdict == p.verdict && got.cause == p.cause() && got.signed == want {
			continue
		}
		if wrong++; wrong <= 10 {
			t.Errorf("line %d, %s, %s: %s, want %s %s … %s", i+1, p.host, p.scenario, got, p.verdict, p.cause(), p.signedText(t))
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d lines are wrong", wrong, len(plays))
	}
}

// viewing is one user: a link under one user agent.
type viewing struct{ host, link, agent string }

// story is what happened to a user.
type story struct {
	served, shared bool
	family         string
	refused        []int // bits in common with the signing address, of each unexpired mismatch
}

// stories tells every user's, from the truth alone.
func stories(t testing.TB, plays []play) map[viewing]*story {
	out := map[viewing]*story{}
	for _, p := range plays {
		if p.verdict == "malformed" {
			continue
		}
		id := viewing{p.host, p.link, p.agent}
		s := out[id]
		if s == nil {
			s = &story{family: "ipv4", shared: p.scenario == "shared_link" && p.host == "share.example.com"}
			if p.signed.Is6() {
				s.family = "ipv6"
			}
			out[id] = s
		}
		s.served = s.served || p.status == "200"
		if p.verdict == "ip_mismatch" {
			from, err := netip.ParseAddr(p.signedText(t))
			if err != nil {
				t.Fatal(err)
			}
			s.refused = append(s.refused, inCommon(from, p.client))
		}
	}
	return out
}

// inCommon counts leading bits, one by one; -1 across families.
func inCommon(a, b netip.Addr) int {
	if a.BitLen() != b.BitLen() {
		return -1
	}
	x, y := a.AsSlice(), b.AsSlice()
	for n := range a.BitLen() {
		if (x[n/8]^y[n/8])>>(7-n%8)&1 == 1 {
			return n
		}
	}
	return a.BitLen()
}

func (s *story) class() finding.Class {
	switch {
	case s.shared:
		return finding.ManyNetworks
	case len(s.refused) == 0:
		return finding.Unchanged
	case s.served:
		return finding.Rotating
	}
	return finding.FirstRequest
}

func TestDemoClasses(t *testing.T) {
	plays, tr := demoTruth(t), tryDemo(t, 1)
	want := map[finding.Class]int64{}
	for _, s := range stories(t, plays) {
		want[s.class()]++
	}
	if fmt.Sprint(tr.Users.ByClass) != fmt.Sprint(want) {
		t.Errorf("classes %v, want %v", tr.Users.ByClass, want)
	}
	if n := want[finding.Rotating] + want[finding.FirstRequest]; n < 150 {
		t.Errorf("the truth has %d affected users only", n)
	}
	for _, c := range tr.Calibration {
		if c.Status != finding.Verified || c.Tokens != c.Verified {
			t.Errorf("%s: %s, %d of %d tokens", c.Host, c.Status, c.Verified, c.Tokens)
		}
	}
}

// TestDemoDecisions counts affected and accepted users by hand.
func TestDemoDecisions(t *testing.T) {
	plays, tr := demoTruth(t), tryDemo(t, 2)
	all := stories(t, plays)
	for _, c := range []struct {
		host, family       string
		decision           finding.Decision
		prefix, now        int // 0: nil
		affected, accepted int64
	}{
		{"video.example.com", "ipv4", finding.Widen, 16, 32, 116, 112},
		{"video.example.com", "ipv6", finding.Widen, 64, 128, 50, 47},
		{"masked.example.com", "ipv4", finding.Widen, 16, 24, 55, 52},
		{"open.example.com", "ipv4", finding.KeepCurrent, 0, 0, 0, 0},
		{"share.example.com", "ipv4", finding.KeepCurrent, 0, 32, 0, 0},
		{"files.example.com", "ipv4", finding.KeepCurrent, 0, 32, 0, 0},
		{"files.example.com", "ipv6", finding.KeepCurrent, 0, 128, 0, 0},
	} {
		var affected, accepted int64
		for id, s := range all {
			if id.host != c.host || s.family != c.family || len(s.refused) == 0 || s.shared {
				continue
			}
			affected++
			if ok := c.prefix > 0; ok && !containsBelow(s.refused, c.prefix) {
				accepted++
			}
		}
		if affected != c.affected || accepted != c.accepted {
			t.Errorf("%s %s: the truth has %d of %d, want %d of %d", c.host, c.family, accepted, affected, c.accepted, c.affected)
		}
		r := tr.advice(c.host, c.family)
		if r == nil {
			t.Errorf("no recommendation for %s %s", c.host, c.family)
			continue
		}
		if r.Decision != c.decision || orZero(r.Prefix) != c.prefix || orZero(r.CurrentPrefix) != c.now || r.AffectedUsers != c.affected || r.Accepted.Users != c.accepted {
			t.Errorf("%s %s: %s /%d, now /%d, %d of %d users; want %+v", c.host, c.family, r.Decision, orZero(r.Prefix), orZero(r.CurrentPrefix), r.Accepted.Users, r.AffectedUsers, c)
		}
	}
	if n := len(tr.Recommendations); n != 7 {
		t.Errorf("%d recommendations, want one for each host and family seen: 7", n)
	}
	if r := tr.advice("open.example.com", "ipv4"); r != nil && !strings.Contains(r.Reason, "carry no address") {
		t.Errorf("the reason does not say that links are unbound: %s", r.Reason)
	}
	if r := tr.advice("share.example.com", "ipv4"); r != nil && (r.SharedLinks != 5 || r.ManyNetworksUsers == 0) {
		t.Errorf("%d shared links, %d users on them; want 5 links", r.SharedLinks, r.ManyNetworksUsers)
	}
}

func containsBelow(common []int, prefix int) bool {
	for _, n := range common {
		if n < prefix {
			return true
		}
	}
	return false
}

func orZero(p *int) int {
	if p == nil {
		return 0
	}
	return *p
}

func TestDemoSameWithAnyThreads(t *testing.T) {
	one, two := asJSON(t, tryDemo(t, 1).Analysis), asJSON(t, tryDemo(t, 2).Analysis)
	if one != two {
		t.Errorf("one thread and two differ: %s", firstDifference(one, two))
	}
}

// TestDemoUsersAreSubscribers: what auto joins is one subscriber's.
func TestDemoUsersAreSubscribers(t *testing.T) {
	_, truth := demo.Read(t, nginx)
	tr := tryFiles(t, settings{keys: map[string]string{"": demo.Key(t, nginx)}, files: []string{nginx + "video-demo.log.gz"}})
	rows, err := tr.store.DB.Query(`SELECT line, coalesce(user_id, '') FROM requests ORDER BY line`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	subscribers, users := map[string]map[string]bool{}, map[string]map[string]bool{}
	note := func(to map[string]map[string]bool, key, value string) {
		if to[key] == nil {
			to[key] = map[string]bool{}
		}
		to[key][value] = true
	}
	for rows.Next() {
		var line int
		var user string
		if err := rows.Scan(&line, &user); err != nil {
			t.Fatal(err)
		}
		if row := truth[line-1]; user != "" && row[5] != "shared_link" {
			note(subscribers, user, row[6])
			note(users, row[6], user)
		}
	}
	for user, of := range subscribers {
		if len(of) > 1 {
			t.Errorf("user %s is %d subscribers: %v", user, len(of), of)
		}
	}
	whole := 0
	for _, of := range users {
		if len(of) == 1 {
			whole++
		}
	}
	if joined := tr.Method.IdentityUsers["consecutive tokens"]; joined < 200 || float64(whole) < 0.9*float64(len(users)) {
		t.Errorf("%d users of several links; %d of %d subscribers are one user", joined, whole, len(users))
	}
}
