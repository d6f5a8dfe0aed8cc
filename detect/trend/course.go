package trend

import (
	"slices"
	"sort"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/detect/history"
	"ipdrift/ingest"
)

// Steps is how many steps a time is cut into, at most.
const Steps = 144

// Course is the requests of some hosts over time; nil follows nothing.
type Course struct {
	step, from int64 // seconds, and steps since 1970
	steps      int
	hosts      []string
	places     []int       // of the hosts, by outcome; -1: of none of them
	requests   [][]int64   // by host and step
	refused    [][][]int64 // by host, cause and step; nil: none
}

// New makes a course in steps of some seconds, from a time to another one, in Unix seconds. places are those
// of outcomes in hosts, or -1.
func New(step, first, last int64, hosts []string, places []int) *Course {
	c := &Course{step: step, from: first / step, steps: int(last/step-first/step) + 1, hosts: hosts, places: places}
	return c.Blank()
}

// Step is the shortest of some lengths of a step, in seconds, in which a span of time has few enough; ok
// reports whether there is one.
func Step(lengths []int64, first, last int64) (step int64, ok bool) {
	i := slices.IndexFunc(lengths, func(length int64) bool { return last/length-first/length < Steps })
	if i < 0 {
		return 0, false
	}
	return lengths[i], true
}

// Blank returns the same course without its requests.
func (c *Course) Blank() *Course {
	if c == nil {
		return nil
	}
	b := *c
	b.requests, b.refused = make([][]int64, len(c.hosts)), make([][][]int64, len(c.hosts))
	for i := range b.requests {
		b.requests[i], b.refused[i] = make([]int64, c.steps), make([][]int64, len(ingest.Causes())+1)
	}
	return &b
}

func (c *Course) at(step int) time.Time { return time.Unix((c.from+int64(step))*c.step, 0).UTC() }

// Add counts the requests of a stretch, unless its host or its time is not followed.
func (c *Course) Add(t []history.Request) {
	if c == nil || c.places[t[0].Outcome] < 0 {
		return
	}
	host, cause := c.places[t[0].Outcome], t[0].Cause
	for len(t) > 0 {
		at, n := t[0].Start/(c.step*1e6), len(t)
		if t[n-1].Start/(c.step*1e6) != at {
			n = sort.Search(n, func(i int) bool { return t[i].Start/(c.step*1e6) > at })
		}
		t = t[n:]
		if at -= c.from; at < 0 || at >= int64(c.steps) {
			continue
		}
		c.requests[host][at] += int64(n)
		if cause == 0 {
			continue
		}
		if c.refused[host][cause] == nil {
			c.refused[host][cause] = make([]int64, c.steps)
		}
		c.refused[host][cause][at] += int64(n)
	}
}

// Join adds the requests of another course of the same hosts.
func (c *Course) Join(o *Course) {
	if c == nil {
		return
	}
	for i := range c.hosts {
		addAll(&c.requests[i], o.requests[i])
		for cause := range c.refused[i] {
			addAll(&c.refused[i][cause], o.refused[i][cause])
		}
	}
}

func addAll(to *[]int64, counts []int64) {
	if *to == nil {
		*to = counts
		return
	}
	for i, n := range counts {
		(*to)[i] += n
	}
}

// OverTime returns the refusals as the report has them.
func (c *Course) OverTime() *finding.OverTime {
	out := &finding.OverTime{From: c.at(0), Step: c.step, ByHost: map[string]map[string][]int64{}}
	for i, name := range c.hosts {
		for cause, word := range ingest.Causes() {
			if counts := c.refused[i][cause+1]; counts != nil {
				if out.ByHost[name] == nil {
					out.ByHost[name] = map[string][]int64{}
				}
				out.ByHost[name][word] = counts
			}
		}
	}
	return out
}

// What is worth following.
const (
	fewRefusals = 20 // of one cause on one host
	fewRequests = 20 // of an operator that counts as seen
)

// Trends are the refusals of each cause on each host, if they are not few, with when they began. doubtful: how the
// log looks is no evidence of that.
func (c *Course) Trends(doubtful bool) (all []finding.Trend) {
	for i, name := range c.hosts {
		for cause, word := range ingest.Causes() {
			refused := c.refused[i][cause+1]
			if sum(refused) < fewRefusals {
				continue
			}
			t := finding.Trend{Host: name, Cause: word, From: c.at(0), Step: c.step, Refused: refused, Requests: c.requests[i]}
			if b, ok := Began(t.Refused, t.Requests); ok && !doubtful {
				t.Began = &finding.Beginning{At: c.at(b.At), Low: c.at(b.From), High: c.at(b.To), Before: b.Before, After: b.After}
			}
			all = append(all, t)
		}
	}
	return all
}

func sum(counts []int64) (n int64) {
	for _, one := range counts {
		n += one
	}
	return n
}
