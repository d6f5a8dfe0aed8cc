package identity

import "slices"

// Place tells the number of a segment by the id of its file; ok is false for other files.
type Place func(file uint32) (n int64, ok bool)

// A title begins with the first of these segments: everybody asks for them.
const firstSegments = 3

// leastTelling is the least number of pairs of which can be seen whether they are chance.
const leastTelling = 10

// sequence is which turns go on with the segments of which: where a title is no live stream, a viewer is alone at its place in
// it, so that the next token tells itself by the segment that comes next, long after the last one and wherever it was signed.
type sequence struct {
	turns    []Turn
	until    map[int32]int64   // when what is known to go on with a turn begins, µs
	ends     map[int64][]int32 // turns, by the number of the segment that comes next
	claims   map[int32]int     // how many others may go on with a turn
	early    map[int32]bool    // turns of two of which one began like that before the other one ended
	mirrored int               // how many such pairs there are
}

// opening is a turn and the number of the segment that it begins with.
type opening struct {
	turn   int32
	number int64
}

// bySequence pairs turns with those of some that begin, in the silence after them, with the segment that comes next, or with
// their last one again, where nobody else does. By chance, as many begin so in the time before: where these are more than few,
// as in a live stream that others watch, who has one there is left alone. known are the pairs that are known.
func (r *resuming) bySequence(begun []int32, known [][2]uint32, place Place) (pairs [][2]int32) {
	var begins []opening
	for _, j := range begun {
		if n, ok := r.turns[j].opens(place); ok && n > firstSegments {
			begins = append(begins, opening{j, n})
		}
	}
	if len(begins) == 0 {
		return nil
	}
	s := &sequence{turns: r.turns, until: map[int32]int64{}, ends: map[int64][]int32{}, claims: map[int32]int{}, early: map[int32]bool{}}
	for _, p := range known {
		s.until[int32(p[0])] = r.turns[p[1]].First
	}
	for i := range r.turns {
		if _, on := r.on[int32(i)]; on {
			continue
		}
		if n, ok := r.turns[i].next(place); ok {
			s.ends[n] = append(s.ends[n], int32(i))
		}
	}
	for _, b := range begins {
		pairs = s.match(b, r.within, pairs)
	}
	tells := len(pairs) >= leastTelling && float64(s.mirrored) <= MostChance*float64(len(pairs))
	return slices.DeleteFunc(pairs, func(p [2]int32) bool {
		return s.claims[p[0]] > 1 || !tells && (s.early[p[0]] || s.early[p[1]])
	})
}

// match adds the pair of a turn that begins with a segment and the only one that it may go on with: for which this one comes
// next, soon or later, or else was the last one.
func (s *sequence) match(b opening, within int64, to [][2]int32) [][2]int32 {
	j := b.turn
	var found [4][]int32 // the likeliest first
	for again := range int64(2) {
		for _, i := range s.ends[b.number+again] {
			switch since := s.turns[j].First - s.turns[i].last(); {
			case i == j, since > turnGap, -since > turnGap:
			case since < 0:
				s.early[i], s.early[j] = true, true
				s.mirrored++
			case s.fits(i, j):
				at := 2 * again
				if since > within {
					at++
				}
				found[at] = append(found[at], i)
			}
		}
	}
	for _, of := range found {
		for _, i := range of {
			s.claims[i]++
		}
		if len(of) == 1 {
			to = append(to, [2]int32{of[0], j})
		}
		if len(of) > 0 {
			break
		}
	}
	return to
}

// fits reports whether one turn may go on with another for all that is known of either: it lies in the silence before what
// the other is known to go on with.
func (s *sequence) fits(i, j int32) bool {
	until, known := s.until[i]
	return !known || s.turns[j].last() <= until
}

// last is when a turn ended, refused or not.
func (t *Turn) last() int64 {
	if t.Fell.Client.IsValid() {
		return max(t.Final, t.Fell.Time)
	}
	return t.Final
}

// next is the number of the segment that a turn would have asked for next: of the one that it was refused last.
func (t *Turn) next(place Place) (n int64, ok bool) {
	if t.Fell.Client.IsValid() && t.Fell.Time >= t.Final {
		if n, ok = place(t.Refused); ok {
			return n, true
		}
	}
	for _, file := range t.Reached {
		if at, is := place(file); is {
			n, ok = max(n, at+1), true
		}
	}
	return n, ok
}

// opens is the number of the segment that a turn begins with, alone or behind a playlist.
func (t *Turn) opens(place Place) (n int64, ok bool) {
	if n, ok = place(t.Begun[0]); !ok {
		n, ok = place(t.Begun[1])
	}
	return n, ok
}
