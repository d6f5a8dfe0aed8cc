package detect

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"ipdrift/detect/identity"
	"ipdrift/detect/judge"
	"ipdrift/detect/policy"
	"ipdrift/ingest"
	"ipdrift/ingest/fetch"
)

// wideID is one id that joins many links, with how many networks (/24, /64) they began in.
type wideID struct {
	key      uint64
	kind     ingest.Tie
	links    int64
	networks int
}

// byReach puts the ids that join most first.
func byReach(x, y wideID) int {
	return cmp.Or(cmp.Compare(y.links, x.links), cmp.Compare(y.networks, x.networks), cmp.Compare(x.kind, y.kind))
}

// isWide reports whether an id joins more links, in more networks, than one viewer seems to have.
func (a *analysis) isWide(w wideID) bool {
	return w.networks >= a.Thresholds.IDStrangers && float64(w.links) >= policy.FewLinks*float64(a.history.Links.Len()-1)
}

// sayWide warns of such an id: people who never watch at the same time cannot be told from one who moves.
func (a *analysis) sayWide(w wideID) {
	a.warnOf("one %s makes one user of %d of %d links, in %d networks (/24, IPv6 /64), one after the other: if several viewers may share it, as where a logger writes one value for everybody, --user token counts each link as one",
		a.idName(w.kind), w.links, int64(a.history.Links.Len()-1), w.networks)
}

// use is a link of an id in a network: an operator's where it is known, else a /16 or /32.
type use struct {
	link, dir uint32
	file      string // that it began with
	at        int64  // first, µs
	set       int32  // of networks that have something in common
	operator  bool
}

// title reports whether two uses may be of one title: of the same file, or of the same folder if it holds
// the parts of a stream.
func (u *use) title(o *use) bool {
	return u.dir == o.dir && (u.file == o.file || !judge.Whole(u.file))
}

// strangers reports whether an id is in use, within a day, in more networks than one viewer
// comes to. Those that one link was used in have something in common; where the operator
// is not known, so have those that one title is asked for in one after the other, as an
// operator may have many blocks. Hosting networks, through which one viewer may leave
// anywhere, do not count.
func (a *analysis) strangers(ctx context.Context, ids tied, key uint64) (bool, error) {
	const most = 1 << 16 // uses that are looked at
	var uses []use
	var of identity.Sets
	known, last := map[any]int32{}, map[uint32]use{}
	err := fetch.Each(ctx, a.conn, `SELECT h.link, h.client, epoch_us(min(h.start)) AS first, arg_min(h.dir, (h.start, h.at)), arg_min(f.text, (h.start, h.at))
		FROM hit h JOIN file f ON f.id = h.file SEMI JOIN (SELECT link FROM `+string(ids)+` WHERE key = ?::UBIGINT) t ON t.link = h.link GROUP BY h.link, h.client ORDER BY first, arg_min(h.at, (h.start, h.at)) LIMIT ?`, func(scan fetch.Scan) error {
		var u use
		var client uint32
		if err := scan(&u.link, &client, &u.at, &u.dir, &u.file); err != nil {
			return err
		}
		asn := a.clients.ASN(client)
		if a.hosted[asn] {
			return nil
		}
		var where any = a.clients.Network(client)
		if u.operator = asn != 0; u.operator {
			where = asn
		}
		set, ok := known[where]
		if !ok {
			set = of.Add()
			known[where] = set
		}
		u.set = set
		if before, ok := last[u.link]; ok {
			of.Join(before.set, set)
		}
		if n := len(uses); n > 0 && uses[n-1].title(&u) && !(uses[n-1].operator && u.operator) {
			of.Join(uses[n-1].set, set)
		}
		last[u.link] = u
		uses = append(uses, u)
		return nil
	}, fmt.Sprint(key), most)
	return a.crowded(uses, &of), err
}

// crowded reports whether within some day there are more networks than one viewer comes to.
func (a *analysis) crowded(uses []use, of *identity.Sets) bool {
	day := (24 * time.Hour).Microseconds()
	in, from := map[int32]int{}, 0
	for _, u := range uses {
		in[of.Root(u.set)]++
		for ; uses[from].at+day < u.at; from++ {
			gone := of.Root(uses[from].set)
			if in[gone]--; in[gone] == 0 {
				delete(in, gone)
			}
		}
		if len(in) >= a.Thresholds.IDStrangers {
			return true
		}
	}
	return false
}
