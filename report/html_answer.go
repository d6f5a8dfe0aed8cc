package report

import (
	"slices"
	"strconv"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// answer adds the decision on a host, and its calibration.
func (p *page) answer(a *finding.Analysis, h *host) {
	now := answerOf(a, h)
	explained := slices.ContainsFunc(p.Answers, func(before answer) bool { return before.Legend != "" })
	if len(now.Bars) > 0 && !explained {
		now.Legend = now.Bars[0].Needed
	}
	key := keyOf(h)
	p.Answers, p.Keys, p.Remarks = append(p.Answers, now), append(p.Keys, key), p.Remarks || key.Reason != ""
}

// answer is the decision on one host.
type answer struct {
	Host, Verdict, Tone string
	Reasons             []string
	Bars                []shareBar
	Price               string
	Users               string
	Caveats             []string
	Legend              string // the threshold that the bars show, where it has to be explained
}

// shareBar is a share of affected users with its interval, drawn from 0 to 100.
type shareBar struct {
	Label, Text       string
	Low, Share, Width string // per cent
	Needed            string // per cent; "": no threshold is known
	Advised           string // the word for it; "" for the others
}

func answerOf(a *finding.Analysis, h *host) answer {
	v := h.verdict()
	out := answer{Host: titled(h.name), Verdict: v.text, Tone: toneName(v.tone)}
	if h.failed() || h.unchecked() {
		out.Reasons = append(out.Reasons, sentence(unchecked(h)))
	}
	if h.failed() {
		return out
	}
	recs := answers(h.recs)
	for _, r := range recs {
		out.Reasons = append(out.Reasons, whose(r.Family, len(recs), ": ")+r.Reason)
	}
	for _, c := range caveatsOf(recs) {
		out.Caveats = append(out.Caveats, c.whose(": ")+c.text)
	}
	for _, r := range h.recs {
		out.Bars = append(out.Bars, barsOf(a, r, h.recs)...)
	}
	out.Price = price(a, recs)
	if len(h.recs) > 0 {
		out.Users = together(h.recs)
	}
	return out
}

// barsOf draws what each candidate mask accepts.
func barsOf(a *finding.Analysis, r finding.Recommendation, all []finding.Recommendation) (bars []shareBar) {
	if r.AffectedUsers == 0 {
		return nil
	}
	for _, s := range steps(r) {
		b := shareBar{
			Label: whose(r.Family, len(all), ": ") + prefix(s.Prefix), Text: figure.Percent(s.AcceptedShare) + " of affected users (" + figure.Bounds(s.Low, s.High) + " %)",
			Low: along(s.Low), Share: along(s.AcceptedShare), Width: along(s.High - s.Low),
			Advised: adviceOn(r, s.Prefix),
		}
		if need := a.Method.Thresholds["accepted_low"]; need > 0 {
			b.Needed = along(need)
		}
		bars = append(bars, b)
	}
	return bars
}

// along is a share as a place on a line of 100, to a hundredth.
func along(x float64) string {
	return strconv.FormatFloat(float64(int(min(max(x, 0), 1)*1e4+0.5))/100, 'f', -1, 64)
}

func toneName(t tone) string {
	switch t {
	case good:
		return "good"
	case act:
		return "act"
	case bad:
		return "bad"
	}
	return "unsure"
}

// keyRow is the calibration of one host.
type keyRow struct {
	Host, Status, Tone, Tokens, Binding, Scope, Form, Expired, Reason string
}

func keyOf(h *host) keyRow {
	k := keyRow{Host: h.name, Status: "not checked", Tone: "unsure", Reason: unchecked(h)}
	c := h.cal
	if c == nil {
		return k
	}
	switch c.Status {
	case finding.Verified:
		k.Status, k.Tone, k.Reason = "verified", "good", ""
	case finding.Failed:
		k.Status, k.Tone = "failed", "bad"
	}
	k.Tokens = figure.Count(c.Verified) + " of " + figure.Count(c.Tokens)
	k.Binding, k.Scope, k.Form = bindingOf(c.Policy), c.Policy.Scope, c.Policy.Form
	for i, status := range c.Policy.Expired {
		if i > 0 {
			k.Expired += ", "
		}
		k.Expired += strconv.Itoa(status)
	}
	return k
}
