package detect

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"ipdrift/detect/judge"
	"ipdrift/ingest/format"
)

// Recover says how far to search for the address a link was signed for: one of
// the constants, or [RecoverSample].
type Recover string

// The extents of the search.
const (
	RecoverNone Recover = "none" // other requests with the same token only
	RecoverNear Recover = "near" // addresses in the log, and the /24 and /16 around the request
	RecoverFull Recover = "full" // then all of IPv4
)

// maxSample is the largest sample: the search takes up to a minute a link.
const maxSample = 10_000

const samplePrefix = "sample="

// RecoverSample is RecoverNear, and then all of IPv4 for n links of each host
// that are left over, drawn at random.
func RecoverSample(n int) Recover { return Recover(samplePrefix + strconv.Itoa(n)) }

// ParseRecover reads none, near, full or sample=N.
func ParseRecover(text string) (Recover, error) {
	r := Recover(text)
	if r == RecoverNone || r == RecoverNear || r == RecoverFull || r.sample() > 0 {
		return r, nil
	}
	return "", fmt.Errorf("%q is not none, near, full or sample=N, with N from 1 to %d", text, maxSample)
}

// sample is how many links of a host are drawn; 0 for none.
func (r Recover) sample() int {
	text, ok := strings.CutPrefix(string(r), samplePrefix)
	n, err := strconv.Atoi(text)
	if !ok || err != nil || n < 1 || n > maxSample || RecoverSample(n) != r {
		return 0
	}
	return n
}

// searches tells whether addresses are tried that no request with the link
// has: of hosts whose scheme binds links to any.
func (a *analysis) searches(h *host) bool { return a.Recover != RecoverNone && h.stated.Scheme.Binds }

// draw is the sample of one host.
type draw struct {
	host         string
	links, found int64
}

// drawn searches all of IPv4 for the first links of each host in the order of
// their hashes, which no traffic can choose.
func (a *analysis) drawn(ctx context.Context, suspects []*suspect) {
	size := a.Recover.sample()
	samples := map[*host][]*suspect{}
	searched, most := 0, drawable(suspects, size)
	for _, s := range suspects {
		if s.found == nil && !s.skipped && len(samples[s.host]) < size && ctx.Err() == nil {
			samples[s.host] = append(samples[s.host], s)
			if a.Searching != nil {
				a.Searching(searched, most)
			}
			searched++
			a.everywhere(ctx, s)
		}
	}
	for _, name := range a.names {
		d := draw{host: name, links: int64(len(samples[a.hosts[name]]))}
		for _, s := range samples[a.hosts[name]] {
			if s.found != nil {
				d.found++
			}
		}
		if d.links > 0 {
			a.draws = append(a.draws, d)
		}
	}
}

// drawable is how many links are drawn at most, of all hosts.
func drawable(suspects []*suspect, size int) (n int) {
	of := map[*host]int{}
	for _, s := range suspects {
		if s.found == nil && !s.skipped && of[s.host] < size {
			of[s.host]++
			n++
		}
	}
	return n
}

// says words what the sample bounds.
func (d draw) says() string {
	_, _, high := judge.Wilson(d.found, d.links)
	return format.Sentence("%s: of %d unresolved {link|links} drawn at random and searched through all of IPv4, %d {was|were} signed for another address: at most %.0f %% of the rest can be",
		d.host, d.links, d.found, math.Ceil(100*high))
}
