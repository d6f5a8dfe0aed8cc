package detect

import (
	"context"

	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
)

// follow adds the requests of one user to what is known of moves: of all who were
// seen at several addresses, affected or not, since an edge that binds to a mask
// refuses few of them. Users of hosts where users are not judged are left out, and
// a log with masked addresses, in which nobody moves within a /24.
func (a *analysis) follow(h *host, path judge.Path) {
	if h.moves == nil {
		h.moves = judge.NewMoves(a.Thresholds)
	}
	h.moves.Add(path)
	a.moves.Add(path)
}

// pathOf returns how a judged user moved; nil for a user whose moves tell nothing.
func (j *judging) pathOf(c *circle, u *judge.User) judge.Path {
	if u.Addresses > 1 && !j.masked && (u.Class == finding.Rotating || u.Class == finding.FirstRequest || u.Class == finding.Unchanged) {
		j.sights = c.Sights(j.sights[:0], u)
		return judge.Follow(j.sights)
	}
	return nil
}

// sumMoves puts the findings about moves into the report.
func (a *analysis) sumMoves() {
	if !a.masked {
		a.out.Moves = a.moves.Findings()
	}
}

// nameMoves names the operators of the carriers that users moved in.
func (a *analysis) nameMoves(ctx context.Context) (err error) {
	for i := range a.out.Moves {
		if m := &a.out.Moves[i]; m.ASN != nil {
			if m.Name, err = a.nameOf(ctx, *m.ASN); err != nil {
				return err
			}
		}
	}
	return nil
}
