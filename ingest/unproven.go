package ingest

import (
	"bytes"
	"net/netip"
	"slices"
	"sync"
)

// brokenKept is how many malformed targets are kept for each host.
const brokenKept = 100

const (
	unprovenBytes = 96 << 20 // memory for targets of links that failed; what does not fit is not searched, and said
	perLink       = 4        // requests kept for each
	brokenHosts   = 1000     // hosts of which malformed targets are kept
	brokenLength  = 1 << 10  // a longer malformed target tells nothing about a signer
)

// Unproven holds requests whose token did not verify for the observed
// address, so that the signing address can be searched for once everything
// has been read. It lives in memory alone: a token never reaches the case.
type Unproven struct {
	mu      sync.Mutex
	links   map[uint32][]Attempt
	bytes   int
	skipped map[uint32]struct{}
	broken  map[string][]Attempt // malformed targets by host
}

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
func (a *Attempt) size() int { return attemptSize + len(a.Target) + len(a.UserAgent) + len(a.Referer) }

const attemptSize = 200 // of the struct, and its share of list and map

// own copies what aliases the line.
func (a Attempt) own() Attempt {
	a.Target, a.UserAgent, a.Referer = bytes.Clone(a.Target), bytes.Clone(a.UserAgent), bytes.Clone(a.Referer)
	return a
}

func newUnproven() *Unproven {
	return &Unproven{links: map[uint32][]Attempt{}, skipped: map[uint32]struct{}{}, broken: map[string][]Attempt{}}
}

// note keeps a failed request: of each link the first few by source and line,
// one for each directory, whatever order the workers come in.
func (u *Unproven) note(link uint32, at Attempt) {
	u.mu.Lock()
	defer u.mu.Unlock()
	list := u.links[link]
	if len(list) == perLink && !at.before(&list[perLink-1]) {
		return
	}
	if i := slices.IndexFunc(list, func(a Attempt) bool { return sameDir(a.Target, at.Target) }); i >= 0 {
		if !at.before(&list[i]) || u.bytes+at.size()-list[i].size() > unprovenBytes {
			return
		}
		u.bytes -= list[i].size()
		list = slices.Delete(list, i, i+1)
	}
	if u.bytes+at.size() > unprovenBytes {
		if len(list) == 0 && len(u.skipped) < maxEntries {
			u.skipped[link] = struct{}{}
		}
		return
	}
	u.bytes += at.size()
	list = at.insert(list)
	if len(list) > perLink {
		u.bytes -= list[perLink].size()
		list = list[:perLink]
	}
	u.links[link] = list
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
	da, _ := splitPath(cutQuery(a))
	db, _ := splitPath(cutQuery(b))
	return bytes.Equal(da, db)
}

// Attempts returns the kept requests of a link, nil if there are none.
func (u *Unproven) Attempts(link uint32) []Attempt { return u.links[link] }

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
	for link, list := range u.links {
		u.links[link] = nil
		for _, a := range list {
			u.bytes -= a.size()
		}
		for _, a := range list {
			if a.settle(copies) {
				u.note(link, a)
			}
		}
		if len(u.links[link]) == 0 {
			delete(u.links, link)
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
		list := u.links[from]
		delete(u.links, from)
		for _, a := range list {
			u.bytes -= a.size()
			u.note(to, a)
		}
		if _, ok := u.skipped[from]; ok {
			delete(u.skipped, from)
			u.skipped[to] = struct{}{}
		}
		if len(u.links[to]) > 0 {
			delete(u.skipped, to)
		}
	}
}
