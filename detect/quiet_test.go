package detect

import (
	"testing"

	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/detect/policy"
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
		"near expiry":    {func(o *outcome) { o.late = ingest.NearExpiry }, true},
		"at expiry":      {func(o *outcome) { o.late = ingest.AtExpiry }, false},
		"refused":        {func(o *outcome) { o.denied = true }, false},
		"unmatched":      {func(o *outcome) { o.matched = false }, false},
		"no key":         {func(o *outcome) { o.keyed = false }, false},
		"old key":        {func(o *outcome) { o.stale = true }, false},
		"shield":         {func(o *outcome) { o.shield = true }, false},
		"another scope":  {func(o *outcome) { o.how.Scope = token.ScopeFile }, false},
		"no address":     {func(o *outcome) { o.how.Binding.Kind = token.BindNone }, false},
		"not calibrated": {func(o *outcome) { o.host.status = finding.Failed }, false},
		"by directory":   {func(o *outcome) { o.host.Policy.Dirs = map[uint32]*policy.Folder{1: nil} }, false},
	} {
		h := &host{Host: search.Host{Policy: policy.New(token.Resource{}, token.ScopeAuto)}}
		h.Policy.Add(policy.Rule{Hypothesis: over, Family: 4}, 100)
		h.Policy.Settle(&thresholds)
		o := &outcome{host: h, matched: true, keyed: true, shape: token.Signed, how: over}
		c.change(o)
		if got := o.plain(4); got != c.want {
			t.Errorf("%s: plain is %t, want %t", name, got, c.want)
		}
		if o.plain(6) {
			t.Errorf("%s: plain for a family that nothing is known of", name)
		}
	}
}
