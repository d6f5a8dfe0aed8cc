package ticket

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/detect/ruling"
	"ipdrift/ingest"
	"ipdrift/ingest/fetch"
	"ipdrift/token"
)

// The joins that find what was decided about a request, and whose it is.
const (
	joinJudged = `LEFT JOIN judged j ON j.outcome = h.outcome AND j.link = h.link
		AND j.client = CASE WHEN h.link > 0 THEN h.client ELSE 0 END
		AND j.dir = CASE WHEN h.link > 0 THEN h.dir ELSE 0 END
		AND j.file = CASE WHEN h.link > 0 AND (NOT o.matched OR o.scope = 1) THEN h.file ELSE 0 END`
	joinMember = `LEFT JOIN member m ON m.link = h.link AND m.agent = h.agent AND m.ident = h.ident`
)

// look lists the users whose requests meet a condition, the most telling first.
func (q *inquiry) look(ctx context.Context, where string) ([]sighting, error) {
	var list []sighting
	at := int64(0)
	if !q.At.IsZero() {
		at = q.At.UnixMicro()
	}
	causes := fmt.Sprintf("%d, %d", ingest.Place(ingest.Causes(), token.IPMismatch.String()), ingest.Place(ingest.Causes(), token.ExpiredIPMismatch.String()))
	err := fetch.Each(ctx, q.conn, `SELECT coalesce(m.first_link, h.link)::UINTEGER, coalesce(m.first_agent, h.agent)::UINTEGER, coalesce(m.salt, 0)::BIGINT,
			CASE WHEN h.link = 0 THEN h.client ELSE 0 END::UINTEGER, count(*)::BIGINT, count(*) FILTER (o.refused)::BIGINT, count(*) FILTER (j.cause IN (`+causes+`))::BIGINT,
			epoch_us(min(h.start)), epoch_us(max(h.start)), min(abs(epoch_us(h.start) - ?))::BIGINT, arg_min(epoch_us(h.start), (abs(epoch_us(h.start) - ?), epoch_us(h.start)))::BIGINT
		FROM hit h JOIN outcome o ON o.id = h.outcome AND NOT o.shield `+joinJudged+` `+joinMember+`
		WHERE `+where+` GROUP BY ALL`, func(scan fetch.Scan) error {
		var s sighting
		err := scan(&s.Link, &s.Agent, &s.Salt, &s.client, &s.n, &s.refused, &s.mismatch, &s.first, &s.last, &s.near, &s.nearest)
		list = append(list, s)
		return err
	}, at, at)
	rank(list)
	if n := len(list) - maxSightings; n > 0 {
		list, q.out.More = list[:maxSightings], int64(n)
	}
	return list, err
}

// rank puts users first who were refused because of an address, then those who
// were refused at all, then those whose requests are nearest to the time said.
func rank(list []sighting) {
	slices.SortFunc(list, func(x, y sighting) int {
		return cmp.Or(cmp.Compare(min(y.mismatch, 1), min(x.mismatch, 1)), cmp.Compare(min(y.refused, 1), min(x.refused, 1)), cmp.Compare(min(x.client, 1), min(y.client, 1)),
			cmp.Compare(x.near, y.near), cmp.Compare(y.refused, x.refused), cmp.Compare(y.n, x.n),
			cmp.Compare(x.Link, y.Link), cmp.Compare(x.Agent, y.Agent), cmp.Compare(x.Salt, y.Salt), cmp.Compare(x.client, y.client))
	})
}

// of is the condition that a request is of one of some users.
func (q *inquiry) of(users ...sighting) string {
	var keys, links, bare []string
	for _, s := range users {
		if s.Link > 0 {
			keys, links = append(keys, fmt.Sprintf("(%d, %d, %d)", s.Link, s.Agent, s.Salt)), append(links, number(s.Link))
		}
		if client := max(s.client, s.bare); client > 0 {
			bare = append(bare, fmt.Sprintf("(%d, %d)", s.Agent, client))
		}
	}
	either := []string{"false"}
	if len(keys) > 0 {
		list := strings.Join(keys, ", ")
		either = append(either, "h.link IN (SELECT link FROM member WHERE (first_link, first_agent, salt) IN ("+list+") UNION ALL SELECT unnest(["+strings.Join(links, ", ")+"])) AND "+
			"(coalesce(m.first_link, h.link), coalesce(m.first_agent, h.agent), coalesce(m.salt, 0)) IN ("+list+")")
	}
	if len(bare) > 0 {
		either = append(either, "h.link = 0 AND (h.agent, h.client) IN ("+strings.Join(bare, ", ")+")")
	}
	return "(" + strings.Join(either, " OR ") + ")"
}

