package judge

import "slices"

// What tells of missing requests. A player asks for the segments of a stream one
// after the other; one that was never asked for, between two that were, is a
// request that the log does not have, or a seek.
const (
	gapSegments = 6  // segments of a user from which they count as a sequence
	gapSeek     = 20 // a step so long is a seek
	gapUsers    = 30 // users with a sequence from which the log is judged
)

// Gaps counts the segments that are missing between those that users asked for,
// served or refused (rules 2 and 11).
type Gaps struct {
	Users, Holed   int64 // with a sequence, and of them those with a segment missing
	Asked, Missing int64 // segments of theirs
}

// Add adds the names of the files that one user asked for, in any order, whatever
// their directory: a player that changes the rendition goes on in another one.
// Names without a number count for nothing, and so does a user whose numbers are
// times or places rather than a sequence.
func (g *Gaps) Add(names []string) {
	var numbers []int64
	for _, name := range names {
		if kind, n := place(name); kind == segment {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	if len(numbers) < gapSegments {
		return
	}
	unit := int64(0)
	for i := range numbers[1:] {
		unit = divisor(unit, numbers[i+1]-numbers[i])
	}
	near, missing := 0, int64(0)
	for i := range numbers[1:] {
		if step := (numbers[i+1] - numbers[i]) / unit; step <= gapSeek {
			near, missing = near+1, missing+step-1
		}
	}
	if 2*near < len(numbers)-1 {
		return
	}
	g.Users, g.Asked, g.Missing = g.Users+1, g.Asked+int64(len(numbers)), g.Missing+missing
	if missing > 0 {
		g.Holed++
	}
}

// divisor is the greatest common one.
func divisor(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Share is the share of segments that are missing.
func (g *Gaps) Share() float64 { return float64(g.Missing) / max(1, float64(g.Missing+g.Asked)) }

// Tell tells whether more than a tenth of the requests is missing. Viewers seek,
// too, but never most of them: it takes holes in the sequences of more than half
// of enough users.
func (g *Gaps) Tell() bool {
	return g.Users >= gapUsers && 2*g.Holed > g.Users && g.Share() > MostMissing
}

// MostMissing is the share of requests that may be missing before classes that
// need order go (rule 11).
const MostMissing = 0.1
