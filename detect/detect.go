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
	"cmp"
	"context"
	"database/sql"
	"errors"
	"net/netip"
	"time"

	"golang.org/x/sync/errgroup"

	"ipdrift/detect/bitset"
	"ipdrift/detect/client"
	"ipdrift/detect/finding"
	"ipdrift/detect/history"
	"ipdrift/detect/identity"
	"ipdrift/detect/judge"
	"ipdrift/detect/search"
	"ipdrift/detect/spill"
	"ipdrift/ingest"
	"ipdrift/ingest/fetch"
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

// analysis is one run of Analyze: what it works on, what the steps find out, and the report.
type analysis struct {
	Options
	store   *ingest.Store
	conn    *sql.Conn // holds the temporary tables
	loaded  *ingest.Loaded
	changed bool // table packed is not what was loaded
	asks    bool // steps that tell who is one user look for requests in the database

	history  *history.History
	clients  client.Table
	texts    *spill.Texts
	outcomes []*outcome // by id; nil: there is none
	hosts    map[string]*host
	names    []string // of hosts, sorted

	logTraits
	signatures
	inCommon
	roster

	words // how table judged writes them
	out   *finding.Analysis
}

// logTraits are what the log as a whole shows of itself.
type logTraits struct {
	hostCount int             // that the log names
	picked    map[string]bool // hosts that are judged one by one; nil: all are
	grains    []int64         // by source, how exactly it knows the time, µs
	bots      map[uint32]bool // user agents of link previews and crawlers
	hosted    map[uint32]bool // ASNs that are hosting networks
	masked    bool            // addresses end in zeros
	behind    bool            // most addresses may be those of a load balancer
	gaps      bool            // more than a tenth of the requests is missing
	holes     []hole
}

// signatures are how the links were signed; places are those of the history.
type signatures struct {
	survey    *survey
	before    map[uint32]learned // by link: what earlier runs found out
	learned   map[uint32]learned // the same of this one
	searched  *search.Search
	tokenless int64 // links that were not searched, since only earlier runs had their tokens
	passed    int64 // links that were not looked into: there were too many
	proofs    map[uint32]*search.Proof
	found     []netip.Addr // that links were signed for
	doubted   bitset.Set   // places of links
	proven    bitset.Set   // of those that a hash was reproduced of, with an address
}

// inCommon is what requests with the same outcome, refusals above all, have in common.
type inCommon struct {
	amounts    []int64 // requests, by outcome
	blamed     map[blame]*blamed
	collectors collectors
	eased      eased // without a key
}

