package detect

import (
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
	}
	return list
}

func TestConsecutiveTokensAreOnePlayer(t *testing.T) {
	a, b, far := netip.MustParseAddr("198.51.100.10"), netip.MustParseAddr("198.51.100.77"), netip.MustParseAddr("203.0.113.5")
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
		"refused, but went on":        {inTurn(turn{first: 0, final: 90, signed: a, fell: fall{far, 60}}, turn{first: 63, final: 90, signed: far}), nil},
	} {
		if got := pairs(c.turns, 10e6); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
