package report

import (
	"cmp"
	"slices"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// verdict is a decision as it is read aloud, with what its colour means.
type verdict struct {
	text string
	tone tone
}

// verdict is what stands at the right edge of the host's line.
func (h *host) verdict() verdict {
	switch {
	case h.failed():
		return verdict{"CALIBRATION FAILED", bad}
	case h.unchecked():
		return verdict{"NOT CHECKED", unsure}
	case len(h.recs) == 0:
		return verdict{"NOTHING TO DECIDE", good}
	}
	v := inOne(h.recs, func(r finding.Recommendation) string { return r.Family }, h.recommended)
	if h.unverified() {
		v.text += " (UNVERIFIED)"
	}
	return v
}

// inOne says one verdict where the families agree, else each of them, in the most
// urgent tone.
func inOne[F any](families []F, name func(F) string, of func(F) verdict) verdict {
	v, same := of(families[0]), true
	var parts []string
	for _, f := range families {
		other := of(f)
		same = same && other.text == v.text
		v.tone = max(v.tone, other.tone)
		parts = append(parts, family(name(f))+" "+other.text)
	}
	if !same {
		v.text = strings.Join(parts, ", ")
	}
	return v
}

func recommended(r finding.Recommendation) verdict {
	v := decided(r.Decision)
	switch {
	case r.Prefix == nil:
	case r.Decision == finding.Widen:
		v.text = "WIDEN TO " + prefix(*r.Prefix)
	case r.Decision == finding.HelpsPartly:
		v.text = prefix(*r.Prefix) + " HELPS PARTLY"
	}
	return v
}

// recommended is a verdict with what it hangs on.
func (h *host) recommended(r finding.Recommendation) verdict {
	return hanging(recommended(r), r.Unsettled(h.method))
}

func hanging(v verdict, unsettled bool) verdict {
	if unsettled {
		return verdict{v.text + " (UNSETTLED)", unsure}
	}
	return v
}

func decided(d finding.Decision) verdict {
	switch d {
	case finding.Widen:
		return verdict{"WIDEN", act}
	case finding.KeepCurrent:
		return verdict{"KEEP CURRENT", good}
	case finding.HelpsPartly:
		return verdict{"HELPS PARTLY", act}
	case finding.MaskNotEnough:
		return verdict{"MASK NOT ENOUGH", bad}
	case finding.InsufficientEvidence:
		return verdict{"INSUFFICIENT EVIDENCE", unsure}
	}
	return verdict{strings.ToUpper(string(d)), unsure}
}

func family(f string) string {
	switch f {
	case "ipv4":
		return "IPv4"
	case "ipv6":
		return "IPv6"
	}
	return f
}

// whose names the family before what is said of it, where there are several.
func whose(name string, families int, gap string) string {
	if families < 2 {
		return ""
	}
	return family(name) + gap
}

// answers are the recommendations worth a sentence of their own: one where the
// families say the same.
func answers(recs []finding.Recommendation) []finding.Recommendation {
	for _, r := range recs {
		if r.Prefix != nil || r.Reason != recs[0].Reason || r.Decision != recs[0].Decision {
			return recs
		}
	}
	return recs[:min(1, len(recs))]
}

// price says what masks cost; only a mask that is advised has a price.
func price(a *finding.Analysis, recs []finding.Recommendation) string {
	var shared []string
	var priced []finding.Recommendation
	for _, r := range recs {
		if !asksFor(r) {
			continue
		}
		text := "the " + prefix(*r.Prefix)
		switch {
		case len(recs) == 1:
			text = "of other viewers share the network"
		case len(shared) == 0:
			text = "of other viewers share " + text
		}
		shared = append(shared, figure.Percent(r.Exposure)+" "+text+" (today "+figure.Percent(r.ExposureNow)+")")
		priced = append(priced, r)
	}
	if len(shared) == 0 {
		return ""
	}
	return strings.Join(shared, ", ") + ". Strangers let in: " + letIn(a, priced) + "."
}

// letIn says once what holds for all masks, else what holds for each.
func letIn(a *finding.Analysis, recs []finding.Recommendation) string {
	var parts []string
	same := true
	for _, r := range recs {
		text := strangers(a, r)
		same = same && text == strangers(a, recs[0])
		parts = append(parts, prefix(*r.Prefix)+" "+text)
	}
	if same {
		return strangers(a, recs[0])
	}
	return strings.Join(parts, ", ")
}

func strangers(a *finding.Analysis, r finding.Recommendation) string {
	if s := r.StrangersLetIn; s != nil {
		return estimate(s.Share, s.Low, s.High) + " of the refused attempts on " + figure.Plural(s.Links, "shared link", "shared links")
	}
	shared := figure.Plural(r.SharedLinks, "shared link", "shared links")
	switch least := int64(a.Method.Thresholds["strangers_links"]); {
	case least == 0:
		return "not measured (" + shared + ")"
	case r.SharedLinks < least:
		return "not measured (" + shared + "; " + figure.Count(least) + " are needed)"
	default:
		return "not measured (" + shared + ", fewer than " + figure.Count(least) + " with refused attempts)"
	}
}

// doubt says what the share would be if no unresolved failure were mended.
func doubt(r finding.Recommendation) string {
	if r.UnresolvedUsers == 0 || r.AffectedUsers == 0 {
		return ""
	}
	return countedAgainst(r.IfUnresolvedCount, r.UnresolvedUsers, r.UncheckedUsers)
}

func countedAgainst(b finding.Bound, unresolved, unchecked int64) string {
	who := figure.Plural(unresolved, "unresolved user counts", "unresolved users count")
	if unchecked > 0 {
		who = figure.Plural(unresolved, "unresolved user", "unresolved users") + " and " + figure.Count(unchecked) + " whose links no key could check count"
	}
	return figure.Percent(b.Share) + " (at least " + figure.Floor(b.Low, 1) + ") if " + who + " against it"
}

// withLeftOut says what the share of an advised mask would be if those left out were counted.
func withLeftOut(r finding.Recommendation) string {
	s := r.IfLeftOutCount
	if s == nil || r.AffectedUsers == 0 || r.Prefix == nil {
		return ""
	}
	return estimate(s.Share, s.Low, s.High) + " if " + figure.Plural(r.LeftOutUsers, "user", "users") + " left out (bots, shared links) " +
		figure.Either(r.LeftOutUsers == 1, "counts", "count")
}

// together says who was affected, out of whom, and how badly, over the families.
func together(recs []finding.Recommendation) string {
	var affected, interrupted, recovered, unserved, shared int64
	for _, r := range recs {
		affected, interrupted = affected+r.AffectedUsers, interrupted+r.Interrupted
		if r.Recovered != nil {
			recovered += *r.Recovered
		}
		unserved, shared = unserved+r.FirstRequestUsers, shared+r.ManyNetworksUsers
	}
	var text string
	switch {
	case affected == 0:
		text = nobody(recs)
	case len(recs) == 1:
		text = reached(recs[0]) + " affected" + portion(recs[0])
	default:
		for _, r := range recs {
			text += ", " + family(r.Family) + " " + reached(r)
		}
		text = strings.TrimPrefix(text, ", ") + " affected"
	}
	if interrupted > 0 {
		text += ", " + figure.Count(interrupted) + " interrupted"
	}
	if recovered > 0 {
		text += ", " + figure.Count(recovered) + " recovered"
	}
	if unserved > 0 && len(recs) == 1 && recs[0].BoundUsers != nil {
		text += ", " + figure.Count(unserved) + " never served"
	}
	if shared > 0 {
		text += "; left out: " + figure.Count(shared) + " on shared links"
	}
	return text
}

// nobody says out of how many users none was affected, where that is known.
func nobody(recs []finding.Recommendation) string {
	var bound int64
	for _, r := range recs {
		if r.BoundUsers == nil {
			return "none affected"
		}
		bound += *r.BoundUsers
	}
	if bound == 0 {
		return "none affected"
	}
	return "none of " + figure.Count(bound) + " affected"
}

// reached says how many users of a family were affected, out of whom.
func reached(r finding.Recommendation) string {
	text := figure.Count(r.AffectedUsers)
	if r.AffectedUsers == 0 {
		text = "none"
	}
	if r.BoundUsers != nil && *r.BoundUsers > 0 {
		text += " of " + figure.Count(*r.BoundUsers)
	}
	return text
}

// portion is the share of the users that were affected, in brackets.
func portion(r finding.Recommendation) string {
	if r.BoundUsers == nil || *r.BoundUsers == 0 {
		return ""
	}
	return " (" + figure.Share(r.AffectedUsers, *r.BoundUsers) + ")"
}

// adviceOn is what is said of a candidate beside its figures.
func adviceOn(r finding.Recommendation, p int) string {
	switch {
	case r.Prefix == nil || *r.Prefix != p:
		return ""
	case r.Decision == finding.HelpsPartly:
		return "helps partly"
	}
	return "advised"
}

// steps are the points of the curve worth a mention, narrowest first: all of a
// short curve, else the candidates and the recommended prefix. The mask in force
// accepts nobody who was refused, and is left out.
func steps(r finding.Recommendation) []finding.CurveStep {
	all, named := narrowestFirst(r.Curve), askedFor(r)
	return slices.DeleteFunc(all, func(s finding.CurveStep) bool {
		advised := r.Prefix != nil && *r.Prefix == s.Prefix
		inForce := r.CurrentPrefix != nil && s.Prefix >= *r.CurrentPrefix && r.AffectedUsers > 0
		return inForce || !advised && len(r.Curve) > 4 && !slices.Contains(named, s.Prefix)
	})
}

// askedFor are the prefixes that were asked about, which the curve of a carrier holds.
func askedFor(r finding.Recommendation) (prefixes []int) {
	if len(r.Carriers) == 0 || len(r.Carriers[0].Curve) == 0 {
		return candidates(r.Family)
	}
	for _, s := range r.Carriers[0].Curve {
		prefixes = append(prefixes, s.Prefix)
	}
	return prefixes
}

// candidates are the prefixes that are asked about unless told otherwise.
func candidates(family string) []int {
	if family == "ipv6" {
		return []int{64, 56, 48}
	}
	return []int{24, 16}
}

// narrowestFirst is a copy of a curve in the order of the candidates.
func narrowestFirst(curve []finding.CurveStep) []finding.CurveStep {
	steps := slices.Clone(curve)
	slices.SortStableFunc(steps, func(a, b finding.CurveStep) int { return cmp.Compare(b.Prefix, a.Prefix) })
	return steps
}
