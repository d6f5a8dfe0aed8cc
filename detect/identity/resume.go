package identity

import (
	"cmp"
	"slices"

	"ipdrift/detect/bitset"
	"ipdrift/detect/judge"
)

// A player that is refused asks for a new link. Where its address has changed again by the
// time that this is signed, only time and file tell who goes on with it: most players go on
// with the very file that they were refused. It may be somebody else by chance.

// mostChance is the share of those who seem to go on that may do so by chance, at most. It is
// our own limit.
const mostChance = 0.1

// leastTelling is the least number of pairs of which can be seen whether they are chance.
const leastTelling = 10

// Seeming counts those who seem to go on, and those who begin as long before the end of another one: by chance these are as many.
type Seeming struct{ Told, Mirrored int }

// Tells reports whether so few of them are chance that it does not matter which are.
func (s Seeming) Tells() bool {
	return s.Told >= leastTelling && float64(s.Mirrored) <= mostChance*float64(s.Told)
}

// mostBeside is how many refusals are looked at that a link may go on with.
const mostBeside = 16

// Resumed is which turns go on with a refusal, by their places.
type Resumed struct {
	Pairs    [][2]uint32 // that are one player's, as nobody else can be meant
	Lapses   []lapsed    // refusals that other turns may go on with, with another file
	Begins   []uint32    // those turns
	Reopened []Reopened
	Reopenings
	Chance
}

// lapsed is a turn that ended with a refusal.
type lapsed struct {
	Turn uint32
	On   int // the only one that began in the time after it, where few began near; else -1
}

// Chance tells what of that may be chance: by chance, as many begin before a refusal as
// after it.
type Chance struct {
	Mirrored      int // refusals that one began before just as one began after those with on
	judge.Unclear     // of those of which nothing tells what they go on with; its refusals are not counted
}

// Add adds what was counted elsewhere.
func (c *Chance) Add(o Chance) {
	c.Mirrored += o.Mirrored
	c.Unclear.Add(o.Unclear)
}

// resuming is the turns of one host, user agent and directory that end with a refusal
// or begin anew, as far as nothing else tells what goes on with what.
type resuming struct {
	turns  []Turn
	within int64           // after a refusal, µs
	fell   []int32         // in the order of the refusals
	begun  []int32         // in the order of time
	on     map[int32]int32 // the turn that goes on with one
	from   map[int32]bool  // turns that go on with one
}

// resume joins a turn that ended with a refusal with the only one that begins with the
// refused file in the time after it, unless others are as likely to. consecutive and handed
// are the pairs that are known, by network and by the address of the refusal.
func resume(turns []Turn, consecutive, handed [][2]uint32, within int64, unseen bool, place Place) (out Resumed) {
	r := &resuming{turns: turns, within: within, on: map[int32]int32{}, from: map[int32]bool{}}
	given := r.gather(consecutive, handed)
	if len(r.fell) == 0 {
		return out
	}
	r.byFile()
	for _, i := range r.fell {
		if j, ok := r.on[i]; ok {
			out.Pairs = append(out.Pairs, [2]uint32{uint32(i), uint32(j)})
		}
	}
	for _, p := range given {
		r.pair(int32(p[0]), int32(p[1]))
	}
	r.bySequence(r.alone(), slices.Concat(consecutive, handed), place, &out)
	r.byTime(&out)
	r.reopened(slices.Concat(consecutive, handed, out.Pairs), unseen, place, &out)
	return out
}

// ended reports whether a turn ended with a refusal because of the address, or soon after it.
func (t *Turn) ended(within int64) bool {
	return t.Fell.Client.IsValid() && t.Fell.Time+within >= t.Final
}

// files returns the files that a turn begins with.
func (t *Turn) files() []uint32 {
	if t.Begun[1] == 0 {
		return t.Begun[:1]
	}
	return t.Begun[:]
}

// after reports whether a turn begins within a time of the refusal of another.
func (t *Turn) after(o *Turn, within int64) bool {
	return t.First >= o.Fell.Time && t.First-o.Fell.Time <= within
}

