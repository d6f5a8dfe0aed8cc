package detect

import (
	"context"
	"maps"

	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/ingest"
	"ipdrift/token"
)

// advise answers the mask question for every host and family.
func (a *analysis) advise(ctx context.Context) error {
	a.out.Recommendations = []finding.Recommendation{}
	masks, err := a.store.Rows("mask")
	if err != nil {
		return err
	}
	if err := a.sessions(ctx); err != nil {
		return err
	}
	for _, h := range a.ordered {
		for _, family := range []int{4, 6} {
			if !h.families[family] && h.replays[family] == nil {
				continue
			}
			rec := a.replay(h, family).Recommend(a.asked(h, family))
			if err := a.nameCarriers(ctx, &rec); err != nil {
				return err
			}
			a.out.Recommendations = append(a.out.Recommendations, rec)
			if err := storeCurve(ctx, masks, &rec, nil, rec.AffectedUsers, rec.Curve); err != nil {
				return err
			}
			for _, c := range rec.Carriers {
				if c.ASN == nil {
					continue
				}
				if err := storeCurve(ctx, masks, &rec, uint32(*c.ASN), c.AffectedUsers, c.Curve); err != nil {
					return err
				}
			}
		}
	}
	a.snippets()
	return masks.Flush(ctx)
}

// storeCurve writes a curve to table mask; asn is nil for all carriers.
func storeCurve(ctx context.Context, masks *ingest.Rows, rec *finding.Recommendation, asn any, affected int64, curve []finding.CurveStep) error {
	for _, step := range curve {
		var strangers any
		if step.StrangersLetIn != nil {
			strangers = *step.StrangersLetIn
		}
		if err := masks.Append(ctx, rec.Host, asn, rec.Family, step.Prefix, affected, step.AcceptedUsers,
			step.AcceptedShare, step.Low, step.High, step.AcceptedRequests, strangers, step.Exposure); err != nil {
			return err
		}
	}
	return nil
}

// refusals counts the refused requests of a host by cause; those that a mistake
// of the signer explains stand apart.
func (a *analysis) refusals(h *host) map[string]int64 {
	out := maps.Clone(a.out.Denials.ByHost[h.Name])
	if h.mistaken > 0 {
		out[token.UnresolvedSignature.String()] -= h.mistaken
		out[judge.WronglySigned], out[judge.OldKey] = h.mistaken-h.oldKeyed, h.oldKeyed
	}
	return out
}

func (a *analysis) asked(h *host, family int) judge.Asked {
	q := judge.Asked{
		Scheme: h.Stated.Scheme.Name, Slow: !h.Stated.Scheme.Textual(),
		Candidates: a.candidates(family), CurrentPrefix: h.Policy.Prefix(family), RefusalsOnly: h.refusalsOnly(),
		CalibrationFailed: h.status == finding.Failed, Span: h.span, Refused: a.refusals(h), Remedies: h.remedies,
		Reproduced: h.Policy.Total > 0 || h.Verified > 0, Unverified: h.keyed && h.status == finding.NotChecked,
		Other:   h.replays[10-family], // of the other family, 4 or 6
		Proxy:   h.proxy.address,
		Shifted: h.shifted, ServedLate: h.servedLate, Early: h.early,
		Eased:   a.eased.of(h, family, a.candidates(family)),
		Session: h.session, Outside: h.outside[family],
		Gaps:      a.gaps || h.gaps,
		Behind:    a.behind,
		Masked:    a.masked,
		Apart:     a.apart,
		Addresses: h.addresses(),
		Unclear:   h.unclear,
		ByAddress: a.loaded.Identity.Kind == ingest.ByAddress,
		Group:     a.picked != nil && h.Name == finding.OtherHosts,
	}
	if statuses := h.seemsRefusal(&a.Thresholds); len(statuses) > 0 && h.wrong.refused.Links < a.Thresholds.DecidesFrom {
		q.Unread = statuses[0]
	}
	q.Life, q.Life95 = h.lives.spans()
	if h.moves != nil {
		q.Between = h.moves.Median(family)
	}
	switch {
	case !h.Stated.Scheme.Binds:
		q.Unbound = true
	case h.keyed && h.Policy.Total > 0:
		q.Bound, q.Unbound = h.Policy.Bound(), !h.Policy.Bound()
	}
	return q
}
