package identity

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
)

// inTurn makes turns of one user agent in one directory, in seconds.
func inTurn(list ...Turn) []Turn {
	for i := range list {
		list[i].First *= 1e6
		list[i].Final *= 1e6
		list[i].Fell.Time *= 1e6
		list[i].Links = []uint32{uint32(i)}
		if list[i].Begun[0] == 0 {
			list[i].Begun[0] = uint32(100 + i) // a file of its own
		}
	}
	return list
}

func TestConsecutiveTokensAreOnePlayer(t *testing.T) {
	a, b, far := netip.MustParseAddr("198.51.100.10"), netip.MustParseAddr("198.51.100.77"), netip.MustParseAddr("203.0.113.5")
	third := netip.MustParseAddr("192.0.2.44")
	six, six2, six3 := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2:1"), netip.MustParseAddr("2001:db8:0:1::1")
	for name, c := range map[string]struct {
		turns []Turn
		want  [][2]uint32
	}{
		"a token a minute":            {inTurn(Turn{First: 0, Final: 55, Signed: a}, Turn{First: 60, Final: 115, Signed: a}, Turn{First: 120, Final: 170, Signed: a}), [][2]uint32{{0, 1}, {1, 2}}},
		"renewed before it ends":      {inTurn(Turn{First: 0, Final: 60, Signed: a}, Turn{First: 50, Final: 110, Signed: a}), [][2]uint32{{0, 1}}},
		"silence of two minutes":      {inTurn(Turn{First: 0, Final: 55, Signed: a}, Turn{First: 175, Final: 200, Signed: a}), [][2]uint32{{0, 1}}},
		"a longer silence":            {inTurn(Turn{First: 0, Final: 55, Signed: a}, Turn{First: 176, Final: 200, Signed: a}), nil},
		"side by side":                {inTurn(Turn{First: 0, Final: 60, Signed: a}, Turn{First: 30, Final: 90, Signed: a}), nil},
		"two could go on":             {inTurn(Turn{First: 0, Final: 60, Signed: a}, Turn{First: 61, Final: 90, Signed: a}, Turn{First: 62, Final: 90, Signed: a}), nil},
		"two could have been before":  {inTurn(Turn{First: 0, Final: 60, Signed: a}, Turn{First: 30, Final: 61, Signed: a}, Turn{First: 62, Final: 90, Signed: a}), nil},
		"the same /24":                {inTurn(Turn{First: 0, Final: 60, Signed: a}, Turn{First: 61, Final: 90, Signed: b}), [][2]uint32{{0, 1}}},
		"another network":             {inTurn(Turn{First: 0, Final: 60, Signed: a}, Turn{First: 61, Final: 90, Signed: far}), nil},
		"neighbours in the /24":       {inTurn(Turn{First: 0, Final: 60, Signed: a}, Turn{First: 5, Final: 70, Signed: b}, Turn{First: 61, Final: 90, Signed: a}, Turn{First: 71, Final: 99, Signed: b}), [][2]uint32{{0, 2}, {1, 3}}},
		"the same /64":                {inTurn(Turn{First: 0, Final: 60, Signed: six}, Turn{First: 61, Final: 90, Signed: six2}), [][2]uint32{{0, 1}}},
		"another /64":                 {inTurn(Turn{First: 0, Final: 60, Signed: six}, Turn{First: 61, Final: 90, Signed: six3}), nil},
		"a token per file":            {inTurn(Turn{First: 0, Final: 0, Signed: a, File: 1}, Turn{First: 6, Final: 6, Signed: a, File: 2}), [][2]uint32{{0, 1}}},
		"two players, token per file": {inTurn(Turn{First: 0, Final: 0, Signed: a, File: 1}, Turn{First: 6, Final: 6, Signed: a, File: 2}, Turn{First: 12, Final: 12, Signed: a, File: 1}), nil},
		"a new token where refused":   {inTurn(Turn{First: 0, Final: 60, Signed: a, Fell: Fall{far, 60}}, Turn{First: 63, Final: 90, Signed: far}), [][2]uint32{{0, 1}}},
		"reloaded where refused":      {inTurn(Turn{First: 0, Final: 60, Signed: a, Fell: Fall{far, 60}}, Turn{First: 100, Final: 110, Signed: far}), [][2]uint32{{0, 1}}},
		"refused, and new too late":   {inTurn(Turn{First: 0, Final: 60, Signed: a, Fell: Fall{far, 60}}, Turn{First: 181, Final: 190, Signed: far}), nil},
		"two reloaded there":          {inTurn(Turn{First: 0, Final: 60, Signed: a, Fell: Fall{far, 60}}, Turn{First: 80, Final: 150, Signed: far}, Turn{First: 90, Final: 160, Signed: far}), nil},
		"two were refused there":      {inTurn(Turn{First: 0, Final: 60, Signed: a, Fell: Fall{far, 60}}, Turn{First: 1, Final: 61, Signed: b, Fell: Fall{far, 61}}, Turn{First: 63, Final: 90, Signed: far}), nil},
		"two began where refused":     {inTurn(Turn{First: 0, Final: 60, Signed: a, Fell: Fall{far, 60}}, Turn{First: 62, Final: 90, Signed: far}, Turn{First: 63, Final: 90, Signed: far}), nil},
		"renewed where refused":       {inTurn(Turn{First: 0, Final: 2, Signed: a, File: 1, Fell: Fall{far, 2}}, Turn{First: 6, Final: 8, Signed: a, File: 1, Fell: Fall{far, 8}}), [][2]uint32{{0, 1}}},
		"reloaded a while later":      {inTurn(Turn{First: 0, Final: 2, Signed: a, File: 1, Fell: Fall{far, 2}}, Turn{First: 40, Final: 41, Signed: a, File: 1, Fell: Fall{far, 41}}), [][2]uint32{{0, 1}}},
		"renewed, but too late":       {inTurn(Turn{First: 0, Final: 2, Signed: a, File: 1, Fell: Fall{far, 2}}, Turn{First: 123, Final: 124, Signed: a, File: 1, Fell: Fall{far, 124}}), nil},
		"refused at two addresses":    {inTurn(Turn{First: 0, Final: 2, Signed: a, File: 1, Fell: Fall{far, 2}}, Turn{First: 6, Final: 8, Signed: a, File: 1, Fell: Fall{b, 8}}), nil},
		"renewed at a third address":  {inTurn(Turn{First: 0, Final: 60, Signed: a, Fell: Fall{far, 60}, Refused: 7}, Turn{First: 63, Final: 90, Signed: third, Begun: [2]uint32{7}}), [][2]uint32{{0, 1}}},
		"the playlist comes first":    {inTurn(Turn{First: 0, Final: 60, Signed: a, Fell: Fall{far, 60}, Refused: 7}, Turn{First: 63, Final: 90, Signed: third, Begun: [2]uint32{1, 7}}), [][2]uint32{{0, 1}}},
		"with another file":           {inTurn(Turn{First: 0, Final: 60, Signed: a, Fell: Fall{far, 60}, Refused: 7}, Turn{First: 63, Final: 90, Signed: third, Begun: [2]uint32{1, 8}}), nil},
		"10 s later":                  {inTurn(Turn{First: 0, Final: 60, Signed: a, Fell: Fall{far, 60}, Refused: 7}, Turn{First: 70, Final: 90, Signed: third, Begun: [2]uint32{7}}), [][2]uint32{{0, 1}}},
		"11 s later":                  {inTurn(Turn{First: 0, Final: 60, Signed: a, Fell: Fall{far, 60}, Refused: 7}, Turn{First: 71, Final: 90, Signed: third, Begun: [2]uint32{7}}), nil},
		"again and again": {inTurn(Turn{First: 0, Final: 60, Signed: a, Fell: Fall{far, 60}, Refused: 7}, Turn{First: 63, Final: 65, Signed: third, Begun: [2]uint32{7}, Fell: Fall{b, 65}, Refused: 7},
			Turn{First: 68, Final: 90, Signed: six, Begun: [2]uint32{7}}), [][2]uint32{{0, 1}, {1, 2}}},
		"one of two goes on": {inTurn(Turn{First: 0, Final: 60, Signed: a, Fell: Fall{far, 60}, Refused: 7}, Turn{First: 63, Final: 90, Signed: third, Begun: [2]uint32{7}},
			Turn{First: 64, Final: 90, Signed: six, Begun: [2]uint32{7}}), nil},
		"one of two was refused": {inTurn(Turn{First: 0, Final: 60, Signed: a, Fell: Fall{far, 60}, Refused: 7}, Turn{First: 1, Final: 61, Signed: third, Fell: Fall{far, 61}, Refused: 7},
			Turn{First: 64, Final: 90, Signed: six, Begun: [2]uint32{7}}), nil},
		"signed for the refused address, too": {inTurn(Turn{First: 0, Final: 60, Signed: a, Fell: Fall{far, 60}, Refused: 7}, Turn{First: 63, Final: 90, Signed: third, Begun: [2]uint32{7}},
			Turn{First: 64, Final: 90, Signed: far}), [][2]uint32{{0, 2}}},
		"few others in a live stream":       {inTurn(beside(third, 60, 9, 10)...), [][2]uint32{{0, 1}}},
		"others in a live stream":           {inTurn(beside(third, 60, 9, 10, 11)...), nil},
		"others with the same file":         {inTurn(append(beside(third, 60, 7, 7, 7), Turn{First: 900, Final: 901, Signed: six, Begun: [2]uint32{7}})...), nil},
		"others with files of other times":  {inTurn(append(beside(third, 60, 1, 1, 1, 1), Turn{First: 900, Final: 901, Signed: six, Begun: [2]uint32{1}})...), [][2]uint32{{0, 1}}},
		"others in a live stream, long ago": {inTurn(beside(third, 121, 9, 10, 11)...), [][2]uint32{{0, 1}}},
		"in vain where refused": {inTurn(Turn{First: 0, Final: 6, Signed: a, File: 1, Fell: Fall{far, 6}}, Turn{First: 7, Final: 7, Signed: far, Vain: true, File: 2, Fell: Fall{far, 7}},
			Turn{First: 9, Final: 9, Signed: far, File: 2}, Turn{First: 13, Final: 13, Signed: far, File: 3}), [][2]uint32{{0, 1}, {2, 3}, {1, 2}}},
		"in vain elsewhere":                  {inTurn(Turn{First: 0, Final: 6, Signed: a, File: 1, Fell: Fall{far, 6}}, Turn{First: 7, Final: 7, Signed: b, Vain: true, File: 2, Fell: Fall{b, 7}}), nil},
		"in vain, too late":                  {inTurn(Turn{First: 0, Final: 6, Signed: a, File: 1, Fell: Fall{far, 6}}, Turn{First: 127, Final: 127, Signed: far, Vain: true, File: 2, Fell: Fall{far, 127}}), nil},
		"nobody was served":                  {inTurn(Turn{First: 0, Final: 0, Signed: far, Vain: true, File: 1, Fell: Fall{far, 0}}, Turn{First: 3, Final: 3, Signed: far, Vain: true, File: 2, Fell: Fall{far, 3}}), [][2]uint32{{0, 1}}},
		"the segment that comes next":        {inTurn(stopped(50), begun(99, 1050)), [][2]uint32{{0, 1}}},
		"behind the playlist":                {inTurn(stopped(50), Turn{First: 99, Final: 120, Signed: third, Begun: [2]uint32{1, 1050}}), [][2]uint32{{0, 1}}},
		"the last one again":                 {inTurn(stopped(50), begun(99, 1049)), [][2]uint32{{0, 1}}},
		"one that lies further on":           {inTurn(stopped(50), begun(99, 1051)), nil},
		"two minutes later":                  {inTurn(stopped(50), begun(180, 1050)), [][2]uint32{{0, 1}}},
		"later than two minutes":             {inTurn(stopped(50), begun(181, 1050)), nil},
		"two begin with it":                  {inTurn(stopped(50), begun(99, 1050), begun(100, 1050)), nil},
		"two stopped there":                  {inTurn(stopped(50), stopped(50), begun(99, 1050)), nil},
		"refused rather than stopped":        {inTurn(stopped(50), Turn{First: 1, Final: 95, Signed: b, Reached: [2]uint32{1049}}, begun(99, 1050)), [][2]uint32{{0, 2}}},
		"one begins so before":               {inTurn(stopped(50), begun(40, 1050)), nil},
		"one began before, others go on":     {inTurn(crowd(11)...), crowdPairs(11)},
		"one began before, too few go on":    {inTurn(crowd(9)...), crowdPairs(9)[1:]},
		"served last":                        {inTurn(stopped(50), Turn{First: 5, Final: 45, Signed: b, Reached: [2]uint32{1, 1019}}, begun(70, 1020)), [][2]uint32{{1, 2}}},
		"within a silence":                   {inTurn(stopped(50), begun(80, 1050), Turn{First: 170, Final: 190, Signed: a}), [][2]uint32{{0, 2}, {0, 1}}},
		"beside what goes on":                {inTurn(stopped(50), begun(80, 1050), Turn{First: 110, Final: 190, Signed: a}), [][2]uint32{{0, 2}}},
		"most join as in a live stream":      {inTurn(stopped(50), begun(99, 1050), begun(100, 1080), begun(101, 1090)), nil},
		"half join so":                       {inTurn(stopped(50), begun(99, 1050), begun(100, 1080)), [][2]uint32{{0, 1}}},
		"a title's first segments":           {inTurn(stopped(3), begun(99, 1003)), nil},
		"nobody was refused for the address": {inTurn(Turn{First: 5, Final: 45, Signed: b, Reached: [2]uint32{1019}}, begun(70, 1020)), nil},
		"refused, but went on":               {inTurn(Turn{First: 0, Final: 90, Signed: a, Fell: Fall{far, 60}}, Turn{First: 63, Final: 90, Signed: far}), nil},
	} {
		if got := Pairs(c.turns, 10e6, false, segmentOf).Pairs; !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// segmentOf takes files from 1000 on for segments, numbered from there.
func segmentOf(file uint32) (int64, bool) { return int64(file) - 1000, file >= 1000 }

// stopped is a turn that was refused the segment that stands so many behind 1000, a minute after it began; begun is one that
// begins with a file, in a network of its own.
func stopped(number int) Turn {
	return Turn{First: 0, Final: 56, Signed: netip.MustParseAddr("198.51.100.10"), Fell: Fall{netip.MustParseAddr("203.0.113.5"), 60}, Refused: uint32(1000 + number), Reached: [2]uint32{uint32(1000 + number - 1)}}
}

func begun(at int64, file uint32) Turn {
	return Turn{First: at, Final: at + 60, Signed: netip.AddrFrom4([4]byte{192, 0, byte(at), byte(file)}), Begun: [2]uint32{file}}
}

// crowd are turns that stop, each in a network of its own, and as many that go on with one each, long after; beside the first
// of them another one began with its segment before it stopped.
func crowd(n int) (list []Turn) {
	for i := range n {
		t := stopped(10 * (i + 1))
		t.Signed, t.Fell.Client = netip.AddrFrom4([4]byte{10, 1, byte(i), 1}), netip.AddrFrom4([4]byte{10, 2, byte(i), 1})
		list = append(list, t)
	}
	list = append(list, begun(30, 1010))
	for i := range n {
		list = append(list, begun(90, uint32(1010+10*i)))
	}
	return list
}

func crowdPairs(n int) (list [][2]uint32) {
	for i := range n {
		list = append(list, [2]uint32{uint32(i), uint32(n + 1 + i)})
	}
	return list
}

// beside is one that goes on at a third address with file 7, and others that begin with
// some files so many seconds after the refusal, each in a network of its own.
func beside(third netip.Addr, after int64, files ...uint32) []Turn {
	list := []Turn{
		{First: 0, Final: 300, Signed: netip.MustParseAddr("198.51.100.10"), Fell: Fall{netip.MustParseAddr("203.0.113.5"), 300}, Refused: 7},
		{First: 303, Final: 390, Signed: third, Begun: [2]uint32{7}},
	}
	for i, file := range files {
		list = append(list, Turn{First: 300 + after, Final: 500, Signed: netip.AddrFrom4([4]byte{10, 0, byte(i), 1}), Begun: [2]uint32{file}})
	}
	return list
}

// TestResumeTwin compares what goes on with what, and what is left, with what plain loops find,
// where no address tells anything.
func TestResumeTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	joined, likely, mirrored := 0, 0, 0
	for round := range 20_000 {
		list := make([]Turn, 2+r.IntN(9))
		for i := range list {
			first, files := int64(r.IntN(300)), uint32(1+r.IntN(6))
			list[i] = Turn{First: first, Final: first + int64(r.IntN(60)), Signed: netip.AddrFrom4([4]byte{10, 0, byte(i), 1}), Begun: [2]uint32{1 + uint32(r.IntN(6))}}
			if second := uint32(20) + files; r.IntN(3) == 0 {
				list[i].Begun[1] = second
			}
			if r.IntN(2) == 0 {
				list[i].Fell, list[i].Refused = Fall{netip.AddrFrom4([4]byte{11, 0, byte(i), 1}), list[i].Final - int64(r.IntN(15))}, files
				list[i].Fell.Time = max(first, list[i].Fell.Time)
			}
		}
		slices.SortStableFunc(list, func(x, y Turn) int { return cmp.Compare(x.First, y.First) })
		want := plainly(list)
		left := plainlyLeft(list, want)
		found := Pairs(inTurn(list...), 10e6, false, segmentOf)
		got := found.Pairs
		slices.SortFunc(got, func(x, y [2]uint32) int { return cmp.Compare(x[0], y[0]) })
		slices.SortFunc(found.Lapses, func(x, y lapsed) int { return cmp.Compare(x.Turn, y.Turn) })
		if !slices.Equal(got, want) || !slices.Equal(found.Lapses, left.Lapses) || !slices.Equal(found.Begins, left.Begins) || found.Chance != left.Chance {
			t.Fatalf("round %d: %+v, want %v and %+v: %+v", round, found, want, left, list)
		}
		joined, mirrored = joined+len(got), mirrored+found.Mirrored
		for _, l := range found.Lapses {
			likely += min(1, l.On+1)
		}
	}
	if joined < 500 || likely < 500 || mirrored < 500 {
		t.Errorf("%d pairs, %d by time and %d mirrored only", joined, likely, mirrored)
	}
}

// TestSequenceTwin compares what goes on with whose segments with what plain loops find.
func TestSequenceTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	told, untold := 0, 0
	for range 5000 {
		list := make([]Turn, 2+r.IntN(60))
		for i := range list {
			first, n := int64(r.IntN(600)), uint32(1000+r.IntN(120))
			list[i] = Turn{First: first, Final: first + int64(r.IntN(200)), Begun: [2]uint32{n}, Reached: [2]uint32{n + uint32(r.IntN(5))}}
			if r.IntN(3) > 0 {
				list[i].Fell, list[i].Refused = Fall{netip.AddrFrom4([4]byte{11, 0, byte(i), 1}), list[i].Final + int64(r.IntN(15)) - 4}, 1000+uint32(r.IntN(120))
			}
		}
		if r.IntN(2) == 0 { // nobody begins before another one stops
			for i := range list {
				one := &list[i]
				if i%2 == 1 {
					one.First = 1000 + int64(r.IntN(100))
					one.Final, one.Reached, one.Fell = one.First+10, [2]uint32{}, Fall{}
				} else {
					one.Final, one.Begun, one.Fell.Time = 960+int64(r.IntN(30)), [2]uint32{}, 995
				}
			}
		}
		for i := range list { // most go on with somebody
			if of := &list[r.IntN(len(list))]; r.IntN(5) > 0 && list[i].Begun[0] > 0 && of.fell() {
				list[i].Begun[0] = of.Refused
			} else if r.IntN(5) > 0 && list[i].Begun[0] > 0 {
				list[i].Begun[0] = of.Reached[0]
			}
		}
		slices.SortStableFunc(list, func(x, y Turn) int { return cmp.Compare(x.First, y.First) })
		want, sequels, tells := plainSequence(list)
		of := &resuming{turns: inTurn(list...), within: 10e6, on: map[int32]int32{}, from: map[int32]bool{}}
		all := make([]int32, len(list))
		for i := range all {
			all[i] = int32(i)
		}
		var found Resumed
		of.bySequence(all, nil, segmentOf, &found)
		got := found.Pairs
		slices.SortFunc(got, func(x, y [2]uint32) int { return cmp.Compare(x[1], y[1]) })
		if !slices.Equal(got, want) || found.Sequels != sequels {
			t.Fatalf("%v, want %v: %+v", got, want, list)
		}
		if tells {
			told += len(got)
		} else {
			untold += len(got)
		}
	}
	if told < 500 || untold < 500 {
		t.Errorf("%d and %d pairs only", told, untold)
	}
}

