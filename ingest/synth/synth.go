// Package synth writes made-up access logs for benchmarks and tests: players
// that fetch signed segments, and the refusals they meet. The same options give
// the same bytes. What is written is returned as truth, so that an analysis of
// the log can be compared with it. Tokens are signed here, by the Gcore CDN
// recipe (MD5 over expires, path, address, one space, key), with no help from
// the code under test. It is plain and fast; what networks and players do, with
// the decisions that follow, is simulated by package scenario, as in the command
// generate.
package synth

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// Options say what log to write. The zero value of every field but Lines is
// replaced by its default.
type Options struct {
	Seed     uint64
	Lines    int           // exactly this many lines are written
	Hosts    []string      // default cdn.example.com and video.example.com
	Key      string        // secret of all hosts; default "synth-secret"
	Format   string        // "nginx" (combined, host, request time; the default) or "gcore" (raw logs, 50 quoted fields)
	Start    time.Time     // time of the first line; default 2026-11-01 00:00 UTC
	Span     time.Duration // from first to last line; default half a second per line, at most 24 h
	Sessions int           // about this many viewers; default one per 100 lines
	Refused  float64       // share of refused lines aimed at, at most 0.2; default 0.05, none if negative
	IPv6     float64       // share of viewers on IPv6; default 0.1, none if negative
	Hostile  bool          // every line with an address, token, user agent and referer of its own
}

// Stats is the truth about a written log. Verdicts and classes are counted by
// their public words; a word that did not occur is missing.
type Stats struct {
	Lines, Bytes int64
	Statuses     map[int]int64
	Verdicts     map[string]int64 // of every line
	Users        map[string]int   // viewers by class, whatever number of links each had
	// Links counts, by class, the signed links that were served or refused for
	// their address: what can be seen when a token is taken for a user.
	Links map[string]int
	// Reach counts the links with a mismatch by the longest prefix of 24 or 16
	// that all their addresses share with the signing address.
	Reach map[int]int
}

// Write writes a log and returns its truth. Options that make no sense and
// errors of w are returned; after an error of w the truth is of no use. It needs
// no memory that grows with the log.
func Write(w io.Writer, o Options) (Stats, error) {
	if err := o.complete(); err != nil {
		return Stats{}, err
	}
	g := newGenerator(w, o)
	for i := range o.Lines {
		g.line(i)
		if err := g.flush(); err != nil {
			return g.stats(), fmt.Errorf("writing line %d of a made-up log: %w", i+1, err)
		}
	}
	for i := range g.active {
		g.close(&g.active[i])
	}
	return g.stats(), g.out.Flush()
}

func (o *Options) complete() error {
	if o.Lines < 1 {
		return errors.New("a made-up log needs at least one line")
	}
	if o.Refused > 0.2 || o.IPv6 > 1 {
		return errors.New("share of refused lines above 0.2, or of IPv6 above 1")
	}
	if o.Format == "" {
		o.Format = "nginx"
	}
	if o.Format != "nginx" && o.Format != "gcore" {
		return fmt.Errorf("made-up logs come as nginx or gcore, not as %q", o.Format)
	}
	if len(o.Hosts) == 0 {
		o.Hosts = []string{"cdn.example.com", "video.example.com"}
	}
	if o.Key == "" {
		o.Key = "synth-secret"
	}
	if o.Start.IsZero() {
		o.Start = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	}
	if o.Span <= 0 {
		o.Span = min(24*time.Hour, time.Duration(o.Lines)*time.Second/2)
	}
	if o.Sessions <= 0 {
		o.Sessions = max(1, o.Lines/100)
	}
	o.Refused = share(o.Refused, 0.05)
	o.IPv6 = share(o.IPv6, 0.1)
	return nil
}

func share(given, otherwise float64) float64 {
	if given == 0 {
		return otherwise
	}
	return max(0, given)
}

// tempo is the mean time between two requests of one viewer.
const tempo = 4 * time.Second

type generator struct {
	o       Options
	rng     *rand.Rand
	out     *bufio.Writer
	active  []session
	step    time.Duration // between two lines
	perLine odds
	now     time.Time
	clock   clock
	buf     []byte
	sign    signer

	lines, bytes int64
	statuses     [600]int64
	verdicts     [verdicts]int64
	users, links [classes]int
	reach        [33]int
	serial       uint64
}

func newGenerator(w io.Writer, o Options) *generator {
	g := &generator{
		o:       o,
		rng:     rand.New(rand.NewPCG(o.Seed, 0x697064726966742e)),
		out:     bufio.NewWriterSize(w, 1<<18),
		step:    o.Span / time.Duration(o.Lines),
		perLine: oddsOf(o.Refused),
		sign:    signer{key: o.Key},
	}
	g.active = make([]session, min(o.Sessions, max(8, int(tempo/max(1, g.step)))))
	g.now = o.Start.UTC()
	for i := range g.active {
		g.open(&g.active[i])
	}
	return g
}

// line appends line i of the log to the buffer.
func (g *generator) line(i int) {
	g.now = g.o.Start.UTC().Add(time.Duration(i) * g.step)
	s := g.pick()
	g.request(s)
	if s.left <= 0 || g.o.Hostile {
		g.close(s)
		g.open(s)
	}
}

// pick chooses who makes the next request. A viewer whose link expires within
// three seconds waits, so that no line's truth hangs on a rounded clock.
func (g *generator) pick() *session {
	first := g.rng.IntN(len(g.active))
	for i := range g.active {
		s := &g.active[(first+i)%len(g.active)]
		if away := g.now.Unix() - s.expires; away < -3 || away > 3 {
			return s
		}
	}
	return &g.active[first]
}

func (g *generator) flush() error {
	n, err := g.out.Write(g.buf)
	g.lines++
	g.bytes += int64(n)
	g.buf = g.buf[:0]
	return err
}

func (g *generator) stats() Stats {
	s := Stats{
		Lines: g.lines, Bytes: g.bytes,
		Statuses: map[int]int64{}, Verdicts: map[string]int64{},
		Users: map[string]int{}, Links: map[string]int{}, Reach: map[int]int{},
	}
	for status, n := range g.statuses {
		tally(s.Statuses, status, n)
	}
	for v, n := range g.verdicts {
		tally(s.Verdicts, verdictWords[v], n)
	}
	for c := range classes {
		tally(s.Users, classWords[c], g.users[c])
		tally(s.Links, classWords[c], g.links[c])
	}
	for prefix, n := range g.reach {
		tally(s.Reach, prefix, n)
	}
	return s
}

func tally[K comparable, N int | int64](counts map[K]N, key K, n N) {
	if n > 0 {
		counts[key] = n
	}
}
