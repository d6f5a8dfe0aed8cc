package detect

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/ingest"
)

// maxEvents is how many requests of one link are judged; of a longer one the first.
const maxEvents = 100_000

// people classifies the users. Links with a telling refusal, or seen from
// many networks, stream through the judge; the others are counted in SQL.
func (a *analysis) people(ctx context.Context) error {
	a.out.Users = finding.Users{ByClass: map[finding.Class]int64{}, Flagged: []finding.User{}}
	if err := a.listUnbound(ctx); err != nil {
		return err
	}
	if err := a.listTelling(ctx); err != nil {
		return err
	}
	if err := a.listRecovered(ctx); err != nil {
		return err
	}
	if err := a.beside(ctx, a.judgeFlagged, a.countOthers); err != nil {
		return err
	}
	if err := a.dropSplit(ctx); err != nil {
		return err
	}
	if err := a.addBound(ctx); err != nil {
		return err
	}
	if err := each(ctx, a.conn, `SELECT class, count(*) FROM person GROUP BY class`, func(scan scanner) error {
		var class string
		var n int64
		err := scan(&class, &n)
		a.out.Users.ByClass[finding.Class(class)] = n
		a.out.Users.Total += n
		return err
	}); err != nil {
		return err
	}
	a.sayIdentity()
	return a.listFlagged(ctx)
}

// listTelling makes the table of links that are judged in Go: those of circles
// with a telling refusal, or seen from many networks. A place is a circle's.
func (a *analysis) listTelling(ctx context.Context) error {
	circle, members := `k.link`, ``
	if a.joined {
		circle, members = `coalesce(m.circle, k.link)`, `LEFT JOIN (SELECT DISTINCT link, circle FROM member) m ON m.link = k.link`
	}
	from := `FROM judged k JOIN outcome o ON o.id = k.outcome JOIN client c ON c.id = k.client ` + members
	q := `WITH told AS (
			SELECT ` + circle + ` AS link, min(l.hash) AS hash, bool_or(mismatch(k.cause) OR unresolved(k.cause)) AS telling, bool_or(k.cause > 0) AS refused,
			       min(c.hi) <> max(c.hi) OR min(c.lo) <> max(c.lo) AS moved
			` + from + ` JOIN link l ON l.id = k.link
			WHERE k.link > 0 AND NOT o.shield AND o.host NOT IN (SELECT host FROM work.unbound) AND ?
				AND k.link IN (SELECT link FROM work.loud UNION SELECT link FROM member) -- a quiet link alone tells nothing
			GROUP BY ` + circle + `),
		quiet AS (SELECT link FROM told WHERE moved AND NOT telling AND NOT refused),
		far AS (SELECT ` + circle + ` AS link ` + from + ` WHERE k.link > 0 AND NOT o.shield AND ` + circle + ` IN (SELECT link FROM quiet) GROUP BY ` + circle + `
			HAVING count(DISTINCT network(c.family, c.hi, c.lo) * 2 + (c.family = 4)::UBIGINT) >= ?)
		SELECT link, (row_number() OVER (ORDER BY hash, link))::UINTEGER AS place FROM told WHERE telling OR refused AND moved OR link IN (SELECT link FROM far)`
	if a.joined {
		q = `WITH f AS (` + q + `) SELECT m.link, f.place FROM f JOIN member m ON m.circle = f.link UNION SELECT link, place FROM f`
	}
	byAddress := a.loaded.Identity.Kind == ingest.ByAddress // nobody can be seen to rotate (rules of evidence, 11)
	_, err := a.conn.ExecContext(ctx, `CREATE TABLE work.flagged AS `+q, !byAddress, a.Thresholds.Networks)
	return err
}

// dropSplit takes the users apart in table member who were taken for one
// wrongly.
func (a *analysis) dropSplit(ctx context.Context) error {
	for _, k := range a.split {
		if _, err := a.conn.ExecContext(ctx, `DELETE FROM member WHERE first_link = ? AND first_agent = ? AND salt = ?`, k.link, k.agent, k.salt); err != nil {
			return err
		}
	}
	return nil
}

