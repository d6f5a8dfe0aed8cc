package detect

import (
	"fmt"
	"testing"

	"ipdrift/detect/finding"
)

// crowdOf flags users, some of whom rotate and some of whom use shared links,
// in turn.
func crowdOf(rotating, sharing int) *analysis {
	a := &analysis{out: &finding.Analysis{}}
	for i := range max(rotating, sharing) {
		for k, n := range []int{rotating, sharing} {
			if i >= n {
				continue
			}
			u := finding.User{ID: fmt.Sprint(k, i), Class: finding.Rotating, Mismatches: int64(i)}
			if k == 1 {
				u.Class, u.Crowd, u.SignedIP = finding.ManyNetworks, 1+i/7%5, fmt.Sprint(i/7)
			}
			if last := a.listed[k]; last != nil && order(&u, last) > 0 {
				a.out.Users.Omitted++
				continue
			}
			if a.out.Users.Flagged = append(a.out.Users.Flagged, u); len(a.out.Users.Flagged) >= 2*maxFlagged {
				a.trim()
			}
		}
	}
	a.trim()
	return a
}

func TestSharedLinksKeepSomeRoom(t *testing.T) {
	for _, c := range []struct{ rotating, sharing, wantRotating, wantSharing int }{
		{0, 0, 0, 0}, {10, 20, 10, 20}, {1000, 0, 1000, 0}, {5000, 0, 1000, 0}, {5000, 5, 995, 5}, {5000, 5000, 900, 100}, {0, 5000, 0, 1000}, {300, 5000, 300, 700}, {950, 100, 900, 100},
	} {
		a := crowdOf(c.rotating, c.sharing)
		got := [2]int{}
		for i := range a.out.Users.Flagged {
			u := &a.out.Users.Flagged[i]
			got[shared(u)]++
			if i > 0 && order(&a.out.Users.Flagged[i-1], u) > 0 {
				t.Errorf("%+v: user %d stands before one who tells more", c, i-1)
			}
		}
		if want := [2]int{c.wantRotating, c.wantSharing}; got != want || int(a.out.Users.Omitted) != c.rotating+c.sharing-got[0]-got[1] {
			t.Errorf("%+v: kept %v and left out %d, want %v", c, got, a.out.Users.Omitted, want)
		}
		if first := a.out.Users.Flagged; c.rotating > 0 && first[0].Mismatches != int64(c.rotating-1) {
			t.Errorf("%+v: the most telling one was lost: %+v", c, first[0])
		}
	}
}
