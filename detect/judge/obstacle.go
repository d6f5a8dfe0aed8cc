package judge

import (
	"fmt"
	"time"

	"ipdrift/ingest/figure"
	"ipdrift/token"
)

// obstacle is why nothing can be said about masks, whoever is affected, and what to do about it; "" where nothing stands in
// the way.
func (q *question) obstacle() string {
	switch {
	case q.o.Unread > 0:
		return fmt.Sprintf("this host seems to refuse links with %d, which does not count as a refusal here: state it in the configuration (expired_status: %[1]d) and run again", q.o.Unread)
	case q.lost():
		return fmt.Sprintf("%s refused at another address but could not be followed there, more than the %s who could: send a log of this host that holds all requests, of every edge",
			figure.Plural(q.untold, "user was", "users were"), figure.Count(q.all.users))
	case q.timeless():
		return figure.Count(q.o.ServedLate) + " links were served after their expiry by the log's clock, which most links that were refused at another address seem to be past, too: send a log whose times are right and name their zone"
	case q.early():
		return fmt.Sprintf("links that had been served were refused %s minutes before their expiry by the log's clock, so that those that were refused at another address may have expired, too: send a log whose times are right and name their zone", figure.Count(q.o.Early))
	case q.eased():
		until := time.UnixMicro(q.o.Eased.Until).UTC()
		return fmt.Sprintf("viewers who moved within a /%d were refused until %s UTC and have been served since: such a mask seems to be in force by now. Analyze what came after (--since %s), or give the key",
			q.o.Eased.Prefix, until.Format(time.DateTime), until.Add(time.Second).Format(time.RFC3339))
	case q.behind():
		return "most lines name another public address in X-Forwarded-For or a header like it, and without a key nothing tells which of the two a link is bound to: give the key of this host, or name the viewer's address as client_ip (map in the configuration)"
	case q.veiled():
		return "the addresses in this log are masked (they end in zeros), so that only those are seen to move who left such a network: send a log with whole addresses"
	case q.signedForNetworks():
		return fmt.Sprintf("%s of the %s refused at another address have links that were signed for the first address of their own network: the signer cuts addresses as for a mask, while links are bound to whole ones here; let both do the same, and ask again then",
			figure.Count(q.cut), figure.Plural(q.all.users, "user", "users"))
	case q.shut():
		return fmt.Sprintf("%s of the %s refused at another address were refused at the address of their link, too, and no link was accepted: the edge seems to hash something else than the signer (a mask, another path), or another rule refuses; send a log with served requests too, or what the edge names as its reason",
			figure.Count(q.barred), figure.Plural(q.all.users, "user", "users"))
	}
	return ""
}

// lost reports whether requests are missing from the log, and more users could not
// be followed to another address for it than are affected: then neither their
// number nor their kind is known (rule 11).
func (q *question) lost() bool { return q.o.Gaps && q.untold > q.all.users }

// timeless reports whether links were served after their expiry, and most of those refused at another
// address are late, too: by that clock nobody knows whom a mask would have let through (rule 7).
func (q *question) timeless() bool {
	return q.o.ServedLate > 0 && q.o.Refused[token.ExpiredIPMismatch.String()] > q.o.Refused[token.IPMismatch.String()]
}

// early reports whether links were refused a time zone's multiple before their expiry, and others at another address: those may be past
// theirs, too, and no mask would have let them through (rule 7).
func (q *question) early() bool { return q.o.Early > 0 && q.all.users > 0 }

// eased reports whether a mask seems to have been set within the log, so that viewers whom it mends are among those affected.
func (q *question) eased() bool { return q.o.Eased.Prefix > 0 && q.all.users > 0 }

// behind reports whether the log's addresses may be those of a load balancer with public ones: X-Forwarded-For
// names others, and no hash tells which of the two links are bound to.
func (q *question) behind() bool { return q.o.Behind && !q.o.Reproduced }

// signedForNetworks reports whether most of the affected have links for their own network, although whole addresses are bound:
// no address changed there (rule 3).
func (q *question) signedForNetworks() bool {
	return q.current() == q.width() && q.cut >= q.t.ListedBelow && 2*q.cut >= q.all.users
}

// shut reports whether nothing was accepted, and most of the affected were refused at the address of their link, too:
// then what the edge hashes is not known, or another rule refuses them, and no mask is known to let them in (rule 2).
func (q *question) shut() bool {
	return q.o.RefusalsOnly && q.barred >= q.t.ListedBelow && 2*q.barred >= q.all.users
}

// veiled reports whether the log's addresses are masked, and neither a hash nor the configuration tells which mask links
// are bound to: who moved within it seems to have stayed, so that those who are seen to move all need a wider one.
func (q *question) veiled() bool {
	return q.o.Masked && !q.o.Reproduced && q.current() == q.width() && q.all.users > 0
}