// plainSequence does so, in seconds, and reports whether some are pairs as few are so by chance.
func plainSequence(list []Turn) (out [][2]uint32, sequels int64, tells bool) {
	number := func(file uint32) int64 {
		if n, ok := segmentOf(file); ok {
			return n
		}
		return -10
	}
	ended := func(i int) int64 {
		if list[i].Fell.Client.IsValid() {
			return max(list[i].Final, list[i].Fell.Time)
		}
		return list[i].Final
	}
	next := func(i int) int64 {
		if list[i].Fell.Client.IsValid() && list[i].Fell.Time >= list[i].Final {
			return number(list[i].Refused)
		}
		return number(list[i].Reached[0]) + 1
	}
	refused := func(i int) bool { return list[i].Fell.Client.IsValid() && list[i].Fell.Time >= list[i].Final }
	claims, early := map[int]int{}, map[[2]any]bool{}
	all, alone := 0, 0
	mirrored, told := map[bool]int{}, map[bool]int{}
	var pairs [][2]int
	for j := range list {
		opens := number(list[j].Begun[0])
		if opens <= 3 {
			continue
		}
		rank := func(i int) int { // 8: not at all
			since := list[j].First - ended(i)
			if i == j || since < 0 || since > 120 || next(i) != opens && next(i) != opens+1 {
				return 8
			}
			n := 0
			for _, worse := range []bool{!refused(i), next(i) != opens, since > 10} {
				if n *= 2; worse {
					n++
				}
			}
			return n
		}
		best, precedes := 8, int64(0)
		for i := range list {
			best = min(best, rank(i))
			if gap := ended(i) - list[j].First; i != j && gap > 0 && gap <= 120 && (next(i) == opens || next(i) == opens+1) {
				early[[2]any{i, refused(i)}], early[[2]any{j, refused(i)}] = true, true
				mirrored[refused(i)]++
				if refused(i) {
					precedes = 1
				}
			}
		}
		all++
		if best == 8 {
			alone++
		}
		sequels -= precedes
		if best < 4 {
			sequels++
		}
		var of []int
		for i := range list {
			if best < 8 && rank(i) == best {
				of = append(of, i)
				claims[i]++
			}
		}
		if len(of) == 1 {
			told[refused(of[0])]++
			pairs = append(pairs, [2]int{of[0], j})
		}
	}
	if 2*alone > all {
		return nil, 0, false
	}
	for _, p := range pairs {
		r := refused(p[0])
		tell := told[r] >= 10 && 10*mirrored[r] <= told[r]
		if claims[p[0]] == 1 && (tell || !early[[2]any{p[0], r}] && !early[[2]any{p[1], r}]) {
			out = append(out, [2]uint32{uint32(p[0]), uint32(p[1])})
			tells = tells || tell
			if r {
				sequels--
			}
		}
	}
	return out, sequels, tells
}

