package detect

import (
	"context"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/ingest/fetch"
)

// account fills in the input and the method.
func (a *analysis) account(ctx context.Context) error {
	in := &a.out.Input
	in.Sources = []finding.Source{}
	for _, s := range a.loaded.Sources {
		f := finding.Source{Path: s.Path, Format: s.Format, Lines: s.Lines, Parsed: s.Parsed, Rejected: s.Rejected, Bytes: s.Bytes, XXH3: s.Hash, Notes: s.Notes}
		if s.Err != nil {
			f.Error = s.Err.Error()
		}
		in.Sources = append(in.Sources, f)
		in.Lines += s.Lines
		in.Parsed += s.Parsed
		in.Rejected += s.Rejected
	}
	if first, last, ok := a.times(); ok {
		in.First, in.Last = moment(first), moment(last)
	}
	a.out.Method.Version, a.out.Method.Command = a.Version, a.Command
	a.out.Method.Thresholds = a.Thresholds.Named()
	return fetch.Each(ctx, a.conn, `SELECT r.reason, count(*), arg_min(s.path, r.source * 1e12 + r.line), arg_min(r.line, r.source * 1e12 + r.line)
		FROM reject r JOIN source s ON s.id = r.source GROUP BY r.reason ORDER BY count(*) DESC, r.reason`, func(scan fetch.Scan) error {
		var r finding.Reject
		err := scan(&r.Reason, &r.Lines, &r.Source, &r.Line)
		in.Rejects = append(in.Rejects, r)
		return err
	})
}

func moment(us int64) *time.Time {
	t := time.UnixMicro(us).UTC()
	return &t
}
