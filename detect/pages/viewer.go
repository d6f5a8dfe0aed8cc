package pages

import (
	"context"
	"strconv"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/ingest/fetch"
)

// Viewers lists who is in a scope: those with most requests in it first.
func (r *Reader) Viewers(ctx context.Context, s finding.Scope) (finding.List[finding.Viewer], error) {
	query, args := everybody(s)
	if s.Refused || s.Search != "" {
		var err error
		if query, args, err = r.narrowed(ctx, s); err != nil {
			return finding.List[finding.Viewer]{}, err
		}
	}
	table, n, err := r.keep(ctx, "viewers", query, args...)
	if err != nil {
		return finding.List[finding.Viewer]{}, err
	}
	page := `SELECT v.link, v.agent, v.salt, v.stranger, v.host, v.n,
			CASE WHEN v.stranger = 0 THEN user_name(l.hash, a.text, v.salt) ELSE '' END, CASE WHEN v.stranger > 0 THEN c.address ELSE '' END,
			coalesce(p.class, ''), coalesce(p.reason, ''), ` + clipped("coalesce(a.text, '')") + `, coalesce(p.requests, v.n), coalesce(p.refusals, v.n),
			coalesce(p.addresses, 1), coalesce(p.switches, 0), coalesce(p.interrupted, false), coalesce(p.first, v.first), coalesce(p."last", v."last")
		FROM (SELECT rowid AS place, * FROM temp.` + table + ` WHERE rowid >= ? AND rowid < ?) v
		LEFT JOIN persons p ON p.link = v.link AND p.agent = v.agent AND p.salt = v.salt AND v.stranger = 0
		LEFT JOIN link l ON l.id = v.link LEFT JOIN agent a ON a.id = v.agent LEFT JOIN clients c ON c.id = v.stranger
		ORDER BY v.place`
	return finding.List[finding.Viewer]{Len: n, Page: func(ctx context.Context, from, n int64) ([]finding.Viewer, error) {
		return read(ctx, r.conn, page, viewer, from, from+n)
	}}, nil
}

func viewer(scan fetch.Scan) (v finding.Viewer, err error) {
	k := &v.Key
	return v, scan(&k.Link, &k.Agent, &k.Salt, &k.Client, &k.Host, &v.Matching, &v.ID, &v.Address, &v.Class, &v.Reason, &v.UserAgent,
		&v.Requests, &v.Refusals, &v.Addresses, &v.Switches, &v.Interrupted, &v.First, &v.Last)
}

// everybody needs no request to be read: users are told of in a table.
func everybody(s finding.Scope) (string, []any) {
	query, args := `SELECT p.link, p.agent, p.salt, 0::UINTEGER AS stranger, l.host, p.requests AS n, p.first, p."last"
		FROM persons p JOIN link l ON l.id = p.link`, []any(nil)
	if s.Host != "" {
		query, args = query+` WHERE l.host = ?`, []any{s.Host}
	}
	return query + ` ORDER BY p.mismatches DESC, p.refusals DESC, p.requests DESC, p.link, p.agent, p.salt`, args
}

// narrowed goes through the requests of a scope.
func (r *Reader) narrowed(ctx context.Context, s finding.Scope) (string, []any, error) {
	from, where, args := `met`, []string{`true`}, []any(nil)
	if s.Refused {
		from, where = `told`, append(where, `refused AND cause > 0`)
	}
	if s.Cause != "" {
		where, args = append(where, `cause = list_position(`+r.causes+`, ?)`), append(args, s.Cause)
	}
	if s.Host != "" {
		where, args = append(where, `host = ?`), append(args, s.Host)
	}
	if s.Search != "" {
		has, hasArgs, err := r.having(ctx, bindable(s.Search))
		if err != nil {
			return "", nil, err
		}
		where, args = append(where, has), append(args, hasArgs...)
	}
	return `SELECT first_link AS link, first_agent AS agent, salt, stranger, host, count(*) AS n, min(start) AS first, max(start) AS "last"
		FROM ` + from + ` WHERE ` + strings.Join(where, " AND ") + ` GROUP BY ALL ORDER BY n DESC, link, agent, salt, stranger, host`, args, nil
}

