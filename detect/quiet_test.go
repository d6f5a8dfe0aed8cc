package detect

import (
	"testing"

	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/ingest"
	"ipdrift/token"
)

// TestPlainOutcomes changes one thing at a time of an outcome that needs no
// thought.
func TestPlainOutcomes(t *testing.T) {
	over, thresholds := hypothesis{scope: token.ScopeDir}, judge.Default()
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
		"another scope":  {func(o *outcome) { o.how.scope = token.ScopeFile }, false},
		"no address":     {func(o *outcome) { o.how.binding.Kind = token.BindNone }, false},
		"not calibrated": {func(o *outcome) { o.host.status = finding.Failed }, false},
		"by directory":   {func(o *outcome) { o.host.policy.dirs = map[uint32]*folder{1: nil} }, false},
	} {
		h := &host{policy: newPolicy(token.Resource{}, token.ScopeAuto)}
		h.policy.add(rule{over, 4}, 100)
		h.policy.settle(&thresholds)
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
