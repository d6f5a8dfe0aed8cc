package detect

import (
	"context"
	"strconv"

	"ipdrift/detect/judge"
	"ipdrift/ingest"
	"ipdrift/ingest/fetch"
)

// lateAnswer is a status that a host answered with, and to how many links whose hash holds.
type lateAnswer struct {
	host               string
	status             int
	late, inTime       int64 // that got it after their expiry, and well before it
	lateThere          int64 // of the late ones, for what others were served afterwards
	allLate, allInTime int64 // whatever they got
	servedLate         int64
}

// proven reports whether the status is the host's answer to expired links: enough of them
// got it, hardly any was served after its expiry, and hardly any got it before. A
// missing file is no answer to a link, unless others were served it afterwards.
func (l *lateAnswer) proven(t *judge.Thresholds) bool {
	few, links := 1-t.CalibrationShare, l.late
	if l.status == 404 {
		links = l.lateThere
	}
	return links >= t.ClockLinks && float64(l.servedLate) <= few*float64(l.allLate) &&
		l.allInTime >= t.CalibrationTokens && float64(l.inTime) <= few*float64(l.allInTime)
}

// mayAnswer are the outcomes that may be answers to links: no refusals as yet, and not those
// that tell of a copy, a range, or a client that was slow or gone.
const mayAnswer = `matched AND NOT refused AND NOT shield AND status BETWEEN 300 AND 499 AND status NOT IN (304, 408, 416, 499)`

// learnLateAnswers has what a host answers to expired links, and to no others, count as
// a refusal there, of links past their expiry alone (rules of evidence, 2). 403 and 410
// are refusals everywhere, and what is stated is one for all requests. A case remembers which
// outcomes these are, as its logs are asked anew when it grows.
func (a *analysis) learnLateAnswers(ctx context.Context) error {
	var some bool
	if err := a.conn.QueryRowContext(ctx, `SELECT count(*) > 0 FROM outcome WHERE late = 4 AND `+mayAnswer).Scan(&some); err != nil || !some {
		return err
	}
	if err := a.loaded.Hits.Write(ctx); err != nil {
		return err
	}
	if _, err := a.conn.ExecContext(ctx, `CREATE TABLE work.late AS SELECT o.host, o.status FROM hit h JOIN outcome o ON o.id = h.outcome
		WHERE o.late = 4 AND `+mayAnswer+` GROUP BY o.host, o.status HAVING count(DISTINCT h.link) >= ?`, a.Thresholds.ClockLinks); err != nil {
		return err
	}
	answers, err := a.lateAnswers(ctx)
	if err != nil {
		return err
	}
	for _, l := range answers {
		h := a.host(l.host)
		h.lateAnswers = append(h.lateAnswers, l)
		const theirs = ` FROM outcome WHERE NOT refused AND host = ? AND status = ? AND shape = 1 AND late >= 2 AND NOT shield`
		if _, err := a.conn.ExecContext(ctx, `INSERT INTO about SELECT ?, id::VARCHAR`+theirs, ingest.AboutLate, l.host, l.status); err != nil {
			return err
		}
	}
	_, err = a.conn.ExecContext(ctx, `UPDATE outcome SET refused = true WHERE id IN (SELECT value::UINTEGER FROM about WHERE name = ?)`, ingest.AboutLate)
	return err
}

// lateAnswers counts the links of the hosts in table late.
func (a *analysis) lateAnswers(ctx context.Context) (proven []lateAnswer, err error) {
	err = fetch.Each(ctx, a.conn, `WITH told AS (
			SELECT o.host, o.status, o.late = 4 AS late, o.status IN (200, 206, 304) AS served, h.link, h.dir, h.file, h.start
			FROM hit h JOIN outcome o ON o.id = h.outcome
			WHERE o.matched AND NOT o.shield AND o.late IN (0, 4) AND o.method IN ('GET', 'HEAD', '') AND o.host IN (SELECT host FROM work.late)),
		links AS (
			SELECT host, count(DISTINCT link) FILTER (late) AS late, count(DISTINCT link) FILTER (NOT late) AS in_time, count(DISTINCT link) FILTER (late AND served) AS served
			FROM told GROUP BY host),
		there AS (SELECT host, dir, file, max(start) AS last FROM told WHERE served GROUP BY ALL)
		SELECT t.host, t.status::INTEGER, count(DISTINCT t.link) FILTER (t.late), count(DISTINCT t.link) FILTER (NOT t.late),
			count(DISTINCT t.link) FILTER (t.late AND f.last >= t.start), any_value(l.late), any_value(l.in_time), any_value(l.served)
		FROM told t JOIN work.late w USING (host, status) JOIN links l USING (host) LEFT JOIN there f USING (host, dir, file)
		GROUP BY t.host, t.status ORDER BY t.host, t.status`, func(scan fetch.Scan) error {
		var l lateAnswer
		err := scan(&l.host, &l.status, &l.late, &l.inTime, &l.lateThere, &l.allLate, &l.allInTime, &l.servedLate)
		if l.proven(&a.Thresholds) {
			proven = append(proven, l)
		}
		return err
	})
	return proven, err
}

// sayLateAnswers says which statuses were learned to be answers to expired links.
func (a *analysis) sayLateAnswers() {
	for _, h := range a.ordered {
		for _, l := range h.lateAnswers {
			a.warnOf("%s: %s is taken for the answer to expired links: %d {link|links} got it after the expiry, and %d of %d before; requests of expired links that got it count as refused",
				h.Name, strconv.Itoa(l.status), l.late, l.inTime, l.allInTime)
		}
	}
}
