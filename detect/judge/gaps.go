package judge

import (
	"slices"
	"strings"
)

// What tells of missing requests. A player asks for the segments of a stream one
// after the other; one that was never asked for, between two that were, is a
// request that the log does not have, or a seek.
const (
	GapSegments = 3  // segments of a user from which they count as a sequence
	GapUsers    = 30 // users with a sequence from which the log is judged
	gapSeek     = 20 // a step so long is a seek
)

// Gaps counts the steps between the segments that users asked for, served or
// refused (rules 2 and 11).
type Gaps struct {
	Users, Holed int64 // with a sequence, and of them those with a segment missing
	Steps, Jumps int64 // from one segment to the next that was asked for, and of them those that leave some out
	Missing      int64 // segments that were left out
}

// Add adds the names of the files that one user asked for, in any order, whatever
// their directory: a player that changes the rendition goes on in another one.
// Names without a number count for nothing, nor does one that is like no other
// but for its number, as where a hash names the file; and so does a user whose
// numbers are times or places rather than a sequence.
func (g *Gaps) Add(names []string) {
	numbers := numbered(names)
	if len(numbers) < GapSegments {
		return
	}
	unit := int64(0)
	for i := range numbers[1:] {
		unit = divisor(unit, numbers[i+1]-numbers[i])
	}
	steps, jumps, missing := int64(0), int64(0), int64(0)
	for i := range numbers[1:] {
		step := (numbers[i+1] - numbers[i]) / unit
		if step > gapSeek {
			continue
		}
		if steps++; step > 1 {
			jumps, missing = jumps+1, missing+step-1
		}
	}
	if 2*steps < int64(len(numbers)-1) {
		return
	}
	g.Users, g.Steps, g.Jumps, g.Missing = g.Users+1, g.Steps+steps, g.Jumps+jumps, g.Missing+missing
	if jumps > 0 {
		g.Holed++
	}
}

// numbered gives the numbers of segments, each once, in order.
func numbered(names []string) (numbers []int64) {
	alike := map[string][]int64{}
	for _, name := range names {
		if kind, n := place(name); kind == segment {
			shape := withoutDigits(name)
			alike[shape] = append(alike[shape], n)
		}
	}
	for _, all := range alike {
		slices.Sort(all)
		if all = slices.Compact(all); len(all) > 1 {
			numbers = append(numbers, all...)
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

func withoutDigits(name string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return -1
		}
		return r
	}, name)
}

// divisor is the greatest common one.
func divisor(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Share is the share of requests that are missing: of a sample that keeps each
// with the chance p, 1-p of the steps leave segments out. A seek is one step,
// however far it goes.
func (g *Gaps) Share() float64 { return float64(g.Jumps) / max(1, float64(g.Steps)) }

// chance tells whether the holes are as long as chance makes them: 1/p segments
// each, on average. Viewers seek further.
func (g *Gaps) chance() bool { return float64(g.Missing)*(1-g.Share()) <= 2*float64(g.Jumps) }

// Tell tells whether too many of the requests are missing. Viewers seek,
// too, but seldom most of them, and not by a segment or two: it takes holes in
// the sequences of more than half of enough users, of the length that chance makes.
func (g *Gaps) Tell(t *Thresholds) bool {
	return g.Users >= GapUsers && 2*g.Holed > g.Users && g.Share() > t.Missing && g.chance()
}
