package ruling

import (
	"fmt"
	"net/netip"
	"testing"

	"ipdrift/detect/history"
	"ipdrift/detect/judge"
	"ipdrift/detect/policy"
	"ipdrift/detect/search"
	"ipdrift/ingest"
	"ipdrift/token"
)

// TestClock crosses what is known of a link with when it was refused. The words are those of the contract: late is what
// came after the expiry, at_expiry where the log cannot tell, near_expiry within 2 s of it, where a clock may say
// otherwise. A 410 is how nginx answers to a link that is late and else right.
func TestClock(t *testing.T) {
	all := [...]ingest.Late{ingest.InTime, ingest.NearExpiry, ingest.AtExpiry, ingest.JustLate, ingest.TooLate}
	for _, c := range []struct {
		name   string
		facts  func(*Facts)
		proof  *search.Proof
		served []netip.Addr
		named  string // the range in the link
		want   [len(all)]string
	}{
		{"the hash holds", func(f *Facts) { f.Matched, f.How = true, dir }, nil, nil, "",
			[...]string{"valid", "valid near_expiry", "expired at_expiry", "expired near_expiry", "expired"}},
		{"and the answer is 410", func(f *Facts) { f.Matched, f.How, f.Status = true, dir, 410 }, nil, nil, "",
			[...]string{"valid", "expired at_expiry", "expired at_expiry", "expired near_expiry", "expired"}},
		{"signed for another address", func(*Facts) {}, &search.Proof{How: dir, Path: "/v/1/", Addr: there}, nil, "",
			[...]string{"ip_mismatch", "ip_mismatch near_expiry", "expired_ip_mismatch at_expiry", "expired_ip_mismatch near_expiry", "expired_ip_mismatch"}},
		{"for another address and path", func(*Facts) {}, &search.Proof{How: dir, Path: "/v/2/", Addr: there}, nil, "",
			[...]string{"unresolved_signature other_path_and_address", "unresolved_signature other_path_and_address", "unresolved_signature other_path_and_address",
				"unresolved_signature other_path_and_address", "unresolved_signature other_path_and_address"}},
		{"no key", func(f *Facts) { f.Keyed = false }, nil, nil, "",
			[...]string{"unchecked", "unchecked", "unchecked", "expired near_expiry", "expired"}},
		{"no key, and the answer is 410", func(f *Facts) { f.Keyed, f.Status = false, 410 }, nil, nil, "",
			[...]string{"unchecked", "expired near_expiry", "expired near_expiry", "expired near_expiry", "expired"}},
		{"no key, the edge says expired", func(f *Facts) { f.Keyed, f.Code = false, 1006 }, nil, nil, "",
			[...]string{"expired", "expired", "expired", "expired", "expired"}},
		{"no key, served elsewhere, the edge says wrong", func(f *Facts) { f.Keyed, f.Code = false, 1005 }, nil, []netip.Addr{there}, "",
			[...]string{"ip_mismatch", "ip_mismatch near_expiry", "ip_mismatch near_expiry", "expired_ip_mismatch near_expiry", "expired_ip_mismatch"}},
		{"no key, served here, too, the edge says wrong", func(f *Facts) { f.Keyed, f.Code = false, 1005 }, nil, []netip.Addr{there, here}, "",
			[...]string{"unchecked", "unchecked", "unchecked", "unchecked", "unchecked"}},
		{"no key, the link names another range", func(f *Facts) { f.Keyed = false }, nil, nil, "203.0.113.0/24",
			[...]string{"ip_mismatch", "ip_mismatch near_expiry", "ip_mismatch near_expiry", "expired_ip_mismatch near_expiry", "expired_ip_mismatch"}},
		{"no key, the link names this range", func(f *Facts) { f.Keyed = false }, nil, nil, "198.51.100.0/24",
			[...]string{"unchecked", "unchecked", "unchecked", "expired near_expiry", "expired"}},
		{"no key, the link names no address, and was served elsewhere", func(f *Facts) { f.Keyed = false }, nil, []netip.Addr{there}, "none",
			[...]string{"unchecked", "unchecked", "unchecked", "expired near_expiry", "expired"}},
	} {
		named := Named{None: c.named == "none"}
		if c.named != "" && !named.None {
			named.Network = netip.MustParsePrefix(c.named)
		}
		for i, late := range all {
			k := kind(c.facts)
			k.Late = late
			r := edge(t).Rule(k, c.proof, c.served, named)
			got := r.Verdict.String()
			if r.Detail != "" {
				got += " " + string(r.Detail)
			}
			if got != c.want[i] {
				t.Errorf("%s, %d: %s, want %s", c.name, late, got, c.want[i])
			}
			if cause := r.Verdict.String(); r.Cause != cause && !(r.Verdict == token.Valid && r.Cause == ingest.RefusedElsewhere) {
				t.Errorf("%s, %d: the cause of what is %s is %s", c.name, late, cause, r.Cause)
			}
		}
	}
}

