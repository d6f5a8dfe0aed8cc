package detect

import (
	"context"
	"sync"

	"ipdrift/detect/finding"
	"ipdrift/detect/history"
	"ipdrift/ingest"
)

// people classifies the users: those of links with a telling refusal, or seen from
// many networks, in full, the others by counting.
func (a *analysis) people(ctx context.Context) error {
	a.out.Users = finding.Users{ByClass: map[finding.Class]int64{}, Flagged: []finding.User{}}
	to := userTables{}
	if err := a.openRows(map[string]**ingest.Rows{"person": &to.persons, "visitor": &to.visitors}); err != nil {
		return err
	}
	circles := a.circles
	if a.loaded.Identity.Kind == ingest.ByAddress {
		joint, err := a.gatherByAddress(ctx)
		if err != nil {
			return err
		}
		defer joint.Close()
		circles = joint.Batches
	}
	if err := a.findRecovered(ctx, circles); err != nil {
		return err
	}
	if err := a.watchAll(ctx, &to, circles); err != nil {
		return err
	}
	if err := a.dropSplit(ctx); err != nil {
		return err
	}
	a.sayIdentity()
	a.store.WriteAside(func(ctx context.Context) error { return ingest.FlushAll(ctx, to.persons, to.visitors) })
	return nil
}

// watchAll judges or counts the users of all circles.
func (a *analysis) watchAll(ctx context.Context, to *userTables, circles history.Feed) error {
	spare := sync.Pool{New: func() any { return &judging{analysis: a} }}
	return history.Pass(ctx, a.Threads, circles,
		func(c *history.Batch) (*judging, error) {
			s := spare.Get().(*judging)
			return s, s.look(c)
		},
		func(s *judging) error {
			defer spare.Put(s)
			return a.enter(ctx, to, s)
		})
}

// gatherByAddress keeps together what an address asked for under one user agent, with
// whatever link.
func (a *analysis) gatherByAddress(ctx context.Context) (*history.History, error) {
	return a.history.Regroup(ctx, a.requests(), len(a.firsts), a.Room/2, func(_, ident uint32) uint32 { return ident },
		func(s *history.Group) bool { return s.Number > 0 }, a.byViewer)
}

// dropSplit removes from table member the users who were taken for one wrongly.
func (a *analysis) dropSplit(ctx context.Context) error {
	if len(a.split) > 0 {
		if err := a.store.Settled(ctx); err != nil {
			return err
		}
	}
	for _, k := range a.split {
		if _, err := a.conn.ExecContext(ctx, `DELETE FROM member WHERE first_link = ? AND first_agent = ? AND salt = ?`, k.Link, k.Agent, k.Salt); err != nil {
			return err
		}
	}
	return nil
}
