package detect

import (
	"context"
	"fmt"
	"math"
	"strings"

	"ipdrift/detect/judge"
	"ipdrift/ingest"
)

const (
	gapSample = 300     // users of a host that are looked at for missing segments
	gapLinks  = 1 << 13 // links that they are found among, in the order of their hashes
)

// findGaps looks for requests that are missing from the log: of lines that say so,
// and of segments that viewers must have asked for (rules of evidence, 2 and 11).
func (a *analysis) findGaps(ctx context.Context) error {
	var sampled, parsed int64
	for _, s := range a.loaded.Sources {
		sampled, parsed = sampled+s.Sampled, parsed+s.Parsed
	}
	a.gaps = float64(sampled) > judge.MostMissing*float64(parsed)
	atom, key := `v.link, v.agent`, `link, agent`
	if a.stated() {
		atom, key = `v.link, v.agent, v.ident`, `link, agent, ident`
	}
	var links float64
	if err := a.conn.QueryRowContext(ctx, `SELECT count(*) FROM link`).Scan(&links); err != nil {
		return err
	}
	some := ``
	if links > gapLinks {
		some = fmt.Sprintf(` AND t.hash < %d`, uint64(math.MaxUint64*(gapLinks/links)))
	}
	found := map[string]*judge.Gaps{}
	var last uint64
	var of string
	var names []string
	settle := func() {
		if found[of] == nil {
			found[of] = &judge.Gaps{}
		}
		found[of].Add(names)
		names = names[:0]
	}
	err := ingest.Pages(ctx, a.conn, `WITH watched AS (
			SELECT v.usr, t.host FROM seen v JOIN work.told t ON t.link = v.link`+some+`
			GROUP BY v.usr, t.host HAVING sum(v.n) >= `+fmt.Sprint(judge.GapSegments)+`
			QUALIFY row_number() OVER (PARTITION BY t.host ORDER BY min(t.hash), v.usr) <= `+fmt.Sprint(gapSample)+`),
		who AS (SELECT DISTINCT v.usr, `+atom+` FROM seen v SEMI JOIN watched USING (usr))
		SELECT s.host, w.usr, f.text, h.agent FROM (SELECT DISTINCT `+key+`, file FROM hit SEMI JOIN who USING (`+key+`)) h
		JOIN who w USING (`+key+`) JOIN watched s USING (usr) JOIN file f ON f.id = h.file ORDER BY s.host, w.usr`, func(p ingest.Page) error {
		hosts, users, texts, agents := p.U32(0), p.U64(1), p.Texts(2), p.U32(3)
		for i, usr := range users {
			if host := a.names[hosts[i]]; usr != last || host != of {
				settle()
				last, of = usr, host
			}
			if !a.bots[agents[i]] {
				names = append(names, strings.Clone(texts(i)))
			}
		}
		return nil
	})
	settle()
	for _, name := range a.names {
		if g := found[name]; g != nil && g.Tell() {
			a.hosts[name].gaps = true
			a.warnOf("%s: %.0f %% of the segments that viewers must have asked for are missing from the log, of %d of %d viewers: neither served nor refused. A file, an edge or another CDN that they asked is not in it, so no class that needs the order of requests is given",
				name, 100*g.Share(), g.Holed, g.Users)
		}
	}
	return err
}

// warnOfEdge says that all requests were logged at one place, if the lines tell.
func (a *analysis) warnOfEdge() {
	edge := ""
	for _, s := range a.loaded.Sources {
		switch {
		case s.Parsed == 0:
		case s.Edge == "" || edge != "" && s.Edge != edge:
			return
		default:
			edge = s.Edge
		}
	}
	if edge != "" && a.out.Input.Parsed >= oneEdgeLines {
		a.warnOf("all %d requests were logged by one edge (%s): if the CDN has several, what the same viewers asked of the others is missing", a.out.Input.Parsed, edge)
	}
}

// oneEdgeLines is how many lines of one edge are no accident.
const oneEdgeLines = 1000
