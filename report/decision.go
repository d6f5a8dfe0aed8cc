package report

import (
	"strings"

	"ipdrift/detect/finding"
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
	v := both(h.recs)
	if h.unverified() {
		v.text += " (UNVERIFIED)"
	}
	return v
}

// both says one decision where the families agree, else each of them.
func both(recs []finding.Recommendation) verdict {
	v := recommended(recs[0])
	parts, same := []string{family(recs[0].Family) + " " + v.text}, true
	for _, r := range recs[1:] {
		other := recommended(r)
		same = same && other.text == v.text
		v.tone = max(v.tone, other.tone)
		parts = append(parts, family(r.Family)+" "+other.text)
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

// price says what a mask costs; only a mask that is advised has a price.
func price(r finding.Recommendation) string {
	if r.Prefix == nil || (r.Decision != finding.Widen && r.Decision != finding.HelpsPartly) {
		return ""
	}
	return percent(r.Exposure) + " of other viewers share the network (today " + percent(r.ExposureNow) + "). Strangers let in: " + strangers(r) + "."
}

func strangers(r finding.Recommendation) string {
	if s := r.StrangersLetIn; s != nil {
		return estimate(s.Share, s.Low, s.High) + " of the refused attempts on " + plural(s.Links, "shared link", "shared links")
	}
	if r.SharedLinks == 0 {
		return "not measured, no link was used from many networks"
	}
	return "not measured, only " + plural(r.SharedLinks, "link was", "links were") + " used from many networks"
}

// doubt says what the share would be if no unresolved failure were mended.
func doubt(r finding.Recommendation) string {
	if r.UnresolvedUsers == 0 || r.AffectedUsers == 0 {
		return ""
	}
	return percent(r.IfUnresolvedCount.Share) + " (at least " + lowerBound(r.IfUnresolvedCount.Low, 1) + ") if " +
		plural(r.UnresolvedUsers, "unresolved user counts", "unresolved users count") + " against it"
}

// people says who was affected, out of whom, and how badly.
func people(r finding.Recommendation) string {
	if r.AffectedUsers == 0 && r.BoundUsers == nil {
		return "none affected"
	}
	text := count(r.AffectedUsers) + " affected"
	switch {
	case r.AffectedUsers == 0:
		text = "none of " + count(*r.BoundUsers) + " affected"
	case r.BoundUsers != nil && *r.BoundUsers > 0:
		text = count(r.AffectedUsers) + " of " + count(*r.BoundUsers) + " affected (" + share(r.AffectedUsers, *r.BoundUsers) + ")"
	}
	if r.Interrupted > 0 {
		text += ", " + count(r.Interrupted) + " interrupted"
	}
	if r.FirstRequestUsers > 0 {
		text += ", " + count(r.FirstRequestUsers) + " never served"
	}
	if r.ManyNetworksUsers > 0 {
		text += "; left out: " + count(r.ManyNetworksUsers) + " on shared links"
	}
	return text
}

// steps are the points of the curve worth a line: all of a short curve, else
// the usual candidates and the recommended prefix.
func steps(r finding.Recommendation) []finding.CurveStep {
	if len(r.Curve) <= 4 {
		return r.Curve
	}
	var kept []finding.CurveStep
	for _, s := range r.Curve {
		advised := r.Prefix != nil && *r.Prefix == s.Prefix
		usual := s.Prefix == 24 || s.Prefix == 16
		if r.Family == "ipv6" {
			usual = s.Prefix == 64 || s.Prefix == 56 || s.Prefix == 48
		}
		if advised || usual {
			kept = append(kept, s)
		}
	}
	return kept
}
