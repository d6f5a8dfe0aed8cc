package judge

import (
	"fmt"
	"net/netip"
	"strings"

	"ipdrift/detect/addr"
	"ipdrift/ingest/figure"
)

// alternation is how often a user came back to an address within how long for
// the changes to be those of a pool that gives out any address, or of several
// paths at once; a move from network to network takes longer (RFC 4787, 4.1).
const (
	alternatingReturns = 2
	alternatingWithin  = 10e6 // µs
)

// path is how a user moved between addresses.
type path struct {
	returns int   // to an address left before
	slowest int64 // longest pause over a change, µs
	asns    int
	starts  int // manifests or first segments asked for at another address
}

// path follows the user. Requests of one time have no order, so a return counts
// only where the address was seen at an earlier time, and another one between.
func (c *facts) path() (p path) {
	left := map[netip.Addr]bool{}
	operators := map[uint32]bool{}
	var at *Event
	for _, i := range c.idx {
		e := &c.group.Events[i]
		operators[e.ASN] = true
		if at != nil && at.Client != e.Client && e.Time-at.Time >= max(1, resolved(at.Edge, e.Edge, 0)) {
			left[at.Client] = true
			p.slowest = max(p.slowest, e.Time-at.Time)
			if left[e.Client] {
				p.returns++
			}
			if kind, _ := place(e.Name); kind == opening {
				p.starts++
			}
		}
		at = e
	}
	delete(operators, 0)
	p.asns = len(operators)
	return p
}

// evidence is what speaks for one user who moves and what against, a few words
// each.
func (c *facts) evidence() string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if from, to, ok := c.sequence(); ok {
		add("segments %d to %d go on in order across them", from, to)
	}
	p := c.path()
	switch {
	case p.returns >= alternatingReturns && p.slowest <= alternatingWithin:
		add("it alternates within seconds, as a pool of addresses or several paths do")
	case p.returns > 0:
		add("back at an earlier address %s", figure.Times(p.returns))
	case c.user.Switches > 0:
		add("one way, as a new attachment to the network")
	}
	if c.user.Agents == 1 {
		add("one user agent")
	} else {
		add("%s user agents", figure.Count(c.user.Agents))
	}
	if c.user.Links > 1 {
		add("%s links in turn", figure.Count(c.user.Links))
	}
	switch {
	case c.translated():
		add("the edge saw it through NAT64, where no mask helps")
	case c.bothFamilies():
		add("over IPv4 and IPv6")
	}
	if p.asns > 1 {
		add("against: %s carriers", figure.Count(p.asns))
	}
	if p.starts > 0 {
		add("against: the playlist was asked for anew %s after a change", figure.Times(p.starts))
	}
	return "; " + strings.Join(parts, "; ")
}

// sequence gives the segments asked for, if their first requests rise in order
// over more than one address.
func (c *facts) sequence() (from, to int64, ok bool) {
	var last *Event
	from, to = -1, -1
	for _, i := range c.idx {
		e := &c.group.Events[i]
		kind, n := place(e.Name)
		if kind != segment {
			continue
		}
		if last != nil && n < to && e.Time > last.Time {
			return 0, 0, false
		}
		if last == nil {
			from = n
		}
		ok = ok || last != nil && n != to && e.Client != last.Client
		from, to, last = min(from, n), max(to, n), e
	}
	return from, to, ok
}

// translated reports whether every refused address is one of NAT64.
func (c *facts) translated() bool {
	return c.user.Mismatches > 0 && c.everyMismatch(func(r *refusal) bool { return addr.NAT64.Contains(r.client) })
}

func (c *facts) bothFamilies() bool {
	first := family(c.group.Events[c.idx[0]].Client)
	for _, i := range c.idx {
		if family(c.group.Events[i].Client) != first {
			return true
		}
	}
	return false
}

// relayed reports whether every proven mismatch is of an address of a link
// preview, relay, VPN or hosting network: such networks never justify a wider
// mask (rule 17).
func (c *facts) relayed() bool {
	return c.user.Mismatches > 0 && c.everyMismatch(func(r *refusal) bool { return c.event(r).Bot })
}
