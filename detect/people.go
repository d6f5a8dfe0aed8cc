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
	circle, members, some := `t.link`, ``, `t.loud`
	if a.joined {
		circle, members = `coalesce(m.circle, t.link)`, ` LEFT JOIN (SELECT DISTINCT link, circle FROM member) m ON m.link = t.link`
		some = `(t.loud OR m.link IS NOT NULL)` // a quiet link alone tells nothing
	}
	from := `FROM work.told t` + members + ` WHERE ` + some + ` AND t.host NOT IN (SELECT host FROM work.unbound)`
	q := `WITH told AS (
			SELECT ` + circle + ` AS link, min(t.hash) AS hash, bool_or(t.telling) AS telling, bool_or(t.refused) AS refused,
			       bool_or(t.moved) OR min(t.hi) <> max(t.hi) OR min(t.lo) <> max(t.lo) AS moved
			` + from + ` AND ? GROUP BY ALL),
		quiet AS (SELECT link FROM told WHERE moved AND NOT telling AND NOT refused),
		parts AS (SELECT t.link, ` + circle + ` AS circle ` + from + ` AND ` + circle + ` IN (SELECT link FROM quiet)),
		far AS (SELECT p.circle AS link FROM parts p JOIN work.visit v ON v.link = p.link JOIN outcome o ON o.id = v.outcome WHERE NOT o.shield GROUP BY p.circle
			HAVING count(DISTINCT network(v.family, v.hi, v.lo) * 2 + (v.family = 4)::UBIGINT) >= ?)
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
	if _, err := a.conn.ExecContext(ctx, `CREATE TABLE work.unbound (host UINTEGER)`); err != nil {
		return err
	}
	for _, name := range a.names {
		if h := a.hosts[name]; h.status == finding.Failed || h.keyed && !h.policy.bound() {
			if _, err := a.conn.ExecContext(ctx, `INSERT INTO work.unbound VALUES (?)`, h.place); err != nil {
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
	if _, err := a.conn.ExecContext(ctx, `CREATE TABLE work.recovered (usr UBIGINT, link UINTEGER)`); err != nil {
		return err
	}
	for _, some := range a.parts() {
		if _, err := a.conn.ExecContext(ctx, fmt.Sprintf(`INSERT INTO work.recovered
			WITH falls AS (
				SELECT m.usr, t.host, m.link::BIGINT AS link, m.agent::BIGINT AS agent, (m.refused_at::HUGEINT << 32) + m.refused_client AS at
				FROM seen m JOIN work.told t USING (link) WHERE m.refusals > 0 AND %[2]s),
			fall AS (
				SELECT usr, host, (max(at) >> 32)::BIGINT AS at, (max(at) & 4294967295)::UINTEGER AS client, arg_max(link, at)::UINTEGER AS link, arg_max(agent, at)::UINTEGER AS agent
				FROM falls GROUP BY usr, host),
			near AS MATERIALIZED (
				SELECT f.usr, f.link, f.at, v.link AS other, v.client, v.agent, v.outcome, epoch_us(v.first) <= f.at AND epoch_us(v.final) > f.at + %[1]d AS unclear
				FROM fall f JOIN work.visit v ON v.client = f.client AND v.agent = f.agent AND v.link <> f.link AND v.link > 0
					AND epoch_us(v.final) > f.at AND epoch_us(v.first) <= f.at + %[1]d
				JOIN work.answer a ON a.outcome = v.outcome AND a.host = f.host AND a.served)
			SELECT usr, link FROM near WHERE NOT unclear
			UNION SELECT n.usr, n.link FROM near n JOIN hit h ON h.link = n.other AND h.client = n.client AND h.agent = n.agent AND h.outcome = n.outcome
			WHERE n.unclear AND epoch_us(h.start) > n.at AND epoch_us(h.start) <= n.at + %[1]d`, a.Thresholds.Recovery.Microseconds(), some)); err != nil {
			return err
		}
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

// countOthers stores the users of the links that nothing was flagged on. What was
// counted by visits tells most; the requests themselves are read where it does not.
func (a *analysis) countOthers(ctx context.Context, conn *sql.Conn) error {
	doubted, class, why := `t.doubted`, "undetermined", "refused, and the token could not be checked"
	if a.loaded.Identity.Kind == ingest.ByAddress {
		doubted, why = `(t.doubted OR t.telling)`, judge.ByAddress
	}
	atom, named, names := `link, agent`, `(s.usr >> 32)::UINTEGER, (s.usr & 4294967295)::UINTEGER, 0`, ``
	if a.stated() {
		atom, named = `link, agent, ident`, `coalesce(i.first_link, s.usr >> 32)::UINTEGER, coalesce(i.first_agent, s.usr & 4294967295)::UINTEGER, coalesce(i.salt, 0)`
		names = ` LEFT JOIN (SELECT DISTINCT salt, first_link, first_agent FROM member) i ON i.salt::UBIGINT | 9223372036854775808::UBIGINT = s.usr`
	}
	for _, some := range a.parts() {
		if _, err := conn.ExecContext(ctx, fmt.Sprintf(`INSERT INTO person
		WITH every AS MATERIALIZED (SELECT * FROM (SELECT * FROM seen WHERE %[7]s) ANTI JOIN work.flagged USING (link)),
		sums AS MATERIALIZED (
			SELECT usr, sum(n)::BIGINT AS requests, min(first) AS first, max(final) AS final, sum(refusals)::BIGINT AS refusals, max(refused_at) FILTER (refusals > 0) AS refused_at,
			       bool_or(moved) OR min(hi) <> max(hi) OR min(lo) <> max(lo) AS moved, bool_and(family = 4) AS all4
			FROM every GROUP BY usr),
		doubt AS (SELECT DISTINCT e.usr FROM every e JOIN work.told t USING (link) WHERE %[2]s),
		again AS (
			SELECT usr, sum(list_reduce(list_transform(times, t -> {'first': t, 'n': 1}),
			       (a, b) -> CASE WHEN b.first - a.first > %[3]d THEN {'first': b.first, 'n': a.n + 1} ELSE a END).n)::BIGINT AS refusals FROM (
				SELECT w.usr, list(epoch_us(r.start) ORDER BY r.start) AS times
				FROM work.refusal r JOIN (SELECT e.usr, %[1]s FROM every e JOIN sums USING (usr) WHERE sums.refusals > 1) w USING (%[1]s) GROUP BY w.usr, r.link, r.client, r.dir, r.file) GROUP BY usr),
		mover AS MATERIALIZED (SELECT e.usr, %[1]s FROM every e JOIN sums USING (usr) WHERE sums.moved),
		places AS (
			SELECT m.usr, count(DISTINCT hash(v.hi, v.lo)) AS addresses, bool_and(v.family = 4) AS all4, count(DISTINCT v.lo >> 8) AS p24, count(DISTINCT v.lo >> 16) AS p16
			FROM mover m JOIN work.visit v USING (%[1]s) JOIN work.answer a ON a.outcome = v.outcome WHERE NOT a.shield GROUP BY m.usr),
		moves AS (
			SELECT usr, count(*) FILTER (client <> before AND start > since) AS switches FROM (
				SELECT usr, client, start, lag(client) OVER w AS before, lag(start) OVER w AS since
				FROM hit JOIN mover USING (%[1]s) WINDOW w AS (PARTITION BY usr ORDER BY start, source, line)) GROUP BY usr),
		later AS MATERIALIZED (
			SELECT s.usr, any_value(s.refused_at) AS at, bool_or(epoch_us(v.first) > s.refused_at AND epoch_us(v.first) <= s.refused_at + %[4]d
			       OR epoch_us(v.final) <= s.refused_at + %[4]d) AS resumed, bool_or(epoch_us(v.first) <= s.refused_at) AS unclear
			FROM sums s JOIN every e USING (usr) JOIN work.visit v USING (%[1]s) JOIN work.answer a ON a.outcome = v.outcome
			WHERE s.refusals > 0 AND epoch_us(v.final) > s.refused_at AND a.served AND NOT a.shield GROUP BY s.usr),
		resumed AS (
			SELECT usr FROM later WHERE resumed
			UNION SELECT l.usr FROM later l JOIN every e USING (usr) JOIN hit USING (%[1]s) JOIN work.answer a ON a.outcome = hit.outcome
			WHERE l.unclear AND NOT l.resumed AND a.served AND NOT a.shield AND epoch_us(hit.start) > l.at AND epoch_us(hit.start) <= l.at + %[4]d)
		SELECT %[5]s, CASE WHEN d.usr IS NULL OR s.refusals = 0 THEN 'unchanged' ELSE $1 END,
		       CASE WHEN d.usr IS NULL OR s.refusals = 0 THEN 'no request was refused because of its address' ELSE $2 END, s.requests, coalesce(r.refusals, s.refusals), 0,
		       coalesce(p.addresses, 1), CASE WHEN coalesce(p.all4, s.all4) THEN coalesce(p.p24, 1) END, CASE WHEN coalesce(p.all4, s.all4) THEN coalesce(p.p16, 1) END, coalesce(m.switches, 0),
		       s.refusals > 0 AND k.usr IS NULL AND v.usr IS NULL, make_timestamp(s.first), make_timestamp(s.final)
		FROM sums s LEFT JOIN places p USING (usr) LEFT JOIN again r USING (usr) LEFT JOIN moves m USING (usr)
			LEFT JOIN work.recovered v USING (usr) LEFT JOIN doubt d USING (usr) LEFT JOIN resumed k USING (usr)%[6]s`,
			atom, doubted, a.Thresholds.RetryWindow.Microseconds(), a.Thresholds.Recovery.Microseconds(), named, names, some), class, why); err != nil {
			return err
		}
	}
	return nil
}

// addBound tells the replays of the users whom nobody refused.
func (a *analysis) addBound(ctx context.Context) error {
	return ingest.Pages(ctx, a.conn, `SELECT t.host, t.signed_family, t.signed_mapped, t.signed_hi, t.signed_lo, sum(p.users)::BIGINT
		FROM (SELECT link, count(*) AS users FROM person ANTI JOIN work.flagged USING (link) GROUP BY link) p JOIN work.told t USING (link)
		WHERE t.signed_family > 0 GROUP BY ALL`, func(p ingest.Page) error {
		hosts, signed, users := p.U32(0), addressesOf(p, 1), p.I64(5)
		for i := range hosts {
			ip := a.at(signed, i)
			a.replay(a.hosts[a.names[hosts[i]]], familyOf(ip)).AddBound(ip, users[i])
		}
		return nil
	})
}
