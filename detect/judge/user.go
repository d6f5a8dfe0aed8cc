package judge

import (
	"cmp"
	"net/netip"
	"slices"

	"ipdrift/detect/addr"
	"ipdrift/detect/finding"
	"ipdrift/token"
)

// Users judges every user of a group, ordered by first event, then user agent.
// A user whose links joined strangers is split (rule 10). It costs O(n log n) in
// the events of the group.
func Users(g *Group, t Thresholds) []User {
	if len(g.Events) == 0 {
		return nil
	}
	order := ordered(g.Events)
	g.order, g.links, g.firsts, g.serves = order, nil, nil, nil
	shared := g.sharedLinks(order, &t)
	var users []User
	for _, idx := range split(g.Events, order, byUser) {
		users = append(users, g.user(idx, shared, &t)...)
	}
	return users
}

// sharedLinks is what each link shows of strangers.
func (g *Group) sharedLinks(order []int32, t *Thresholds) []sharing {
	out := make([]sharing, max(1, len(g.Signed)))
	for _, idx := range split(g.Events, order, byLink) {
		out[g.Events[idx[0]].Link] = g.manyNetworks(idx, t)
	}
	return out
}

// user judges one user, or the parts of one whose links were joined wrongly.
func (g *Group) user(idx []int32, shared []sharing, t *Thresholds) []User {
	parts := split(g.Events, idx, byPart)
	own := sharing{}
	for _, part := range parts {
		own = own.or(shared[g.Events[part[0]].Link])
	}
	if len(parts) == 1 || g.Stated {
		if len(parts) > 1 {
			own = own.or(g.manyNetworks(idx, t))
		}
		return []User{g.judge(idx, own, t)}
	}
	across := g.manyNetworks(idx, t)
	if !across.many {
		return []User{g.judge(idx, own, t)}
	}
	users := make([]User, len(parts))
	for n, part := range parts {
		users[n] = g.judge(part, across, t)
		users[n].Split = true
	}
	return users
}

func (g *Group) judge(idx []int32, s sharing, t *Thresholds) User {
	c := newFacts(g, idx, t)
	u := c.user
	u.idx = idx
	u.Bot = u.Bot || c.relayed()
	switch u.Class, u.Reason = c.class(s); u.Class {
	case finding.ManyNetworks:
		u.Attempts = c.attempts()
	case finding.Rotating:
		c.withoutOthers(&u)
	}
	u.Begins = u.Class == finding.FirstRequest && c.begins()
	u.Untimed, u.Astray, u.Onlooking, u.Lent = c.untimed, c.polls.out, c.polls.chance, c.polls.lent
	return u
}

// facts is one user with what the class needs beside the counts.
type facts struct {
	user                  User
	group                 *Group
	idx                   []int32
	t                     *Thresholds
	refusals              []refusal
	served                []spot // distinct, sorted
	causes                map[string]int
	unresolved, unchecked bool   // a refusal had that cause, and no link that names its address
	untimed               bool   // see User.Untimed; set with the class, as are
	polls                 rhythm // Astray and Onlooking
	anew                  rhythm // the same of one all of whose mismatches start over; set by allRestart
}

func newFacts(g *Group, idx []int32, t *Thresholds) *facts {
	c := &facts{group: g, idx: idx, t: t}
	first, last := &g.Events[idx[0]], &g.Events[idx[len(idx)-1]]
	c.user = User{Who: first.Who, UA: first.UA, Link: first.Link, Signed: g.signed(first.Link), Requests: len(idx), First: first.Time, Last: last.Time, Begin: first.Client, End: last.Client, MinCommon: -1, Bot: true}
	c.count()
	c.places()
	if len(c.causes) > 0 {
		c.refusals = merge(g.Events, idx, t.RetryWindow.Microseconds())
		c.user.Refusals = len(c.refusals)
		c.mismatches()
		c.user.Interrupted = !g.RefusalsOnly && c.interrupted()
	}
	c.user.ASN = c.asn()
	c.user.MismatchRequests = c.causes[token.IPMismatch.String()]
	proven := c.user.MismatchRequests + c.causes[token.ExpiredIPMismatch.String()]
	c.user.Unresolved = proven == 0 && c.unresolved
	c.user.Barred = c.barred()
	c.user.Unchecked = proven == 0 && !c.user.Unresolved && c.unchecked
	return c
}

// event is the request that a refusal is known by.
func (c *facts) event(r *refusal) *Event { return &c.group.Events[c.idx[r.pos]] }

// everyMismatch reports whether something holds for all mismatches of the user.
func (c *facts) everyMismatch(holds func(*refusal) bool) bool {
	for i := range c.refusals {
		if r := &c.refusals[i]; r.mismatch && !holds(r) {
			return false
		}
	}
	return true
}

// barred reports whether nothing was served, and a link was refused at the very address that its hash holds for: as valid,
// or as the edge's own code says that it does not hold.
func (c *facts) barred() bool {
	return c.user.Served == 0 && slices.ContainsFunc(c.idx, func(i int32) bool {
		e := &c.group.Events[i]
		return e.Refused && (e.Verdict == token.Valid || e.Verdict == token.UnresolvedSignature && c.group.signed(e.Link) == e.Client.Unmap())
	})
}

// spot is where a link was used.
type spot struct {
	link   uint32
	client netip.Addr
}

func (s spot) compare(o spot) int {
	return cmp.Or(cmp.Compare(s.link, o.link), s.client.Compare(o.client))
}

