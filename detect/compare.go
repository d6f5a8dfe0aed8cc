package detect

import (
	"context"
	"database/sql"

	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/ingest"
	"ipdrift/ingest/fetch"
)

// Kept is a kept case, open for reading, with its analysis.
type Kept struct {
	Name     string
	Store    *ingest.Store
	Analysis *finding.Analysis
}

// Compare says whether what was changed between two cases worked.
func Compare(ctx context.Context, before, after Kept) (*finding.Comparison, error) {
	var days [2]judge.Day
	for i, k := range []Kept{before, after} {
		hosts, err := tally(ctx, k.Store)
		if err != nil {
			return nil, err
		}
		days[i] = judge.Day{Case: k.Name, Analysis: k.Analysis, Hosts: hosts}
	}
	return judge.Compare(days[0], days[1], judge.Default()), nil
}

// ofSix tells in SQL whether a link was signed for an IPv6 address.
const ofSix = `(contains(signed_ip, ':') AND NOT starts_with(signed_ip, '::ffff:'))`

// tally counts the requests and users of every host. A user with links of both families belongs
// to that of the first link that was refused at a changed address, as in the advice.
func tally(ctx context.Context, s *ingest.Store) (map[string]*judge.Tally, error) {
	conn, err := s.DB.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	hosts, err := tallyRequests(ctx, conn)
	if err != nil {
		return nil, err
	}
	return hosts, fetch.Each(ctx, conn, `WITH several AS (SELECT m.first_link, m.first_agent, m.salt FROM member m JOIN signatures s ON s.link = m.link
				GROUP BY ALL HAVING count(DISTINCT `+ofSix+`) > 1),
			fell AS (SELECT x.first_link AS link, x.first_agent AS agent, x.salt, arg_min(r.signed_ip, r.time) AS signed_ip
				FROM several x JOIN link l ON l.id = x.first_link JOIN agent a ON a.id = x.first_agent JOIN requests r ON r.user_id = user_name(l.hash, a.text, x.salt)
				WHERE r.cause = 'ip_mismatch' GROUP BY ALL),
			p AS (SELECT p.*, coalesce(f.signed_ip, s.signed_ip) AS signed_ip FROM persons p LEFT JOIN signatures s ON s.link = p.link LEFT JOIN fell f ON f.link = p.link AND f.agent = p.agent AND f.salt = p.salt)
		SELECT l.host, CASE WHEN signed_ip IS NOT NULL THEN CASE WHEN `+ofSix+` THEN 'ipv6' ELSE 'ipv4' END WHEN p.prefixes24 IS NOT NULL THEN 'ipv4' ELSE 'ipv6' END AS family,
			count(*)::BIGINT, count(*) FILTER (p.class IN ('rotating', 'first_request'))::BIGINT, count(*) FILTER (p.interrupted)::BIGINT
		FROM p JOIN link l ON l.id = p.link GROUP BY ALL`, func(scan fetch.Scan) error {
		var host, family string
		var h judge.Heads
		err := scan(&host, &family, &h.Users, &h.Affected, &h.Interrupted)
		if t := hosts[host]; t != nil {
			t.Families[family] = h
		}
		return err
	})
}

func tallyRequests(ctx context.Context, conn *sql.Conn) (map[string]*judge.Tally, error) {
	hosts := map[string]*judge.Tally{}
	return hosts, fetch.Each(ctx, conn, `SELECT o.host, count(*)::BIGINT FROM hit h JOIN outcome o ON o.id = h.outcome WHERE NOT o.shield GROUP BY o.host`, func(scan fetch.Scan) error {
		var host string
		t := &judge.Tally{Families: map[string]judge.Heads{}}
		err := scan(&host, &t.Requests)
		hosts[host] = t
		return err
	})
}
