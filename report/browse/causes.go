package browse

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/charmbracelet/lipgloss"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
	"ipdrift/report"
)

// causes is the first pane: why requests were refused.
func (c Case) causes(ctx context.Context) (*pane, error) {
	list, err := c.Refusals(ctx)
	if err != nil {
		return nil, err
	}
	sums := map[string]*finding.Refusals{"": {}}
	for _, f := range list {
		if sums[f.Cause] == nil {
			sums[f.Cause] = &finding.Refusals{Cause: f.Cause}
		}
		sums[f.Cause].Requests += f.Requests
		sums[f.Cause].Viewers += f.Viewers
	}
	p := &pane{
		name: "causes", head: c.summary, empty: "Nothing was refused, and there are no users.",
		columns: []column{{title: "cause"}, {title: "requests", right: true}, {title: "share", right: true, rank: 2}, {title: "users", right: true, rank: 1}, {title: "", flex: 16, rank: 3}},
		search:  func(text string) opener { return c.viewers(finding.Scope{Search: text}) },
	}
	all := sums[""]
	delete(sums, "")
	if all.Requests > 0 {
		p.rows = append(p.rows, c.causeRow("all refusals", "whatever the cause", all, all.Requests, list))
	}
	byRequests := func(a, b *finding.Refusals) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), strings.Compare(a.Cause, b.Cause))
	}
	for _, f := range slices.SortedFunc(maps.Values(sums), byRequests) {
		p.rows = append(p.rows, c.causeRow(f.Cause, report.Meaning(f.Cause), f, all.Requests, list))
	}
	if n := c.Analysis.Users.Total; n > 0 {
		p.rows = append(p.rows, row{
			cells: []cell{toned(strong, "every user"), plainly(""), plainly(""), plainly(figure.Count(n)), toned(faint, "refused or not")},
			open:  c.viewers(finding.Scope{}),
		})
	}
	return p.begin(ctx)
}

func (c Case) causeRow(name, meaning string, f *finding.Refusals, whole int64, list []finding.Refusals) row {
	return row{
		cells: []cell{toned(strong, name), plainly(figure.Count(f.Requests)), plainly(figure.Share(f.Requests, whole)), plainly(figure.Count(f.Viewers)), toned(faint, meaning)},
		open:  c.hosts(f.Cause, list),
	}
}

// summary stands above the causes: the input, and what was decided.
func (c Case) summary(_ *pane, k *ink, room int) []string {
	a := c.Analysis
	lines := []string{k.line(plainly(figure.Plural(a.Input.Lines, "line", "lines") + ", " + report.Period(a.Input.Period())))}
	decisions := report.Headlines(a)
	for i, h := range decisions {
		if len(lines) == room {
			lines[room-1] = k.line(toned(faint, "and "+figure.Plural(len(decisions)-i+1, "more host", "more hosts")))
			break
		}
		lines = append(lines, k.ends(plainly(k.cut(h.Host, k.width-2-lipgloss.Width(h.Decision))), toned(strong, h.Decision)))
	}
	return lines
}

// hosts shows where requests were refused for a cause; "" is any.
func (c Case) hosts(cause string, list []finding.Refusals) opener {
	return func(ctx context.Context) (*pane, error) {
		name := cause
		if cause == "" {
			name = "all refusals"
		}
		scope := finding.Scope{Refused: true, Cause: cause}
		p := &pane{
			name:    name,
			columns: []column{{title: "host"}, {title: "refused", right: true}, {title: "share", right: true, rank: 2}, {title: "users", right: true, rank: 1}, {title: "decision", flex: 14, rank: 3}},
			search: func(text string) opener {
				scope := scope
				scope.Search = text
				return c.viewers(scope)
			},
		}
		decisions := map[string]string{}
		for _, h := range report.Headlines(c.Analysis) {
			decisions[h.Host] = h.Decision
		}
		all := finding.Refusals{Cause: cause}
		for _, f := range list {
			if f.Cause != cause {
				continue
			}
			scope := scope
			scope.Host = f.Host
			all.Requests, all.Viewers = all.Requests+f.Requests, all.Viewers+f.Viewers
			p.rows = append(p.rows, hostRow(orUnnamed(f.Host), f, whole(list, f.Host), decisions[f.Host], c.viewers(scope)))
		}
		if len(p.rows) > 1 {
			p.rows = append([]row{hostRow("all hosts", all, whole(list, ""), "", c.viewers(scope))}, p.rows...)
		}
		return p.begin(ctx)
	}
}

func hostRow(name string, f finding.Refusals, whole int64, decision string, open opener) row {
	share := ""
	if f.Cause != "" {
		share = figure.Share(f.Requests, whole)
	}
	return row{cells: []cell{toned(strong, name), plainly(figure.Count(f.Requests)), plainly(share), plainly(figure.Count(f.Viewers)), plainly(decision)}, open: open}
}

// whole is how many requests were refused on a host, or on all for "".
func whole(list []finding.Refusals, host string) (n int64) {
	for _, f := range list {
		if f.Cause == "" && (host == "" || f.Host == host) {
			n += f.Requests
		}
	}
	return n
}

func orUnnamed(host string) string {
	if host == "" {
		return "(no host)"
	}
	return host
}
