package detect

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/ingest"
	"ipdrift/token"
)

// ruleQuiet rules in SQL on links whose every request needs no thought: the hash
// held for the one address that asked, signed in the one way that the host takes,
// in time, and nothing was refused. On most logs, hostile ones above all, these
// are most links. The kinds of all others are left in table loud.
func (a *analysis) ruleQuiet(ctx context.Context) error {
	plain := []string{"(0, 0)"} // no outcome, so that the list is never empty
	for id, o := range a.outcomes {
		for _, family := range []int{4, 6} {
			if o.plain(family) {
				plain = append(plain, fmt.Sprintf("(%d, %d)", id, family))
			}
		}
	}
	scopes := ""
	for _, s := range []token.Scope{token.ScopeFile, token.ScopeDir, token.ScopeAncestor} {
		scopes += fmt.Sprintf(" WHEN %d THEN '%s'", s, s)
	}
	for _, q := range []string{
		`CREATE TABLE work.quiet AS SELECT k.link, min(k.client) AS client, min(o.scope) AS scope
			FROM work.kind k JOIN outcome o ON o.id = k.outcome
				LEFT JOIN (VALUES ` + strings.Join(plain, ", ") + `) p (outcome, family) ON p.outcome = k.outcome AND p.family = k.family
			WHERE k.link > 0 GROUP BY k.link
			HAVING bool_and(p.outcome IS NOT NULL) AND min(k.client) = max(k.client) AND min(o.scope) = max(o.scope) AND min(o.up) = max(o.up)`,
		`CREATE TABLE work.loud AS SELECT k.* FROM work.kind k ANTI JOIN work.quiet q USING (link)`,
		fmt.Sprintf(`INSERT INTO judged SELECT k.outcome, k.link, k.client, k.dir, k.file, %d, 0, %d, NULL FROM work.kind k SEMI JOIN work.quiet q USING (link)`,
			token.Valid, ingest.Place(ingest.Bases(), string(recomputed))),
		`INSERT INTO signed SELECT q.link, CASE q.scope` + scopes + ` END, c.address, '` + string(recomputed) + `' FROM work.quiet q JOIN client c ON c.id = q.client`,
	} {
		if _, err := a.conn.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// plain tells whether requests of an outcome from a family's addresses are valid
// whatever else is known of their link, as long as all of it is plain.
func (o *outcome) plain(family int) bool {
	p := &o.host.policy
	return o.matched && o.keyed && !o.stale && !o.shield && !o.denied && o.shape == token.Signed && o.late <= ingest.NearExpiry && o.how.binding.Kind == token.BindAddress &&
		o.host.status != finding.Failed && len(p.dirs) == 0 && slices.ContainsFunc(p.common[at(family)], func(r rule) bool { return r.hypothesis == o.how })
}