// whole counts all requests of some users at the time looked at: who was found by
// one address may have been refused at another.
func (q *inquiry) whole(ctx context.Context, found []sighting) ([]sighting, error) {
	if len(found) == 0 {
		return nil, nil
	}
	return q.look(ctx, q.of(found...)+" AND "+q.during())
}

// atomsOf is the condition that a request is of one of the users that meet
// another one, on view persons.
func (q *inquiry) atomsOf(ctx context.Context, where string, args ...any) (string, error) {
	var list []sighting
	err := fetch.Each(ctx, q.conn, `SELECT p.link, p.agent, p.salt FROM persons p JOIN link l ON l.id = p.link JOIN agent g ON g.id = p.agent WHERE `+where+` LIMIT 100`, func(scan fetch.Scan) error {
		var s sighting
		err := scan(&s.Link, &s.Agent, &s.Salt)
		list = append(list, s)
		return err
	}, args...)
	return q.of(list...), err
}

// viewer describes a user over all of the log.
func (q *inquiry) viewer(ctx context.Context, s *sighting) (*finding.Subject, error) {
	v := &finding.Subject{Addresses: []string{}, Requests: s.n, Refusals: s.refused, First: finding.Stamp(s.first), Last: finding.Stamp(s.last)}
	if s.Link == 0 {
		return v, fetch.Each(ctx, q.conn, `SELECT coalesce(text, '') FROM agent WHERE id = ?`, func(scan fetch.Scan) error { return scan(&v.UserAgent) }, s.Agent)
	}
	return v, fetch.Each(ctx, q.conn, `SELECT user_name(l.hash, g.text, p.salt), l.host, coalesce(g.text, ''), p.class, p.reason, p.requests, p.refusals, p.interrupted,
			epoch_us(p.first), epoch_us(p."last"), coalesce(s.signed_ip, '')
		FROM persons p JOIN link l ON l.id = p.link JOIN agent g ON g.id = p.agent LEFT JOIN signatures s ON s.link = p.link
		WHERE p.link = ? AND p.agent = ? AND p.salt = ?`, func(scan fetch.Scan) error {
		var class string
		var first, last int64
		err := scan(&v.ID, &v.Host, &v.UserAgent, &class, &v.Reason, &v.Requests, &v.Refusals, &v.Interrupted, &first, &last, &v.SignedIP)
		v.Class, v.First, v.Last = finding.Class(class), finding.Stamp(first), finding.Stamp(last)
		return err
	}, s.Link, s.Agent, s.Salt)
}

// maxIncidents is how many requests of a viewer are read: the first.
const maxIncidents = 100_000

