package policy

import (
	"slices"
	"strings"

	"ipdrift/detect/judge"
	"ipdrift/detect/trend"
	"ipdrift/ingest/figure"
	"ipdrift/token"
)

// BoundAs is what links of a family's addresses are bound to.
type BoundAs struct {
	token.Binding
	Family int
}

// Shift is a change of what links of a family are bound to.
type Shift struct {
	From, To token.Binding
	At       int64 // µs, when links of the new one took over
	until    int64 // µs, when the last of the old one was served, where the edge refuses them since; 0: it does not
	left     int64 // µs, when the last link of the old one began before
	since    int64 // µs, when the first of the new one was served, where the edge refused them before; 0: it did not
}

// Rejects reports whether the edge did not take links that are bound so at a time, µs.
func (p *Policy) Rejects(family int, b token.Binding, at int64) bool {
	shifts := p.Shifts[Index(family)]
	rejected := false
	for i, s := range shifts {
		switch b {
		case s.From:
			rejected = s.until != 0 && at > s.until
		case s.To:
			early := s.since != 0 && at < s.since && (i == 0 || at >= shifts[i-1].At)
			rejected = early || rejected && at < s.At
		}
	}
	return rejected
}

// FindShifts finds out whether the edge binds links otherwise since some time, the last change first: from then on hardly
// any link begins that is bound as before. Where one part of the tree ends while another begins, which are bound
// differently all the time, it does not: either a folder took both, or refusals show the change. A test of a few links is
// none.
func (p *Policy) FindShifts(uses map[BoundAs]*Usage, t *judge.Thresholds) {
	for _, family := range []int{4, 6} {
		var shifts []Shift
		for s, end := p.lastShift(uses, family, nil, usageSteps, t); s != nil; s, end = p.lastShift(uses, family, &s.From, end, t) {
			shifts = append(shifts, *s)
		}
		slices.Reverse(shifts)
		p.Shifts[Index(family)] = shifts
	}
}

// lastShift is the last change before a step, to one binding; nil: to any. It also gives the step of it; nil: there is
// none.
func (p *Policy) lastShift(uses map[BoundAs]*Usage, family int, into *token.Binding, end int, t *judge.Thresholds) (last *Shift, at int) {
	for from, before := range uses {
		for to, after := range uses {
			if from.Family != family || to.Family != family || from == to || into != nil && to.Binding != *into {
				continue
			}
			step, ok := trend.Ceased(before.begun[:end], after.begun[:end])
			if !ok || after.begunIn(step, end) < t.CalibrationTokens {
				continue
			}
			s := &Shift{From: from.Binding, To: to.Binding, At: after.firstIn(step, end), left: slices.Max(before.first[:step])}
			if until, _, ok := before.ceased(end); ok {
				s.until = until
			}
			if since, ok := after.started(end); ok {
				s.since = since
			}
			if s.until == 0 && s.since == 0 && !p.together[[2]BoundAs{from, to}] {
				continue
			}
			if last == nil || last.before(s) {
				last, at = s, step
			}
		}
	}
	return last, at
}

// before orders changes by time; of two to one binding the later is from the one that links began with last.
func (s *Shift) before(o *Shift) bool {
	switch {
	case s.At != o.At:
		return s.At < o.At
	case s.left != o.left:
		return s.left < o.left
	}
	return bindingLess(o.From, s.From) || o.From == s.From && bindingLess(o.To, s.To)
}

// shift is the last change of a family's binding; nil: there is none.
func (p *Policy) shift(family int) *Shift {
	shifts := p.Shifts[Index(family)]
	if len(shifts) == 0 {
		return nil
	}
	return &shifts[len(shifts)-1]
}

// Mended reports whether what links are bound to now, and were not always, takes all that a user was refused with.
func (p *Policy) Mended(u *judge.User, family int) bool {
	return p.shift(family) != nil && judge.Affected(u) && u.MinCommon >= p.Prefix(family)
}

// BindingAt is what links were bound to at a time, µs.
func (p *Policy) BindingAt(family int, when int64) token.Binding {
	for _, s := range p.Shifts[Index(family)] {
		if when < s.At {
			return s.From
		}
	}
	return p.bindingOf(family)
}

// Where says below which folders links are bound so, and no others are; "" where that is not so.
func (p *Policy) Where(b BoundAs) string {
	var pure []string
	for path, f := range p.tops {
		var links, all int64
		for i := range f.all {
			r := &f.all[i]
			if r.Family != b.Family || !p.allowed(r.Rule) {
				continue
			}
			if all += r.Links; r.Binding == b.Binding {
				links += r.Links
			}
		}
		switch {
		case links < folderLinks:
		case float64(links) < (1-FewLinks)*float64(all):
			return ""
		default:
			pure = append(pure, path)
		}
	}
	slices.Sort(pure)
	switch n := len(pure); {
	case n == 0:
		return ""
	case n > shownFolders:
		return figure.Sentence(" below %s and %d other folders", strings.Join(pure[:shownFolders], ", "), n-shownFolders)
	}
	return " below " + strings.Join(pure, ", ")
}

// shownFolders is how many folders are named.
const shownFolders = 3
