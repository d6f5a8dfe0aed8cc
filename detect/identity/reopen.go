package identity

import (
	"cmp"
	"net/netip"
	"slices"

	"ipdrift/detect/bitset"
)

// Reopened is a turn that seems to go on with another one.
type Reopened struct {
	Turn, On uint32 // places; On goes on with Turn
	How      Reopening
	Alone    bool // no other one may be meant
	Fell     bool // Turn was refused because of the address
}

// Reopening is what tells that a turn goes on with another.
type Reopening uint8

const (
	AfterRefusal Reopening = iota // it begins in the silence after this one's refusal with the only file that this one asked for, as who waits longer before the next range of a film
	AfterStop                     // the same where this one ended with something else, such as its expiry
	Renewed                       // it was signed where this one was refused before, in a log that does not show when links came into use

	reopenings
)

// Reopenings counts them by what tells it.
type Reopenings [reopenings]Seeming

// Count adds what was counted elsewhere.
func (n *Reopenings) Count(o *Reopenings) {
	for how := range n {
		n[how].Told += o[how].Told
		n[how].Mirrored += o[how].Mirrored
	}
}

// Real is how many of some of them are not so by chance.
func (n *Reopenings) Real(how Reopening, of int64) int64 {
	told, mirrored := int64(n[how].Told), int64(n[how].Mirrored)
	if told <= mirrored {
		return 0
	}
	return of * (told - mirrored) / told
}

// open is the turns that nothing else is known to go on with, and those that are not known to go on with anything.
type open struct{ next, led bitset.Set }

func (o *open) take(i, j int32) {
	o.next.Add(uint32(i))
	o.led.Add(uint32(j))
}

// reopened lists turns that seem to go on with others, as far as nothing else tells. unseen means that the log does not show
// when links came into use.
func (r *resuming) reopened(known [][2]uint32, unseen bool, place Place, to *Resumed) {
	o := &open{bitset.New(len(r.turns)), bitset.New(len(r.turns))}
	for _, p := range known {
		o.take(int32(p[0]), int32(p[1]))
	}
	begun := slices.DeleteFunc(r.alone(), func(j int32) bool { return o.led.Has(uint32(j)) })
	if unseen {
		r.bySigning(begun, known, o, to)
		begun = slices.DeleteFunc(begun, func(j int32) bool { return o.led.Has(uint32(j)) })
	}
	r.byOnlyFile(begun, o, place, to)
}

// byOnlyFile finds those that begin in the silence after others with the only file that these asked for: who asks for several
// begins with the playlist, as everybody does. Segments tell more: see bySequence. As many begin so before the end as after it
// by chance, as far back as this one goes.
func (r *resuming) byOnlyFile(begun []int32, o *open, place Place, to *Resumed) {
	ends := map[uint32][]int32{}
	for i := range r.turns {
		file := r.turns[i].only()
		if _, segment := place(file); file > 0 && !segment && !o.next.Has(uint32(i)) {
			ends[file] = append(ends[file], int32(i))
		}
	}
	for _, of := range ends {
		r.sortByEnd(of)
	}
	early := bitset.New(len(r.turns))
	for _, j := range begun {
		b := &r.turns[j]
		var before []int32
		for _, file := range b.files() {
			of := ends[file]
			from := r.endedBy(of, b.First-turnGap-1)
			for _, i := range of[from:min(len(of), from+2*mostBeside)] {
				switch a := &r.turns[i]; {
				case i == j, a.last() > b.First+turnGap:
				case a.last() <= b.First && !o.next.Has(uint32(i)):
					before = append(before, i)
				case a.last() > b.First && a.First < b.First && !early.Has(uint32(i)):
					early.Add(uint32(i))
					to.Reopenings[a.how()].Mirrored++
				}
			}
		}
		if len(before) > 0 {
			r.sortByEnd(before)
			i := before[len(before)-1]
			a := &r.turns[i]
			if b.First-a.last() <= a.last()-a.First {
				to.Reopenings[a.how()].Told++
			}
			o.take(i, j)
			to.Reopened = append(to.Reopened, Reopened{uint32(i), uint32(j), a.how(), len(before) == 1, a.Fell.Client.IsValid()})
		}
	}
}

// bySigning finds those that were signed where others had been refused, and ended before what these are known to go on with. By chance,
// as many are refused there later, but for those who would be the same viewer, back there.
func (r *resuming) bySigning(begun []int32, known [][2]uint32, o *open, to *Resumed) {
	ends, viewers, until, taken := map[netip.Addr][]int32{}, Sets{}, map[int32]int64{}, bitset.New(len(r.turns))
	for i := range r.turns {
		viewers.Add()
		if t := &r.turns[i]; t.fell() {
			ends[t.Fell.Client.Unmap()] = append(ends[t.Fell.Client.Unmap()], int32(i))
		}
	}
	for _, of := range ends {
		r.sortByEnd(of)
	}
	for _, p := range known {
		viewers.Join(int32(p[0]), int32(p[1]))
		until[int32(p[0])] = r.turns[p[1]].First
	}
	fits := func(i, j int32) bool {
		at, on := until[i]
		return i != j && !taken.Has(uint32(i)) && (!on || r.turns[j].last() <= at)
	}
	begun = slices.DeleteFunc(slices.Clone(begun), func(j int32) bool { return r.turns[j].Vain })
	for _, j := range begun {
		of := ends[r.turns[j].Signed.Unmap()]
		n := r.endedBy(of, r.turns[j].First)
		before := slices.DeleteFunc(slices.Clone(of[max(0, n-mostBeside):n]), func(i int32) bool { return !fits(i, j) })
		if len(before) > 0 {
			i := before[len(before)-1]
			to.Reopenings[Renewed].Told++
			o.take(i, j)
			taken.Add(uint32(i))
			viewers.Join(i, j)
			to.Reopened = append(to.Reopened, Reopened{uint32(i), uint32(j), Renewed, len(before) == 1, true})
		}
	}
	early := bitset.New(len(r.turns))
	for _, j := range begun {
		of := ends[r.turns[j].Signed.Unmap()]
		n := r.endedBy(of, r.turns[j].First)
		for _, i := range of[n:min(len(of), n+mostBeside)] {
			if viewers.Root(i) != viewers.Root(j) && !early.Has(uint32(i)) {
				early.Add(uint32(i))
				to.Reopenings[Renewed].Mirrored++
				break
			}
		}
	}
}

func (r *resuming) sortByEnd(of []int32) {
	slices.SortStableFunc(of, func(x, y int32) int { return cmp.Compare(r.turns[x].last(), r.turns[y].last()) })
}

// endedBy is how many of some turns, in the order of their ends, had ended at a time.
func (r *resuming) endedBy(of []int32, at int64) int {
	n, _ := slices.BinarySearchFunc(of, at+1, func(i int32, t int64) int { return cmp.Compare(r.turns[i].last(), t) })
	return n
}

// how is what tells who goes on with a turn by its only file.
func (t *Turn) how() Reopening {
	if t.fell() {
		return AfterRefusal
	}
	return AfterStop
}

// only is the file that a turn began with and ended with; 0: there is none, or it asked for others.
func (t *Turn) only() uint32 {
	ended := t.Reached
	if t.fell() {
		ended = [2]uint32{t.Refused}
	}
	if t.Begun != ended || t.Begun[1] != 0 {
		return 0
	}
	return t.Begun[0]
}
