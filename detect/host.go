package detect

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"maps"
	"net/netip"
	"slices"
	"time"

	"ipdrift/detect/addr"
	"ipdrift/detect/client"
	"ipdrift/detect/finding"
	"ipdrift/detect/history"
	"ipdrift/detect/judge"
	"ipdrift/detect/ruling"
	"ipdrift/detect/search"
	"ipdrift/detect/spill"
	"ipdrift/ingest"
	"ipdrift/ingest/fetch"
	"ipdrift/token"
)

// outcome is a row of table outcome, and whose it is.
type outcome struct {
	ruling.Facts
	host *host
}

// host is everything known of one host.
type host struct {
	search.Host
	edge ruling.Edge

	// Its requests.
	requests    int64
	served      int64         // signed or not
	signed      int64         // served, with a well-formed token
	broken      int64         // served, with a malformed one
	first       int64         // request, µs
	final       int64         // request, µs
	span        time.Duration // between these
	clients     client.Sketch // that came with links
	families    map[int]bool
	outdated    map[uint8]*outdated // by the number of the key
	lands       []land              // by the number of the country
	given, lone int64               // links, and of them those that were asked for one file alone

	// Whether its hashes may be believed.
	keyed    bool // it has requests that were judged with a key, by this run or an earlier one
	tokens   int64
	silent   int64 // links that were only refused and do not reproduce
	links    int64 // whose hash holds
	fine     int64 // of them, with an expiry that must be in milliseconds
	brief    int64 // of them, with one that must be a duration
	dropped  dropped
	failure  *failure // what is seen where its calibration failed; nil: not looked into
	status   finding.CalibrationStatus
	reason   string
	examined int64            // links examined for mistakes of their signer
	doubted  int64            // links whose hash holds for another path, with a mistake, or for nothing known
	mistakes map[string]int64 // of the signer, by name: links
	proxy    signersProxy

	// Its refused requests.
	denied     int64             // of links that reproduce, of which the edge's code says that they do not, where it accepted none
	assumed    int64             // of links that count as valid although the edge accepted none
	mistaken   int64             // with an unresolved signature that a mistake explains
	oldKeyed   int64             // whose hash holds with a key that was not in use then
	retiredFor []int64           // by the number of the key: as the edge had given it up, although they reproduce with it
	remedies   map[string]string // by cause, where what its refusals have in common tells

	// Clocks, and what it answers with.
	lives       lives
	servedLives lives // of the links that were served
	since       int64 // seconds since 1970: links that expire before it may be older than the log
	least       int64 // seconds that nearly all links have left to live at their first use, of those that were served; 0: not known
	late        late
	servedLate  int64        // links that were served after their expiry, where these are many
	early       int64        // minutes before their expiry that links are refused that had been served; 0: they are not
	shifted     int64        // minutes by which a clock is wrong; 0: not known to be
	lateAnswers []lateAnswer // that were learned
	wrong       wrongAnswers

	// Its users.
	unclear judge.Unclear           // links that others may go on with, nobody knows which
	gaps    bool                    // segments are missing: requests are not in the log
	session time.Duration           // the median
	outside map[int]map[int]float64 // family → prefix length → share of the pairs of clients in one network that are of different carriers
	replays map[int]*judge.Replay
	moves   *judge.Moves // nil: nobody changed the address
}

func (a *analysis) host(name string) *host {
	if !a.single(name) {
		name = finding.OtherHosts
	}
	h := a.hosts[name]
	if h == nil {
		asked := ingest.HostAsked(name, a.Resources, a.Keys, a.Pseudonyms)
		h = &host{
			Host:   search.Host{Name: name, Asked: asked, Stated: a.Resources.For([]byte(asked)), Keys: a.Keys.For([]byte(asked)), Spans: a.Keys.Spans([]byte(asked))},
			status: finding.NotChecked, families: map[int]bool{}, replays: map[int]*judge.Replay{},
		}
		a.hosts[name] = h
	}
	return h
}

