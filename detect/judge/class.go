package judge

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
	"ipdrift/token"
)

// restartsLooked bounds how many mismatches of one user are compared with what
// came before them.
const restartsLooked = 16

// class judges a user, given what the whole link showed. Where rules compete
// the one that claims less wins.
func (c *facts) class(s sharing) (finding.Class, string) {
	switch {
	case c.user.Bot:
		return finding.Undetermined, "every request came from a link preview, relay or hosting network: left out"
	case c.relayed() && !s.many:
		return finding.Undetermined, "refused only in a relay, VPN or hosting network: left out"
	case s.many && c.group.Gaps:
		return finding.Undetermined, "requested from several networks, but more than a tenth of the requests is missing from the log"
	case s.many:
		return finding.ManyNetworks, c.limits(s.words())
	case c.user.Mismatches > 0:
		return c.mismatched()
	}
	return c.quiet()
}

// mismatched is the class of a user with a proven mismatch (rule 9).
func (c *facts) mismatched() (finding.Class, string) {
	switch {
	case c.user.Served == 0 && !c.group.Stated && (c.repeated() || c.allRestart(c.beside, handedOn)):
		c.untimed, c.polls = c.inFlight(c.beside), c.onlooking(c.beside)
		return finding.Undetermined, "never served, while another viewer was, with the same link: the requests start over here, so it may have been handed on"
	case c.user.Served == 0 && c.group.Stated && c.others():
		return finding.Undetermined, "never served, while another viewer was, with the same link and another id: it may have been handed on"
	case c.user.Barred && !c.group.RefusalsOnly:
		return finding.Undetermined, "never served: the link was refused at the address that it was signed for, too"
	case c.user.Served == 0:
		c.polls = c.onlooking(c.beside)
		return finding.FirstRequest, c.limits(c.neverServed())
	case c.group.Gaps:
		return finding.Undetermined, "refused at a changed address, but more than a tenth of the requests is missing from the log"
	case c.sameAddress():
		return finding.Conflicting, "served and refused at the same address with the same link: the binding or the key changed, or the log mixes hosts"
	case !c.group.Stated && c.otherCookie():
		return finding.Undetermined, "refused only with another id cookie than the one it was served with: another viewer with the same link and user agent"
	case c.allRestart(c.own, restarts):
		c.untimed, c.polls = c.inFlight(c.own), c.onlooking(c.own)
		return finding.Undetermined, "refused at another address, where the requests start over: this may be another viewer"
	}
	c.polls = c.onlooking(c.own)
	return finding.Rotating, c.limits(c.moved())
}

// quiet is the class of a user without a proven mismatch.
func (c *facts) quiet() (finding.Class, string) {
	switch {
	case c.user.Unresolved:
		return finding.Undetermined, "refused with a hash that nothing explains: a foreign key, a forged link, or a signing address that was not found"
	case c.user.Unchecked:
		return finding.Undetermined, "refused, and the token could not be checked"
	case c.group.Truncated:
		return finding.Undetermined, "only the first requests of this link were looked at"
	case c.causes[token.ExpiredIPMismatch.String()] > 0:
		return finding.Unchanged, "the address had changed, but the link had expired as well"
	case c.user.Refusals > 0:
		return finding.Unchanged, "no change of address was refused; refused for: " + c.causeWords()
	case c.user.Addresses > 1:
		return finding.Unchanged, fmt.Sprintf("%s, none of them refused", figure.Plural(c.user.Addresses, "address", "addresses"))
	}
	return finding.Unchanged, "never refused"
}

