package detect

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"ipdrift/detect/history"
	"ipdrift/detect/identity"
	"ipdrift/detect/search"
	"ipdrift/ingest"
	"ipdrift/ingest/fetch"
	"ipdrift/ingest/figure"
)

// nameIssued finds the links of records that have a token alone, by its first
// characters. Those of no link stay as they are: they never reached the edge.
func (a *analysis) nameIssued(ctx context.Context) error {
	named := map[uint64]ingest.Issued{}
	alone := false
	for hash, r := range a.Issued {
		named[hash], alone = r, alone || r.Token != ""
	}
	if !alone {
		return nil
	}
	err := fetch.Each(ctx, a.conn, `SELECT hash, host, token FROM link WHERE id > 0`, func(scan fetch.Scan) error {
		var hash uint64
		var host, shown string
		if err := scan(&hash, &host, &shown); err != nil {
			return err
		}
		id := ingest.TokenID(shown)
		r, issued := a.Issued[id]
		if _, known := a.Issued[hash]; known || !issued || r.Token != shown {
			return nil
		}
		delete(named, id)
		r.Host, r.Token = host, ""
		named[hash] = r
		return nil
	})
	a.Issued = named
	return err
}

// issuedTo adds the address that the signer saw to those that a suspect is
// tried with, before all others: a hash has to prove it all the same. One in
// IPv6's form of an IPv4 address (::ffff:) is tried as either text.
func (a *analysis) issuedTo(s *search.Suspect, hash uint64) {
	ip := a.Issued[hash].Client
	if ip.IsValid() && !slices.Contains(s.Clients, ip) {
		s.Clients, s.Issued = append([]netip.Addr{ip}, s.Clients...), true
	}
	if inner := ip.Unmap(); ip.Is4In6() && !slices.Contains(s.Clients, inner) {
		s.Clients = slices.Insert(s.Clients, min(1, len(s.Clients)), inner)
	}
}

// issuedKey is the viewer of a record as an id: users are of one host.
func issuedKey(r ingest.Issued) uint64 { return r.Viewer ^ ingest.TokenID(r.Host) }

// issuedToMany reports whether the signer's record names a viewer of more links than one network has viewers.
func (a *analysis) issuedToMany() bool {
	links := map[uint64]int{}
	for _, r := range a.Issued {
		if r.Viewer == 0 {
			continue
		}
		if links[r.Viewer]++; links[r.Viewer] > a.Thresholds.IDNetworks {
			return true
		}
	}
	return false
}

// setIssuedAside lists the viewers of the signer's record who are nobody, as where it has one name for all who
// are not logged in.
func (a *analysis) setIssuedAside(ctx context.Context) (map[uint64]bool, error) {
	if !a.issuedToMany() {
		return nil, nil
	}
	if _, err := a.conn.ExecContext(ctx, `CREATE TABLE work.issued (key UBIGINT NOT NULL, link UINTEGER NOT NULL)`); err != nil {
		return nil, err
	}
	if err := a.history.Links.Parts(func(_ uint32, links []history.Link) error {
		for some := range slices.Chunk(links, 4096) {
			var keys, ids []string
			for _, l := range some {
				if r := a.Issued[l.Hash]; r.Viewer != 0 {
					keys, ids = append(keys, strconv.FormatUint(issuedKey(r), 10)), append(ids, strconv.FormatUint(uint64(l.ID), 10))
				}
			}
			if _, err := a.conn.ExecContext(ctx, `INSERT INTO work.issued SELECT unnest([`+strings.Join(keys, ", ")+`]::UBIGINT[]), unnest([`+strings.Join(ids, ", ")+`]::UINTEGER[])`); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	return a.setIDsAside(ctx, tied(fmt.Sprintf(`(SELECT i.key, %d::UTINYINT AS kind, h.link, h.client FROM work.issued i JOIN hit h ON h.link = i.link WHERE i.key IN
		(SELECT key FROM work.issued GROUP BY key HAVING count(DISTINCT link) > %d))`, ingest.TieIssued, a.Thresholds.IDNetworks)))
}

// takeIssued joins the links that the signer issued to one viewer, whatever the
// user agent, and counts the viewers of whom no link reached the edge.
func (a *analysis) takeIssued(ctx context.Context, c *identity.Circles) error {
	if len(a.Issued) == 0 {
		return nil
	}
	aside, err := a.setIssuedAside(ctx)
	if err != nil {
		return err
	}
	last, seen, reached := map[uint64]int32{}, map[uint64]bool{}, map[uint64]bool{}
	err = a.eachLink(ctx, func(l *visited) {
		r, issued := a.Issued[l.Hash]
		if !issued || l.ID == 0 {
			return
		}
		seen[l.Hash] = true
		if r.Viewer == 0 {
			return
		}
		reached[r.Viewer] = true
		key := issuedKey(r)
		if aside[key] {
			return
		}
		for _, agent := range l.agents() {
			n := c.Add(identity.Atom{Link: l.ID, Agent: agent}, l.Hash, 0)
			if before, ok := last[key]; ok {
				c.Join(before, n, ingest.TieIssued)
			}
			last[key] = n
		}
	})
	if err != nil {
		return err
	}
	a.countUnreached(reached, seen)
	a.sayHandedOut(seen)
	return nil
}

// sayHandedOut says how many links of the log the signer gave to several viewers.
func (a *analysis) sayHandedOut(seen map[uint64]bool) {
	shared := 0
	for hash := range seen {
		if a.Issued[hash].Shared {
			shared++
		}
	}
	if shared > 0 {
		a.warnOf("by the signer's record several viewers were handed the same link, %d of %d {link|links} in the log, as where a page with links is cached: one that is bound to an address works for one of them", shared, len(seen))
	}
}

// agents lists the user agents that asked with a link.
func (l *visited) agents() []uint32 {
	var list []uint32
	for i := range l.visits {
		list = append(list, l.visits[i].agent)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// countUnreached says how many of the issued links, and of the viewers, the log
// never saw.
func (a *analysis) countUnreached(reached, seen map[uint64]bool) {
	links, viewers, all := 0, map[uint64]bool{}, map[uint64]bool{}
	for hash, r := range a.Issued {
		if !seen[hash] {
			links++
		}
		if r.Viewer == 0 {
			continue
		}
		all[r.Viewer] = true
		if !reached[r.Viewer] {
			viewers[r.Viewer] = true
		}
	}
	whose := ""
	switch {
	case links == 0:
		return
	case len(viewers) > 0:
		whose = figure.Sentence("; of %d of %d {viewer|viewers} none did", len(viewers), len(all))
	case len(all) > 0:
		whose = "; every viewer has one that did"
	}
	a.warnOf("%d of %d issued {link|links} never reached the edge%s", links, len(a.Issued), whose)
}
