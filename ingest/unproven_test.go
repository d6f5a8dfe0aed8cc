package ingest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"ipdrift/ingest/redact"
)

func noHash() uint64 { return 0 }

type noted struct {
	link   uint32
	source int
	line   int64
	target string
}

func (u *Unproven) told() map[uint32]string {
	out := map[uint32]string{}
	for link, of := range u.links {
		for _, a := range of.list {
			out[link] += fmt.Sprintf("%d:%d %s\n", a.Source, a.Line, a.Target)
		}
	}
	return out
}

// kept is what note should keep: of each link the first line of each
// directory, and of these the first few.
func kept(notes []noted) map[uint32]string {
	slices.SortFunc(notes, func(a, b noted) int {
		if a.source != b.source {
			return a.source - b.source
		}
		return int(a.line - b.line)
	})
	type place struct {
		link uint32
		dir  string
	}
	seen, count, out := map[place]bool{}, map[uint32]int{}, map[uint32]string{}
	for _, n := range notes {
		dir, _ := splitPath(redact.CutQuery([]byte(n.target)))
		if p := (place{n.link, string(dir)}); !seen[p] && count[n.link] < perLink {
			seen[p] = true
			count[n.link]++
			out[n.link] += fmt.Sprintf("%d:%d %s\n", n.source, n.line, n.target)
		}
	}
	return out
}

func (u *Unproven) size() (n int64) {
	for _, of := range u.links {
		for _, a := range of.list {
			n += a.size()
		}
	}
	return n
}

func someNotes(rng *rand.Rand) []noted {
	var notes []noted
	for range 1 + rng.IntN(60) {
		notes = append(notes, noted{uint32(1 + rng.IntN(3)), rng.IntN(3), int64(len(notes) + 1),
			fmt.Sprintf("/d%d/f%d.ts?md5=x/y&expires=%d", rng.IntN(8), rng.IntN(3), rng.IntN(3))})
	}
	return notes
}

func TestUnprovenDoesNotDependOnTheOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 2_000 {
		notes := someNotes(rng)
		want := kept(slices.Clone(notes))
		rng.Shuffle(len(notes), func(i, j int) { notes[i], notes[j] = notes[j], notes[i] })
		u := newUnproven(0)
		for _, n := range notes {
			u.note(n.link, noHash, Attempt{Source: n.source, Line: n.line, Target: []byte(n.target)})
		}
		if got := u.told(); !maps.Equal(got, want) {
			t.Fatalf("kept %v of %+v, want %v", got, notes, want)
		}
		if u.bytes != u.size() {
			t.Fatalf("counts %d bytes, holds %d: what is dropped must give its bytes back", u.bytes, u.size())
		}
	}
}

// TestUnprovenRenames gives links that were noted under several ids one id:
// the result is that of one id from the start.
func TestUnprovenRenames(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 500 {
		u := newUnproven(0)
		notes := someNotes(rng)
		for _, n := range notes {
			u.note(n.link, noHash, Attempt{Source: n.source, Line: n.line, Target: []byte(n.target)})
		}
		u.rename(map[uint32]uint32{2: 1, 3: 1})
		for i := range notes {
			notes[i].link = 1
		}
		want := kept(notes)
		if got := u.told(); !maps.Equal(got, want) {
			t.Fatalf("kept %v after links 2 and 3 became 1, want %v", got, want)
		}
		if u.bytes != u.size() {
			t.Fatalf("counts %d bytes, holds %d", u.bytes, u.size())
		}
	}
}

// TestUnprovenWhenFull notes more than there is room for: the links of the lowest hashes are
// kept, whole, in whatever order they come.
func TestUnprovenWhenFull(t *testing.T) {
	const room = 200 * (attemptSize + 10)
	rng := rand.New(rand.NewPCG(9, 10))
	hash := func(link uint32) uint64 { return uint64(link) * 0x9e3779b97f4a7c15 }
	var notes []noted
	for link := range uint32(300) {
		for i := range 1 + rng.IntN(2) {
			notes = append(notes, noted{link, 0, int64(len(notes) + 1), fmt.Sprintf("/%d/%03d.ts", i, link)})
		}
	}
	whole := kept(slices.Clone(notes))
	var first map[uint32]string
	for range 50 {
		rng.Shuffle(len(notes), func(i, j int) { notes[i], notes[j] = notes[j], notes[i] })
		u := newUnproven(room)
		for _, n := range notes {
			u.note(n.link, func() uint64 { return hash(n.link) }, Attempt{Line: n.line, Target: []byte(n.target)})
		}
		got := u.told()
		if first == nil {
			first = got
		}
		if !maps.Equal(got, first) {
			t.Fatalf("%d links kept, %d in another order", len(got), len(first))
		}
		if u.bytes != u.size() || u.bytes > room || u.bytes < room*3/4 {
			t.Fatalf("counts %d bytes, holds %d; room for %d", u.bytes, u.size(), room)
		}
		if len(got)+u.Skipped() != 300 {
			t.Fatalf("%d kept and %d skipped of 300", len(got), u.Skipped())
		}
	}
	highest := uint64(0)
	for link, text := range first {
		highest = max(highest, hash(link))
		if text != whole[link] {
			t.Errorf("of link %d is kept %q, want %q", link, text, whole[link])
		}
	}
	for link := range whole {
		if _, ok := first[link]; !ok && hash(link) < highest {
			t.Errorf("link %d is left out, and one of a higher hash is not", link)
		}
	}
}

func TestUnprovenOwnsItsTargets(t *testing.T) {
	u := newUnproven(0)
	line := []byte("/a/1.ts")
	u.note(1, noHash, Attempt{Line: 1, Target: line})
	copy(line, "XXXXXXX")
	if got := string(u.Attempts(1)[0].Target); got != "/a/1.ts" {
		t.Errorf("target %q after the line was overwritten", got)
	}
}

func TestLeave(t *testing.T) {
	u := newUnproven(0)
	for source := range 4 {
		u.note(7, noHash, Attempt{Source: source, Line: 1, Target: fmt.Appendf(nil, "/%d/a?md5=x", min(source, 2))})
		u.noteBroken([]byte("h"), Attempt{Source: source, Line: 2, Target: []byte("/b")})
	}
	u.note(8, noHash, Attempt{Source: 1, Line: 3, Target: []byte("/c")})
	u.leave(map[int]int{1: inCase, 2: 3})
	var left []int
	for _, a := range append(slices.Clone(u.Attempts(7)), u.Broken("h")...) {
		left = append(left, a.Source)
	}
	if !slices.Equal(left, []int{0, 3, 0, 3}) || u.Attempts(8) != nil {
		t.Errorf("left: %v and %v", left, u.Attempts(8))
	}
	if want := int64(len("/0/a?md5=x") + len("/2/a?md5=x") + 2*attemptSize); u.bytes != want {
		t.Errorf("%d bytes, want %d", u.bytes, want)
	}
}
