package ruling

import (
	"fmt"
	"net/netip"
	"testing"

	"ipdrift/detect/judge"
	"ipdrift/detect/policy"
	"ipdrift/detect/search"
	"ipdrift/ingest"
	"ipdrift/token"
)

var (
	here  = netip.MustParseAddr("198.51.100.7")
	there = netip.MustParseAddr("203.0.113.9")
	dir   = policy.Hypothesis{Scope: token.ScopeDir}
)

// edge takes links over the directory that are bound to the address.
func edge(t *testing.T) *Edge {
	t.Helper()
	p := policy.New(token.Resource{}, token.ScopeAuto)
	p.Add(policy.Rule{Hypothesis: dir, Family: 4}, 100)
	thresholds := judge.Default()
	p.Settle(&thresholds)
	return &Edge{Policy: &p}
}

// kind is a refused request with a well-formed token.
func kind(change func(*Facts)) *Kind {
	f := &Facts{Method: "GET", Status: 403, Denied: true, Keyed: true, Shape: token.Signed}
	change(f)
	return &Kind{Facts: f, Link: 1, File: 1, IP: here, Path: []byte("/v/1/a.ts")}
}

func holds(late ingest.Late) func(*Facts) {
	return func(f *Facts) { f.Matched, f.How, f.Late = true, dir, late }
}

// TestRule holds rulings to the words of the contract.
func TestRule(t *testing.T) {
	elsewhere := &search.Proof{How: dir, Path: "/v/1/", Addr: there}
	keyless := func(f *Facts) { f.Keyed = false }
	for _, c := range []struct {
		name  string
		kind  *Kind
		proof *search.Proof
		want  string // verdict, cause, detail, basis, signing address
	}{
		{"no token", kind(func(f *Facts) { f.Shape = token.NoToken }), nil, "unsigned unsigned   invalid IP"},
		{"half a token", kind(func(f *Facts) { f.Shape, f.Detail = token.BadShape, token.Detail("missing_expires") }), nil, "malformed malformed missing_expires  invalid IP"},
		{"the hash holds, in time", kind(holds(ingest.InTime)), nil, "valid refused_elsewhere  recomputed 198.51.100.7"},
		{"the hash holds, too late", kind(holds(ingest.TooLate)), nil, "expired expired  recomputed 198.51.100.7"},
		{"the hash holds, at the expiry", kind(holds(ingest.AtExpiry)), nil, "expired expired at_expiry recomputed 198.51.100.7"},
		{"for another address", kind(func(*Facts) {}), elsewhere, "ip_mismatch ip_mismatch  recomputed 203.0.113.9"},
		{"for another address, too late", kind(func(f *Facts) { f.Late = ingest.TooLate }), elsewhere, "expired_ip_mismatch expired_ip_mismatch  recomputed 203.0.113.9"},
		{"for the file", kind(func(f *Facts) { f.Matched, f.How = true, policy.Hypothesis{Scope: token.ScopeFile} }), nil, "wrong_path wrong_path  recomputed 198.51.100.7"},
		{"without an address", kind(func(f *Facts) {
			f.Matched, f.How = true, policy.Hypothesis{Scope: token.ScopeDir, Binding: token.Binding{Kind: token.BindNone}}
		}), nil, "unresolved_signature unresolved_signature signer:no_address recomputed invalid IP"},
		{"nothing explains the hash", kind(func(*Facts) {}), nil, "unresolved_signature unresolved_signature   invalid IP"},
		{"a country block", kind(func(f *Facts) { holds(ingest.InTime)(f); f.Code = 1001 }), nil, "valid refused_elsewhere country edge_code 198.51.100.7"},
		{"the origin refused", kind(func(f *Facts) { holds(ingest.InTime)(f); f.Upstream = 403 }), nil, "valid refused_elsewhere origin recomputed 198.51.100.7"},
		{"no key", kind(keyless), nil, "unchecked unchecked   invalid IP"},
		{"no key, too late", kind(func(f *Facts) { keyless(f); f.Late = ingest.TooLate }), nil, "expired expired  inferred invalid IP"},
	} {
		r := edge(t).Rule(c.kind, c.proof, nil, Named{})
		if got := fmt.Sprintf("%s %s %s %s %v", r.Verdict, r.Cause, r.Detail, r.Basis, r.Signed); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestRuleInferred: without a key, a token that was served to one address alone and is refused
// at another was signed for the first.
func TestRuleInferred(t *testing.T) {
	k := kind(func(f *Facts) { f.Keyed = false })
	if r := edge(t).Rule(k, nil, []netip.Addr{there}, Named{}); r.Verdict != token.IPMismatch || r.Basis != Inferred || r.Signed != there {
		t.Errorf("%+v", r)
	}
	if r := edge(t).Rule(k, nil, []netip.Addr{there, here}, Named{}); r.Verdict != token.Unchecked {
		t.Errorf("served here, too: %+v", r)
	}
}

// TestRuleFailed claims nothing from hashes of a host whose calibration fails.
func TestRuleFailed(t *testing.T) {
	e := edge(t)
	e.Failed = true
	if r := e.Rule(kind(func(*Facts) {}), nil, nil, Named{}); r.Verdict != token.Unchecked || r.Basis != "" {
		t.Errorf("%+v", r)
	}
}
