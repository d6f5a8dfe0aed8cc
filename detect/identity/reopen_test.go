package identity

import (
	"net/netip"
	"slices"
	"testing"
)

// TestReopened: who begins with the only file that another one asked for, within two minutes, or with a link that was signed where
// another one had been refused, where the log shows refusals only.
func TestReopened(t *testing.T) {
	at := func(n byte) netip.Addr { return netip.AddrFrom4([4]byte{198, n, 100, 10}) }
	refused := func(first, last int64, signed, fell byte, file uint32) Turn {
		return Turn{First: first, Final: last, Signed: at(signed), Fell: Fall{at(fell), last}, Refused: file, Begun: [2]uint32{file}}
	}
	expired := func(first, last int64, signed byte, file uint32) Turn {
		return Turn{First: first, Final: last, Signed: at(signed), Reached: [2]uint32{file}, Begun: [2]uint32{file}}
	}
	several := func(t Turn) Turn {
		t.Begun[1] = 8
		return t
	}
	count := func(how Reopening, told, mirrored int) (n Reopenings) {
		n[how].Told, n[how].Mirrored = told, mirrored
		return n
	}
	for name, c := range map[string]struct {
		turns  []Turn
		unseen bool
		want   []Reopened
		counts Reopenings
	}{
		"after a refusal":           {inTurn(refused(0, 60, 1, 2, 7), refused(100, 130, 3, 4, 7)), false, []Reopened{{0, 1, AfterRefusal, true, true}}, count(AfterRefusal, 1, 0)},
		"of several files":          {inTurn(several(refused(0, 60, 1, 2, 7)), refused(100, 130, 3, 4, 7)), false, nil, Reopenings{}},
		"too late":                  {inTurn(refused(0, 60, 1, 2, 7), refused(181, 230, 3, 4, 7)), false, nil, Reopenings{}},
		"with another file":         {inTurn(refused(0, 60, 1, 2, 7), refused(100, 130, 3, 4, 8)), false, nil, Reopenings{}},
		"with a segment":            {inTurn(refused(0, 60, 1, 2, 1001), refused(100, 130, 3, 4, 1001)), false, nil, Reopenings{}},
		"longer than it lasted":     {inTurn(refused(0, 20, 1, 2, 7), refused(100, 130, 3, 4, 7)), false, []Reopened{{0, 1, AfterRefusal, true, true}}, Reopenings{}},
		"one of two":                {inTurn(refused(0, 60, 1, 2, 7), refused(0, 90, 5, 6, 7), refused(105, 130, 3, 4, 7)), false, []Reopened{{1, 2, AfterRefusal, false, true}}, count(AfterRefusal, 1, 0)},
		"one after the other":       {inTurn(refused(0, 60, 1, 2, 7), refused(100, 130, 3, 4, 7), refused(150, 200, 5, 6, 7)), false, []Reopened{{0, 1, AfterRefusal, true, true}, {1, 2, AfterRefusal, true, true}}, count(AfterRefusal, 2, 0)},
		"another began before":      {inTurn(refused(0, 60, 1, 2, 7), refused(30, 400, 3, 4, 7)), false, nil, count(AfterRefusal, 0, 1)},
		"after it expired":          {inTurn(refused(0, 1, 9, 8, 9), expired(300, 360, 1, 7), refused(400, 430, 3, 4, 7)), false, []Reopened{{1, 2, AfterStop, true, false}}, count(AfterStop, 1, 0)},
		"signed where refused":      {inTurn(refused(0, 1, 1, 2, 1001), refused(900, 901, 2, 3, 1050)), true, []Reopened{{0, 1, Renewed, true, true}}, count(Renewed, 1, 0)},
		"seen when it began":        {inTurn(refused(0, 1, 1, 2, 1001), refused(900, 901, 2, 3, 1050)), false, nil, Reopenings{}},
		"signed elsewhere":          {inTurn(refused(0, 1, 1, 2, 1001), refused(900, 901, 4, 3, 1050)), true, nil, Reopenings{}},
		"two were refused there":    {inTurn(refused(0, 1, 1, 2, 1001), refused(300, 301, 5, 2, 1001), refused(900, 901, 2, 3, 1050)), true, []Reopened{{1, 2, Renewed, false, true}}, count(Renewed, 1, 0)},
		"another one refused later": {inTurn(refused(0, 1, 2, 3, 1001), refused(900, 901, 4, 2, 1050)), true, nil, count(Renewed, 0, 1)},
		"back where it was refused": {inTurn(refused(0, 1, 1, 2, 1001), refused(900, 901, 2, 3, 1050), refused(1800, 1801, 3, 2, 1090)), true,
			[]Reopened{{0, 1, Renewed, true, true}, {1, 2, Renewed, true, true}}, count(Renewed, 2, 0)},
		"and by another":             {inTurn(refused(0, 1, 1, 2, 1001), refused(900, 901, 2, 3, 1050), refused(1800, 1801, 5, 2, 1090)), true, []Reopened{{0, 1, Renewed, true, true}}, count(Renewed, 1, 1)},
		"between two of one address": {inTurn(refused(0, 1, 1, 2, 1001), refused(30, 31, 2, 3, 1005), refused(60, 61, 1, 4, 1010)), true, []Reopened{{0, 1, Renewed, true, true}}, count(Renewed, 1, 0)},
		"beside two of one address":  {inTurn(refused(0, 1, 1, 2, 1001), refused(30, 71, 2, 3, 1005), refused(60, 61, 1, 4, 1010)), true, nil, count(Renewed, 0, 0)},
	} {
		got := Pairs(c.turns, 10e6, c.unseen, segmentOf)
		if !slices.Equal(got.Reopened, c.want) || got.Reopenings != c.counts {
			t.Errorf("%s: %+v %+v, want %+v %+v", name, got.Reopened, got.Reopenings, c.want, c.counts)
		}
	}
}

// TestReopeningsTell: ten tell, if one in ten may be chance at most; of the others as many are taken off as are so by chance.
func TestReopeningsTell(t *testing.T) {
	for _, c := range []struct {
		told, mirrored int
		tells          bool
		real           int64 // of 40
	}{{9, 0, false, 40}, {10, 1, true, 36}, {10, 2, false, 32}, {10, 10, false, 0}, {3, 5, false, 0}, {0, 0, false, 0}} {
		var n Reopenings
		n[Renewed].Told, n[Renewed].Mirrored = c.told, c.mirrored
		if got := n.Real(Renewed, 40); n[Renewed].Tells() != c.tells || got != c.real {
			t.Errorf("%+v: %d", c, got)
		}
	}
}
