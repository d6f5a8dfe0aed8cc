package policy

import (
	"slices"

	"ipdrift/detect/judge"
)

// UsageSteps is how many steps of time tell when an edge took links of one kind for the first or the last time.
const UsageSteps = 256

// Usage is links of one kind, those of a key or bound alike, by step: when they were served for the first and
// for the last time, and refused for the first time.
type Usage struct {
	from, step            int64 // µs: when the first step begins, and how long each is
	begun, taken, refused [UsageSteps]int64
	first, Last           [UsageSteps]int64 // µs, of those that were begun or taken then; 0: there are none
}

// Ceased tells when the edge gave them up, µs: they were taken until then.
func (u *Usage) Ceased() (until int64, step int, ok bool) {
	if step, ok = judge.Ceased(u.taken[:], u.refused[:]); !ok {
		return 0, 0, false
	}
	return slices.Max(u.Last[:step]), step, true
}

// started tells when the edge began to take them, µs, if it refused them before.
func (u *Usage) started() (since int64, ok bool) {
	begun, refused := slices.Clone(u.begun[:]), slices.Clone(u.refused[:])
	slices.Reverse(begun)
	slices.Reverse(refused)
	step, ok := judge.Ceased(begun, refused)
	if !ok {
		return 0, false
	}
	return u.firstFrom(UsageSteps - step), true
}

// begunFrom is how many were served for the first time from a step on.
func (u *Usage) begunFrom(step int) (n int64) {
	for _, links := range u.begun[step:] {
		n += links
	}
	return n
}

// firstFrom is when one was served for the first time from a step on; 0: none was.
func (u *Usage) firstFrom(step int) (first int64) {
	for _, at := range u.first[step:] {
		if first == 0 || at != 0 && at < first {
			first = at
		}
	}
	return first
}

// NewUsage is for links of which nothing is known yet, used from first to final, µs.
func NewUsage(first, final int64) *Usage {
	return &Usage{from: first, step: (final-first)/UsageSteps + 1}
}

// Add adds a link by when it was served and refused, µs; 0: it never was.
func (u *Usage) Add(first, last, refused int64) {
	if first != 0 {
		at := (first - u.from) / u.step
		if u.begun[at]++; u.first[at] == 0 || first < u.first[at] {
			u.first[at] = first
		}
		at = (last - u.from) / u.step
		u.taken[at]++
		u.Last[at] = max(u.Last[at], last)
	}
	if refused != 0 {
		u.refused[(refused-u.from)/u.step]++
	}
}
