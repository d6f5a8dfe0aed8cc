package detect

import (
	"context"
	"sync"

	"ipdrift/detect/finding"
	"ipdrift/ingest"
)

// people classifies the users: those of links with a telling refusal, or seen from
// many networks, in full, the others by counting.
func (a *analysis) people(ctx context.Context) error {
	a.out.Users = finding.Users{ByClass: map[finding.Class]int64{}, Flagged: []finding.User{}}
	to := userTables{}
	for table, rows := range map[string]**ingest.Rows{"person": &to.persons, "visitor": &to.visitors} {
		var err error
		if *rows, err = a.store.Rows(table); err != nil {
			return err
		}
	}
	circles := a.circles
	if a.loaded.Identity.Kind == ingest.ByAddress {
		joint, err := a.filmByAddress(ctx)
		if err != nil {
			return err
		}
		defer joint.close()
		circles = joint.cuts
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

// watchAll goes over all circles.
func (a *analysis) watchAll(ctx context.Context, to *userTables, circles feed) error {
	spare := sync.Pool{New: func() any { return &scene{analysis: a} }}
	return pass(ctx, a.Threads, circles,
		func(c *cut) (*scene, error) {
			s := spare.Get().(*scene)
			return s, s.show(c)
		},
		func(s *scene) error {
			defer spare.Put(s)
			return a.enter(ctx, to, s)
		})
}

// filmByAddress keeps together what an address asked for under one user agent, with
// whatever link.
func (a *analysis) filmByAddress(ctx context.Context) (*film, error) {
	return a.film.regroup(ctx, a.requests(), len(a.firsts), a.Room/2, func(_, ident uint32) uint32 { return ident },
		func(s *strip) bool { return s.number > 0 }, a.viewers)
}

// dropSplit takes the users apart in table member who were taken for one
// wrongly.
func (a *analysis) dropSplit(ctx context.Context) error {
	if len(a.split) > 0 {
		if err := a.store.Settled(ctx); err != nil {
			return err
		}
	}
	for _, k := range a.split {
		if _, err := a.conn.ExecContext(ctx, `DELETE FROM member WHERE first_link = ? AND first_agent = ? AND salt = ?`, k.link, k.agent, k.salt); err != nil {
			return err
		}
	}
	return nil
}