// gather lists the turns, and gives the consecutive ones that one begins in the time after
// the refusal of the other, unless a file tells otherwise.
func (r *resuming) gather(consecutive, handed [][2]uint32) (given [][2]uint32) {
	if !slices.ContainsFunc(r.turns, func(t Turn) bool { return t.ended(r.within) }) {
		return nil
	}
	next, led := bitset.New(len(r.turns)), bitset.New(len(r.turns)) // turns that something goes on with, and that go on with something
	for _, p := range consecutive {
		switch a, b := &r.turns[p[0]], &r.turns[p[1]]; {
		case !a.ended(r.within):
			led.Add(p[1])
		case b.after(a, r.within):
			given = append(given, p)
		}
	}
	for _, p := range handed {
		next.Add(p[0])
		led.Add(p[1])
	}
	for i := range r.turns {
		if r.turns[i].ended(r.within) && !next.Has(uint32(i)) {
			r.fell = append(r.fell, int32(i))
		}
		if !led.Has(uint32(i)) {
			r.begun = append(r.begun, int32(i))
		}
	}
	slices.SortStableFunc(r.fell, func(i, j int32) int { return cmp.Compare(r.turns[i].Fell.Time, r.turns[j].Fell.Time) })
	return given
}

// byFile pairs refusals with turns that begin with the same file, unless more begin with it
// than few. As in a live stream all ask for the same, who begins with a file that nobody
// begins with at other times, and goes on with nothing, might have begun with any such.
func (r *resuming) byFile() {
	fell, begun := map[uint32][]int32{}, map[uint32][]int32{}
	for _, i := range r.fell {
		fell[r.turns[i].Refused] = append(fell[r.turns[i].Refused], i)
	}
	for _, j := range r.begun {
		for _, file := range r.turns[j].files() {
			begun[file] = append(begun[file], j)
		}
	}
	for _, i := range r.fell { // one by one, as a turn may begin with two files
		file := r.turns[i].Refused
		if of := fell[file]; of != nil {
			r.match(of, begun[file])
			delete(fell, file)
		}
	}
	passes := func(file uint32) bool {
		of := begun[file]
		return r.turns[of[len(of)-1]].First-r.turns[of[0]].First <= turnGap
	}
	passing := slices.DeleteFunc(r.alone(), func(j int32) bool { return !slices.ContainsFunc(r.turns[j].files(), passes) })
	for _, i := range r.fell {
		j, ok := r.on[i]
		if !ok {
			continue
		}
		file := r.turns[i].Refused
		others := r.near(begun[file], i, j)
		if passes(file) {
			others = max(others, r.near(passing, i, j))
		}
		if !r.few(others) {
			r.part(i)
		}
	}
}

// near counts those of the turns begun, in the order of time, that begin within turnGap of the refusal of
// fell; fell and but themselves do not count.
func (r *resuming) near(begun []int32, fell, but int32) (n int64) {
	at := r.turns[fell].Fell.Time
	from, _ := slices.BinarySearchFunc(begun, at-turnGap, func(j int32, t int64) int { return cmp.Compare(r.turns[j].First, t) })
	for _, j := range begun[from:] {
		if r.turns[j].First > at+turnGap || !r.few(n) {
			break
		}
		if j != fell && j != but {
			n++
		}
	}
	return n
}

// few reports whether so few others begin within turnGap of a refusal that one of them is not
// likely to in the time after it.
func (r *resuming) few(others int64) bool {
	return float64(others*r.within) <= mostChance*float64(2*turnGap)
}

// match pairs refusals with turns that begin after them, in the order of time. A refusal that
// two begin after, neither of which goes on with another, is nobody's; so are two that one
// begins after.
func (r *resuming) match(fell, begun []int32) {
	unsure := map[int32]bool{}
	past := 0 // refusals up to a beginning
	for _, j := range begun {
		if r.from[j] {
			continue
		}
		for past < len(fell) && r.turns[fell[past]].Fell.Time <= r.turns[j].First {
			past++
		}
		var open, taken []int32
		for _, i := range fell[max(0, past-mostBeside):past] {
			switch _, on := r.on[i]; {
			case i == j, !r.turns[j].after(&r.turns[i], r.within):
			case on:
				taken = append(taken, i)
			default:
				open = append(open, i)
			}
		}
		switch {
		case len(open) == 1 && !unsure[open[0]]:
			r.pair(open[0], j)
		case len(open) > 0:
			for _, i := range open {
				unsure[i] = true
			}
		default:
			for _, i := range taken {
				unsure[i] = true
				r.part(i)
			}
		}
	}
}

// pair makes one go on with another, if neither is paired.
func (r *resuming) pair(i, j int32) {
	if _, on := r.on[i]; !on && !r.from[j] {
		r.on[i], r.from[j] = j, true
	}
}

func (r *resuming) part(i int32) {
	delete(r.from, r.on[i])
	delete(r.on, i)
}

// alone are the turns that begin and go on with nothing.
func (r *resuming) alone() []int32 {
	return slices.DeleteFunc(slices.Clone(r.begun), func(j int32) bool { return r.from[j] })
}
