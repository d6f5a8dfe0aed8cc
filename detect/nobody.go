package detect

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"ipdrift/detect/addr"
	"ipdrift/detect/client"
	"ipdrift/ingest"
	"ipdrift/ingest/fetch"
	"ipdrift/ingest/figure"
)

// playback is the use of a link, where and what it began with.
type playback struct {
	client, dir, agent uint32
	last               int64
}

// listShared makes a table of those keys of table tie that have more networks and links than a viewer may
// have, for setIDsAside to look into. some reports whether there are any.
func (a *analysis) listShared(ctx context.Context) (some bool, err error) {
	if _, err := a.conn.ExecContext(ctx, `CREATE TABLE work.shared AS SELECT key FROM tie GROUP BY key HAVING count(DISTINCT client) > $1 AND count(DISTINCT link) > $1`, a.Thresholds.IDNetworks); err != nil {
		return false, err
	}
	return some, a.conn.QueryRowContext(ctx, `SELECT count(*) > 0 FROM work.shared`).Scan(&some)
}

// tied is a relation, in SQL, of ids with what they join: key, kind, link and client. Table tie
// is one, of the keys in work.shared.
type tied string

const inTies tied = "tie SEMI JOIN work.shared USING (key)"

// setIDsAside lists the keys of a relation that are no viewer's: what a logger writes for
// everybody joins links that many networks ask for at the same time, or of which, in
// sparse traffic, now these two and then those two are played side by side. A household
// has one home, which is one of each two. What joins many networks one after the other is
// looked into: see strangers.
func (a *analysis) setIDsAside(ctx context.Context, ids tied) (aside map[uint64]bool, err error) {
	aside = map[uint64]bool{}
	var links [ingest.TieIssued + 1]int64
	var wide []wideID
	id := inUse{playing: map[any]playback{}, beside: map[client.Network]bool{}, at: map[netip.Prefix]bool{}}
	done := func() {
		if w := (wideID{id.key, id.kind, id.links, len(id.at)}); !aside[id.key] && a.isWide(w) {
			wide = append(wide, w)
		}
	}
	err = fetch.Pages(ctx, a.conn, `WITH t AS (SELECT DISTINCT key, kind, link, client FROM `+string(ids)+`)
		SELECT t.key, t.kind, arg_min(h.client, (h.start, h.at)), epoch_us(min(h.start)) AS first, epoch_us(max(h.start)), arg_min(h.dir, (h.start, h.at)), arg_min(h.agent, (h.start, h.at))
		FROM t JOIN hit h ON h.link = t.link AND h.client = t.client GROUP BY t.key, t.kind, t.link ORDER BY t.key, first, arg_min(h.at, (h.start, h.at))`, func(p fetch.Page) error {
		keys, kinds, clients, firsts, lasts, dirs, agents := p.U64(0), p.U8(1), p.U32(2), p.I64(3), p.I64(4), p.U32(5), p.U32(6)
		for i, key := range keys {
			if key != id.key {
				done()
				id.begin(key, ingest.Tie(kinds[i]))
			}
			if id.links++; aside[key] {
				links[kinds[i]]++
				continue
			}
			if a.play(&id, playback{clients[i], dirs[i], agents[i], lasts[i]}, firsts[i]); id.networks() > a.Thresholds.IDNetworks {
				aside[key] = true
				links[kinds[i]] += id.links
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	done()
	slices.SortFunc(wide, byReach) // keys are others in every run
	for _, w := range wide {
		strangers, err := a.strangers(ctx, ids, w.key)
		switch {
		case err != nil:
			return nil, err
		case strangers:
			aside[w.key] = true
			links[w.kind] += w.links
		default:
			a.sayWide(w)
		}
	}
	a.sayAside(links)
	return aside, nil
}

// sayAside says of how many links the ids, by Tie, are no viewer's.
func (a *analysis) sayAside(links [ingest.TieIssued + 1]int64) {
	var parts []string
	for tie, n := range links {
		if n > 0 {
			parts = append(parts, figure.Sentence("the %s of %d {link|links}", a.idName(ingest.Tie(tie)), n))
		}
	}
	if len(parts) > 0 {
		a.warnOf("%s tells no viewer and joins nothing: more than %d networks (/24, IPv6 /64) show the same one within %d s, or play different titles with it in pairs that have no network in common, or %d networks with nothing in common within a day, as where a logger writes one value for everybody",
			strings.Join(parts, ", "), a.Thresholds.IDNetworks, int(a.Thresholds.RetryWindow.Seconds()), a.Thresholds.IDStrangers)
	}
}

// realm is what an id is in use in: a block or, where the user of this program says that the id is a viewer's, the networks
// of an operator, by ASN where it is known, else a /16 or /32. Who moves with each request is known by such an id, so that
// blocks of one operator do not speak against it.
func (a *analysis) realm(kind ingest.Tie, client uint32, block netip.Prefix) any {
	switch asn := a.clients.ASN(client); {
	case kind != 0 && kind != ingest.TieIssued:
		return block
	case asn != 0:
		return asn
	}
	return a.clients.Network(client)
}

// idName names an id by what it is read from.
func (a *analysis) idName(kind ingest.Tie) string {
	switch kind {
	case 0:
		return a.loaded.Identity.String()
	case ingest.TieIssued:
		return "viewer in the signer's record"
	}
	return tieNames[kind]
}

// inUse is an id whose links are looked at one after the other, in the order in which they began.
type inUse struct {
	key     uint64
	kind    ingest.Tie
	links   int64
	playing map[any]playback        // the latest to end of those that a realm began and that may still go on
	beside  map[client.Network]bool // networks that were one of two
	at      map[netip.Prefix]bool   // blocks that links were used in
}

// begin takes up another id.
func (id *inUse) begin(key uint64, kind ingest.Tie) {
	id.key, id.kind, id.links = key, kind, 0
	clear(id.playing)
	clear(id.beside)
	clear(id.at)
}

// networks is how many networks show the id at the same time, by either count.
func (id *inUse) networks() int { return max(len(id.playing), len(id.beside)) }

// play takes the next link of an id into account, which began at a time.
func (a *analysis) play(id *inUse, now playback, at int64) {
	maps.DeleteFunc(id.playing, func(_ any, p playback) bool { return p.last+a.Thresholds.RetryWindow.Microseconds() < at })
	a.pairUp(id, now, at)
	block := addr.Block(a.client(a.clients.Of(now.client)))
	id.at[block] = true
	if realm := a.realm(id.kind, now.client, block); id.playing[realm].last <= now.last {
		id.playing[realm] = now
	}
}

// pairUp looks for one that plays another title at the same time in a network that has
// nothing to do with this one's, neither of them paired yet. One operator may give one
// player several networks at once, but not several user agents.
func (a *analysis) pairUp(id *inUse, now playback, at int64) {
	here, beside := a.clients.Network(now.client), id.beside
	if beside[here] {
		return
	}
	for _, p := range slices.SortedFunc(maps.Values(id.playing), func(x, y playback) int {
		return a.client(a.clients.Of(x.client)).Compare(a.client(a.clients.Of(y.client)))
	}) {
		there := a.clients.Network(p.client)
		asn := a.clients.ASN(p.client)
		same := asn != 0 && asn == a.clients.ASN(now.client) && p.agent == now.agent
		if here != there && !same && !beside[there] && p.last > at && p.dir != now.dir {
			beside[here], beside[there] = true, true
			return
		}
	}
}
