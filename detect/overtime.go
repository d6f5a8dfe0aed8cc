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
	"ipdrift/ingest"
)

const (
	timeSteps = 144 // at most, that refusals are counted in
	timeHosts = 40  // with most refusals
)

// timeLengths are the lengths of a step, in seconds.
var timeLengths = [...]int64{1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 2 * 3600, 6 * 3600, 24 * 3600, 7 * 24 * 3600}

// overTime counts all refusals by host, cause and time; also those of a log that
// holds nothing else, since it counts and claims no rate.
func (a *analysis) overTime(ctx context.Context, conn *sql.Conn) error {
	first, last, ok := a.times()
	if !ok {
		return nil
	}
	first, last = first/1e6, last/1e6
	step, ok := timeStep(first, last)
	names := a.mostRefused()
	if !ok || len(names) == 0 {
		return nil
	}
	from := first / step
	out := &finding.OverTime{From: time.Unix(from*step, 0).UTC(), Step: step, ByHost: map[string]map[string][]int64{}}
	causes := ingest.Causes()
	err := each(ctx, conn, fmt.Sprintf(`SELECT o.host, f.cause, epoch_us(f.start) // %d - %d AS at, count(*) FROM work.refusal f JOIN outcome o ON o.id = f.outcome
		WHERE o.host IN (%s) GROUP BY ALL`, step*1e6, from, strings.Join(names, ", ")), func(scan scanner) error {
		var host string
		var cause uint8
		var at, n int64
		if err := scan(&host, &cause, &at, &n); err != nil {
			return err
		}
		if out.ByHost[host] == nil {
			out.ByHost[host] = map[string][]int64{}
		}
		counts := out.ByHost[host][causes[cause-1]]
		if counts == nil {
			counts = make([]int64, last/step-from+1)
			out.ByHost[host][causes[cause-1]] = counts
		}
		counts[at] = n
		return nil
	})
	a.out.Denials.OverTime = out
	return err
}

// timeStep is the shortest step in which a span of seconds has few enough; none
// for a clock that stands wrong somewhere.
func timeStep(first, last int64) (int64, bool) {
	i := slices.IndexFunc(timeLengths[:], func(length int64) bool { return last/length-first/length < timeSteps })
	if i < 0 {
		return 0, false
	}
	return timeLengths[i], true
}

// mostRefused are the hosts with most refusals, as SQL texts.
func (a *analysis) mostRefused() []string {
	total := map[string]int64{}
	for name, causes := range a.out.Denials.ByHost {
		for _, n := range causes {
			total[name] += n
		}
	}
	names := slices.SortedFunc(maps.Keys(total), func(x, y string) int { return cmp.Or(cmp.Compare(total[y], total[x]), strings.Compare(x, y)) })
	names = names[:min(len(names), timeHosts)]
	for i, name := range names {
		names[i] = `'` + strings.ReplaceAll(name, "'", "''") + `'`
	}
	return names
}