// plainly pairs turns, in seconds, by the file that one was refused and another begins with.
func plainly(list []Turn) (out [][2]uint32) {
	ends := func(i int) bool { return list[i].Fell.Client.IsValid() && list[i].Fell.Time+10 >= list[i].Final }
	with := func(j int, file uint32) bool { return list[j].Begun[0] == file || list[j].Begun[1] == file }
	var falls []int
	for i := range list {
		if ends(i) {
			falls = append(falls, i)
		}
	}
	slices.SortStableFunc(falls, func(i, j int) int { return cmp.Compare(list[i].Fell.Time, list[j].Fell.Time) })
	on, from, done := map[int]int{}, map[int]int{}, map[uint32]bool{}
	for _, f := range falls {
		file := list[f].Refused
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
				if since := list[j].First - list[i].Fell.Time; i == j || list[i].Refused != file || since < 0 || since > 10 {
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
				least, most = min(least, list[j].First), max(most, list[j].First)
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
		file, same, passing := list[i].Refused, 0, 0
		for k := range list {
			if k == i || k == j || list[k].First < list[i].Fell.Time-120 || list[k].First > list[i].Fell.Time+120 {
				continue
			}
			if with(k, file) {
				same++
			}
			if _, is := led[k]; !is && (passes(list[k].Begun[0]) || list[k].Begun[1] > 0 && passes(list[k].Begun[1])) {
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
func plainlyLeft(list []Turn, paired [][2]uint32) (out Resumed) {
	var fell, begun []int
	for i := range list {
		if list[i].Fell.Client.IsValid() && list[i].Fell.Time+10 >= list[i].Final && !slices.ContainsFunc(paired, func(p [2]uint32) bool { return int(p[0]) == i }) {
			fell = append(fell, i)
		}
		if !slices.ContainsFunc(paired, func(p [2]uint32) bool { return int(p[1]) == i }) {
			begun = append(begun, i)
		}
	}
	since := func(i, j int) int64 { return list[j].First - list[i].Fell.Time } // the refusal of i
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
			l.On = after[0]
		}
		if len(near) <= 3 && len(before) == 1 && len(within(fell, func(k int) bool { return k != before[0] && since(k, before[0]) >= -10 && since(k, before[0]) <= 0 })) == 1 {
			out.Mirrored++
		}
		if len(after) > 0 {
			out.Lapses = append(out.Lapses, l)
		}
	}
	for _, j := range begun {
		before := len(within(fell, func(k int) bool { return k != j && since(k, j) >= 0 && since(k, j) <= 10 }))
		after := len(within(fell, func(k int) bool { return k != j && since(k, j) >= -10 && since(k, j) <= 0 }))
		out.Excess += int64(before - after)
		out.Spread += int64((before - after) * (before - after))
		if len(fell)+len(paired) > 0 {
			out.Begun++
			out.Ahead += int64(min(after, 1))
		}
		if before > 0 {
			out.Begins = append(out.Begins, uint32(j))
		}
	}
	return out
}
