package judge

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// Day is one side of a comparison.
type Day struct {
	Case     string
	Analysis *finding.Analysis
	Hosts    map[string]*Tally
}

// Tally is what is counted of one host.
type Tally struct {
	Requests int64
	Families map[string]Heads // "ipv4" and "ipv6"
}

// Heads counts the users of a family.
type Heads struct{ Users, Affected, Interrupted int64 }

// Compare sets two days side by side.
func Compare(before, after Day, t Thresholds) *finding.Comparison {
	c := &finding.Comparison{Schema: finding.Schema, Before: side(before), After: side(after), Hosts: []finding.HostComparison{}}
	x, y := facets(before.Analysis), facets(after.Analysis)
	alone := []string{}
	for name, was := range before.Hosts {
		is := after.Hosts[name]
		if is == nil {
			alone = append(alone, name+" is in the case before only.")
			continue
		}
		c.Hosts = append(c.Hosts, compareHost(name, was, is, x[name], y[name], t))
	}
	for name := range after.Hosts {
		if before.Hosts[name] == nil {
			alone = append(alone, name+" is in the case after only.")
		}
	}
	slices.Sort(alone)
	c.NotComparable = append(spans(before, after), alone...)
	slices.SortFunc(c.Hosts, func(a, b finding.HostComparison) int {
		return cmp.Or(cmp.Compare(b.Requests.Before, a.Requests.Before), strings.Compare(a.Host, b.Host))
	})
	return c
}

func side(d Day) finding.Side {
	a := d.Analysis
	first, last := a.Input.Period()
	return finding.Side{Case: d.Case, Lines: a.Input.Lines, First: first, Last: last, Identity: a.Method.Identity, Version: a.Method.Version}
}

func compareHost(name string, was, is *Tally, before, after facet, t Thresholds) finding.HostComparison {
	h := finding.HostComparison{
		Host: name, Requests: finding.Pair{Before: was.Requests, After: is.Requests}, Families: []finding.FamilyComparison{}, Causes: []finding.CauseComparison{},
		NotComparable: unlike(before, after),
	}
	x, y := before.denials, after.denials
	for _, cause := range union(x, y) {
		h.Refused.Before += x[cause]
		h.Refused.After += y[cause]
		h.Causes = append(h.Causes, finding.CauseComparison{
			Cause: cause, Refused: finding.Pair{Before: x[cause], After: y[cause]}, Before: rate(x[cause], was.Requests), After: rate(y[cause], is.Requests),
		})
	}
	slices.SortStableFunc(h.Causes, func(a, b finding.CauseComparison) int { return cmp.Compare(b.Refused.Before, a.Refused.Before) })
	for _, family := range []string{"ipv4", "ipv6"} {
		if x, y := before.heads(was, family), after.heads(is, family); x.Users+y.Users+x.Affected+y.Affected > 0 {
			f := finding.FamilyComparison{
				Family: family, BoundBefore: before.boundTo(family), BoundAfter: after.boundTo(family),
				Affected: change(x.Affected, x.Users, y.Affected, y.Users), Interrupted: change(x.Interrupted, x.Users, y.Interrupted, y.Users),
			}
			f.Effect, f.Answer = effect(&f, len(h.NotComparable) > 0, t)
			if f.Effect == finding.Worked || f.Effect == finding.WorkedPartly {
				f.Answer += sameBinding(&f)
			}
			switch {
			case before.failed() || after.failed():
				f.Answer = "The two cannot be compared, as who was affected is not known where calibration failed."
			case before.refusalsOnly || after.refusalsOnly:
				f.Answer = fmt.Sprintf("The two cannot be compared, as refusals alone tell no shares: %s affected before, %s after.", figure.Plural(x.Affected, "user was", "users were"), figure.Count(y.Affected))
			}
			h.Families = append(h.Families, f)
		}
	}
	return h
}

// facet is what an analysis says of one host.
type facet struct {
	calibration  *finding.Calibration // nil: nothing
	denials      map[string]int64     // by cause
	refusalsOnly bool
}

