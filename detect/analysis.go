package detect

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"net/netip"

	"ipdrift/detect/bitset"
	"ipdrift/detect/client"
	"ipdrift/detect/finding"
	"ipdrift/detect/history"
	"ipdrift/detect/identity"
	"ipdrift/detect/judge"
	"ipdrift/detect/search"
	"ipdrift/detect/spill"
	"ipdrift/ingest"
)

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
	ordered  []*host // by name

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
	kept      bitset.Set                     // of these links, those whose cookie came from several addresses
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

// closeHistories gives back what nobody reads any more.
func (a *analysis) closeHistories(context.Context) error {
	err := errors.Join(a.history.Close(), a.joint.Close())
	a.history, a.joint = nil, nil
	return err
}

// requests returns how many requests the case has.
func (a *analysis) requests() (n int64) {
	for _, h := range a.hosts {
		n += h.requests
	}
	return n
}
