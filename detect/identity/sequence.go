package identity

import (
	"cmp"
	"slices"
)

// Place tells the number of a segment by the id of its file; ok is false for other files.
type Place func(file uint32) (n int64, ok bool)

// A title begins with the first of these segments: everybody asks for them.
const firstSegments = 3

// sequence is which turns go on with the segments of which: where a title is no live stream, a viewer is alone at its place in
// it, so that the next token tells itself by the segment that comes next, long after the last one and wherever it was signed.
type sequence struct {
	turns   []Turn
	until   map[int32]int64   // when what is known to go on with a turn begins, µs
	ends    map[int64][]int32 // turns, by the number of the segment that comes next
	claims  map[int32]int     // how many others may go on with a turn
	refused likeness          // what turns say that ended with a refusal because of the address, from which players renew their links,
	stopped likeness          // and the others
	sequels int64             // how many begin so after those, and are not told, less those that began so before
}

// likeness is what is known of turns that begin with the segment that comes next for others.
type likeness struct {
	Seeming                // begin after one alone; began like that before one ended
	early   map[int32]bool // turns of the latter pairs
}

// like are the ones that ended as a turn did.
func (s *sequence) like(i int32) *likeness {
	if s.turns[i].fell() {
		return &s.refused
	}
	return &s.stopped
}

// beginning is a turn and the number of the segment that it begins with.
type beginning struct {
	turn   int32
	number int64
}

// bySequence pairs turns, refused at their end or not, with those of some others that begin in the silence after them with the
// segment that comes next, or with their last one again, where nobody else does; those of whom more do so are left. By chance,
// as many begin so in the time before: where these are more than few, as in a live stream that others watch, who has one there
// is left alone. known are the pairs that are known.
func (r *resuming) bySequence(begun []int32, known [][2]uint32, place Place, to *Resumed) {
	var begins []beginning
	for _, j := range begun {
		if n, ok := r.turns[j].opens(place); ok && n > firstSegments {
			begins = append(begins, beginning{j, n})
		}
	}
	if len(begins) == 0 {
		return
	}
	s := &sequence{turns: r.turns, until: map[int32]int64{}, ends: map[int64][]int32{}, claims: map[int32]int{}, refused: likeness{early: map[int32]bool{}}, stopped: likeness{early: map[int32]bool{}}}
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
	for _, of := range s.ends {
		r.sortByEnd(of)
	}
	before := make([][]int32, len(begins))
	alone := 0
	for n, b := range begins {
		if before[n] = s.before(b, r.within); len(before[n]) == 0 {
			alone++
		}
	}
	if 2*alone > len(begins) {
		return // a live stream, which all join where it is
	}
	for n, b := range begins {
		of := before[n]
		if len(of) == 0 {
			continue
		}
		i, l := of[0], s.like(of[0])
		told := len(of) == 1 && s.claims[i] == 1 && (l.Tells() || !l.early[i] && !l.early[b.turn])
		if told {
			r.pair(i, b.turn)
			to.Pairs = append(to.Pairs, [2]uint32{uint32(i), uint32(b.turn)})
		}
		switch {
		case l == &s.stopped:
		case told:
			s.sequels--
		default:
			to.Begins = append(to.Begins, uint32(b.turn))
		}
	}
	to.Sequels += s.sequels
}

// before are the turns that one may go on with, the likeliest of them: that were refused, for which its segment comes next, and
// not long ago, or else was the last one.
func (s *sequence) before(b beginning, within int64) (likeliest []int32) {
	var found [8][]int32
	preceding := false
	for again := range int64(2) {
		for _, i := range s.near(s.ends[b.number+again], s.turns[b.turn].First) {
			l := s.like(i)
			switch since := s.turns[b.turn].First - s.turns[i].last(); {
			case i == b.turn, since > turnGap, -since > turnGap:
			case since < 0:
				l.early[i], l.early[b.turn] = true, true
				l.Mirrored++
				preceding = preceding || l == &s.refused
			case s.fits(i, b.turn):
				at := 2 * again
				if since > within {
					at++
				}
				if l == &s.stopped {
					at += 4
				}
				found[at] = append(found[at], i)
			}
		}
	}
	if preceding {
		s.sequels--
	}
	for _, of := range found {
		if len(of) > 0 {
			likeliest = of
			break
		}
	}
	for _, i := range likeliest {
		s.claims[i]++
	}
	if len(likeliest) > 0 {
		l := s.like(likeliest[0])
		if len(likeliest) == 1 {
			l.Told++
		}
		if l == &s.refused {
			s.sequels++
		}
	}
	return likeliest
}

// near are those of some turns, in the order of their ends, that ended next to a time: no more than are looked at.
func (s *sequence) near(of []int32, at int64) []int32 {
	n, _ := slices.BinarySearchFunc(of, at, func(i int32, at int64) int { return cmp.Compare(s.turns[i].last(), at) })
	return of[max(0, n-mostBeside):min(len(of), n+mostBeside)]
}

// fits reports whether one turn may go on with another for all that is known of either: it lies in the silence before what
// the other is known to go on with.
func (s *sequence) fits(i, j int32) bool {
	until, known := s.until[i]
	return !known || s.turns[j].last() <= until
}

// last is when a turn ended, refused or not.
func (t *Turn) last() int64 {
	if t.fell() {
		return t.Fell.Time
	}
	return t.Final
}

// fell reports whether a turn ended with a refusal because of the address, and nothing after it.
func (t *Turn) fell() bool { return t.ended(0) }

// next is the number of the segment that a turn would have asked for next: of the one that it was refused last.
func (t *Turn) next(place Place) (n int64, ok bool) {
	if t.fell() {
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
