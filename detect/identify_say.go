package detect

import (
	"context"
	"strings"

	"ipdrift/detect/identity"
	"ipdrift/ingest"
	"ipdrift/ingest/figure"
)

// restOn counts a user by what its links were joined by.
func (a *analysis) restOn(ties uint16) {
	users := a.out.Method.IdentityUsers
	if ties <= 1 {
		users[a.loaded.Identity.String()]++
		return
	}
	users[severalLinks]++
	for tie, name := range tieNames {
		if ties&(1<<tie) != 0 {
			users[name]++
		}
	}
}

// severalLinks counts the users that auto made of several links.
const severalLinks = "several links"

var tieNames = map[ingest.Tie]string{
	ingest.TieUID: "uid cookie", ingest.TieSession: "TLS session", ingest.TieConnection: "connection",
	ingest.TieQuery: "id in the query", ingest.TieTurn: "consecutive tokens", ingest.TieIssued: "the signer's record",
}

// sayApart says which links are not joined: those of groups too large, and those that are
// too many.
func (a *analysis) sayApart(apart int, full int64) {
	if apart > 0 {
		a.nobodys = true
		a.warnOf("%d {group|groups} of links {seems|seem} to belong together, more than %d of them each, which is no single viewer: their links are counted one by one", apart, identity.MaxCircle)
	}
	if full > 0 {
		a.warnOf("more than %d links belong to users with several: the others are counted one by one", identity.MaxAtoms)
	}
}

// sayIdentity says who was taken for one user, and how many users rest on it.
func (a *analysis) sayIdentity() {
	m, users := &a.out.Method, a.out.Users.Total
	links := func(n int64) string {
		return figure.Sentence("%d of %d {user is|users are} a link under one user agent", n, users)
	}
	switch a.loaded.Identity.Kind {
	case ingest.ByToken:
		m.Identity = "token: a user is a link under one user agent"
	case ingest.ByAuto:
		several := m.IdentityUsers[severalLinks]
		m.Identity = "auto: " + links(users-several)
		var parts []string
		for tie := ingest.TieUID; tie <= ingest.TieIssued; tie++ {
			if n := m.IdentityUsers[tieNames[tie]]; n > 0 {
				parts = append(parts, figure.Sentence("%s (%d)", tieNames[tie], n))
			}
		}
		if len(parts) > 0 {
			m.Identity += figure.Sentence(", %d {is|are} several links, joined by %s", several, strings.Join(parts, ", "))
		}
	case ingest.ByAddress:
		m.Identity = "ip+ua: a user is an address and a user agent, so nobody can be seen to change it"
	default:
		name := a.loaded.Identity.String()
		if m.IdentityUsers[name] == 0 && !a.nobodys {
			a.warnOf("no request with a link shows %s, so each link under one user agent is taken for a user", name)
		}
		m.Identity = figure.Sentence("%s: %d {user|users} by it; where the log does not tell it, %s", name, m.IdentityUsers[name], links(users-m.IdentityUsers[name]))
	}
}

// sayRuns says whose requests in several runs are not joined: where the hashes of ids
// have several keys, they cannot be compared.
func (a *analysis) sayRuns(ctx context.Context) error {
	who := a.loaded.Identity.Kind
	if !a.grown() || who == ingest.ByToken {
		return nil
	}
	alike, err := a.store.IDsAlike(ctx)
	if err != nil || alike {
		return err
	}
	told := true
	if who == ingest.ByAuto {
		if err := a.conn.QueryRowContext(ctx, `SELECT EXISTS (FROM tie WHERE kind <> ?)`, ingest.TieConnection).Scan(&told); err != nil {
			return err
		}
	}
	if told {
		a.warnOf("a viewer in the logs of several runs whom an id alone joins may count once for each of them: ids are kept as hashes, and some run had no token key that an earlier one had, so it hashed them otherwise; analysed in one run, such viewers count once")
	}
	return nil
}
