package detect

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/ingest"
	"ipdrift/ingest/format"
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
	for _, name := range a.names {
		h := a.hosts[name]
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

// lifetimes measures how long links live from their first use on: for so long
// old ones are out after a change (rules of evidence, 20).
func (a *analysis) lifetimes() {
	for _, h := range a.hosts {
		if n := len(h.lives.some); n > 0 {
			slices.Sort(h.lives.some)
			h.life, h.life95 = time.Duration(h.lives.longest)*time.Second, time.Duration(h.lives.some[n-n/20-1])*time.Second
		}
	}
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
	out := maps.Clone(a.out.Denials.ByHost[h.name])
	if h.mistaken > 0 {
		out[token.UnresolvedSignature.String()] -= h.mistaken
		out[judge.WronglySigned] = h.mistaken
	}
	return out
}

func (a *analysis) asked(h *host, family int) judge.Asked {
	candidates, whole := a.Masks4, 32
	if family == 6 {
		candidates, whole = a.Masks6, 128
	}
	q := judge.Asked{
		Candidates: candidates, CurrentPrefix: h.policy.prefix(family), RefusalsOnly: h.refusalsOnly(),
		CalibrationFailed: h.status == finding.Failed, Span: h.span, Refused: a.refusals(h),
		Reproduced: h.policy.total > 0 || h.verified > 0, Unverified: h.keyed && h.status == finding.NotChecked,
		Other:   h.replays[10-family], // of the other family, 4 or 6
		Proxy:   h.proxy,
		Shifted: h.shifted, Life: h.life, Life95: h.life95,
		Session: h.session, Outside: h.outside[family],
		Gaps:      a.gaps || h.gaps,
		ByAddress: a.loaded.Identity.Kind == ingest.ByAddress,
	}
	if h.moves != nil {
		q.Between = h.moves.Median(family)
	}
	if q.CurrentPrefix == whole {
		q.CurrentPrefix = 0
	}
	if h.keyed && h.policy.total > 0 {
		q.Bound, q.Unbound = h.policy.bound(), !h.policy.bound()
	}
	return q
}

// warnOf notes what limits the result where it is found.
func (a *analysis) warnOf(text string, args ...any) {
	a.out.Warnings = append(a.out.Warnings, format.Sentence(text, args...))
}

// warn says what limits the result.
func (a *analysis) warn() {
	say := a.warnOf
	for _, s := range a.loaded.Sources {
		if s.Err != nil {
			say("%s: %v", s.Path, s.Err)
		}
	}
	for _, text := range append(a.notes(), a.loaded.Remarks...) {
		say("%s", text)
	}
	if n := a.loaded.LeftOut; n > 0 {
		say("%d {request|requests} outside --since, --until or --host {was|were} left out", n)
	}
	a.warnOfEdge()
	if a.loaded.Queries == 0 && a.out.Input.Parsed > a.loaded.LeftOut {
		say("no request has a query string: the tokens were stripped from this log, so nothing about them can be told; ask for a log with query strings")
	}
	if a.masked {
		say("the addresses in this log are masked (they end in zeros): a token bound to a whole address cannot be checked, and moves within a /24 are not seen; ask for a log with whole addresses")
	}
	for _, r := range a.out.Input.Rejects {
		if r.Reason == "masked address" {
			say("%d {line holds|lines hold} masked addresses (%s:%s): no address-bound token can be checked against them", r.Lines, r.Source, strconv.FormatInt(r.Line, 10))
		}
	}
	for _, name := range a.names {
		h := a.hosts[name]
		if h.broken >= a.Thresholds.CalibrationTokens && h.broken > h.signed {
			say("%s: %d of %d served {token is|tokens are} malformed: the log seems to shorten or to mask them, so nothing about them can be told", name, h.broken, h.broken+h.signed)
		}
		a.warnUnsigned(h)
		if h.refusalsOnly() {
			say("%s: the log holds refused requests only; rates and interleaving are not claimed", name)
		}
		if h.policy.contradicted() {
			say("%s: scope or binding are given by --scope or --config, but the edge served links that are signed otherwise", name)
		}
		if h.outdated > 0 {
			say("%s: %d {request was|requests were} served whose link is signed with a key outside its stated validity: the edge still takes it, or the validity is wrong", name, h.outdated)
		}
		if h.status == finding.Failed {
			say("%s: calibration failed, %s", name, h.reason)
		}
	}
	if a.tokenless > 0 {
		say("%d of %d unresolved {link is|links are} of earlier runs and {was|were} not searched again: their tokens are not kept", a.tokenless, a.out.Method.Search.Unresolved)
	}
	if m := a.out.Method.Search; m.Skipped > a.tokenless {
		say("%d of %d unresolved {link was|links were} not searched deeply: the budget is %d links of each host, and the rest only where these gave something", m.Skipped-a.tokenless, m.Unresolved, hostSample)
	}
	for _, d := range a.draws {
		say("%s", d.says())
	}
	if m := a.out.Method.Search; m.Full > 0 {
		say("all of IPv4 was searched for %d {link|links} (one run takes %d at most), for %d of them in vain; %d {hash was|hashes were} tried in all", m.Full, max(fullBudget, a.Recover.sample()), a.vain, m.Candidates)
	}
	if n := a.out.Denials.Disagreements; n > 0 {
		say("on %d refused {request|requests} the edge's reason code and the recomputed verdict disagree", n)
	}
}

// notes says what the lines of the sources show about them, each thing once,
// unless it is said of the whole log.
func (a *analysis) notes() []string {
	var order []string
	files := map[string][]string{}
	for _, s := range a.loaded.Sources {
		for _, text := range s.Notes {
			stripped := a.loaded.Queries == 0 && strings.Contains(text, "query string")
			if stripped || a.masked && strings.Contains(text, "addresses were cut") {
				continue
			}
			if files[text] == nil {
				order = append(order, text)
			}
			files[text] = append(files[text], s.Path)
		}
	}
	for i, text := range order {
		if order[i] = files[text][0]; len(files[text]) > 1 {
			order[i] += format.Sentence(" and %d more", len(files[text])-1)
		}
		order[i] += ": " + text
	}
	return order
}