// incidents reads the requests of a user at the time looked at.
func (q *inquiry) incidents(ctx context.Context, s *sighting, c *judge.Complaint) error {
	links := map[uint32]uint32{}
	edges, err := ingest.EdgeNames(ctx, q.conn)
	if err != nil {
		return err
	}
	err = fetch.Pages(ctx, q.conn, fmt.Sprintf(`SELECT epoch_us(h.start), c.family, c.mapped, c.hi, c.lo, coalesce(c.asn, 0)::UINTEGER, c.country, o.host, o.method, o.status, o.refused,
			coalesce(j.verdict, `+fmt.Sprint(ingest.UnruledVerdict)+`)::UTINYINT, coalesce(j.cause, 0)::UTINYINT, coalesce(j.basis, `+fmt.Sprint(ingest.UnruledBasis)+`)::UTINYINT, j.detail, h.link, l.deadline, g.signed_ip, d.text || f.text, s.grain, h.agent, h.dir, h.file, o.edge, o.key, o.matched, h.took
		FROM hit h JOIN outcome o ON o.id = h.outcome AND NOT o.shield JOIN client c ON c.id = h.client JOIN dir d ON d.id = h.dir JOIN file f ON f.id = h.file JOIN source s ON s.id = h.source
		LEFT JOIN link l ON l.id = h.link LEFT JOIN signatures g ON g.link = h.link `+joinJudged+` `+joinMember+`
		WHERE %s AND %s ORDER BY h.start, h.source, h.line LIMIT %d`, q.of(*s), q.during(), maxIncidents), func(p fetch.Page) error {
		times, families, mapped, hi, lo, asns := p.I64(0), p.U8(1), p.U8(2), p.U64(3), p.U64(4), p.U32(5)
		countries, hosts, methods, statuses, refused := p.Texts(6), p.Texts(7), p.Texts(8), p.U16(9), p.Bools(10)
		verdictOf, causes, bases, details, linkOf, deadlines := p.U8(11), p.U8(12), p.U8(13), p.Texts(14), p.U32(15), p.I64(16)
		signed, paths, grains, agents, dirs, files := p.Texts(17), p.Texts(18), p.I64(19), p.U32(20), p.U32(21), p.U32(22)
		servers, keys, matched, took := p.U16(23), p.U8(24), p.Bools(25), p.U16(26)
		for i := range times {
			if q.out.Viewer.Host == "" {
				q.out.Viewer.Host = strings.Clone(hosts(i))
			}
			in := judge.Incident{Detail: strings.Clone(details(i)), Path: strings.Clone(paths(i)), Method: strings.Clone(methods(i)), Server: edges[servers[i]]}
			if matched(i) {
				in.Key = strconv.Itoa(int(keys[i]) + 1)
			}
			if linkOf[i] > 0 {
				in.Deadline = deadlines[i]
			}
			if b := bases[i]; b > 0 {
				in.Basis = ingest.Bases()[b-1]
			}
			in.Event = judge.Event{
				Time: times[i], Client: ingest.Address(families[i], mapped[i], hi[i], lo[i]), ASN: asns[i], Country: strings.Clone(countries(i)),
				Served: judge.Served(statuses[i]) && judge.Reads(methods(i)), Refused: refused(i), Status: statuses[i], Verdict: token.Verdict(verdictOf[i]),
				Elsewhere: causes[i] == ingest.Place(ingest.Causes(), ingest.RefusedElsewhere), Inferred: in.Basis == string(ruling.Inferred),
				Mistaken: strings.HasPrefix(in.Detail, "signer:"), UA: agents[i], Dir: dirs[i], File: files[i], Name: in.Path[strings.LastIndexByte(in.Path, '/')+1:], Grain: grains[i],
			}
			in.End, in.Began = ingest.EndOf(times[i], took[i])
			n, ok := links[linkOf[i]]
			if !ok {
				ip, _ := netip.ParseAddr(signed(i))
				n = uint32(len(c.Signed))
				links[linkOf[i]], c.Signed = n, append(c.Signed, ip)
			}
			in.Link = n
			if in.ASN != 0 && (q.out.Viewer.ASN == nil || in.Refused) {
				asn := int64(in.ASN)
				q.out.Viewer.ASN = &asn
			}
			c.Incidents = append(c.Incidents, in)
		}
		return nil
	})
	c.Truncated = len(c.Incidents) == maxIncidents
	return err
}

// listedOthers is how many other viewers are named.
const listedOthers = 5

// others names who else fits.
func (q *inquiry) others(ctx context.Context, found []sighting) error {
	if n := len(found) - listedOthers; n > 0 {
		q.out.More += int64(n)
		found = found[:listedOthers]
	}
	for i := range found {
		s := found[i]
		v, err := q.viewer(ctx, &s)
		if err != nil {
			return err
		}
		q.out.Others = append(q.out.Others, finding.Candidate{ID: v.ID, Host: v.Host, UserAgent: v.UserAgent, Class: v.Class, Requests: s.n, Refused: s.refused})
	}
	return nil
}

func number(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
