package judge

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"ipdrift/detect/finding"
)

// series lets viewers of one address and user agent each be several users, one after the other:
// they watch for ten minutes and go on after a pause, in seconds.
func series(titles int, pause int64) func(*User) {
	n := 0
	return func(u *User) {
		viewer, title := n/titles, int64(n%titles)
		n++
		u.UA = uint32(viewer%2) + 1
		u.Begin = netip.AddrFrom4([4]byte{203, 0, 113, byte(viewer)})
		u.End = u.Begin
		u.First = title * (600 + pause) * 1e6
		u.Last = u.First + 600*1e6
	}
}

// TestRule14SeveralTitlesAreOneViewer: 40 affected users are 8 viewers of five titles, where each
// begins 35 s after the one before; 40 where the pause is an hour, or titles run side by side:
// these are several players.
func TestRule14SeveralTitlesAreOneViewer(t *testing.T) {
	for _, c := range []struct {
		users, titles int
		pause         int64
		want          finding.Decision
		viewers       int
	}{
		{40, 5, 35, finding.InsufficientEvidence, 8},
		{40, 5, 3600, finding.Widen, 0},
		{40, 5, -300, finding.Widen, 0},
		{200, 5, 35, finding.Widen, 0}, // 40 viewers
		{40, 1, 0, finding.Widen, 0},
	} {
		named := newWorld().quiet(300).refused(c.users, 24, series(c.titles, c.pause), func(u *User) { u.Named = true }).ask()
		if named.Decision != finding.Widen {
			t.Errorf("%d users with ids of their own: %s: %s", c.users, named.Decision, named.Reason)
		}
		rec := newWorld().quiet(300).refused(c.users, 24, series(c.titles, c.pause)).ask()
		said := fmt.Sprintf("they may be %d viewers: %d of them began where another one of the same user agent had just ended", c.viewers, c.users-c.viewers)
		if rec.Decision != c.want || strings.Contains(rec.Reason, said) != (c.viewers > 0) {
			t.Errorf("%d users, %d titles, pause %d s: %s, want %s: %s", c.users, c.titles, c.pause, rec.Decision, c.want, rec.Reason)
		}
	}
}

// TestRule14TabsThatMoveAtOnceAreOneViewer: 42 affected users are 14 viewers of three tabs each, which
// ask anew within seconds of each other where the address changed; 42 where they do so minutes
// apart, from one address to the other by chance, or with players of their own.
func TestRule14TabsThatMoveAtOnceAreOneViewer(t *testing.T) {
	for _, c := range []struct {
		apart  int64 // s
		agents int
		named  bool // an id shows that each is another one
		want   finding.Decision
		says   string
	}{
		{4, 1, false, finding.InsufficientEvidence, "they may be 14 viewers: 28 of them moved between two addresses as another one of the same user agent did at the same time, as tabs do, and no id tells"},
		{4, 1, true, finding.Widen, ""},
		{300, 1, false, finding.Widen, ""},
		{45, 1, false, finding.Widen, ""},
		{4, 3, false, finding.Widen, ""},
	} {
		n := 0
		rec := newWorld().quiet(300).refused(42, 24, func(u *User) {
			viewer, tab := n/3, n%3
			n++
			u.UA, u.Named = uint32(tab%c.agents)+1, c.named
			u.Begin, u.Away = netip.AddrFrom4([4]byte{203, 0, 113, byte(viewer)}), netip.AddrFrom4([4]byte{203, 0, 113, byte(100 + viewer)})
			u.AwayAt = int64(viewer)*3600e6 + int64(tab)*c.apart*1e6
		}).ask()
		if rec.Decision != c.want || !strings.Contains(rec.Reason, c.says) {
			t.Errorf("%d s apart, %d players: %s, want %s, %q: %s", c.apart, c.agents, rec.Decision, c.want, c.says, rec.Reason)
		}
		const homes = "28 of the 42 users moved between two addresses within 30 s of another one who did, as the devices of one home do: each counts, but no more than 14 lines may have changed the address."
		if slices.Contains(rec.Caveats, homes) != (c.apart == 4 && (c.agents == 3 || c.named)) {
			t.Errorf("%d s apart, %d players: %q", c.apart, c.agents, rec.Caveats)
		}
	}
}

// TestRule14NeighboursWhoWereNeverServedDoNotMove: several behind one address, all refused where they began, are no home that moved.
func TestRule14NeighboursWhoWereNeverServedDoNotMove(t *testing.T) {
	n := 0
	rec := newWorld().quiet(300).refused(42, 24, func(u *User) {
		n++
		u.Class, u.UA = finding.FirstRequest, uint32(n)
		u.Begin = netip.AddrFrom4([4]byte{203, 0, 113, byte(n / 3)})
		u.Away, u.AwayAt = u.Begin, int64(n)*1e6
	}).ask()
	if all := strings.Join(rec.Caveats, " "); strings.Contains(all, "one home") {
		t.Error(all)
	}
}

