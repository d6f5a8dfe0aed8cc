package detect

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/ingest"
	"ipdrift/token"
)

// What is followed over time.
const (
	trendSteps    = 144 // at most
	trendRefusals = 20  // of one cause on one host
	trendHosts    = 100 // with most refusals
	trendRequests = 20  // of an operator that counts as seen
)

// trendLengths are the lengths of a step, in seconds.
var trendLengths = [...]int64{60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 24 * 3600, 7 * 24 * 3600}

// trends counts the refusals of each cause over time, and looks for when they
// began. A log of refusals only gives no rates (rules of evidence, 2).
func (a *analysis) trends(ctx context.Context, conn *sql.Conn) error {
	hosts := a.trendHosts()
	if len(hosts) == 0 {
		return nil
	}
	first, last, _ := a.times()
	first, last = first/1e6, last/1e6
	step := trendLengths[len(trendLengths)-1]
	for _, length := range slices.Backward(trendLengths[:]) {
		if last/length-first/length < trendSteps {
			step = length
		}
	}
	if last/step-first/step >= 10*trendSteps {
		return nil // a clock that stands wrong somewhere
	}
	f := follow{step: step, from: first / step, steps: int(last/step-first/step) + 1, hosts: `('` + strings.Join(hosts, `', '`) + `')`}
	requests, err := f.requests(ctx, conn)
	if err != nil {
		return err
	}
	if a.out.Trends, err = f.refused(ctx, conn, requests); err != nil {
		return err
	}
	for i := range a.out.Trends {
		if err := f.begin(ctx, conn, &a.out.Trends[i]); err != nil {
			return err
		}
	}
	return nil
}

// trendHosts are the hosts worth following, as SQL texts without their quotes.
func (a *analysis) trendHosts() []string {
	total := map[string]int64{}
	for name, causes := range a.out.Denials.ByHost {
		for _, n := range causes {
			total[name] += n
		}
		if total[name] < trendRefusals || a.host(name).refusalsOnly() {
			delete(total, name)
		}
	}
	names := slices.SortedFunc(maps.Keys(total), func(x, y string) int { return cmp.Or(cmp.Compare(total[y], total[x]), strings.Compare(x, y)) })
	names = names[:min(len(names), trendHosts)]
	for i, name := range names {
		names[i] = strings.ReplaceAll(name, "'", "''")
	}
	return names
}

// follow is one way of cutting the time.
type follow struct {
	step, from int64 // seconds, and steps since 1970
	steps      int
	hosts      string // SQL list
}

func (f *follow) at(step int) time.Time {
	return time.Unix((f.from+int64(step))*f.step, 0).UTC()
}

// put enters a count, unless its time is none that is followed.
func (f *follow) put(counts []int64, at, n int64) {
	if i := at - f.from; i >= 0 && i < int64(len(counts)) {
		counts[i] = n
	}
}

func (f *follow) requests(ctx context.Context, conn *sql.Conn) (map[string][]int64, error) {
	out := map[string][]int64{}
	return out, each(ctx, conn, fmt.Sprintf(`SELECT o.host, h.at, sum(h.n)::BIGINT FROM (SELECT outcome, epoch_us(start) // %d AS at, count(*) AS n FROM hit GROUP BY ALL) h JOIN outcome o ON o.id = h.outcome
		WHERE NOT o.shield AND o.host IN %s GROUP BY ALL`, f.step*1e6, f.hosts), func(scan scanner) error {
		var name string
		var at, n int64
		if err := scan(&name, &at, &n); err != nil {
			return err
		}
		if out[name] == nil {
			out[name] = make([]int64, f.steps)
		}
		f.put(out[name], at, n)
		return nil
	})
}

