package judge

import (
	"fmt"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// parts asks again for both halves of the time and without the largest carrier
// (rule 14). A part is smaller than the whole, so its bounds are wider and its
// own decision often another one by chance alone: it contradicts the answer only
// if it has enough users to decide, decides otherwise, and its bounds exclude
// what the answer rests on.
func (q *question) parts() (out []finding.Part) {
	middle := q.middle()
	ask := func(name string, keep func(*member) bool) {
		if part := gather(q.affected, keep); part.users > 0 && part.users < q.all.users {
			out = append(out, q.part(name, part))
		}
	}
	ask("first half", func(m *member) bool { return m.first < middle })
	ask("second half", func(m *member) bool { return m.first >= middle })
	if asn := q.largest(); asn != 0 {
		ask(fmt.Sprintf("without AS%d", asn), func(m *member) bool { return m.asn != asn })
	}
	return out
}

func (q *question) part(name string, part *cohort) finding.Part {
	own := part.choose(q.candidates, q.vetoed, &q.t)
	p := finding.Part{Part: name, AffectedUsers: part.users, Decision: own.decision}
	enough := part.users >= q.t.DecidesFrom
	p.Contradicts = enough && q.contradicts(part) && (own.decision != q.choice.decision || own.prefix != q.choice.prefix)
	if !enough {
		p.Decision = finding.InsufficientEvidence
	}
	p.AcceptedShare, p.Low, p.High = Wilson(part.accepted(q.choice.prefix), part.users)
	if p.Decision == finding.Widen || p.Decision == finding.HelpsPartly {
		p.Prefix = &own.prefix
	}
	return p
}

// sensitivity says where the answer does not hold.
func (q *question) sensitivity(list *caveats, parts []finding.Part) {
	where := map[string]string{"first half": "in the first half of the time", "second half": "in the second half of the time"}
	for i := range parts {
		p := &parts[i]
		if !p.Contradicts {
			continue
		}
		at, ok := where[p.Part]
		if !ok {
			at = p.Part + ", the largest carrier"
		}
		list.add("The answer does not hold %s: /%d would have let %s of %s affected users through there%s.",
			at, q.choice.prefix, percent(p.AcceptedShare), figure.Count(p.AffectedUsers), q.insteadOf(p))
	}
}

// contradicts reports whether the share of a part lies beyond the threshold of
// the answer by more than chance.
func (q *question) contradicts(part *cohort) bool {
	low, high := part.low(q.choice.prefix), part.high(q.choice.prefix)
	switch q.choice.decision {
	case finding.Widen:
		return high < q.t.AcceptedLow
	case finding.HelpsPartly:
		return high < q.t.PartlyHigh || low >= q.t.AcceptedLow
	case finding.MaskNotEnough:
		return low >= q.t.PartlyHigh
	}
	return false
}

// insteadOf says what a part of the users asks for in place of the whole's
// choice.
func (q *question) insteadOf(p *finding.Part) string {
	switch {
	case p.Decision == finding.Widen && *p.Prefix != q.choice.prefix:
		return fmt.Sprintf(", and /%d would be the choice", *p.Prefix)
	case p.Decision == finding.Widen:
		return ", which would be enough"
	case p.Decision == finding.HelpsPartly:
		return ", which helps only partly"
	}
	return ", so no mask would be enough"
}

// middle is half way between the first and the last affected user.
func (q *question) middle() int64 {
	low, high := q.affected[0].first, q.affected[0].first
	for i := range q.affected {
		low, high = min(low, q.affected[i].first), max(high, q.affected[i].first)
	}
	return low + (high-low)/2 + 1
}

// largest is the known carrier with most affected users; the lower number of
// equals.
func (q *question) largest() (best uint32) {
	users := map[uint32]int{}
	for i := range q.affected {
		if asn := q.affected[i].asn; asn != 0 {
			users[asn]++
		}
	}
	for asn, n := range users {
		if n > users[best] || n == users[best] && asn < best {
			best = asn
		}
	}
	return best
}