// count takes one look at every event.
func (c *facts) count() {
	grain := int64(0)
	for _, i := range c.idx {
		e := &c.group.Events[i]
		grain = max(grain, e.Grain)
		c.user.Bot = c.user.Bot && e.Bot
		if e.Served {
			c.user.Served++
			if n, at := len(c.served), (spot{e.Link, e.Client}); n == 0 || c.served[n-1] != at {
				c.served = append(c.served, at)
			}
		}
		if e.Refused {
			if c.causes == nil {
				c.causes = map[string]int{}
			}
			c.causes[cause(e)]++
			c.unresolved = c.unresolved || !e.Admitted && cause(e) == token.UnresolvedSignature.String()
			c.unchecked = c.unchecked || !e.Admitted && cause(e) == token.Unchecked.String()
		}
	}
	c.user.Links = countOf(c.group.Events, c.idx, byLink)
	c.user.Agents = countOf(c.group.Events, c.idx, func(e *Event) uint64 { return uint64(e.UA) })
	slices.SortFunc(c.served, spot.compare)
	c.served = slices.Compact(c.served)
	c.user.Switches = switches(c.group.Events, c.idx, grain)
}

// places counts the addresses and the networks they lie in.
func (c *facts) places() {
	var all []netip.Addr
	for _, i := range c.idx {
		a := c.group.Events[i].Client.Unmap()
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
func (c *facts) mismatches() {
	arrival, counted := c.arrivals(), map[arrived]bool{}
	for i := range c.refusals {
		r := &c.refusals[i]
		if !r.mismatch {
			continue
		}
		if c.user.Mismatches++; c.user.Mismatches == 1 {
			c.user.Away, c.user.AwayAt = r.client, r.first
		}
		c.user.Inferred = c.user.Inferred || !r.proven
		c.user.Proxied = c.user.Proxied || c.event(r).Mistaken
		signed := c.group.signedFor(r.link)
		if c.user.Family == 0 {
			c.user.Family, c.user.Signed = family(signed), c.group.signed(r.link)
		}
		if !signed.IsValid() {
			continue
		}
		r.measured, r.common = true, addr.CommonPrefix(signed, r.client)
		at := arrived{r.link, arrival[r.pos]}
		r.arrives, counted[at] = !counted[at], true
	}
	c.user.measureAll(c.refusals, func(*refusal) bool { return true })
}

// arrived is an address that the user came to, with a link.
type arrived struct {
	link uint32
	nth  int32
}

// arrivals numbers the runs of requests from one address.
func (c *facts) arrivals() []int32 {
	if c.user.Switches == 0 {
		return make([]int32, len(c.idx))
	}
	out, n := make([]int32, len(c.idx)), int32(0)
	for pos, i := range c.idx {
		if pos > 0 && c.group.Events[i].Client != c.group.Events[c.idx[pos-1]].Client {
			n++
		}
		out[pos] = n
	}
	return out
}

// measureAll notes how far the mismatches among some refusals lie from the signing address, of those that count.
func (u *User) measureAll(refusals []refusal, counts func(*refusal) bool) {
	u.MismatchLens, u.ChangeLens, u.MinCommon = nil, nil, -1
	for i := range refusals {
		r := &refusals[i]
		if !r.measured || !counts(r) {
			continue
		}
		u.measure(r.common)
		if r.arrives {
			u.ChangeLens = append(u.ChangeLens, kept(r.common))
		}
	}
}

func (u *User) measure(common int) {
	u.MismatchLens = append(u.MismatchLens, kept(common))
	switch {
	case common < 0:
		u.MinCommon = -2
	case u.MinCommon == -1 || common < u.MinCommon:
		u.MinCommon = common
	}
}

// kept is what User.MismatchLens has of so many bits in common; fewer than 0: the families differ.
func kept(common int) uint8 {
	if common < 0 {
		return acrossFamilies
	}
	return uint8(common)
}

// interrupted reports whether the user did not recover from the last refusal (rule 12).
func (c *facts) interrupted() bool {
	var l Lapse
	for _, i := range c.idx {
		l.take(&c.group.Events[i], c.t)
	}
	return l.Open
}

// asn is the network operator seen most often on refused requests, else on all;
// the lower number of equals; 0 where none is known.
func (c *facts) asn() uint32 {
	if c.sameASN() {
		return c.group.Events[c.idx[0]].ASN
	}
	if asn := c.commonASN(true); asn != 0 {
		return asn
	}
	return c.commonASN(false)
}

func (c *facts) sameASN() bool {
	asn := c.group.Events[c.idx[0]].ASN
	return !slices.ContainsFunc(c.idx, func(i int32) bool { return c.group.Events[i].ASN != asn })
}

func (c *facts) commonASN(refusedOnly bool) (best uint32) {
	counts := map[uint32]int{}
	for _, i := range c.idx {
		e := &c.group.Events[i]
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

// isMismatch reports whether a request was refused because of the address alone.
func isMismatch(e *Event) bool {
	return e.Refused && !e.Elsewhere && e.Verdict == token.IPMismatch
}

// isLateMismatch reports the same of a link that had expired as well.
func isLateMismatch(e *Event) bool {
	return e.Refused && !e.Elsewhere && e.Verdict == token.ExpiredIPMismatch
}

// WronglySigned stands for the cause of refusals whose hash was reproduced with a
// known mistake of the signer.
const WronglySigned = "wrongly_signed"

// OldKey stands for the cause of those of them whose key was not in use any more.
const OldKey = "old_key"

// cause is the contract's word for why a request was refused.
func cause(e *Event) string {
	switch {
	case !e.Refused:
		return ""
	case e.Elsewhere || e.Verdict == token.Valid:
		return "refused_elsewhere"
	case e.Mistaken && e.Verdict == token.UnresolvedSignature:
		return WronglySigned
	}
	return e.Verdict.String()
}
