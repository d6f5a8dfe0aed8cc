package detect

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
)

// inTurn makes turns of one user agent in one directory, in seconds.
func inTurn(list ...turn) []turn {
	for i := range list {
		list[i].first *= 1e6
		list[i].final *= 1e6
		list[i].fell.time *= 1e6
		list[i].links = []uint32{uint32(i)}
		if list[i].begun[0] == 0 {
			list[i].begun[0] = uint32(100 + i) // a file of its own
		}
	}
	return list
}

func TestConsecutiveTokensAreOnePlayer(t *testing.T) {
	a, b, far := netip.MustParseAddr("198.51.100.10"), netip.MustParseAddr("198.51.100.77"), netip.MustParseAddr("203.0.113.5")
	third := netip.MustParseAddr("192.0.2.44")
	six, six2, six3 := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2:1"), netip.MustParseAddr("2001:db8:0:1::1")
	for name, c := range map[string]struct {
		turns []turn
		want  [][2]uint32
	}{
		"a token a minute":            {inTurn(turn{first: 0, final: 55, signed: a}, turn{first: 60, final: 115, signed: a}, turn{first: 120, final: 170, signed: a}), [][2]uint32{{0, 1}, {1, 2}}},
		"renewed before it ends":      {inTurn(turn{first: 0, final: 60, signed: a}, turn{first: 50, final: 110, signed: a}), [][2]uint32{{0, 1}}},
		"silence of two minutes":      {inTurn(turn{first: 0, final: 55, signed: a}, turn{first: 175, final: 200, signed: a}), [][2]uint32{{0, 1}}},
		"a longer silence":            {inTurn(turn{first: 0, final: 55, signed: a}, turn{first: 176, final: 200, signed: a}), nil},
		"side by side":                {inTurn(turn{first: 0, final: 60, signed: a}, turn{first: 30, final: 90, signed: a}), nil},
		"two could go on":             {inTurn(turn{first: 0, final: 60, signed: a}, turn{first: 61, final: 90, signed: a}, turn{first: 62, final: 90, signed: a}), nil},
		"two could have been before":  {inTurn(turn{first: 0, final: 60, signed: a}, turn{first: 30, final: 61, signed: a}, turn{first: 62, final: 90, signed: a}), nil},
		"the same /24":                {inTurn(turn{first: 0, final: 60, signed: a}, turn{first: 61, final: 90, signed: b}), [][2]uint32{{0, 1}}},
		"another network":             {inTurn(turn{first: 0, final: 60, signed: a}, turn{first: 61, final: 90, signed: far}), nil},
		"neighbours in the /24":       {inTurn(turn{first: 0, final: 60, signed: a}, turn{first: 5, final: 70, signed: b}, turn{first: 61, final: 90, signed: a}, turn{first: 71, final: 99, signed: b}), [][2]uint32{{0, 2}, {1, 3}}},
		"the same /64":                {inTurn(turn{first: 0, final: 60, signed: six}, turn{first: 61, final: 90, signed: six2}), [][2]uint32{{0, 1}}},
		"another /64":                 {inTurn(turn{first: 0, final: 60, signed: six}, turn{first: 61, final: 90, signed: six3}), nil},
		"a token per file":            {inTurn(turn{first: 0, final: 0, signed: a, file: 1}, turn{first: 6, final: 6, signed: a, file: 2}), [][2]uint32{{0, 1}}},
		"two players, token per file": {inTurn(turn{first: 0, final: 0, signed: a, file: 1}, turn{first: 6, final: 6, signed: a, file: 2}, turn{first: 12, final: 12, signed: a, file: 1}), nil},
		"a new token where refused":   {inTurn(turn{first: 0, final: 60, signed: a, fell: fall{far, 60}}, turn{first: 63, final: 90, signed: far}), [][2]uint32{{0, 1}}},
		"reloaded where refused":      {inTurn(turn{first: 0, final: 60, signed: a, fell: fall{far, 60}}, turn{first: 100, final: 110, signed: far}), [][2]uint32{{0, 1}}},
		"refused, and new too late":   {inTurn(turn{first: 0, final: 60, signed: a, fell: fall{far, 60}}, turn{first: 181, final: 190, signed: far}), nil},
		"two reloaded there":          {inTurn(turn{first: 0, final: 60, signed: a, fell: fall{far, 60}}, turn{first: 80, final: 150, signed: far}, turn{first: 90, final: 160, signed: far}), nil},
		"two were refused there":      {inTurn(turn{first: 0, final: 60, signed: a, fell: fall{far, 60}}, turn{first: 1, final: 61, signed: b, fell: fall{far, 61}}, turn{first: 63, final: 90, signed: far}), nil},
		"two began where refused":     {inTurn(turn{first: 0, final: 60, signed: a, fell: fall{far, 60}}, turn{first: 62, final: 90, signed: far}, turn{first: 63, final: 90, signed: far}), nil},
		"renewed where refused":       {inTurn(turn{first: 0, final: 2, signed: a, file: 1, fell: fall{far, 2}}, turn{first: 6, final: 8, signed: a, file: 1, fell: fall{far, 8}}), [][2]uint32{{0, 1}}},
		"reloaded a while later":      {inTurn(turn{first: 0, final: 2, signed: a, file: 1, fell: fall{far, 2}}, turn{first: 40, final: 41, signed: a, file: 1, fell: fall{far, 41}}), [][2]uint32{{0, 1}}},
		"renewed, but too late":       {inTurn(turn{first: 0, final: 2, signed: a, file: 1, fell: fall{far, 2}}, turn{first: 123, final: 124, signed: a, file: 1, fell: fall{far, 124}}), nil},
		"refused at two addresses":    {inTurn(turn{first: 0, final: 2, signed: a, file: 1, fell: fall{far, 2}}, turn{first: 6, final: 8, signed: a, file: 1, fell: fall{b, 8}}), nil},
		"renewed at a third address":  {inTurn(turn{first: 0, final: 60, signed: a, fell: fall{far, 60}, refused: 7}, turn{first: 63, final: 90, signed: third, begun: [2]uint32{7}}), [][2]uint32{{0, 1}}},
		"the playlist comes first":    {inTurn(turn{first: 0, final: 60, signed: a, fell: fall{far, 60}, refused: 7}, turn{first: 63, final: 90, signed: third, begun: [2]uint32{1, 7}}), [][2]uint32{{0, 1}}},
		"with another file":           {inTurn(turn{first: 0, final: 60, signed: a, fell: fall{far, 60}, refused: 7}, turn{first: 63, final: 90, signed: third, begun: [2]uint32{1, 8}}), nil},
		"10 s later":                  {inTurn(turn{first: 0, final: 60, signed: a, fell: fall{far, 60}, refused: 7}, turn{first: 70, final: 90, signed: third, begun: [2]uint32{7}}), [][2]uint32{{0, 1}}},
		"11 s later":                  {inTurn(turn{first: 0, final: 60, signed: a, fell: fall{far, 60}, refused: 7}, turn{first: 71, final: 90, signed: third, begun: [2]uint32{7}}), nil},
		"again and again": {inTurn(turn{first: 0, final: 60, signed: a, fell: fall{far, 60}, refused: 7}, turn{first: 63, final: 65, signed: third, begun: [2]uint32{7}, fell: fall{b, 65}, refused: 7},
			turn{first: 68, final: 90, signed: six, begun: [2]uint32{7}}), [][2]uint32{{0, 1}, {1, 2}}},
		"one of two goes on": {inTurn(turn{first: 0, final: 60, signed: a, fell: fall{far, 60}, refused: 7}, turn{first: 63, final: 90, signed: third, begun: [2]uint32{7}},
			turn{first: 64, final: 90, signed: six, begun: [2]uint32{7}}), nil},
		"one of two was refused": {inTurn(turn{first: 0, final: 60, signed: a, fell: fall{far, 60}, refused: 7}, turn{first: 1, final: 61, signed: third, fell: fall{far, 61}, refused: 7},
			turn{first: 64, final: 90, signed: six, begun: [2]uint32{7}}), nil},
		"signed for the refused address, too": {inTurn(turn{first: 0, final: 60, signed: a, fell: fall{far, 60}, refused: 7}, turn{first: 63, final: 90, signed: third, begun: [2]uint32{7}},
			turn{first: 64, final: 90, signed: far}), [][2]uint32{{0, 2}}},
		"few others in a live stream":       {inTurn(beside(third, 60, 9, 10)...), [][2]uint32{{0, 1}}},
		"others in a live stream":           {inTurn(beside(third, 60, 9, 10, 11)...), nil},
		"others with the same file":         {inTurn(append(beside(third, 60, 7, 7, 7), turn{first: 900, final: 901, signed: six, begun: [2]uint32{7}})...), nil},
		"others with files of other times":  {inTurn(append(beside(third, 60, 1, 1, 1, 1), turn{first: 900, final: 901, signed: six, begun: [2]uint32{1}})...), [][2]uint32{{0, 1}}},
		"others in a live stream, long ago": {inTurn(beside(third, 121, 9, 10, 11)...), [][2]uint32{{0, 1}}},
		"refused, but went on":              {inTurn(turn{first: 0, final: 90, signed: a, fell: fall{far, 60}}, turn{first: 63, final: 90, signed: far}), nil},
	} {
		if got := pairs(c.turns, 10e6).pairs; !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// beside is one that goes on at a third address with file 7, and others that begin with
// some files so many seconds after the refusal, each in a network of its own.
func beside(third netip.Addr, after int64, files ...uint32) []turn {
	list := []turn{
		{first: 0, final: 300, signed: netip.MustParseAddr("198.51.100.10"), fell: fall{netip.MustParseAddr("203.0.113.5"), 300}, refused: 7},
		{first: 303, final: 390, signed: third, begun: [2]uint32{7}},
	}
	for i, file := range files {
		list = append(list, turn{first: 300 + after, final: 500, signed: netip.AddrFrom4([4]byte{10, 0, byte(i), 1}), begun: [2]uint32{file}})
	}
	return list
}

// TestResumeTwin compares what goes on with what, and what is left, with what plain loops find,
// where no address tells anything.
func TestResumeTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	joined, likely, mirrored := 0, 0, 0
	for round := range 20_000 {
		list := make([]turn, 2+r.IntN(9))
		for i := range list {
			first, files := int64(r.IntN(300)), uint32(1+r.IntN(6))
			list[i] = turn{first: first, final: first + int64(r.IntN(60)), signed: netip.AddrFrom4([4]byte{10, 0, byte(i), 1}), begun: [2]uint32{1 + uint32(r.IntN(6))}}
			if second := uint32(20) + files; r.IntN(3) == 0 {
				list[i].begun[1] = second
			}
			if r.IntN(2) == 0 {
				list[i].fell, list[i].refused = fall{netip.AddrFrom4([4]byte{11, 0, byte(i), 1}), list[i].final - int64(r.IntN(15))}, files
				list[i].fell.time = max(first, list[i].fell.time)
			}
		}
		slices.SortStableFunc(list, func(x, y turn) int { return cmp.Compare(x.first, y.first) })
		want := plainly(list)
		left := plainlyLeft(list, want)
		found := pairs(inTurn(list...), 10e6)
		got := found.pairs
		slices.SortFunc(got, func(x, y [2]uint32) int { return cmp.Compare(x[0], y[0]) })
		slices.SortFunc(found.lapses, func(x, y lapsed) int { return cmp.Compare(x.turn, y.turn) })
		if !slices.Equal(got, want) || !slices.Equal(found.lapses, left.lapses) || !slices.Equal(found.begins, left.begins) || found.chance != left.chance {
			t.Fatalf("round %d: %+v, want %v and %+v: %+v", round, found, want, left, list)
		}
		joined, mirrored = joined+len(got), mirrored+found.mirrored
		for _, l := range found.lapses {
			likely += min(1, l.on+1)
		}
	}
	if joined < 500 || likely < 500 || mirrored < 500 {
		t.Errorf("%d pairs, %d by time and %d mirrored only", joined, likely, mirrored)
	}
}

// plainly pairs turns, in seconds, by the file that one was refused and another begins with.
func plainly(list []turn) (out [][2]uint32) {
	ends := func(i int) bool { return list[i].fell.client.IsValid() && list[i].fell.time+10 >= list[i].final }
	with := func(j int, file uint32) bool { return list[j].begun[0] == file || list[j].begun[1] == file }
	var falls []int
	for i := range list {
		if ends(i) {
			falls = append(falls, i)
		}
	}
	slices.SortStableFunc(falls, func(i, j int) int { return cmp.Compare(list[i].fell.time, list[j].fell.time) })
	on, from, done := map[int]int{}, map[int]int{}, map[uint32]bool{}
	for _, f := range falls {
		file := list[f].refused
		if done[file] {
			continue
		}
		done[file] = true
		lost := map[int]bool{}
		for j := range list {
			if _, led := from[j]; led || !with(j, file) {
				continue
			}
			var open, taken []int
			for _, i := range falls {
				if since := list[j].first - list[i].fell.time; i == j || list[i].refused != file || since < 0 || since > 10 {
					continue
				}
				if _, went := on[i]; went {
					taken = append(taken, i)
				} else {
					open = append(open, i)
				}
			}
			if len(open) == 1 && !lost[open[0]] {
				on[open[0]], from[j] = j, open[0]
				continue
			}
			for _, i := range open {
				lost[i] = true
			}
			if len(open) == 0 {
				for _, i := range taken {
					lost[i] = true
					delete(from, on[i])
					delete(on, i)
				}
			}
		}
	}
	passes := func(file uint32) bool {
		least, most := int64(1e9), int64(-1)
		for j := range list {
			if with(j, file) {
				least, most = min(least, list[j].first), max(most, list[j].first)
			}
		}
		return most-least <= 120
	}
	led := maps.Clone(from)
	for i := range list {
		j, went := on[i]
		if !went {
			continue
		}
		file, same, passing := list[i].refused, 0, 0
		for k := range list {
			if k == i || k == j || list[k].first < list[i].fell.time-120 || list[k].first > list[i].fell.time+120 {
				continue
			}
			if with(k, file) {
				same++
			}
			if _, is := led[k]; !is && (passes(list[k].begun[0]) || list[k].begun[1] > 0 && passes(list[k].begun[1])) {
				passing++
			}
		}
		if same <= 2 && (!passes(file) || passing <= 2) {
			out = append(out, [2]uint32{uint32(i), uint32(j)})
		}
	}
	return out
}

// plainlyLeft looks, in seconds, for what may go on with what where some are paired.
func plainlyLeft(list []turn, paired [][2]uint32) (out resumed) {
	var fell, begun []int
	for i := range list {
		if list[i].fell.client.IsValid() && list[i].fell.time+10 >= list[i].final && !slices.ContainsFunc(paired, func(p [2]uint32) bool { return int(p[0]) == i }) {
			fell = append(fell, i)
		}
		if !slices.ContainsFunc(paired, func(p [2]uint32) bool { return int(p[1]) == i }) {
			begun = append(begun, i)
		}
	}
	since := func(i, j int) int64 { return list[j].first - list[i].fell.time } // the refusal of i
	within := func(of []int, is func(int) bool) (out []int) {
		for _, n := range of {
			if is(n) {
				out = append(out, n)
			}
		}
		return out
	}
	for _, i := range fell {
		near := within(begun, func(j int) bool { return j != i && since(i, j) >= -120 && since(i, j) <= 120 })
		after := within(begun, func(j int) bool { return j != i && since(i, j) >= 0 && since(i, j) <= 10 })
		before := within(begun, func(j int) bool { return j != i && since(i, j) >= -10 && since(i, j) <= 0 })
		l := lapsed{uint32(i), -1}
		if len(near) <= 3 && len(after) == 1 && len(within(fell, func(k int) bool { return k != after[0] && since(k, after[0]) >= 0 && since(k, after[0]) <= 10 })) == 1 {
			l.on = after[0]
		}
		if len(near) <= 3 && len(before) == 1 && len(within(fell, func(k int) bool { return k != before[0] && since(k, before[0]) >= -10 && since(k, before[0]) <= 0 })) == 1 {
			out.mirrored++
		}
		if len(after) > 0 {
			out.lapses = append(out.lapses, l)
		}
	}
	for _, j := range begun {
		before := len(within(fell, func(k int) bool { return k != j && since(k, j) >= 0 && since(k, j) <= 10 }))
		after := len(within(fell, func(k int) bool { return k != j && since(k, j) >= -10 && since(k, j) <= 0 }))
		out.excess += int64(before - after)
		out.spread += int64((before - after) * (before - after))
		if before > 0 {
			out.begins = append(out.begins, uint32(j))
		}
	}
	return out
}