// readOutcomes reads the columns with few distinct values, and lists the hosts.
func (a *analysis) readOutcomes(ctx context.Context) error {
	err := fetch.Each(ctx, a.conn, `SELECT id, host, method, status, code, upstream, shield, shape, detail, late, matched, scope, up, bind, prefix, form, key <> ?, key, stale, refused, edge FROM outcome`,
		func(scan fetch.Scan) error {
			var id uint32
			var name, detail string
			var shape, late, scope, bind, form uint8
			o := &outcome{}
			err := scan(&id, &name, &o.Method, &o.Status, &o.Code, &o.Upstream, &o.Shield, &shape, &detail, &late, &o.Matched,
				&scope, &o.How.Up, &bind, &o.How.Binding.Prefix, &form, &o.Keyed, &o.KeyNumber, &o.Stale, &o.Denied, &o.Edge)
			o.host = a.host(name)
			o.host.keyed = o.host.keyed || o.Keyed
			o.Shape, o.Detail, o.Late = token.Shape(shape), token.Detail(detail), ingest.Late(late)
			o.How.Scope, o.How.Binding.Kind, o.How.Binding.Form = token.Scope(scope), token.BindKind(bind), token.Form(form)
			a.outcomes = reach(a.outcomes, id)
			a.outcomes[id] = o
			return err
		}, ingest.NoKey)
	a.ordered = slices.SortedFunc(maps.Values(a.hosts), func(x, y *host) int { return cmp.Compare(x.Name, y.Name) })
	for i, h := range a.ordered {
		h.Place = uint32(i)
	}
	return err
}

// readHistory reads the clients and the texts, and makes the history.
func (a *analysis) readHistory(ctx context.Context) error {
	f := history.New(a.Threads, a.limits.history, a.sameVisit)
	var places *spill.Array[uint32]
	if err := a.beside(ctx, func(ctx context.Context) error { return a.clients.Read(ctx, a.conn, a.Room) },
		a.aside(func(ctx context.Context, conn *sql.Conn) (err error) {
			a.texts, err = spill.OpenTexts(ctx, conn, a.Room)
			return err
		}),
		a.aside(func(ctx context.Context, conn *sql.Conn) (err error) {
			places, err = f.ListLinks(ctx, conn, a.Room)
			return err
		})); err != nil {
		f.Close()
		return err
	}
	var err error
	a.history, err = a.makeHistory(ctx, f, places)
	if err := cmp.Or(err, places.Close()); err != nil {
		return err
	}
	a.masked = a.endsInZeros()
	return nil
}

// A log with this many addresses, this share of which end in zeros, has had
// them masked: among real clients one in 256 does.
const (
	maskedAddresses = 10
	maskedShare     = 0.9
)

// endsInZeros reports whether so many addresses of the log end in zeros that it must have masked them. An
// address with several carriers counts once for each.
func (a *analysis) endsInZeros() bool {
	all, zero := 0, 0
	for id := range uint32(a.clients.Len()) {
		ip := a.client(a.clients.Of(id))
		if !ip.IsValid() {
			continue
		}
		all++
		if host, _ := addr.Zeros(ip); host {
			zero++
		}
	}
	return all >= maskedAddresses && float64(zero) >= maskedShare*float64(all)
}

// unbound reports whether no user of a host is flagged, since an address cannot be the cause of a refusal
// there, or nothing is known.
func (h *host) unbound() bool { return h.status == finding.Failed || h.keyed && !h.Policy.Bound() }

// hides reports whether a host's scheme binds links to an address that neither a key nor the link tells.
func (h *host) hides() bool { s := h.Stated.Scheme; return !h.keyed && s.Binds && !s.Visible }

// addresses returns about how many addresses asked for links, where most links are for one file each; else
// 0.
func (h *host) addresses() int64 {
	if 2*h.lone <= h.given {
		return 0
	}
	return int64(h.clients.Count())
}

// refusalsOnly reports whether the log holds requests of a host, but none that was served.
func (h *host) refusalsOnly() bool { return h.served == 0 && h.requests > 0 }

// asStated reports whether a binding is the one that is stated of the host, and hashes the same
// text of this address as another: that of 203.0.112.7 is 203.0.112.0 under /20 and /24.
func (h *host) asStated(ip netip.Addr, b token.Binding) bool {
	stated := h.Stated.Bind4
	if addr.Family(ip) == 6 {
		stated = h.Stated.Bind6
	}
	if stated == nil || *stated != b || b.Kind != token.BindMask {
		return false
	}
	text := token.AppendBound(nil, ip, b)
	return slices.ContainsFunc(ingest.Masks(ip, &h.Stated), func(other token.Binding) bool {
		return other != b && bytes.Equal(token.AppendBound(nil, ip, other), text)
	})
}
