package token_test

import (
	"fmt"
	"math"
	"net/netip"
	"testing"
	"time"

	"ipdrift/testdata/nginx/rig"
	"ipdrift/token"
)

// TestLiveNginx asks a running nginx and Verify about the same requests, and
// demands the same answer for each.
func TestLiveNginx(t *testing.T) {
	server := startNginx(t)
	cases := rig.Cases(1, 6000)
	ask(t, server, cases, 0)
	for range 3 { // links that expire now, at three moments
		near := rig.AroundNow(time.Now().Unix())
		ask(t, server, near, len(cases))
		cases = append(cases, near...)
		time.Sleep(400 * time.Millisecond)
	}
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	answers, err := server.Oracle()
	if err != nil {
		t.Fatal(err)
	}
	met := map[string]int{}
	for _, a := range answers {
		if a.Seq >= 0 {
			compare(t, cases[a.Seq], a)
			met[a.SecureLink]++
		}
	}
	for answer, least := range map[string]int{"1": 1500, "0": 300, "": 1500} {
		if met[answer] < least {
			t.Errorf("nginx answered %q to %d requests only, want at least %d", answer, met[answer], least)
		}
	}
}

func startNginx(t *testing.T) *rig.Server {
	t.Helper()
	if path, why := rig.Available(); path == "" {
		t.Fatal(why)
	}
	s, err := rig.Start(t.TempDir(), rig.Conf{Hosts: rig.Hosts()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop() })
	return s
}

func ask(t *testing.T, s *rig.Server, cases []rig.Case, first int) {
	t.Helper()
	var requests []rig.Request
	for i, c := range cases {
		requests = append(requests, c.Request(first+i))
	}
	if _, err := s.All(requests); err != nil {
		t.Fatal(err)
	}
}

// compare holds what Verify says against what nginx said.
func compare(t *testing.T, c rig.Case, a rig.Answer) {
	t.Helper()
	host, ok := rig.HostNamed(c.Host)
	key, err := token.NewKey(host.Key)
	if !ok || err != nil {
		t.Fatalf("%s: no such host, or no key: %v", c.Host, err)
	}
	scheme, _ := token.SchemeNamed("gcore")
	client := netip.MustParseAddr(c.Client)
	if got := string(token.AppendAddr(nil, client)); got != a.Client {
		t.Errorf("address %s: nginx prints %s, we %s", c.Client, a.Client, got)
	}
	verifier := token.NewVerifier(scheme)
	got := verifier.Verify(token.Request{Target: []byte(c.Target), Client: client, Time: second(a.Start)}, policyOf(host, client), []token.Key{key})
	if said := answer(got.Verdict); said != a.SecureLink {
		t.Errorf("%s, %s: GET %q from %s: nginx says %q (%d), we %s %s", c.Host, c.Name, c.Target, c.Client, a.SecureLink, a.Status, got.Verdict, got.Detail)
	}
	if l := verifier.Link(); a.Status != 400 && (!l.PathOK || string(l.Path) != a.URI) {
		t.Errorf("%s: %q: nginx's path is %q, ours %q", c.Name, c.Target, a.URI, l.Path)
	}
}

// answer is what $secure_link holds where the verdict is this one.
func answer(v token.Verdict) string {
	switch v {
	case token.Valid:
		return "1"
	case token.Expired:
		return "0"
	}
	return ""
}

// second is the second of a time with millisecond digits, whatever binary
// fractions have made of them.
func second(start float64) int64 { return int64(math.Round(start*1000)) / 1000 }

// policyOf is the host's rule for this address: the rig's nginx cuts only
// dotted quads and the IPv6 networks it was told.
func policyOf(h rig.Host, client netip.Addr) token.Policy {
	p := token.Policy{Scope: token.ScopeFile, Bound: h.Bound}
	if h.Dir {
		p.Scope = token.ScopeDir
	}
	p.Form, _ = token.ParseForm(h.Form)
	if client.Is4() {
		p.Prefix4 = uint8(h.Prefix4)
	}
	for _, n := range h.Networks6 {
		if n.Contains(client) {
			p.Prefix6 = uint8(h.Prefix6)
		}
	}
	return p
}

// TestLiveSeesADifference guards the comparison itself: a Verify that is one
// second or one rule off must not pass.
func TestLiveSeesADifference(t *testing.T) {
	now := time.Now().Unix()
	host, _ := rig.HostNamed("file.test")
	client := netip.MustParseAddr("203.0.113.7")
	scheme, _ := token.SchemeNamed("gcore")
	key, err := token.NewKey(host.Key)
	if err != nil {
		t.Fatal(err)
	}
	said := func(expires int64, p token.Policy) string {
		text := fmt.Sprint(expires)
		target := "/s/a?md5=" + host.Sign("/s/a", text, client) + "&expires=" + text
		return answer(token.NewVerifier(scheme).Verify(token.Request{Target: []byte(target), Client: client, Time: now}, p, []token.Key{key}).Verdict)
	}
	right := policyOf(host, client)
	dir, unbound := right, right
	dir.Scope, unbound.Bound = token.ScopeDir, false
	got := []string{said(now, right), said(now-1, right), said(now, dir), said(now, unbound)}
	if want := []string{"1", "0", "", ""}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