// facets sorts an analysis by host, of which there may be many.
func facets(a *finding.Analysis) map[string]facet {
	all := map[string]facet{}
	for host, byCause := range a.Denials.ByHost {
		all[host] = facet{denials: byCause}
	}
	for i := range a.Calibration {
		k := all[a.Calibration[i].Host]
		k.calibration = &a.Calibration[i]
		all[a.Calibration[i].Host] = k
	}
	for i := range a.Recommendations {
		if r := &a.Recommendations[i]; r.BoundUsers == nil {
			k := all[r.Host]
			k.refusalsOnly = true
			all[r.Host] = k
		}
	}
	return all
}

// heads counts the users of a family. Of how many they are, and who was interrupted, refusals alone do not tell (rule 2).
func (k facet) heads(t *Tally, family string) Heads {
	h := t.Families[family]
	if k.refusalsOnly {
		h.Users, h.Interrupted = 0, 0
	}
	return h
}

func (k facet) failed() bool { return k.calibration != nil && k.calibration.Status == finding.Failed }

// union lists the causes of both sides in alphabetical order.
func union(x, y map[string]int64) []string {
	var all []string
	for _, m := range []map[string]int64{x, y} {
		for name := range m {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func change(k1, n1, k2, n2 int64) finding.Change {
	c := finding.Change{Before: rateOf(k1, n1), After: rateOf(k2, n2)}
	c.Difference.Share, c.Difference.Low, c.Difference.High = newcombe(k1, n1, k2, n2, z)
	return c
}

func rateOf(k, n int64) finding.Rate {
	r := finding.Rate{Users: k, Of: n}
	r.Share, r.Low, r.High = Wilson(k, n)
	return r
}

// effect says whether the change worked: fewer users affected, surely, and not
// surely more interrupted.
func effect(f *finding.FamilyComparison, unlike bool, t Thresholds) (finding.Effect, string) {
	a, i := f.Affected, f.Interrupted
	figures := "affected users " + went(a) + ", interrupted users " + went(i)
	switch {
	case unlike:
		return finding.NotTold, "The two cannot be compared: " + figures + "."
	case min(a.Before.Of, a.After.Of) < t.DecidesFrom:
		return finding.NotTold, fmt.Sprintf("Too few users to tell (%d are needed on either side): %s.", t.DecidesFrom, figures)
	case a.Difference.Low > 0:
		return finding.Worse, "It got worse: " + figures + "."
	case a.Difference.High >= 0 && a.Before.Users == 0 && a.After.Users == 0:
		return finding.NoEffect, "Nobody was affected before or after; interrupted users " + went(i) + "."
	case a.Difference.High >= 0:
		return finding.NoEffect, "No effect can be told from chance: " + figures + "."
	case i.Difference.Low > 0:
		return finding.WorkedPartly, "Fewer users were affected, and more were interrupted all the same: " + figures + "; see the other causes."
	}
	return finding.Worked, "It worked: " + figures + "."
}

// sameBinding says that no mask was changed, where the log shows it.
func sameBinding(f *finding.FamilyComparison) string {
	to := f.BoundBefore
	switch {
	case to != f.BoundAfter || to == "" || to == "none":
		return ""
	case to == "address":
		to = "the whole address"
	}
	return " Links are bound to " + to + " before and after, so no mask did it."
}

// went says how a share changed: "fell from 4.1 % (3.9 to 4.4 %) to ...".
func went(c finding.Change) string {
	verb := "went"
	switch {
	case c.Difference.High < 0:
		verb = "fell"
	case c.Difference.Low > 0:
		verb = "rose"
	case c.Before.Users == 0 && c.After.Users == 0:
		return "were none before and after"
	}
	return fmt.Sprintf("%s from %s (%s) to %s (%s)", verb, percent(c.Before.Share), between(c.Before.Low, c.Before.High), percent(c.After.Share), between(c.After.Low, c.After.High))
}

// boundTo is what the links of a family are bound to.
func (k facet) boundTo(family string) string {
	if k.calibration == nil {
		return ""
	}
	p := &k.calibration.Policy
	prefix := p.Prefix4
	if family == "ipv6" {
		prefix = p.Prefix6
	}
	if p.Binding == "mask" && prefix > 0 {
		return "/" + strconv.Itoa(prefix)
	}
	return p.Binding
}

func rate(k, m int64) float64 {
	if m == 0 {
		return 0
	}
	return float64(k) / float64(m)
}