// TestEdgeCodes: what the edge logs as its reason (field 41 of Gcore's logs), beside what the hash says. 1005 is a wrong
// token, 1006 an expired one; a recomputed hash that says otherwise clashes with it.
func TestEdgeCodes(t *testing.T) {
	valid, late := holds(ingest.InTime), holds(ingest.TooLate)
	elsewhere := &search.Proof{How: dir, Path: "/v/1/", Addr: there}
	for _, c := range []struct {
		name     string
		kind     *Kind
		proof    *search.Proof
		code     uint16
		upstream uint16
		want     string // cause, detail, basis, and whether it clashes
	}{
		{"valid, no reason", kind(valid), nil, 0, 0, "refused_elsewhere  recomputed false"},
		{"valid, wrong token", kind(valid), nil, 1005, 0, "refused_elsewhere token_denied recomputed true"},
		{"valid, expired", kind(valid), nil, 1006, 0, "refused_elsewhere  recomputed true"},
		{"expired, wrong token", kind(late), nil, 1005, 0, "expired  recomputed true"},
		{"expired, expired", kind(late), nil, 1006, 0, "expired  recomputed false"},
		{"another address, wrong token", kind(func(*Facts) {}), elsewhere, 1005, 0, "ip_mismatch  recomputed false"},
		{"another address, expired", kind(func(*Facts) {}), elsewhere, 1006, 0, "ip_mismatch  recomputed true"},
		{"nothing explains the hash, expired", kind(func(*Facts) {}), nil, 1006, 0, "unresolved_signature   false"},
		{"valid, referer", kind(valid), nil, 1002, 0, "refused_elsewhere referer edge_code false"},
		{"another address, firewall", kind(func(*Facts) {}), elsewhere, 1007, 0, "refused_elsewhere waf edge_code false"},
		{"valid, the origin says 403", kind(valid), nil, 0, 403, "refused_elsewhere origin recomputed false"},
		{"valid, the origin says 410", kind(valid), nil, 0, 410, "refused_elsewhere origin recomputed false"},
		{"valid, the origin says 404", kind(valid), nil, 0, 404, "refused_elsewhere  recomputed false"},
		{"expired, the origin says 403", kind(late), nil, 0, 403, "expired  recomputed false"},
	} {
		c.kind.Code, c.kind.Upstream = c.code, c.upstream
		r := edge(t).Rule(c.kind, c.proof, nil, Named{})
		if got := fmt.Sprintf("%s %s %s %t", r.Cause, r.Detail, r.Basis, r.Clash); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestMistakes: a reproduced hash that the edge did not take is the signer's, and says what is wrong with it.
func TestMistakes(t *testing.T) {
	masked := policy.Hypothesis{Scope: token.ScopeDir, Binding: token.Binding{Kind: token.BindMask, Prefix: 24, Form: token.FormOctets}}
	retired := func(e *Edge) { e.Retired = []int64{0, 500} }
	none := func(*Edge) {}
	for _, c := range []struct {
		name  string
		edge  func(*Edge)
		facts func(*Facts)
		first int64
		proof *search.Proof
		want  string // verdict, mistake, the key that was given up
	}{
		{"a known mistake", none, func(*Facts) {}, 0, &search.Proof{Mistake: token.Mistake{Name: "missing_space"}, Addr: here}, "unresolved_signature missing_space 0"},
		{"the hash holds all the same", none, holds(ingest.InTime), 0, &search.Proof{Mistake: token.Mistake{Name: "missing_space"}, Addr: here}, "valid  0"},
		{"a private address", none, func(*Facts) {}, 0, &search.Proof{How: dir, Path: "/v/1/", Addr: netip.MustParseAddr("10.0.0.1"), Private: true}, "ip_mismatch " + search.PrivateAddress + " 0"},
		{"a key that is not in use", none, func(f *Facts) { holds(ingest.InTime)(f); f.Stale = true }, 0, nil, "unresolved_signature " + search.OldKeyName + " 0"},
		{"a key, before it was given up", retired, holds(ingest.InTime), 500, &search.Proof{How: dir, Path: "/v/1/", Addr: here, Key: 2}, "valid  0"},
		{"a key that was given up", retired, holds(ingest.InTime), 501, &search.Proof{How: dir, Path: "/v/1/", Addr: here, Key: 2}, "unresolved_signature " + search.OldKeyName + " 2"},
		{"a key that was not", retired, holds(ingest.InTime), 501, &search.Proof{How: dir, Path: "/v/1/", Addr: here, Key: 1}, "valid  0"},
		{"bound to a network", none, func(f *Facts) { f.Matched, f.How = true, masked }, 0, nil, "unresolved_signature masked 0"},
	} {
		e, k := edge(t), kind(c.facts)
		c.edge(e)
		k.First = c.first
		r := e.Rule(k, c.proof, nil, Named{})
		if got := fmt.Sprintf("%s %s %d", r.Verdict, r.Mistake, r.Retired); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestRefusesHash: of what may be the refusal of a hash that holds, the log names no other reason.
func TestRefusesHash(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Facts)
		want   bool
	}{
		"refused in time":       {func(*Facts) {}, true},
		"near its expiry":       {func(f *Facts) { f.Late = ingest.NearExpiry }, true},
		"at its expiry":         {func(f *Facts) { f.Late = ingest.AtExpiry }, false},
		"served":                {func(f *Facts) { f.Status, f.Denied = 200, false }, false},
		"by a shield":           {func(f *Facts) { f.Shield = true }, false},
		"for its country":       {func(f *Facts) { f.Code = 1001 }, false},
		"as wrong":              {func(f *Facts) { f.Code = 1005 }, true},
		"as expired":            {func(f *Facts) { f.Code = 1006 }, false},
		"by the origin":         {func(f *Facts) { f.Upstream = 403 }, false},
		"by the origin, as 410": {func(f *Facts) { f.Upstream = 410 }, false},
		"after the origin's OK": {func(f *Facts) { f.Upstream = 200 }, true},
	} {
		if got := kind(c.change).RefusesHash(); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestBindings: what a link is bound to, against what the host binds links to.
func TestBindings(t *testing.T) {
	bound := func(kind token.BindKind, prefix uint8) policy.Hypothesis {
		return policy.Hypothesis{Scope: token.ScopeDir, Binding: token.Binding{Kind: kind, Prefix: prefix}}
	}
	network := netip.MustParseAddr("198.51.100.0")
	for _, c := range []struct {
		name  string
		host  policy.Hypothesis
		how   policy.Hypothesis // of the hash that holds
		proof *search.Proof     // where none does
		want  string            // verdict, detail, signing address
	}{
		{"a network, where it is", bound(token.BindMask, 24), bound(token.BindMask, 24), nil, "valid  198.51.100.0"},
		{"the address, where it is a network", bound(token.BindMask, 24), dir, nil, "unresolved_signature signer:no_mask 198.51.100.7"},
		{"the same, from another request", bound(token.BindMask, 24), dir, &search.Proof{How: dir, Path: "/v/1/", Addr: here}, "unresolved_signature signer:no_mask 198.51.100.7"},
		{"a wider network", bound(token.BindMask, 24), bound(token.BindMask, 16), nil, "unresolved_signature signer:masked 198.51.0.0"},
		{"a wider network that is a narrow one elsewhere", bound(token.BindMask, 24), bound(token.BindMask, 16), &search.Proof{How: bound(token.BindMask, 24), Path: "/v/1/", Addr: netip.MustParseAddr("198.51.0.0")}, "ip_mismatch  198.51.0.0"},
		{"a network, where it is the address", dir, bound(token.BindMask, 24), &search.Proof{How: dir, Path: "/v/1/", Addr: network}, "ip_mismatch  198.51.100.0"},
		{"the address, where it is nothing", bound(token.BindNone, 0), dir, nil, "unresolved_signature signer:address 198.51.100.7"},
		{"nothing, where it is nothing", bound(token.BindNone, 0), bound(token.BindNone, 0), nil, "valid  invalid IP"},
	} {
		p := policy.New(token.Resource{}, token.ScopeAuto)
		p.Add(policy.Rule{Hypothesis: c.host, Family: 4}, 100)
		thresholds := judge.Default()
		p.Settle(&thresholds)
		k := kind(func(f *Facts) { f.Matched, f.How = true, c.how })
		r := (&Edge{Policy: &p}).Rule(k, c.proof, nil, Named{})
		if got := fmt.Sprintf("%s %s %s", r.Verdict, r.Detail, r.Signed); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestServed: who was served has no cause, and several signing addresses are none.
func TestServed(t *testing.T) {
	served := kind(func(f *Facts) { holds(ingest.AtExpiry)(f); f.Status, f.Denied = 200, false })
	if r := edge(t).Rule(served, nil, nil, Named{}); r.Verdict != token.Valid || r.Cause != "" || r.Detail != "" {
		t.Errorf("served at the expiry: %+v", r)
	}
	keyless := kind(func(f *Facts) { f.Keyed = false })
	if r := edge(t).Rule(keyless, nil, []netip.Addr{there, there.Next()}, Named{}); r.Verdict != token.IPMismatch || r.Signed.IsValid() {
		t.Errorf("served at two others: %+v", r)
	}
	if g := (&Ruling{Basis: Inferred, Detail: "signer:masked"}).Grounds(); g != history.ByInference|history.ByMistake {
		t.Errorf("grounds %b", g)
	}
	if g := (&Ruling{Basis: Recomputed, Detail: "country"}).Grounds(); g != 0 {
		t.Errorf("grounds %b of none", g)
	}
}
