package policy

import (
	"slices"

	"ipdrift/detect/trend"
)

// usageSteps is how many steps of time tell when an edge took links of one kind for the first or the last time.
const usageSteps = 256

// Usage is links of one kind, those of a key or bound alike, by step: when they were served for the first and
// for the last time, and refused for the first time.
type Usage struct {
	from, step            int64 // µs: when the first step begins, and how long each is
	begun, taken, refused [usageSteps]int64
	first, last           [usageSteps]int64 // µs, of those that were begun or taken then; 0: there are none
	fell, lastFell        [usageSteps]int64 // µs, the first and the last that were refused then; 0: there are none
}

// Ceased returns when the edge gave up links like these, in µs: until then it took them; and the step of it.
func (u *Usage) Ceased() (until int64, step int, ok bool) { return u.ceased(usageSteps) }

// ceased is Ceased of the steps before an end.
func (u *Usage) ceased(end int) (until int64, step int, ok bool) {
	taken, refused := halved(u.taken[:end], u.refused[:end], func(step int) bool { return u.last[step] <= u.fell[step] })
	half, ok := trend.Ceased(taken, refused)
	if !ok {
		return 0, 0, false
	}
	return slices.Max(u.last[:(half+1)/2]), half / 2, true
}

// started returns when the edge began to take links like these, in µs, if it refused them before.
func (u *Usage) started(end int) (since int64, ok bool) {
	refused, begun := halved(u.refused[:end], u.begun[:end], func(step int) bool { return u.lastFell[step] <= u.first[step] })
	slices.Reverse(begun)
	slices.Reverse(refused)
	half, ok := trend.Ceased(begun, refused)
	if !ok {
		return 0, false
	}
	return u.firstIn((2*end-half)/2, end), true
}

// halved parts each step in two, where all of the former came before the latter in it.
func halved(former, latter []int64, apart func(step int) bool) (a, b []int64) {
	a, b = make([]int64, 2*len(former)), make([]int64, 2*len(former))
	for i := range former {
		a[2*i] = former[i]
		if at := 2 * i; former[i] > 0 && latter[i] > 0 && apart(i) {
			b[at+1] = latter[i]
		} else {
			b[at] = latter[i]
		}
	}
	return a, b
}

// begunIn is how many were served for the first time from a step to an end.
func (u *Usage) begunIn(step, end int) (n int64) {
	for _, links := range u.begun[step:end] {
		n += links
	}
	return n
}

// firstIn is when one was served for the first time from a step to an end; 0: none was.
func (u *Usage) firstIn(step, end int) (first int64) {
	for _, at := range u.first[step:end] {
		if first == 0 || at != 0 && at < first {
			first = at
		}
	}
	return first
}

// TakenFrom reports whether any were served from a step on.
func (u *Usage) TakenFrom(step int) bool { return slices.Max(u.last[step:]) > 0 }

// NewUsage is for links of which nothing is known yet, used from first to final, µs.
func NewUsage(first, final int64) *Usage {
	return &Usage{from: first, step: (final-first)/usageSteps + 1}
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
		u.last[at] = max(u.last[at], last)
	}
	if refused != 0 {
		at := (refused - u.from) / u.step
		if u.refused[at]++; u.fell[at] == 0 || refused < u.fell[at] {
			u.fell[at] = refused
		}
		u.lastFell[at] = max(u.lastFell[at], refused)
	}
}