func (f *follow) refused(ctx context.Context, conn *sql.Conn, requests map[string][]int64) (out []finding.Trend, err error) {
	causes := ingest.Causes()
	err = each(ctx, conn, fmt.Sprintf(`WITH r AS (SELECT o.host, f.cause, epoch_us(f.start) // %d AS at, count(*) AS n FROM work.refusal f JOIN outcome o ON o.id = f.outcome
			WHERE o.host IN %s GROUP BY ALL)
		SELECT * FROM r QUALIFY sum(n) OVER (PARTITION BY host, cause) >= %d ORDER BY host, cause, at`, f.step*1e6, f.hosts, trendRefusals), func(scan scanner) error {
		var name string
		var cause uint8
		var at, n int64
		if err := scan(&name, &cause, &at, &n); err != nil {
			return err
		}
		word := causes[cause-1]
		if k := len(out); k == 0 || out[k-1].Host != name || out[k-1].Cause != word {
			out = append(out, finding.Trend{Host: name, Cause: word, From: f.at(0), Step: f.step, Refused: make([]int64, f.steps), Requests: requests[name]})
		}
		f.put(out[len(out)-1].Refused, at, n)
		return nil
	})
	return out, err
}

// begin looks for the step from which on refusals are more frequent, and asks
// whose they are.
func (f *follow) begin(ctx context.Context, conn *sql.Conn, t *finding.Trend) error {
	c, ok := judge.Began(t.Refused, t.Requests)
	if !ok {
		return nil
	}
	t.Began = &finding.Beginning{At: f.at(c.At), Low: f.at(c.From), High: f.at(c.To), Before: c.Before, After: c.After}
	return conn.QueryRowContext(ctx, `WITH seen AS (SELECT c.asn FROM hit h JOIN outcome o ON o.id = h.outcome JOIN client c ON c.id = h.client
			WHERE c.asn IS NOT NULL AND o.host = $1 AND NOT o.shield AND h.start >= $2 GROUP BY c.asn HAVING count(*) >= $3),
		refused AS (SELECT DISTINCT c.asn FROM work.refusal f JOIN outcome o ON o.id = f.outcome JOIN client c ON c.id = f.client WHERE o.host = $1 AND f.start >= $2 AND f.cause = $4)
		SELECT count(*), count(r.asn) FROM seen s LEFT JOIN refused r ON r.asn = s.asn`,
		t.Host, t.Began.At, trendRequests, ingest.Place(ingest.Causes(), t.Cause)).Scan(&t.Began.Carriers, &t.Began.Affected)
}

// sayTrends words what began.
func (a *analysis) sayTrends() {
	began := map[string]int{} // hosts, by cause
	followed := map[string]bool{}
	for _, t := range a.out.Trends {
		followed[t.Host] = true
		if t.Began != nil {
			began[t.Cause]++
		}
	}
	for _, t := range a.out.Trends {
		b := t.Began
		if b == nil {
			continue
		}
		s := fmt.Sprintf("%s: refusals as %s began at %s", t.Host, t.Cause, b.At.Format("2006-01-02 15:04"))
		if b.Low != b.High {
			s += fmt.Sprintf(" (between %s and %s)", b.Low.Format("15:04"), b.High.Format("15:04"))
		}
		s += fmt.Sprintf(" UTC, from %.1f %% to %.1f %% of the requests", 100*b.Before, 100*b.After)
		switch {
		case began[t.Cause] == 1 && len(a.names) > 1:
			s += ", on this host only"
		case began[t.Cause] > 1:
			s += fmt.Sprintf(", on %d hosts", began[t.Cause])
		}
		b.Says = s + carriersOf(b, t.Cause)
		a.warnOf("%s", b.Says)
	}
}

// carriersOf says what it means whose refusals they are.
func carriersOf(b *finding.Beginning, cause string) string {
	all := b.Carriers > 1 && b.Affected == b.Carriers
	switch {
	case all && cause == token.IPMismatch.String():
		return fmt.Sprintf(", with all %d network operators: look for a change of the signer or of the edge before any mask", b.Carriers)
	case cause != token.IPMismatch.String() && (all || b.Carriers == 0):
		return either(all, fmt.Sprintf(", with all %d network operators", b.Carriers), "") + ": a deploy or a key, not rotation"
	case b.Carriers > 1:
		return fmt.Sprintf(", with %d of %d network operators", b.Affected, b.Carriers)
	}
	return ""
}

func either(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}
