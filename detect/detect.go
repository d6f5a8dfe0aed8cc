// Package detect reads a case and says why each request was refused, who is
// affected by changing addresses, and which mask would have helped:
//
//  1. All requests are put in order, link by link, in memory or in a temporary file.
//     What steps up to 5 ask is asked of visits.
//  2. The policy of each host is learned from what its edge accepted.
//  3. Links that verify for no observed address are searched: which address,
//     path or binding were they signed with?
//  4. Each host is calibrated over distinct tokens.
//  5. Every kind gets its verdict, cause and evidence.
//  6. What belongs together becomes one user.
//  7. The requests of users with a telling refusal go through [judge.Users] in the
//     order of time; all other users are counted.
//  8. The masks are replayed per host and family.
//
// # Words
//
// Packages by step: [history] holds the requests, link by link in the order of time, [client]
// their addresses, [policy] what an edge takes, [search] finds what links were signed with,
// [ruling] says why a request was refused, [identity] who is one user, [judge] what a user's
// requests and all users together say, [trend] since when. [ticket] answers one complaint from
// a case, [pages] shows it piece by piece, and [finding] is what all of them say.
//
// A visit is like requests of one link, user, client, path scope and outcome; a kind is visits
// that get one ruling. An atom is the requests of one link with one user agent and id; atoms
// become users, and users with a link in common one circle, which is judged at once.
package detect

import (
	"context"
	"database/sql"
	"errors"

	"golang.org/x/sync/errgroup"

	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/detect/search"
	"ipdrift/ingest"
	"ipdrift/ingest/pseudonym"
	"ipdrift/token"
)

// Options say how to analyse.
type Options struct {
	Resources  *token.Resources
	Keys       *token.Keyring
	Scope      token.Scope // of hosts that no scope is stated of; ScopeAuto: learned
	Form       token.Form  // text of a cut address in the advice
	Masks4     []int       // IPv4 candidates
	Masks6     []int       // IPv6 candidates
	Recover    search.Recover
	Threads    int   // 0: 1
	Room       int64 // bytes of memory for what is read again and again; more is in a temporary file
	Version    string
	Command    string // that this run answers, for the report
	Thresholds judge.Thresholds
	Networks   *ingest.Networks         // whose addresses are; nil: what the log tells
	Issued     map[uint64]ingest.Issued // what the signer issued, by the hash of the link; nil: not known
	Pseudonyms *pseudonym.Map           // that the case holds in the place of addresses; nil: addresses
	Searching  func(done, of int)       // is told before each link that is searched through all of IPv4; nil: nobody asks
	Unread     bool                     // nobody reads the case behind this: what its views alone show is not stored

	limits *limits // nil: the default ones
}

// candidates are the masks of a family that are asked about.
func (o *Options) candidates(family int) []int {
	if family == 6 {
		return o.Masks6
	}
	return o.Masks4
}

// Analyze judges a freshly loaded case and writes what it decides back into
// it. The result does not depend on the number of threads.
func Analyze(ctx context.Context, s *ingest.Store, loaded *ingest.Loaded, o Options) (*finding.Analysis, error) {
	a := newAnalysis(s, loaded, o)
	if err := a.run(ctx); err != nil {
		return nil, err
	}
	a.warn()
	a.hide()
	return a.out, nil
}

// run takes the steps.
func (a *analysis) run(ctx context.Context) (err error) {
	end, err := a.begin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	if err := inTurn(ctx,
		a.pickHosts, a.setNodesAside, a.learnLateAnswers, a.markUnforwarded, a.settleLoaded, // in the database
		a.readOutcomes, a.readGrains, a.readHistory,
		a.overlook, a.changes, a.findStrays,
		a.recall, a.nameIssued, a.search,
		a.calibrate,
		a.rule, a.settleRuled,
	); err != nil {
		return err
	}
	if err := a.beside(ctx, a.users, a.deny, a.aside(a.signers)); err != nil {
		return err
	}
	if err := a.beside(ctx, a.people, a.overTime, a.findHoles); err != nil {
		return err
	}
	a.clock()
	a.sayTrends()
	a.sayCollectors()
	a.sayHoles()
	if err := inTurn(ctx, a.sayCommon, a.sayRuns); err != nil {
		return err
	}
	if err := a.beside(ctx, a.listFlagged, a.sumUp); err != nil {
		return err
	}
	return a.beside(ctx, a.conclude, a.closeHistories)
}

// settleLoaded starts to write out what was loaded, while Go reads the requests. They come behind the
// checkpoint: the database cannot make one while they are written.
func (a *analysis) settleLoaded(context.Context) error {
	a.store.SettleAside()
	if !a.Unread {
		a.store.WriteAside(a.loaded.Hits.HandOver())
	}
	return nil
}

// settleRuled writes out what was ruled in the same way, unless the next steps need the memory.
func (a *analysis) settleRuled(context.Context) error {
	if !a.large() {
		a.store.SettleAside()
	}
	return nil
}

// sumUp counts what the advice rests on. One step after the other leaves room for
// the database beside them.
func (a *analysis) sumUp(ctx context.Context) error {
	a.sumMoves()
	return a.findOutside(ctx)
}

// conclude advises, and writes down what else is kept.
func (a *analysis) conclude(ctx context.Context) error {
	if err := inTurn(ctx, a.store.Settled, a.nameMoves, a.advise, a.account); err != nil {
		return err
	}
	if a.store.Kept() {
		return a.keepLearned(ctx)
	}
	return nil
}

// users finds who is one user, and whether requests of users are missing from the log.
func (a *analysis) users(ctx context.Context) error {
	for _, h := range a.hosts {
		h.dateLinks()
	}
	circles, err := a.identify(ctx)
	if err != nil {
		return err
	}
	return a.beside(ctx, a.findGaps, func(ctx context.Context) error { return a.gatherCircles(ctx, circles) })
}

// littleRoom is the memory, in bytes, below which steps wait for each other however small the log.
const littleRoom = 64 << 20

func (a *analysis) large() bool { return a.loaded.Requests > a.limits.large || a.Room < littleRoom }

// inTurn runs steps until one fails.
func inTurn(ctx context.Context, steps ...func(context.Context) error) error {
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// beside runs independent steps at the same time. Only the first may use the connection of the analysis.
func (a *analysis) beside(ctx context.Context, steps ...func(context.Context) error) error {
	g, ctx := errgroup.WithContext(ctx)
	if a.large() {
		g.SetLimit(1)
	}
	for _, step := range steps {
		g.Go(func() error { return step(ctx) })
	}
	return g.Wait()
}

// aside turns a step into one that has a connection of its own.
func (a *analysis) aside(step func(context.Context, *sql.Conn) error) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := a.store.DB.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		return step(ctx, conn)
	}
}
