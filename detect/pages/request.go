package pages

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/ingest/fetch"
	"ipdrift/token"
)

// Timeline lists what a viewer asked for in the order of time; with a search,
// what has it in the address, path, status or cause.
func (r *Reader) Timeline(ctx context.Context, who finding.ViewerKey, search string) (t finding.Timeline, err error) {
	where, args, err := r.whose(ctx, who)
	if err != nil {
		return t, err
	}
	has, hasArgs := found(r.causes, search)
	table, n, err := r.keep(ctx, "timeline", `SELECT t.*, coalesce(client <> lag(client) OVER (ORDER BY start, source, line), false) AS moved
		FROM told t WHERE `+where+` QUALIFY `+has+` ORDER BY start, source, line`, append(args, hasArgs...)...)
	if err != nil {
		return t, err
	}
	t.Len = n
	t.Page = func(ctx context.Context, from, n int64) ([]finding.Request, error) {
		return r.requests(ctx, table, from, n)
	}
	t.Refused = func(ctx context.Context, at int64, back bool) (int64, error) { return r.refused(ctx, table, at, back) }
	t.Lanes = func(ctx context.Context, steps, most int) (finding.Lanes, error) {
		return r.lanes(ctx, table, steps, most)
	}
	return t, nil
}

// found returns the condition for those of a viewer's requests that have a text.
func found(causes, search string) (string, []any) {
	if search == "" {
		return `true`, nil
	}
	search = bindable(search)
	lower := strings.ToLower(search)
	return `(client IN (SELECT id FROM clients WHERE starts_with(address, ?)) OR contains((SELECT text FROM dir d WHERE d.id = t.dir) || (SELECT text FROM file f WHERE f.id = t.file), ?)
		OR status::VARCHAR = ? OR coalesce(` + causes + `[cause] = ?, false))`, []any{lower, search, search, lower}
}

// refused finds the nearest refused request on one side of a place.
func (r *Reader) refused(ctx context.Context, table string, at int64, back bool) (int64, error) {
	query := `SELECT coalesce(min(rowid), -1) FROM temp.` + table + ` WHERE refused AND rowid > ?`
	if back {
		query = `SELECT coalesce(max(rowid), -1) FROM temp.` + table + ` WHERE refused AND rowid < ?`
	}
	var place int64
	return place, r.conn.QueryRowContext(ctx, query, at).Scan(&place)
}

// requests gives a page of a timeline.
func (r *Reader) requests(ctx context.Context, table string, from, n int64) ([]finding.Request, error) {
	return read(ctx, r.conn, `SELECT s.path, t.line, t.start, c.address, t.moved, c.asn, coalesce(c.country, ''), t.host, t.method, `+clipped("d.text || f.text")+`, t.status, nullif(t.bytes, -1),
			`+clipped("coalesce(a.text, '')")+`, `+clipped("coalesce(r.text, '')")+`, t.code, t.upstream,
			coalesce(`+r.words+`[t.verdict + 1], ''), coalesce(`+r.causes+`[t.cause], ''), coalesce(t.detail, ''), coalesce(`+r.bases+`[t.basis], ''),
			coalesce(l.token, ''), l.deadline, t.matched AND t.shape = `+strconv.Itoa(int(token.Signed))+`, t.scope, coalesce(g.scope, ''), coalesce(g.signed_ip, ''), coalesce(g.basis, '')
		FROM (SELECT rowid AS place, * FROM temp.`+table+` WHERE rowid >= ? AND rowid < ?) t
		JOIN source s ON s.id = t.source JOIN clients c ON c.id = t.client JOIN dir d ON d.id = t.dir JOIN file f ON f.id = t.file
		JOIN agent a ON a.id = t.agent JOIN referer r ON r.id = t.referer
		LEFT JOIN link l ON l.id = t.link AND t.link > 0 LEFT JOIN signatures g ON g.link = t.link AND t.link > 0
		ORDER BY t.place`, request, from, from+n)
}

// longestText is how many characters of a text are read: no line of a log that is meant to
// be read is longer, and a page must fit into memory.
const longestText = 2000

// clipped is SQL for a text of which both ends are enough.
func clipped(text string) string {
	const half = longestText / 2
	return fmt.Sprintf(`CASE WHEN length(%[1]s) > %[2]d THEN left(%[1]s, %[3]d) || '…' || right(%[1]s, %[3]d) ELSE %[1]s END`, text, longestText, half)
}

func request(scan fetch.Scan) (q finding.Request, err error) {
	var deadline *int64
	var scope uint8
	err = scan(&q.Source, &q.Line, &q.Time, &q.Client, &q.Moved, &q.ASN, &q.Country, &q.Host, &q.Method, &q.Path, &q.Status, &q.Bytes,
		&q.UserAgent, &q.Referer, &q.EdgeCode, &q.Upstream, &q.Verdict, &q.Cause, &q.Detail, &q.Basis,
		&q.Token, &deadline, &q.Reproduced, &scope, &q.Scope, &q.SignedIP, &q.SignedBasis)
	if q.Reproduced {
		q.Scope = token.Scope(scope).String()
	}
	const latest = 253402300799 // 9999-12-31, as far as a time can be written
	if deadline != nil && *deadline >= 0 && *deadline <= latest {
		at := time.Unix(*deadline, 0).UTC()
		q.Expires = &at
	}
	return q, err
}