// roster is who is one user, and what is known of users.
type roster struct {
	members   map[identity.Atom]identity.Key // who are not one link under one user agent
	joined    bitset.Set                     // places of the links that members may have
	firsts    []identity.Key                 // by id, who are an address and a user agent; nil: nobody is
	cookies   map[trail]uint32               // the number of the id cookie, where a link's user agent has several
	own       []uint32                       // by link: see linkCookies; nil: there are none
	kin       map[trail]uint32               // whose viewer a cookie or a TLS session tells: its number
	nobodys   bool                           // some ids that the log states are nobody's, or join more links than a viewer has
	begins    bitset.Set                     // places of the links that may go on with another, nobody knows which
	apart     int64                          // links that seem to belong to users with several, but are counted one by one
	circleAt  []uint32                       // by place of the link, the circle of several; 0: none
	joint     *history.History               // of those circles; nil: there is none
	recovered map[identity.Key]bool          // served again in time, with another link
	split     []identity.Key                 // users who were taken for one wrongly
	collected int64                          // users who are left out as collectors, or for their doing
	listed    [2]*finding.User               // the last one on a full list of flagged users, and of those on shared links
	moves     *judge.Moves                   // of all hosts
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

func newAnalysis(s *ingest.Store, loaded *ingest.Loaded, o Options) *analysis {
	o.Threads, o.limits = max(1, o.Threads), cmp.Or(o.limits, defaultLimits())
	return &analysis{
		Options: o, store: s, loaded: loaded,
		hosts:      map[string]*host{},
		signatures: signatures{proofs: map[uint32]*search.Proof{}, before: map[uint32]learned{}, learned: map[uint32]learned{}},
		inCommon:   inCommon{blamed: map[blame]*blamed{}},
		roster:     roster{moves: judge.NewMoves(o.Thresholds)},
		words:      numbered(),
		out:        &finding.Analysis{Schema: finding.Schema, Warnings: []string{}},
	}
}

// begin opens what the steps work with. The caller closes it with end.
func (a *analysis) begin(ctx context.Context) (end func() error, err error) {
	drop, err := a.store.Scratch(ctx)
	if err != nil {
		return nil, err
	}
	if a.conn, err = a.store.DB.Conn(ctx); err != nil {
		return nil, errors.Join(err, drop())
	}
	return func() error {
		a.conn.Close()
		a.texts.Close()
		return errors.Join(a.closeHistories(ctx), a.clients.Close(), drop())
	}, nil
}

// run takes the steps.
func (a *analysis) run(ctx context.Context) (err error) {
	end, err := a.begin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	for _, step := range []func(context.Context) error{a.pickHosts, a.setNodesAside, a.learnLateAnswers, a.markUnforwarded, a.settleLoaded, a.group, a.overlook, a.changes, a.findStrays, a.recall, a.nameIssued, a.search, a.calibrate, a.rule, a.settleRuled} {
		if err := step(ctx); err != nil {
			return err
		}
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
	if err := a.sayCommon(ctx); err != nil {
		return err
	}
	if err := a.sayRuns(ctx); err != nil {
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
	for _, step := range []func(context.Context) error{a.store.Settled, a.nameMoves, a.advise, a.account} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if a.store.Kept() {
		return a.keepLearned(ctx)
	}
	return nil
}

// closeHistories gives back what nobody reads any more.
func (a *analysis) closeHistories(context.Context) error {
	err := errors.Join(a.history.Close(), a.joint.Close())
	a.history, a.joint = nil, nil
	return err
}

// users finds who is one user, and whether requests of users are missing from the log.
func (a *analysis) users(ctx context.Context) error {
	circles, err := a.identify(ctx)
	if err != nil {
		return err
	}
	return a.beside(ctx, a.findGaps, func(ctx context.Context) error { return a.gatherCircles(ctx, circles) })
}

// littleRoom is the memory, in bytes, below which steps wait for each other however small the log.
const littleRoom = 64 << 20

func (a *analysis) large() bool { return a.loaded.Requests > a.limits.large || a.Room < littleRoom }

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

// requests returns how many requests the case has.
func (a *analysis) requests() (n int64) {
	for _, h := range a.hosts {
		n += h.requests
	}
	return n
}

// account fills in the input and the method.
func (a *analysis) account(ctx context.Context) error {
	in := &a.out.Input
	in.Sources = []finding.Source{}
	for _, s := range a.loaded.Sources {
		f := finding.Source{Path: s.Path, Format: s.Format, Lines: s.Lines, Parsed: s.Parsed, Rejected: s.Rejected, Bytes: s.Bytes, XXH3: s.Hash, Notes: s.Notes}
		if s.Err != nil {
			f.Error = s.Err.Error()
		}
		in.Sources = append(in.Sources, f)
		in.Lines += s.Lines
		in.Parsed += s.Parsed
		in.Rejected += s.Rejected
	}
	if first, last, ok := a.times(); ok {
		in.First, in.Last = moment(first), moment(last)
	}
	a.out.Method.Version, a.out.Method.Command = a.Version, a.Command
	a.out.Method.Thresholds = a.Thresholds.Named()
	return fetch.Each(ctx, a.conn, `SELECT r.reason, count(*), arg_min(s.path, r.source * 1e12 + r.line), arg_min(r.line, r.source * 1e12 + r.line)
		FROM reject r JOIN source s ON s.id = r.source GROUP BY r.reason ORDER BY count(*) DESC, r.reason`, func(scan fetch.Scan) error {
		var r finding.Reject
		err := scan(&r.Reason, &r.Lines, &r.Source, &r.Line)
		in.Rejects = append(in.Rejects, r)
		return err
	})
}

func moment(us int64) *time.Time {
	t := time.UnixMicro(us).UTC()
	return &t
}
