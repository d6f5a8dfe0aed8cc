package judge

import (
	"net/netip"
	"slices"

	"ipdrift/token"
)

// Users judges every user of a link, ordered by first event, then user agent.
// It costs O(n log n) in the events of the link.
func Users(l *Link, t Thresholds) []User {
	if len(l.Events) == 0 {
		return nil
	}
	order := ordered(l.Events)
	shared := manyNetworks(l.Events, order, &t)
	groups := split(l.Events, order)
	users := make([]User, len(groups))
	for n, idx := range groups {
		c := newFacts(l, idx, &t)
		users[n] = c.user
		users[n].Class, users[n].Reason = c.class(shared)
		if flagged(users[n].Class) {
			users[n].Timeline = timeline(l.Events, idx, t.TimelineSteps)
		}
	}
	return users
}

// facts is one user with what the class needs beside the counts.
type facts struct {
	user     User
	link     *Link
	idx      []int32
	t        *Thresholds
	refusals []refusal
	served   []netip.Addr // distinct, sorted
	causes   map[string]int
}

func newFacts(l *Link, idx []int32, t *Thresholds) *facts {
	c := &facts{link: l, idx: idx, t: t}
	first, last := &l.Events[idx[0]], &l.Events[idx[len(idx)-1]]
	c.user = User{UA: first.UA, Requests: len(idx), First: first.Time, Last: last.Time, MinCommon: -1, Bot: true}
	c.count()
	c.places()
	if len(c.causes) > 0 {
		c.refusals = merge(l.Events, idx, t.RetryWindow.Microseconds())
		c.user.Refusals = len(c.refusals)
		c.mismatches()
		c.user.Interrupted = !l.RefusalsOnly && c.interrupted()
	}
	c.user.ASN = c.asn()
	c.user.MismatchRequests = c.causes[token.IPMismatch.String()]
	proven := c.user.MismatchRequests + c.causes[token.ExpiredIPMismatch.String()]
	c.user.Unresolved = proven == 0 && c.causes[token.UnresolvedSignature.String()] > 0
	return c
}

// count takes one look at every event.
func (c *facts) count() {
	grain := int64(0)
	for _, i := range c.idx {
		e := &c.link.Events[i]
		grain = max(grain, e.Grain)
		c.user.Bot = c.user.Bot && e.Bot
		if e.Served {
			c.user.Served++
			if n := len(c.served); n == 0 || c.served[n-1] != e.Client {
				c.served = append(c.served, e.Client)
			}
		}
		if e.Refused {
			if c.causes == nil {
				c.causes = map[string]int{}
			}
			c.causes[cause(e)]++
		}
	}
	c.served = distinct(c.served)
	c.user.Switches = switches(c.link.Events, c.idx, grain)
}

// places counts the addresses and the networks they lie in.
func (c *facts) places() {
	var all []netip.Addr
	for _, i := range c.idx {
		a := c.link.Events[i].Client.Unmap()
		if n := len(all); n == 0 || all[n-1] != a {
			all = append(all, a)
		}
	}
	all = distinct(all)
	c.user.Addresses = len(all)
	c.user.Family4 = all[0].Is4() && all[len(all)-1].Is4()
	if c.user.Family4 {
		c.user.Prefixes24 = networksOf(all, 24)
		c.user.Prefixes16 = networksOf(all, 16)
	}
}

// networksOf counts the networks of one length in sorted addresses.
func networksOf(sorted []netip.Addr, length int) int {
	n := 0
	var last netip.Prefix
	for _, a := range sorted {
		if p := cut(a, length); p != last {
			n, last = n+1, p
		}
	}
	return n
}

// mismatches measures how far each refused address lies from the signing one.
// Without a signing address (no key) the address served first stands for it.
func (c *facts) mismatches() {
	signed := c.link.Signed
	if !signed.IsValid() {
		signed = c.firstServed()
	}
	for i := range c.refusals {
		r := &c.refusals[i]
		if !r.mismatch {
			continue
		}
		c.user.Mismatches++
		c.user.Inferred = c.user.Inferred || !r.proven
		if signed.IsValid() {
			c.user.measure(CommonPrefix(signed, r.client))
		}
	}
	if c.user.Mismatches > 0 {
		c.user.Family = family(signed)
	}
}

func (u *User) measure(common int) {
	switch {
	case common < 0:
		u.MismatchLens, u.MinCommon = append(u.MismatchLens, acrossFamilies), -2
		return
	case u.MinCommon == -1 || common < u.MinCommon:
		u.MinCommon = common
	}
	u.MismatchLens = append(u.MismatchLens, uint8(common))
}

func (c *facts) firstServed() netip.Addr {
	for i := range c.link.Events {
		if c.link.Events[i].Served {
			return c.link.Events[i].Client
		}
	}
	return netip.Addr{}
}

// interrupted tells whether nothing was served within the recovery time after
// the last refusal (rule 12). A request served at the very time of the refusal
// does not count: a viewer who goes on is seen later too.
func (c *facts) interrupted() bool {
	last := int64(-1)
	for _, i := range c.idx {
		if e := &c.link.Events[i]; e.Refused {
			last = e.Time
		} else if e.Served && last >= 0 && e.Time > last && e.Time-last <= c.t.Recovery.Microseconds() {
			last = -1
		}
	}
	return last >= 0
}

// asn is the network operator seen most often on refused requests, else on all;
// the lower number of equals; 0 where none is known.
func (c *facts) asn() uint32 {
	if c.sameASN() {
		return c.link.Events[c.idx[0]].ASN
	}
	if asn := c.commonASN(true); asn != 0 {
		return asn
	}
	return c.commonASN(false)
}

func (c *facts) sameASN() bool {
	asn := c.link.Events[c.idx[0]].ASN
	return !slices.ContainsFunc(c.idx, func(i int32) bool { return c.link.Events[i].ASN != asn })
}

func (c *facts) commonASN(refusedOnly bool) (best uint32) {
	counts := map[uint32]int{}
	for _, i := range c.idx {
		e := &c.link.Events[i]
		if e.ASN == 0 || refusedOnly && !e.Refused {
			continue
		}
		counts[e.ASN]++
		if n := counts[e.ASN] - counts[best]; n > 0 || n == 0 && e.ASN < best {
			best = e.ASN
		}
	}
	return best
}

func isMismatch(e *Event) bool {
	return e.Refused && !e.Elsewhere && e.Verdict == token.IPMismatch
}

// WronglySigned stands for the cause of refusals whose hash was reproduced with a
// known mistake of the signer.
const WronglySigned = "wrongly_signed"

// cause is the contract's word for why a request was refused.
func cause(e *Event) string {
	switch {
	case !e.Refused:
		return ""
	case e.Elsewhere || e.Verdict == token.Valid:
		return "refused_elsewhere"
	case e.Mistaken:
		return WronglySigned
	}
	return e.Verdict.String()
}