// lookup is what a column of met must be for a request to have a text.
type lookup struct {
	column string
	ids    string // query for those of its values that have the text
	args   []any
}

// lookups are the ways in which a request can have a text; of one way, all holds.
func lookups(search string) [][]lookup {
	lower := strings.ToLower(search)
	ways := [][]lookup{
		{{`client`, `SELECT id FROM clients WHERE starts_with(address, ?)`, []any{lower}}},
		{{`link`, `SELECT id FROM link WHERE starts_with(token, ?)`, []any{search[:min(len(search), 6)]}}},
		{{`agent`, `SELECT id FROM agent WHERE contains(lower(text), ?)`, []any{lower}}},
		{{`dir`, `SELECT id FROM dir WHERE contains(text, ?)`, []any{search}}},
		{{`(first_link, first_agent, salt)`, `SELECT (p.link, p.agent, p.salt) FROM persons p JOIN link l ON l.id = p.link JOIN agent a ON a.id = p.agent
			WHERE p.class = ? OR starts_with(user_name(l.hash, a.text, p.salt), ?)`, []any{lower, lower}}},
	}
	if i := strings.LastIndexByte(search, '/'); i < 0 {
		ways = append(ways, []lookup{{`file`, `SELECT id FROM file WHERE contains(text, ?)`, []any{search}}})
	} else if i < len(search)-1 {
		ways = append(ways, []lookup{
			{`dir`, `SELECT id FROM dir WHERE ends_with(text, ?)`, []any{search[:i+1]}}, {`file`, `SELECT id FROM file WHERE starts_with(text, ?)`, []any{search[i+1:]}},
		})
	}
	return ways
}

// having returns the condition for requests that have a text. Ways for which the case holds nothing are
// left out, so that most searches look at one column.
func (r *Reader) having(ctx context.Context, search string) (string, []any, error) {
	ways, args := []string{`false`}, []any(nil)
	for _, way := range lookups(search) {
		var parts []string
		var partArgs []any
		for _, l := range way {
			var some bool
			if err := r.conn.QueryRowContext(ctx, `SELECT EXISTS (`+l.ids+`)`, l.args...).Scan(&some); err != nil {
				return "", nil, err
			}
			if some {
				parts, partArgs = append(parts, l.column+` IN (`+l.ids+`)`), append(partArgs, l.args...)
			}
		}
		if len(parts) == len(way) {
			ways, args = append(ways, `(`+strings.Join(parts, " AND ")+`)`), append(args, partArgs...)
		}
	}
	return `(` + strings.Join(ways, " OR ") + `)`, args, nil
}

// bindable makes a text one that the driver hands on whole: it would end it at
// a zero byte.
func bindable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")
}

// whose is the condition for a viewer's requests in told. What it says of link
// and client is known before anything is joined.
func (r *Reader) whose(ctx context.Context, k finding.ViewerKey) (string, []any, error) {
	if k.Client > 0 {
		return `link = 0 AND client = ? AND stranger = client AND agent = ? AND host = ?`, []any{k.Client, k.Agent, k.Host}, nil
	}
	links, err := read(ctx, r.conn, `SELECT DISTINCT link::VARCHAR FROM member WHERE first_link = ? AND first_agent = ? AND salt = ? ORDER BY 1`,
		func(scan fetch.Scan) (link string, err error) { return link, scan(&link) }, k.Link, k.Agent, k.Salt)
	if len(links) == 0 {
		links = []string{strconv.FormatUint(uint64(k.Link), 10)}
	}
	return `link IN (` + strings.Join(links, ", ") + `) AND stranger = 0 AND first_link = ? AND first_agent = ? AND salt = ?`, []any{k.Link, k.Agent, k.Salt}, err
}
