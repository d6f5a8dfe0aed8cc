package detect

import (
	"context"

	"ipdrift/detect/finding"
	"ipdrift/ingest"
	"ipdrift/ingest/fetch"
)

// pickHosts chooses the hosts that are judged one by one where a log names very many, as one does that holds attacks with made-up Host
// headers: those of which something is stated, and else those with most requests of links that reproduce, that were served, and of any kind.
func (a *analysis) pickHosts(ctx context.Context) error {
	if err := a.conn.QueryRowContext(ctx, `SELECT count(DISTINCT host) FROM outcome`).Scan(&a.hostCount); err != nil || a.hostCount <= a.limits.hosts {
		return err
	}
	if err := a.loaded.Hits.Write(ctx); err != nil {
		return err
	}
	a.picked = map[string]bool{}
	return fetch.Each(ctx, a.conn, `SELECT o.host FROM hit h JOIN outcome o ON o.id = h.outcome GROUP BY o.host
		ORDER BY count(*) FILTER (o.matched) DESC, count(*) FILTER (o.status IN (200, 206, 304)) DESC, count(*) DESC, o.host LIMIT ?`, func(scan fetch.Scan) error {
		var name string
		err := scan(&name)
		a.picked[name] = true
		return err
	}, a.limits.hosts)
}

// single reports whether a host is judged by itself.
func (a *analysis) single(name string) bool {
	if a.picked == nil || a.picked[name] {
		return true
	}
	asked := ingest.HostAsked(name, a.Resources, a.Keys, a.Pseudonyms)
	return a.Resources.Names([]byte(asked)) || a.Keys.Names([]byte(asked))
}

// warnOfHosts says that some hosts were judged as one.
func (a *analysis) warnOfHosts() {
	if h := a.hosts[finding.OtherHosts]; a.picked != nil && h != nil {
		n := a.hostCount - len(a.ordered) + 1
		a.warnOf("the log names %d hosts, as one with made-up Host headers does: %d are judged one by one, those with keys of their own and with most signed or served requests, and the other %d, with %d {request|requests}, as one, called "+finding.OtherHosts+"; --host GLOB picks some",
			a.hostCount, len(a.ordered)-1, n, h.requests)
	}
}
