package detect_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ipdrift/token"
)

// TestRule02LearnsTheAnswerToExpiredLinks: 40 links in time and 30 long expired, which all get
// one status. It is the host's answer to these, unless links in time get it, too, some
// are served after their expiry, or it is 404 and nobody else got the file afterwards.
func TestRule02LearnsTheAnswerToExpiredLinks(t *testing.T) {
	for name, c := range map[string]struct {
		status, late     int
		inTime, servedTo int // links in time with that status, and late ones that are served
		there            bool
		want             int64
	}{
		"401":                         {status: 401, late: 30, want: 30},
		"a redirect":                  {status: 302, late: 30, want: 30},
		"too many requests":           {status: 429, late: 30, want: 30},
		"too few":                     {status: 401, late: 29},
		"links in time get it":        {status: 302, late: 30, inTime: 1},
		"late ones are served":        {status: 401, late: 30, servedTo: 1},
		"a missing file":              {status: 404, late: 30},
		"a file that others get":      {status: 404, late: 30, there: true, want: 30},
		"a client that was gone":      {status: 499, late: 30},
		"a range past the end":        {status: 416, late: 30, there: true},
		"a server that does not work": {status: 503, late: 30},
	} {
		var l little
		l.audience(video, 40)
		get := func(i int, link string, status int, at time.Duration) {
			l.add(entry{host: video.host, target: link, ip: stranger(i), status: status, at: time.Minute + at})
		}
		for i := range c.late {
			get(100+i, video.until(fmt.Sprintf("/late/%d/seg1.ts", i), stranger(100+i), past), c.status, 0)
			if c.there {
				get(200+i, video.link(fmt.Sprintf("/late/%d/seg1.ts", i), stranger(200+i)), 200, time.Second)
			}
		}
		for i := range c.inTime {
			get(300+i, video.link("/film/seg1.ts", stranger(300+i)), c.status, 0)
		}
		for i := range c.servedTo {
			get(400+i, video.until("/film/seg1.ts", stranger(400+i), past), 200, 0)
		}
		get(500, fmt.Sprintf("/film/seg1.ts?md5=%s&expires=%d", strings.Repeat("A", 22), later), c.status, 0)
		get(501, "/film/seg1.ts", c.status, 0)
		tr := l.try(t, settings{twice: true})
		if tr.Denials.Total != c.want || tr.Denials.ByCause["expired"] != c.want {
			t.Errorf("%s: %d refusals, %v; want %d expired", name, tr.Denials.Total, tr.Denials.ByCause, c.want)
		}
		learned := strings.Contains(strings.Join(tr.Warnings, "\n"), fmt.Sprintf("cdn.test: %d is taken for the answer to expired links: 30 links got it after the expiry, and 0 of", c.status))
		if status := tr.host(t, video.host).Policy.Expired; learned != (c.want > 0) || learned != (len(status) == 1 && status[0] == c.status) {
			t.Errorf("%s: said %v, policy %v: %q", name, learned, status, tr.Warnings)
		}
	}
}

// TestRule02LearnsWithoutRequestTimes: an error is written at once, so its time is that of the
// request, though the log (nginx's combined) does not say how long it took.
func TestRule02LearnsWithoutRequestTimes(t *testing.T) {
	var l little
	l.audience(video, 40)
	for i := range 30 {
		l.get(video, video.until(fmt.Sprintf("/late/%d/seg1.ts", i), stranger(100+i), past), stranger(100+i), 401)
	}
	tr := tryText(t, l.text(func(e entry) string {
		return fmt.Sprintf("%s - - [%s] \"%s %s HTTP/1.1\" %d 100 \"-\" \"%s\"\n", e.ip, e.when(), e.method, e.target, e.status, e.agent)
	}), settings{})
	if n := tr.Denials.ByCause["expired"]; n != 30 {
		t.Errorf("%d expired, want 30: %q", n, tr.Warnings)
	}
}

// TestRule02LateAnswersOfACaseThatGrows: 40 links in time and 30 late ones that get 401 teach
// it. Five more late ones count with them; then 30 links in time that get 401, too, show
// that it is no answer to the expiry, of the links that were there before either.
func TestRule02LateAnswersOfACaseThatGrows(t *testing.T) {
	db := t.TempDir() + "/case.duckdb"
	late := func(l *little, from, to int) {
		for i := from; i < to; i++ {
			l.get(video, video.until(fmt.Sprintf("/late/%d/seg1.ts", i), stranger(i), past), stranger(i), 401)
		}
	}
	var first, second, third little
	first.audience(video, 40)
	late(&first, 100, 130)
	late(&second, 130, 135)
	for i := range 30 {
		third.get(video, video.link("/film/seg1.ts", stranger(200+i)), stranger(200+i), 401)
	}
	for i, step := range []struct {
		log  *little
		want int64
	}{{&first, 30}, {&second, 35}, {&third, 0}} {
		tr := tryFiles(t, settings{db: db, files: []string{write(t, fmt.Sprintf("log%d", i), step.log.text(entry.text))}})
		if n := tr.Denials.Total; n != step.want || tr.Denials.ByCause["expired"] != step.want {
			t.Errorf("after log %d: %d refusals, %v; want %d expired", i, n, tr.Denials.ByCause, step.want)
		}
		if err := tr.store.Keep(); err != nil {
			t.Fatal(err)
		}
		if err := tr.store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRule02NamesAStatedAnswerThatIsNot: 30 links are refused with 403 after their expiry, and one as it is stated.
func TestRule02NamesAStatedAnswerThatIsNot(t *testing.T) {
	for name, c := range map[string]struct {
		stated       uint16
		links, alike int
		want         bool
	}{
		"another":           {410, 30, 0, true},
		"too few":           {410, 29, 0, false},
		"the one":           {403, 30, 0, false},
		"some get it":       {410, 30, 1, false},
		"nothing is stated": {0, 30, 0, false},
	} {
		var l little
		l.audience(video, 40)
		for i := range c.links + c.alike {
			status := 403
			if i >= c.links {
				status = int(c.stated)
			}
			l.get(video, video.until(fmt.Sprintf("/late/%d/seg1.ts", i), stranger(100+i), past), stranger(100+i), status)
		}
		tr := l.try(t, settings{stated: token.Resource{Expired: c.stated}})
		said := strings.Contains(strings.Join(tr.Warnings, "\n"), "cdn.test: --config states that expired links are answered 410 (expired_status), but 30 of 30 that were refused got 403: correct the configuration")
		if said != c.want {
			t.Errorf("%s: said %t: %q", name, said, tr.Warnings)
		}
	}
}