// listUnbound makes the table of hosts on which no user is flagged: an address
// cannot be the cause of a refusal there, or nothing is known.
func (a *analysis) listUnbound(ctx context.Context) error {
	if _, err := a.conn.ExecContext(ctx, `CREATE TABLE work.unbound (host VARCHAR)`); err != nil {
		return err
	}
	for _, name := range a.names {
		if h := a.hosts[name]; h.status == finding.Failed || h.keyed && !h.policy.bound() {
			if _, err := a.conn.ExecContext(ctx, `INSERT INTO work.unbound VALUES (?)`, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// listRecovered makes the table of users who went on with another link: served
// again at the same address within the recovery time after their last refusal
// (rules of evidence, 12).
func (a *analysis) listRecovered(ctx context.Context) error {
	_, err := a.conn.ExecContext(ctx, fmt.Sprintf(`CREATE TABLE work.recovered AS
		WITH fall AS (
			SELECT v.usr, o.host, max(v.final) AS at, arg_max({'client': v.client, 'agent': v.agent, 'link': v.link}, (v.final, v.client)) AS last
			FROM seen v JOIN outcome o ON o.id = v.outcome WHERE v.link > 0 AND o.refused AND NOT o.shield GROUP BY ALL)
		SELECT DISTINCT f.usr, f.last.link AS link FROM fall f
		JOIN hit h ON h.client = f.last.client AND h.agent = f.last.agent AND h.link <> f.last.link AND h.link > 0 AND h.start > f.at AND h.start <= f.at + INTERVAL %d MILLISECONDS
		JOIN outcome o ON o.id = h.outcome AND o.host = f.host AND served(o.status, o.method)`, a.Thresholds.Recovery.Milliseconds()))
	if err != nil {
		return err
	}
	a.recovered = map[uint64]bool{}
	return ingest.Pages(ctx, a.conn, `SELECT r.usr FROM work.recovered r JOIN work.flagged f USING (link)`, func(p ingest.Page) error {
		for _, usr := range p.U64(0) {
			a.recovered[usr] = true
		}
		return nil
	})
}

// userKey names a user: a link and a user agent, the first of several, and
// what tells those apart whose first are the same.
type userKey struct {
	link, agent uint32
	salt        int64
}

// keep stores the users of one circle and replays the masks over them.
func (a *analysis) keep(ctx context.Context, persons *ingest.Rows, r *reel) error {
	strangers, crowd := map[uint32][]uint8{}, map[uint32]int{}
	for i := range r.users {
		if u := &r.users[i]; u.Class == finding.ManyNetworks {
			crowd[u.Link]++
		}
	}
	for i := range r.users {
		u := &r.users[i]
		name := r.name(u)
		if u.Split && r.who[u.Who] != (userKey{link: name.link, agent: name.agent}) {
			a.split = append(a.split, r.who[u.Who])
		}
		u.Interrupted = u.Interrupted && !a.recovered[name.number()]
		var p24, p16 any
		if u.Family4 {
			p24, p16 = int64(u.Prefixes24), int64(u.Prefixes16)
		}
		if err := persons.Append(ctx, name.link, name.agent, name.salt, string(u.Class), u.Reason, int64(u.Requests), int64(u.Refusals), int64(u.Mismatches),
			int64(u.Addresses), p24, p16, int64(u.Switches), u.Interrupted, ingest.Micros(u.First), ingest.Micros(u.Last)); err != nil {
			return err
		}
		a.replay(r.host, r.replayFamily(u)).Add(u, u.Signed, uint64(r.links[u.Link]))
		if u.Class == finding.ManyNetworks {
			strangers[u.Link] = append(strangers[u.Link], u.MismatchLens...)
		}
		a.followFlagged(r, u)
		a.flag(r, u, name, crowd[u.Link])
	}
	for link, lens := range strangers {
		if signed := r.Signed[link]; signed.IsValid() {
			a.replay(r.host, familyOf(signed)).AddStranger(uint64(r.links[link]), lens)
		}
	}
	return nil
}

// replayFamily is the family whose mask question a user belongs to: that of
// the signing address.
func (r *reel) replayFamily(u *judge.User) int {
	switch {
	case u.Family != 0:
		return u.Family
	case u.Signed.IsValid():
		return familyOf(u.Signed)
	}
	return familyOf(r.Events[0].Client)
}

func (a *analysis) replay(h *host, family int) *judge.Replay {
	if h.replays[family] == nil {
		h.replays[family] = judge.NewReplay(h.name, family, a.Thresholds)
	}
	return h.replays[family]
}

func stamp(us int64) string { return time.UnixMicro(us).UTC().Format(time.RFC3339Nano) }

// countOthers stores the users of the links that nothing was flagged on.
func (a *analysis) countOthers(ctx context.Context, conn *sql.Conn) error {
	telling, class, why := `SELECT DISTINCT link FROM judged WHERE unchecked(cause)`, "undetermined", "refused, and the token could not be checked"
	if a.loaded.Identity.Kind == ingest.ByAddress {
		telling, why = `SELECT DISTINCT link FROM judged WHERE unchecked(cause) OR mismatch(cause) OR unresolved(cause)`, judge.ByAddress
	}
	named, names := `(s.usr >> 32)::UINTEGER, (s.usr & 4294967295)::UINTEGER, 0`, ``
	if a.stated() {
		named = `coalesce(i.first_link, s.usr >> 32)::UINTEGER, coalesce(i.first_agent, s.usr & 4294967295)::UINTEGER, coalesce(i.salt, 0)`
		names = ` LEFT JOIN (SELECT DISTINCT salt, first_link, first_agent FROM member) i ON i.salt::UBIGINT | 9223372036854775808::UBIGINT = s.usr`
	}
	atoms, atomKey := `v.link, v.agent`, `link, agent`
	if a.stated() {
		atoms, atomKey = `v.link, v.agent, v.ident`, `link, agent, ident`
	}
	_, err := conn.ExecContext(ctx, `INSERT INTO person
		WITH every AS (
			SELECT `+atoms+`, v.usr, v.client, v.n, v.first, v.final, o.refused AS no
			FROM seen v JOIN outcome o ON o.id = v.outcome ANTI JOIN work.flagged f ON f.link = v.link WHERE v.link > 0 AND NOT o.shield),
		lone AS (
			SELECT usr, any_value(n) AS requests, any_value(client) AS client, any_value(first) AS first, any_value(final) AS final
			FROM every GROUP BY usr HAVING count(*) = 1 AND NOT bool_or(no)),
		mine AS (SELECT * FROM every ANTI JOIN lone USING (usr)),
		who AS (SELECT DISTINCT `+atoms+`, usr FROM mine v),
		retried AS (
			SELECT usr, sum(list_reduce(list_transform(times, t -> {'first': t, 'n': 1}),
			       (a, b) -> CASE WHEN b.first - a.first > ? THEN {'first': b.first, 'n': a.n + 1} ELSE a END).n)::BIGINT AS refusals FROM (
				SELECT usr, list(epoch_us(start) ORDER BY start) AS times
				FROM hit JOIN who USING (`+atomKey+`) JOIN outcome o ON o.id = outcome WHERE o.refused AND NOT o.shield GROUP BY usr, link, client, dir, file) GROUP BY usr),
		doubt AS (SELECT DISTINCT m.usr FROM mine m JOIN (`+telling+`) USING (link)),
		places AS (
			SELECT m.usr, count(DISTINCT hash(c.hi, c.lo)) AS addresses, bool_and(c.family = 4) AS all4,
			       count(DISTINCT c.lo >> 8) AS p24, count(DISTINCT c.lo >> 16) AS p16
			FROM (SELECT DISTINCT usr, client FROM mine) m JOIN client c ON c.id = m.client GROUP BY ALL),
		moves AS (
			SELECT usr, count(*) FILTER (client <> before AND start > since) AS switches FROM (
				SELECT usr, client, start, lag(client) OVER w AS before, lag(start) OVER w AS since
				FROM hit JOIN (SELECT w.* FROM who w JOIN places p USING (usr) WHERE p.addresses > 1) USING (`+atomKey+`)
				WINDOW w AS (PARTITION BY usr ORDER BY start, source, line)) GROUP BY usr),
		sums AS (
			SELECT usr, sum(n)::BIGINT AS requests, min(first) AS first, max(final) AS final,
			       max(final) FILTER (no) AS refused_at
			FROM mine GROUP BY usr),
		back AS (
			SELECT s.usr, min(epoch_us(h.start)) AS again
			FROM hit h JOIN (SELECT w.*, refused_at FROM who w JOIN sums USING (usr) WHERE refused_at IS NOT NULL) s USING (`+atomKey+`)
			JOIN outcome o ON o.id = h.outcome AND served(o.status, o.method) AND NOT o.shield WHERE h.start > s.refused_at GROUP BY ALL)
		SELECT `+named+`, 'unchanged', 'no request was refused because of its address', s.requests, 0, 0, 1, CASE WHEN c.family = 4 THEN 1 END, CASE WHEN c.family = 4 THEN 1 END, 0, false, s.first, s.final
		FROM lone s JOIN client c ON c.id = s.client`+names+`
		UNION ALL
		SELECT `+named+`, CASE WHEN d.usr IS NULL OR s.refused_at IS NULL THEN 'unchanged' ELSE ? END,
		       CASE WHEN d.usr IS NULL OR s.refused_at IS NULL THEN 'no request was refused because of its address' ELSE ? END, s.requests, coalesce(r.refusals, 0), 0,
		       p.addresses, CASE WHEN p.all4 THEN p.p24 END, CASE WHEN p.all4 THEN p.p16 END, coalesce(m.switches, 0),
		       s.refused_at IS NOT NULL AND (k.again IS NULL OR k.again - epoch_us(s.refused_at) > ?) AND v.usr IS NULL, s.first, s.final
		FROM sums s JOIN places p USING (usr) LEFT JOIN retried r USING (usr) LEFT JOIN moves m USING (usr)
			LEFT JOIN work.recovered v USING (usr) LEFT JOIN doubt d USING (usr) LEFT JOIN back k USING (usr)`+names,
		a.Thresholds.RetryWindow.Microseconds(), class, why, a.Thresholds.Recovery.Microseconds())
	return err
}

// addBound tells the replays of the users whom nobody refused.
func (a *analysis) addBound(ctx context.Context) error {
	return ingest.Pages(ctx, a.conn, `SELECT l.host, s.signed_ip, p.users
		FROM (SELECT link, count(*)::BIGINT AS users FROM person ANTI JOIN work.flagged USING (link) GROUP BY link) p JOIN link l ON l.id = p.link JOIN signed s USING (link)
		WHERE s.signed_ip IS NOT NULL`, func(p ingest.Page) error {
		names, texts := p.Texts(0), p.Texts(1)
		for i, users := range p.I64(2) {
			if ip, err := a.real(texts(i)); err == nil {
				a.replay(a.host(names(i)), familyOf(ip)).AddBound(ip, users)
			}
		}
		return nil
	})
}
