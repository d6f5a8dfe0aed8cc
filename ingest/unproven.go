package ingest

import (
	"bytes"
	"net/netip"
	"slices"
	"sync"
)

const (
	unprovenBytes = 96 << 20 // memory for targets of links that failed; what does not fit is not searched, and said
	perLink       = 4        // requests kept for each
	perHost       = 100      // malformed targets kept for each host
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
	Source int
	Line   int64
	Target []byte // as logged, token and all
	Client netip.Addr
}

func newUnproven() *Unproven {
	return &Unproven{links: map[uint32][]Attempt{}, skipped: map[uint32]struct{}{}, broken: map[string][]Attempt{}}
}

// note keeps a failed request: of each link the first few by source and line,
// one for each directory, whatever order the workers come in.
func (u *Unproven) note(link uint32, source int, line int64, target []byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	list := u.links[link]
	if len(list) == perLink && !before(source, line, list[perLink-1]) {
		return
	}
	if i := slices.IndexFunc(list, func(a Attempt) bool { return sameDir(a.Target, target) }); i >= 0 {
		if !before(source, line, list[i]) {
			return
		}
		if u.bytes+len(target)-len(list[i].Target) > unprovenBytes {
			return
		}
		u.bytes -= len(list[i].Target)
		list = slices.Delete(list, i, i+1)
	}
	if u.bytes+len(target) > unprovenBytes {
		if len(list) == 0 && len(u.skipped) < maxEntries {
			u.skipped[link] = struct{}{}
		}
		return
	}
	u.bytes += len(target)
	at := len(list)
	for at > 0 && before(source, line, list[at-1]) {
		at--
	}
	list = slices.Insert(list, at, Attempt{Source: source, Line: line, Target: bytes.Clone(target)})
	if len(list) > perLink {
		u.bytes -= len(list[perLink].Target)
		list = list[:perLink]
	}
	u.links[link] = list
}

// noteBroken keeps a malformed target: of each host the first few by source
// and line.
func (u *Unproven) noteBroken(host []byte, source int, line int64, target []byte, client netip.Addr) {
	u.mu.Lock()
	defer u.mu.Unlock()
	list, known := u.broken[string(host)]
	if !known && len(u.broken) == brokenHosts || len(list) == perHost && !before(source, line, list[perHost-1]) || len(target) > brokenLength {
		return
	}
	at := len(list)
	for at > 0 && before(source, line, list[at-1]) {
		at--
	}
	list = slices.Insert(list, at, Attempt{source, line, bytes.Clone(target), client})
	u.broken[string(host)] = list[:min(len(list), perHost)]
}

// Broken returns the kept malformed targets of a host.
func (u *Unproven) Broken(host string) []Attempt { return u.broken[host] }

func before(source int, line int64, a Attempt) bool {
	return source < a.Source || source == a.Source && line < a.Line
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

// rename carries the links' new ids over.
func (u *Unproven) rename(ids map[uint32]uint32) {
	for from, to := range ids {
		list := u.links[from]
		delete(u.links, from)
		for _, a := range list {
			u.bytes -= len(a.Target)
			u.note(to, a.Source, a.Line, a.Target)
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