func (c *facts) causeWords() string {
	words := make([]string, 0, len(c.causes))
	for w := range c.causes {
		words = append(words, strings.ReplaceAll(w, "_", " "))
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

// sameAddress reports whether every address with a mismatch was also served, with
// the same link.
func (c *facts) sameAddress() bool {
	return c.everyMismatch(func(r *refusal) bool {
		_, served := slices.BinarySearchFunc(c.served, spot{r.link, r.client}, spot.compare)
		return served
	})
}

// otherCookie reports whether every mismatch came with an id cookie, and another one than the
// one that all that was served of its link came with: a few times, so that the player
// is known to keep it.
func (c *facts) otherCookie() bool {
	kept, times := map[uint32]uint32{}, map[uint32]int{} // by link
	for _, i := range c.idx {
		e := &c.group.Events[i]
		if !e.Served {
			continue
		}
		if n := times[e.Link]; n > 0 && kept[e.Link] != e.Cookie {
			return false
		}
		kept[e.Link] = e.Cookie
		times[e.Link]++
	}
	return c.everyMismatch(func(r *refusal) bool {
		e := c.event(r)
		return e.Cookie != 0 && kept[e.Link] != 0 && e.Cookie != kept[e.Link] && times[e.Link] >= c.t.MediaRequests
	})
}

// allRestart reports whether every mismatch is another viewer's start among the events
// that are looked at for it, or what follows such a start. One that may be so is, where another surely is: at
// another address, for what is not needed by who is served on.
func (c *facts) allRestart(look func(pos int) view, starts func(view) beginning) bool {
	looked := 0
	doubtful, sure, late := false, false, false
	begun := map[start]int64{}      // the segment reached since
	opened := map[netip.Addr]bool{} // who began with a manifest: it tells where a live stream stands
	for i := range c.refusals {
		r := &c.refusals[i]
		if !r.mismatch {
			continue
		}
		e := c.event(r)
		kind, n := place(e.Name)
		from := start{r.client, e.Dir}
		if reached, ok := begun[from]; ok && kind != whole && n <= reached+seekBack {
			begun[from] = max(reached, n)
			continue
		}
		if looked++; looked > restartsLooked {
			break
		}
		v := look(r.pos)
		before := v.servedBefore()
		joins := opened[r.client] && kind == segment && n > before.reached+seekBack*before.step
		if v.known(e) {
			return false
		}
		if !joins {
			switch starts(v) {
			case goesOn:
				return false
			case maybeAnew:
				doubtful = true
			case startsAnew:
				late = late || before.last > 0 && e.Time-before.last > c.t.RetryWindow.Microseconds()
				sure = sure || v.unneeded()
			}
		}
		begun[from] = n
		opened[r.client] = opened[r.client] || kind == opening
	}
	if doubtful || late {
		c.anew = rhythm{out: late, chance: lentChance, lent: true}
	}
	return sure || !doubtful
}

// inFlight reports whether what was refused first may have been on its way elsewhere.
func (c *facts) inFlight(look func(pos int) view) bool {
	i := slices.IndexFunc(c.refusals, func(r refusal) bool { return r.mismatch })
	v := look(c.refusals[i].pos)
	return Whole(v.request().Name) && v.onItsWay()
}

// own is the request at pos among the user's.
func (c *facts) own(pos int) view { return view{c.group.Events, c.idx, pos, c.t} }

// beside is the request at pos among those around it that came with its link, whoever asked.
func (c *facts) beside(pos int) view {
	among, at := c.group.around(c.idx[pos])
	return view{c.group.Events, among, at, c.t}
}

// start is where requests start over.
type start struct {
	client netip.Addr
	dir    uint32
}

func (c *facts) moved() string {
	u := &c.user
	s := fmt.Sprintf("at least %s between %s%s within %s; served %s, refused %s because the address had changed",
		figure.Plural(u.Switches, "change", "changes"), figure.Plural(u.Addresses, "address", "addresses"), u.spread(),
		span(u.Last-u.First), figure.Times(u.Served), figure.Times(u.Mismatches))
	return s + c.evidence() + c.basis()
}

func (c *facts) neverServed() string {
	s := fmt.Sprintf("refused %s, never served: the link was signed for another address", figure.Times(c.user.Mismatches))
	if c.group.RefusalsOnly {
		s = fmt.Sprintf("refused %s because the address had changed; the log holds refusals only, so whether it was served before cannot be seen", figure.Times(c.user.Mismatches))
	}
	if c.translated() {
		s += ", and the edge saw it through NAT64"
	}
	return s + c.user.distance() + c.basis()
}

func (c *facts) basis() string {
	if c.user.Inferred {
		return "; inferred without a reproduced hash"
	}
	return ""
}

// limits says what the link's log does not show.
func (c *facts) limits(s string) string {
	if c.group.Truncated {
		s += "; only the first requests of this link were looked at"
	}
	if c.group.Gaps {
		s += "; more than a tenth of the requests is missing from the log"
	}
	return s
}

// spread names the smallest usual network that holds all addresses.
func (u *User) spread() string {
	switch {
	case !u.Family4 || u.Addresses < 2:
		return ""
	case u.Prefixes24 == 1:
		return " in one /24"
	case u.Prefixes16 == 1:
		return fmt.Sprintf(" in %s /24s of one /16", figure.Count(u.Prefixes24))
	}
	return fmt.Sprintf(" in %s /16s", figure.Count(u.Prefixes16))
}

func (u *User) distance() string {
	switch u.MinCommon {
	case -2:
		return " of the other address family"
	case -1:
		return ""
	}
	return fmt.Sprintf(" (%s in common)", figure.Plural(u.MinCommon, "bit", "bits"))
}

func (s sharing) words() string {
	if s.players > s.attempted {
		return fmt.Sprintf("the link was requested from %s unrelated networks that each started on their own at the same time", figure.Count(s.players))
	}
	return fmt.Sprintf("the link was requested from several networks, %s of which were only ever refused", figure.Count(s.attempted))
}
