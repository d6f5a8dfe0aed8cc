package detect

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/detect/identity"
	"ipdrift/detect/judge"
	"ipdrift/ingest/fetch"
)

const (
	maxFlagged = 1_000 // users listed in the report; the case holds all
	maxShared  = 100   // of them at least, if there are so many, on links used from many networks
)

// flag lists a user in the report, unless enough users who tell more are listed. crowd is how many have
// requested the same link from many networks.
func (a *analysis) flag(c *circle, u *judge.User, name identity.Key, crowd int) {
	if u.Class != finding.Rotating && u.Class != finding.FirstRequest && u.Class != finding.ManyNetworks && u.Class != finding.Conflicting {
		return
	}
	users := &a.out.Users
	f := finding.User{Class: u.Class, Mismatches: int64(u.Mismatches), Requests: int64(u.Requests), Began: u.First, Crowd: crowd, Host: c.host.Name}
	if u.Signed.IsValid() {
		f.SignedIP = u.Signed.String()
	}
	if last := a.listed[shared(&f)]; last != nil && order(&f, last) > 0 {
		users.Omitted++
		return
	}
	f.Reason, f.Refusals, f.Addresses, f.Switches, f.Interrupted = u.Reason, int64(u.Refusals), int64(u.Addresses), int64(u.Switches), u.Interrupted
	f.First, f.Last, f.Timeline = finding.Stamp(u.First), finding.Stamp(u.Last), []finding.Event{}
	f.Link, f.Agent, f.Salt = name.Link, name.Agent, name.Salt
	if u.ASN != 0 {
		asn := int64(u.ASN)
		f.ASN = &asn
	}
	if u.Family4 {
		n24, n16 := int64(u.Prefixes24), int64(u.Prefixes16)
		f.Prefixes24, f.Prefixes16 = &n24, &n16
	}
	for _, s := range c.Timeline(u, a.Thresholds) {
		e := finding.Event{Time: finding.Stamp(s.Time), IP: s.Client.String(), Status: int(s.Status), Verdict: s.Verdict.String(), Path: s.Name, Count: int64(s.Count)}
		if s.Last != s.Time {
			e.Last = finding.Stamp(s.Last)
		}
		f.Timeline = append(f.Timeline, e)
	}
	users.Flagged = append(users.Flagged, f)
	if len(users.Flagged) >= 2*maxFlagged {
		a.trim()
	}
}

// trim keeps the users who tell most. Links used from many networks keep some
// room, so that a report can show how they differ.
func (a *analysis) trim() {
	users := &a.out.Users
	var lists [2][]*finding.User // users are large: their places are sorted, not they
	for i := range users.Flagged {
		k := shared(&users.Flagged[i])
		lists[k] = append(lists[k], &users.Flagged[i])
	}
	room := [2]int{maxFlagged - min(maxShared, len(lists[1]))}
	room[1] = maxFlagged - min(room[0], len(lists[0]))
	var kept []*finding.User
	var last [2]*finding.User
	for k, list := range lists {
		slices.SortStableFunc(list, named)
		cut := min(len(list), room[k])
		users.Omitted += int64(len(list) - cut)
		if list = list[:cut]; cut == room[k] && cut >= maxShared {
			last[k] = list[cut-1]
		}
		kept = append(kept, list...)
	}
	slices.SortStableFunc(kept, named)
	flagged := make([]finding.User, len(kept))
	a.listed = [2]*finding.User{}
	for i, u := range kept {
		flagged[i] = *u
		if k := shared(u); u == last[k] {
			a.listed[k] = &flagged[i]
		}
	}
	users.Flagged = flagged
}

// shared is 1 for a user who requested a link that was used from many networks, else 0.
func shared(u *finding.User) int {
	if u.Class == finding.ManyNetworks {
		return 1
	}
	return 0
}

// named orders users as order does, and those that are equal there by signing address and id.
func named(x, y *finding.User) int {
	return cmp.Or(order(x, y), cmp.Compare(x.SignedIP, y.SignedIP), cmp.Compare(x.ID, y.ID))
}

// order puts the user who tells more first, and keeps together who used one
// link.
func order(x, y *finding.User) int {
	together := 0
	if x.Class == finding.ManyNetworks && y.Class == finding.ManyNetworks {
		together = cmp.Or(cmp.Compare(y.Crowd, x.Crowd), cmp.Compare(x.Host, y.Host), cmp.Compare(x.SignedIP, y.SignedIP))
	}
	return cmp.Or(x.Class.Rank()-y.Class.Rank(), together, cmp.Compare(y.Mismatches, x.Mismatches), cmp.Compare(y.Requests, x.Requests),
		cmp.Compare(x.Began, y.Began), cmp.Compare(x.Host, y.Host))
}

// listFlagged names the listed users.
func (a *analysis) listFlagged(ctx context.Context) error {
	a.trim()
	if len(a.out.Users.Flagged) == 0 {
		return nil
	}
	var list []string
	for i, u := range a.out.Users.Flagged {
		list = append(list, fmt.Sprintf("(%d, %d, %d, %d)", i, u.Link, u.Agent, u.Salt))
	}
	err := fetch.Each(ctx, a.conn, `SELECT v.i, user_name(l.hash, g.text, v.salt), coalesce(g.text, ''), l.token FROM (VALUES `+strings.Join(list, ", ")+`) v (i, link, agent, salt)
		JOIN link l ON l.id = v.link JOIN agent g ON g.id = v.agent`, func(scan fetch.Scan) error {
		var i int
		var id, agent, token string
		err := scan(&i, &id, &agent, &token)
		u := &a.out.Users.Flagged[i]
		u.ID, u.UserAgent, u.Token = id, agent, token
		return err
	})
	if err != nil {
		return err
	}
	a.trim()
	return nil
}
