package browse

import (
	"context"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
	"ipdrift/report"
)

// viewers lists the users in a scope.
func (c Case) viewers(s finding.Scope) opener {
	return func(ctx context.Context) (*pane, error) {
		list, err := c.Viewers(ctx, s)
		if err != nil {
			return nil, err
		}
		p := &pane{
			name: scopeName(s), len: list.Len, sought: s.Search, within: true, head: scopeHead(s, list.Len), empty: "Nobody. Press / for another search, esc to go back.",
			columns: []column{{title: "user"}, {title: "class", rank: 3}, {title: "refused", right: true}, {title: "requests", right: true, rank: 2},
				{title: "addresses", right: true, rank: 4}, {title: "changes", right: true, rank: 1}, {title: "first", rank: 5}, {title: "player", flex: 10, rank: 6}},
			search: func(text string) opener {
				s := s
				s.Search = text
				return c.viewers(s)
			},
		}
		p.page = func(ctx context.Context, from, n int64) ([]row, error) {
			viewers, err := list.Page(ctx, from, n)
			rows := make([]row, len(viewers))
			for i, v := range viewers {
				rows[i] = c.viewerRow(v, s)
			}
			return rows, err
		}
		return p.begin(ctx)
	}
}

func scopeName(s finding.Scope) string {
	switch {
	case s.Host != "":
		return s.Host
	case s.Refused:
		return "all hosts"
	}
	return "every user"
}

func scopeHead(s finding.Scope, n int64) func(*pane, *ink, int) []string {
	what := figure.Plural(n, "user", "users")
	switch {
	case s.Cause != "":
		what += " with " + s.Cause + ": " + report.Meaning(s.Cause)
	case s.Refused:
		what += " with refused requests"
	}
	if s.Search != "" {
		what += `, found by "` + s.Search + `"`
	}
	return func(_ *pane, k *ink, _ int) []string { return k.wrap(plain, what, 2) }
}

// viewerName is how a viewer is called; one without a link by the address.
func viewerName(v finding.Viewer) string {
	if v.ID != "" {
		return v.ID
	}
	return v.Address
}

func (c Case) viewerRow(v finding.Viewer, s finding.Scope) row {
	hits, class := v.Refusals, string(v.Class)
	if s.Refused {
		hits = v.Matching
	}
	if v.ID == "" {
		class = "no link"
	}
	t := plain
	if hits > 0 {
		t = refused
	}
	return row{
		cells: []cell{toned(strong, viewerName(v)), plainly(class), toned(t, figure.Count(hits)), plainly(figure.Count(v.Requests)), plainly(figure.Count(v.Addresses)),
			plainly(figure.Count(v.Switches)), plainly(v.First.UTC().Format("01-02 15:04:05")), toned(faint, v.UserAgent)},
		open: c.timeline(v, ""),
	}
}
