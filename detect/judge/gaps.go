package judge

import (
	"cmp"
	"maps"
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

// Add adds the names of the files that one user asked for, in parts that need not follow each other, in any order, whatever
// their directory: a player that changes the rendition goes on in another one, and one that
// plays audio beside video asks for each number twice. Names without a number count for
// nothing, nor does one that is like no other but for its number, as where a hash names the
// file; and so does a user whose numbers are times or places rather than a sequence.
func (g *Gaps) Add(parts ...[]string) {
	var user Gaps
	for _, names := range parts {
		for _, numbers := range sequences(names) {
			user.addSequence(numbers)
		}
	}
	if user.Steps == 0 {
		return
	}
	g.Users, g.Steps, g.Jumps, g.Missing = g.Users+1, g.Steps+user.Steps, g.Jumps+user.Jumps, g.Missing+user.Missing
	if user.Jumps > 0 {
		g.Holed++
	}
}

// addSequence adds the steps of one sequence, whose numbers are in order.
func (g *Gaps) addSequence(numbers []int64) {
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
	g.Steps, g.Jumps, g.Missing = g.Steps+steps, g.Jumps+jumps, g.Missing+missing
}

// gapTracks is how many tracks played beside each other are told apart: video, audio and subtitles are three.
const gapTracks = 4

// sequences gives the numbers of segments, each once, in order: those of all tracks together, but
// those of a track that has more than a tenth of its numbers in common with others, or that counts in
// other units of time, apart, as it is played beside them.
func sequences(names []string) (all [][]int64) {
	tracks := map[track][]int64{}
	for _, name := range names {
		if kind, n := place(name); kind == segment {
			of := trackOf(name)
			tracks[of] = append(tracks[of], n)
		}
	}
	alike := map[string]int{} // numbers by what names are but for digits
	var list [][]int64
	for of, numbers := range tracks {
		slices.Sort(numbers)
		tracks[of] = slices.Compact(numbers)
		alike[withoutDigits(of.before+of.after)] += len(tracks[of])
	}
	for of, numbers := range tracks {
		if alike[withoutDigits(of.before+of.after)] > 1 {
			list = append(list, numbers)
		}
	}
	slices.SortFunc(list, func(a, b []int64) int { return cmp.Or(cmp.Compare(len(b), len(a)), slices.Compare(a, b)) })
	var beside []*sequence
	for _, numbers := range list {
		at := slices.IndexFunc(beside, func(other *sequence) bool { return other.continues(numbers) })
		if at < 0 && len(beside) == gapTracks {
			continue
		}
		if at < 0 {
			at, beside = len(beside), append(beside, &sequence{numbers: map[int64]bool{}, first: numbers[0]})
		}
		beside[at].take(numbers)
	}
	for _, s := range beside {
		all = append(all, slices.Sorted(maps.Keys(s.numbers)))
	}
	return all
}

// sequence is the numbers of tracks that follow each other, as renditions do.
type sequence struct {
	numbers map[int64]bool
	first   int64
	unit    int64 // that all are apart by, a number of times
}

func (s *sequence) take(numbers []int64) {
	s.unit = s.with(numbers)
	for _, n := range numbers {
		s.numbers[n] = true
	}
}

// with is the unit of the sequence with further numbers.
func (s *sequence) with(numbers []int64) int64 {
	unit := s.unit
	for _, n := range numbers {
		unit = divisor(unit, max(n, s.first)-min(n, s.first))
	}
	return unit
}

// coarser is how many times as far apart the few numbers of a short sequence may be by chance.
const coarser = 8

// continues reports whether numbers may go on with the sequence: few of them were in it, and they are in the same unit.
func (s *sequence) continues(numbers []int64) bool {
	common := 0
	for _, n := range numbers {
		if s.numbers[n] {
			common++
		}
	}
	return 10*common <= len(numbers) && coarser*s.with(numbers) >= s.unit
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

// chance reports whether the holes are as long as chance makes them: 1/p segments
// each, on average. Viewers seek further.
func (g *Gaps) chance() bool { return float64(g.Missing)*(1-g.Share()) <= 2*float64(g.Jumps) }

// Tell reports whether too many of the requests are missing. Viewers seek,
// too, but seldom most of them, and not by a segment or two: it takes holes in
// the sequences of more than half of enough users, of the length that chance makes.
func (g *Gaps) Tell(t *Thresholds) bool {
	return g.Users >= GapUsers && 2*g.Holed > g.Users && g.Share() > t.Missing && g.chance()
}
