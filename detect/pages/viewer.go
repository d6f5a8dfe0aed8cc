package pages

import (
	"context"
	"strings"

	"ipdrift/detect/finding"
)

// Viewers lists who is in a scope: those with most requests in it first.
func (r *Reader) Viewers(ctx context.Context, s finding.Scope) (finding.List[finding.Viewer], error) {
	query, args := everybody(s)
	if s.Refused || s.Search != "" {
		query, args = r.narrowed(s)
	}
	table, n, err := r.keep(ctx, "viewers", query, args...)
	if err != nil {
		return finding.List[finding.Viewer]{}, err
	}
	page := `SELECT v.link, v.agent, v.salt, v.stranger, v.host, v.n,
			CASE WHEN v.stranger = 0 THEN user_name(l.hash, a.text, v.salt) ELSE '' END, CASE WHEN v.stranger > 0 THEN c.address ELSE '' END,
			coalesce(p.class, ''), coalesce(p.reason, ''), coalesce(a.text, ''), coalesce(p.requests, v.n), coalesce(p.refusals, v.n),
			coalesce(p.addresses, 1), coalesce(p.switches, 0), coalesce(p.interrupted, false), coalesce(p.first, v.first), coalesce(p."last", v."last")
		FROM (SELECT rowid AS place, * FROM temp.` + table + ` WHERE rowid >= ? AND rowid < ?) v
		LEFT JOIN person p ON p.link = v.link AND p.agent = v.agent AND p.salt = v.salt AND v.stranger = 0
		LEFT JOIN link l ON l.id = v.link LEFT JOIN agent a ON a.id = v.agent LEFT JOIN client c ON c.id = v.stranger
		ORDER BY v.place`
	return finding.List[finding.Viewer]{Len: n, Page: func(ctx context.Context, from, n int64) ([]finding.Viewer, error) {
		return read(ctx, r.conn, page, viewer, from, from+n)
	}}, nil
}

func viewer(scan scanner) (v finding.Viewer, err error) {
	k := &v.Key
	return v, scan(&k.Link, &k.Agent, &k.Salt, &k.Client, &k.Host, &v.Matching, &v.ID, &v.Address, &v.Class, &v.Reason, &v.UserAgent,
		&v.Requests, &v.Refusals, &v.Addresses, &v.Switches, &v.Interrupted, &v.First, &v.Last)
}

// everybody needs no request to be read: users are told of in a table.
func everybody(s finding.Scope) (string, []any) {
	query, args := `SELECT p.link, p.agent, p.salt, 0::UINTEGER AS stranger, l.host, p.requests AS n, p.first, p."last"
		FROM person p JOIN link l ON l.id = p.link`, []any(nil)
	if s.Host != "" {
		query, args = query+` WHERE l.host = ?`, []any{s.Host}
	}
	return query + ` ORDER BY p.mismatches DESC, p.refusals DESC, p.requests DESC, p.link, p.agent, p.salt`, args
}

// narrowed goes through the requests of a scope.
func (r *Reader) narrowed(s finding.Scope) (string, []any) {
	var where []string
	var args []any
	if s.Refused {
		where = append(where, `refused AND cause > 0`)
	}
	if s.Cause != "" {
		where, args = append(where, `cause = list_position(`+r.causes+`, ?)`), append(args, s.Cause)
	}
	if s.Host != "" {
		where, args = append(where, `host = ?`), append(args, s.Host)
	}
	has, hasArgs := having(s.Search)
	query := `SELECT first_link AS link, first_agent AS agent, salt, stranger, host, count(*) FILTER (hit) AS n, min(start) AS first, max(start) AS "last", bool_or(hit) AS hit
		FROM (SELECT *, ` + has + ` AS hit FROM told`
	if len(where) > 0 {
		query += ` WHERE ` + strings.Join(where, " AND ")
	}
	query += `) GROUP BY ALL`
	args = append(hasArgs, args...)
	if s.Search == "" {
		return query + ` ORDER BY n DESC, link, agent, salt, stranger`, args
	}
	name := bindable(strings.ToLower(s.Search))
	return `SELECT v.link, v.agent, v.salt, v.stranger, v.host, v.n, v.first, v."last" FROM (` + query + `) v
		LEFT JOIN link l ON l.id = v.link LEFT JOIN agent a ON a.id = v.agent
		LEFT JOIN person p ON p.link = v.link AND p.agent = v.agent AND p.salt = v.salt AND v.stranger = 0
		WHERE v.hit OR v.stranger = 0 AND (starts_with(user_name(l.hash, a.text, v.salt), ?) OR p.class = ?)
		ORDER BY v.n DESC, v.link, v.agent, v.salt, v.stranger`, append(args, name, name)
}

// having tells which requests of told hold a text.
func having(search string) (string, []any) {
	if search == "" {
		return `true`, nil
	}
	parts := []string{
		`client IN (SELECT id FROM client WHERE starts_with(address, ?))`,
		`link IN (SELECT id FROM link WHERE starts_with(token, ?))`,
		`agent IN (SELECT id FROM agent WHERE contains(lower(text), ?))`,
	}
	search = bindable(search)
	lower := strings.ToLower(search)
	args := []any{lower, search[:min(len(search), 6)], lower}
	if i := strings.LastIndexByte(search, '/'); i >= 0 {
		parts = append(parts, `dir IN (SELECT id FROM dir WHERE ends_with(text, ?)) AND file IN (SELECT id FROM file WHERE starts_with(text, ?))`,
			`dir IN (SELECT id FROM dir WHERE contains(text, ?))`)
		args = append(args, search[:i+1], search[i+1:], search)
	} else {
		parts = append(parts, `file IN (SELECT id FROM file WHERE contains(text, ?))`, `dir IN (SELECT id FROM dir WHERE contains(text, ?))`)
		args = append(args, search, search)
	}
	return `(` + strings.Join(parts, " OR ") + `)`, args
}

// bindable makes a text one that the driver hands on whole: it would end it at
// a zero byte.
func bindable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")
}

// whose is the condition for a viewer's requests in told.
func whose(k finding.ViewerKey) (string, []any) {
	if k.Client > 0 {
		return `link = 0 AND stranger = ? AND agent = ? AND host = ?`, []any{k.Client, k.Agent, k.Host}
	}
	return `stranger = 0 AND first_link = ? AND first_agent = ? AND salt = ?`, []any{k.Link, k.Agent, k.Salt}
}
