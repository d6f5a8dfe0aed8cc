package detect

import (
	"testing"

	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/detect/policy"
	"ipdrift/detect/ruling"
	"ipdrift/detect/search"
	"ipdrift/ingest"
	"ipdrift/token"
)

// TestPlainOutcomes changes one thing at a time of an outcome that needs no
// thought.
func TestPlainOutcomes(t *testing.T) {
	over, thresholds := policy.Hypothesis{Scope: token.ScopeDir}, judge.Default()
	for name, c := range map[string]struct {
		change func(*outcome)
		want   bool
	}{
		"nothing":        {func(*outcome) {}, true},
		"near expiry":    {func(o *outcome) { o.Late = ingest.NearExpiry }, true},
		"at expiry":      {func(o *outcome) { o.Late = ingest.AtExpiry }, false},
		"refused":        {func(o *outcome) { o.Denied = true }, false},
		"unmatched":      {func(o *outcome) { o.Matched = false }, false},
		"no key":         {func(o *outcome) { o.Keyed = false }, false},
		"old key":        {func(o *outcome) { o.Stale = true }, false},
		"shield":         {func(o *outcome) { o.Shield = true }, false},
		"another scope":  {func(o *outcome) { o.How.Scope = token.ScopeFile }, false},
		"no address":     {func(o *outcome) { o.How.Binding.Kind = token.BindNone }, false},
		"not calibrated": {func(o *outcome) { o.host.status = finding.Failed }, false},
		"by directory":   {func(o *outcome) { o.host.Policy.Dirs = map[uint32]*policy.Folder{1: nil} }, false},
	} {
		h := &host{Host: search.Host{Policy: policy.New(token.Resource{}, token.ScopeAuto)}}
		h.Policy.Add(policy.Rule{Hypothesis: over, Family: 4}, 100)
		h.Policy.Settle(&thresholds)
		o := &outcome{host: h, Facts: ruling.Facts{Matched: true, Keyed: true, Shape: token.Signed, How: over}}
		c.change(o)
		if got := o.plain(4); got != c.want {
			t.Errorf("%s: plain is %t, want %t", name, got, c.want)
		}
		if o.plain(6) {
			t.Errorf("%s: plain for a family that nothing is known of", name)
		}
	}
}