// TestMovesByChanceAreNotTogether: where all move between two addresses of a carrier, one every few seconds, as many
// move before as after.
func TestMovesByChanceAreNotTogether(t *testing.T) {
	r := NewReplay("cdn.example", 4, Default())
	for i := range int64(900) {
		r.moved = append(r.moved, move{1, ip(home), ip(same24), (i*37%900)*4e6 + i%3*1e6, false})
	}
	if n := r.atOnce(); n > 20 {
		t.Errorf("%d of 900 are together", n)
	}
}

// TestInTurnTwin holds the pairs to a search over all of them, one after the other.
func TestInTurnTwin(t *testing.T) {
	at := netip.MustParseAddr("203.0.113.1")
	for _, times := range [][2][]int64{{{0, 10, 50}, {5, 12, 13}}, {{0, 0, 0}, {1, 1}}, {{5}, {5}}, {{}, {1}}, {{0}, {121}}, {{0}, {120}}, {{0, 100, 200}, {119, 150, 330, 600}}} {
		var first, then []moment
		for _, s := range times[0] {
			first = append(first, moment{1, at, s * 1e6})
		}
		for _, s := range times[1] {
			then = append(then, moment{1, at, s * 1e6})
		}
		used, want := map[int]bool{}, int64(0)
		for _, b := range then {
			for i, a := range first {
				if d := b.time - a.time; !used[i] && d > 0 && d <= sequelGap.Microseconds() {
					used[i] = true
					want++
					break
				}
			}
		}
		if got := inTurn(first, then); got != want {
			t.Errorf("%v: %d pairs, want %d", times, got, want)
		}
	}
}

// TestRule14FewViewersDecideNothing: 40 users are 8 viewers of five titles each, whatever a mask would do for them; users whose
// links nothing explains count beside them.
func TestRule14FewViewersDecideNothing(t *testing.T) {
	for least, want := range map[int]finding.Decision{24: finding.InsufficientEvidence, 8: finding.InsufficientEvidence} {
		if rec := newWorld().quiet(300).refused(40, least, series(5, 35)).ask(); rec.Decision != want || !strings.Contains(rec.Reason, "they may be 8 viewers") {
			t.Errorf("/%d: %s: %s", least, rec.Decision, rec.Reason)
		}
	}
	if rec := newWorld().quiet(300).refused(40, 8, series(1, 0)).ask(); rec.Decision != finding.MaskNotEnough {
		t.Errorf("%s: %s", rec.Decision, rec.Reason)
	}
}

// TestRule14OneAfterTheOtherIsOneViewer: 60 affected users of one network and user agent, for half a minute each, may be few viewers
// where no two of them are there at the same time, although two dozen would by chance; not where as many are, nor where each has a
// network or an id of its own.
func TestRule14OneAfterTheOtherIsOneViewer(t *testing.T) {
	const minute = 60e6
	for name, c := range map[string]struct {
		begins func(n int64) int64
		edit   func(n int64, u *User)
		want   finding.Decision
		says   string
	}{
		"one by one":     {func(n int64) int64 { return n * minute }, nil, finding.InsufficientEvidence, "they may be 5 viewers: 55 of them were in a network after another one of the same user agent had left it, and hardly ever at the same time"},
		"at random":      {func(n int64) int64 { return n * 37 % 60 * minute * (n % 7) / 7 }, nil, finding.Widen, ""},
		"two at a time":  {func(n int64) int64 { return n / 2 * 2 * minute }, nil, finding.Widen, ""},
		"other networks": {func(n int64) int64 { return n * minute }, func(n int64, u *User) { u.Begin = netip.AddrFrom4([4]byte{203, 0, byte(n), 1}) }, finding.Widen, ""},
		"ids":            {func(n int64) int64 { return n * minute }, func(_ int64, u *User) { u.Named = true }, finding.Widen, ""},
		"rarely":         {func(n int64) int64 { return n * 60 * minute }, nil, finding.Widen, ""},
	} {
		n := int64(0)
		rec := newWorld().quiet(300).refused(60, 24, func(u *User) {
			u.UA, u.Begin, u.End = 1, netip.AddrFrom4([4]byte{203, 0, 113, byte(n)}), netip.AddrFrom4([4]byte{203, 0, 113, byte(100 + n)})
			u.First = c.begins(n)
			u.Last = u.First + minute/2
			if c.edit != nil {
				c.edit(n, u)
			}
			n++
		}).ask()
		if rec.Decision != c.want || !strings.Contains(rec.Reason, c.says) {
			t.Errorf("%s: %s, want %s, %q: %s", name, rec.Decision, c.want, c.says, rec.Reason)
		}
	}
}
