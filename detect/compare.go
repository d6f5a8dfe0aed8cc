package detect

import (
	"context"
	"database/sql"

	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/ingest"
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

// tally counts the requests and users of every host.
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
	return hosts, each(ctx, conn, `SELECT l.host, CASE WHEN s.signed_ip IS NOT NULL THEN CASE WHEN contains(s.signed_ip, ':') AND NOT starts_with(s.signed_ip, '::ffff:') THEN 'ipv6' ELSE 'ipv4' END
			WHEN p.prefixes24 IS NOT NULL THEN 'ipv4' ELSE 'ipv6' END AS family,
			count(*)::BIGINT, count(*) FILTER (p.class IN ('rotating', 'first_request'))::BIGINT, count(*) FILTER (p.interrupted)::BIGINT
		FROM persons p JOIN link l ON l.id = p.link LEFT JOIN signatures s ON s.link = p.link GROUP BY ALL`, func(scan scanner) error {
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
	return hosts, each(ctx, conn, `SELECT o.host, count(*)::BIGINT FROM hit h JOIN outcome o ON o.id = h.outcome WHERE NOT o.shield GROUP BY o.host`, func(scan scanner) error {
		var host string
		t := &judge.Tally{Families: map[string]judge.Heads{}}
		err := scan(&host, &t.Requests)
		hosts[host] = t
		return err
	})
}
