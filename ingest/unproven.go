package ingest

import (
	"bytes"
	"cmp"
	"maps"
	"math"
	"net/netip"
	"slices"
	"sync"

	"ipdrift/ingest/redact"
)

// brokenKept is how many malformed targets are kept for each host.
const brokenKept = 100

// usualFailing is Options.Failing where it is not stated.
const usualFailing = 96 << 20

const (
	perLink      = 4       // requests kept for each
	brokenHosts  = 1000    // hosts of which malformed targets are kept
	brokenLength = 1 << 10 // a longer malformed target tells nothing about a signer
)

// Unproven holds requests whose token did not verify for the observed
// address, so that the signing address can be searched for once everything
// has been read. It lives in memory alone: a token never reaches the case.
type Unproven struct {
	mu      sync.Mutex
	links   map[uint32]failed
	bytes   int64
	room    int64                // for them
	most    uint64               // highest hash of a link that is kept
	skipped map[uint32]struct{}  // links that are not
	broken  map[string][]Attempt // malformed targets by host
}

// failed is what is kept of a link.
type failed struct {
	hash uint64 // the same in every run
	list []Attempt
}

func (f failed) known() uint64 { return f.hash }

// Attempt is one request that failed.
type Attempt struct {
	Source             int
	Line               int64
	Start              int64  // µs since 1970, UTC
	Target             []byte // as logged, token and all
	Client             netip.Addr
	UserAgent, Referer []byte // where the scheme hashes one of them
}

// size is what an attempt holds of memory, about.
func (a *Attempt) size() int64 {
	return int64(attemptSize + len(a.Target) + len(a.UserAgent) + len(a.Referer))
}

const attemptSize = 200 // of the struct, and its share of list and map

// own copies what aliases the line.
func (a Attempt) own() Attempt {
	a.Target, a.UserAgent, a.Referer = bytes.Clone(a.Target), bytes.Clone(a.UserAgent), bytes.Clone(a.Referer)
	return a
}

// newUnproven has so many bytes of memory for targets.
func newUnproven(room int64) *Unproven {
	return &Unproven{room: cmp.Or(room, usualFailing), links: map[uint32]failed{}, most: math.MaxUint64, skipped: map[uint32]struct{}{}, broken: map[string][]Attempt{}}
}

// note keeps a failed request: of each link the first few by source and line,
// one for each directory, whatever order the workers come in. hash gives that of a link
// of which nothing is known yet.
func (u *Unproven) note(link uint32, hash func() uint64, at Attempt) {
	u.mu.Lock()
	defer u.mu.Unlock()
	of, known := u.links[link]
	if !known {
		if _, skipped := u.skipped[link]; skipped {
			return
		}
		if of.hash = hash(); of.hash > u.most {
			u.skip(link)
			return
		}
	}
	list := of.list
	if len(list) == perLink && !at.before(&list[perLink-1]) {
		return
	}
	if i := slices.IndexFunc(list, func(a Attempt) bool { return sameDir(a.Target, at.Target) }); i >= 0 {
		if !at.before(&list[i]) {
			return
		}
		u.bytes -= list[i].size()
		list = slices.Delete(list, i, i+1)
	}
	u.bytes += at.size()
	list = at.insert(list)
	if len(list) > perLink {
		u.bytes -= list[perLink].size()
		list = list[:perLink]
	}
	of.list = list
	u.links[link] = of
	for u.bytes > u.room && u.most > 0 {
		u.narrow()
	}
}

// narrow leaves out the links of the highest hashes, an eighth of them: in whatever order
// links come, the same are kept in the end, unless one that a full dictionary numbered twice
// fills the last of the room.
func (u *Unproven) narrow() {
	u.most -= u.most/8 + 1
	for link, of := range u.links {
		if of.hash > u.most {
			u.drop(link)
			u.skip(link)
		}
	}
}

// drop takes out a link.
func (u *Unproven) drop(link uint32) (of failed) {
	of = u.links[link]
	delete(u.links, link)
	for i := range of.list {
		u.bytes -= of.list[i].size()
	}
	return of
}

func (u *Unproven) skip(link uint32) {
	if len(u.skipped) < maxEntries {
		u.skipped[link] = struct{}{}
	}
}

// insert puts a copy into its place.
func (a *Attempt) insert(list []Attempt) []Attempt {
	at := len(list)
	for at > 0 && a.before(&list[at-1]) {
		at--
	}
	return slices.Insert(list, at, a.own())
}

// noteBroken keeps a malformed target: of each host the first few by source
// and line.
func (u *Unproven) noteBroken(host []byte, at Attempt) {
	u.mu.Lock()
	defer u.mu.Unlock()
	list, known := u.broken[string(host)]
	if !known && len(u.broken) == brokenHosts || len(list) == brokenKept && !at.before(&list[brokenKept-1]) || len(at.Target) > brokenLength {
		return
	}
	list = at.insert(list)
	u.broken[string(host)] = list[:min(len(list), brokenKept)]
}

// Broken returns the kept malformed targets of a host.
func (u *Unproven) Broken(host string) []Attempt { return u.broken[host] }

func (a *Attempt) before(b *Attempt) bool {
	return a.Source < b.Source || a.Source == b.Source && a.Line < b.Line
}

func sameDir(a, b []byte) bool {
	da, _ := splitPath(redact.CutQuery(a))
	db, _ := splitPath(redact.CutQuery(b))
	return bytes.Equal(da, db)
}

// Attempts returns the kept requests of a link, nil if there are none.
func (u *Unproven) Attempts(link uint32) []Attempt { return u.links[link].list }

// Skipped counts links of which nothing could be kept.
func (u *Unproven) Skipped() int { return len(u.skipped) }

// Release lets go of all requests but the malformed ones.
func (u *Unproven) Release() { u.links, u.skipped, u.bytes = nil, nil, 0 }

// leave drops the sources that are copies. What they had is that of the source
// they are a copy of, which has the same line: its own was not kept where theirs
// came first.
func (u *Unproven) leave(copies map[int]int) {
	if len(copies) == 0 {
		return
	}
	for link := range maps.Clone(u.links) {
		of := u.drop(link)
		for _, a := range of.list {
			if a.settle(copies) {
				u.note(link, of.known, a)
			}
		}
	}
	for host, list := range u.broken {
		u.broken[host] = nil
		for _, a := range list {
			twice := func(b Attempt) bool { return a.Source == b.Source && a.Line == b.Line }
			if a.settle(copies) && !slices.ContainsFunc(u.broken[host], twice) {
				u.noteBroken([]byte(host), a)
			}
		}
	}
}

// settle gives an attempt to the source that its own is a copy of; false if that
// is one of the case.
func (a *Attempt) settle(copies map[int]int) bool {
	if of, copied := copies[a.Source]; copied {
		a.Source = of
	}
	return a.Source != inCase
}

// rename carries the links' new ids over.
func (u *Unproven) rename(ids map[uint32]uint32) {
	for from, to := range ids {
		of := u.drop(from)
		for _, a := range of.list {
			u.note(to, of.known, a)
		}
		if _, ok := u.skipped[from]; ok {
			delete(u.skipped, from)
			u.skipped[to] = struct{}{}
		}
	}
}
