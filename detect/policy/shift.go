package policy

import (
	"slices"
	"strings"

	"ipdrift/detect/judge"
	"ipdrift/ingest/format"
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
	since    int64 // µs, when the first of the new one was served, where the edge refused them before; 0: it did not
}

// Rejects tells whether the edge did not take links that are bound so at a time, µs.
func (s *Shift) Rejects(b token.Binding, at int64) bool {
	return s != nil && (b == s.From && s.until != 0 && at > s.until || b == s.To && s.since != 0 && at < s.since)
}

// FindShift finds out whether the edge binds links otherwise since some time: from then on hardly any link begins that is
// bound as before. Where one part of the tree ends while another begins, which are bound differently all the time, it
// does not: either a folder took both, or refusals show the change. A test of a few links is none.
func (p *Policy) FindShift(uses map[BoundAs]*Usage, t *judge.Thresholds) {
	for from, before := range uses {
		for to, after := range uses {
			if from.Family != to.Family || from == to || p.Stated[Index(from.Family)] != nil {
				continue
			}
			step, ok := judge.Ceased(before.begun[:], after.begun[:])
			if !ok || after.begunFrom(step) < t.CalibrationTokens {
				continue
			}
			s := &Shift{From: from.Binding, To: to.Binding, At: after.firstFrom(step)}
			if until, _, ok := before.Ceased(); ok {
				s.until = until
			}
			if since, ok := after.started(); ok {
				s.since = since
			}
			if s.until == 0 && s.since == 0 && !p.together[[2]BoundAs{from, to}] {
				continue
			}
			if known := &p.Shifts[Index(from.Family)]; *known == nil || (*known).before(s) {
				*known = s
			}
		}
	}
}

// before orders changes by time.
func (s *Shift) before(o *Shift) bool {
	return s.At < o.At || s.At == o.At && (bindingLess(o.From, s.From) || o.From == s.From && bindingLess(o.To, s.To))
}

// Mended tells whether what links are bound to now, and were not always, takes all that a user was refused with.
func (p *Policy) Mended(u *judge.User, family int) bool {
	return p.Shifts[Index(family)] != nil && judge.Affected(u) && u.MinCommon >= p.Prefix(family)
}

// BindingAt is what links were bound to at a time, µs.
func (p *Policy) BindingAt(family int, when int64) token.Binding {
	if s := p.Shifts[Index(family)]; s != nil && when < s.At {
		return s.From
	}
	return p.bindingOf(family)
}

// Where says below which folders links are bound so, and no others are; "" where that is not so.
func (p *Policy) Where(b BoundAs) string {
	var pure []string
	for path, f := range p.tops {
		var links, all int64
		for i := range f.rules {
			r := &f.rules[i]
			if r.Family != b.Family {
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
		return format.Sentence(" below %s and %d other folders", strings.Join(pure[:shownFolders], ", "), n-shownFolders)
	}
	return " below " + strings.Join(pure, ", ")
}

// shownFolders is how many folders are named.
const shownFolders = 3
