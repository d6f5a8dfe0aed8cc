package search

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"ipdrift/detect/judge"
	"ipdrift/ingest/figure"
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
	if r == RecoverNone || r == RecoverNear || r == RecoverFull || r.Sample() > 0 {
		return r, nil
	}
	return "", fmt.Errorf("%q is not none, near, full or sample=N, with N from 1 to %d", text, maxSample)
}

// Sample is how many links of a host are drawn; 0 for none.
func (r Recover) Sample() int {
	text, ok := strings.CutPrefix(string(r), samplePrefix)
	n, err := strconv.Atoi(text)
	if !ok || err != nil || n < 1 || n > maxSample || RecoverSample(n) != r {
		return 0
	}
	return n
}

// Searches reports whether addresses are tried that no request with the link
// has: of hosts whose scheme binds links to any.
func (r *Search) Searches(h *Host) bool { return r.Recover != RecoverNone && h.Stated.Scheme.Binds }

// Draw is the sample of one host.
type Draw struct {
	host         string
	Links, Found int64
}

// drawn searches all of IPv4 for the first links of each host in the order of
// their hashes, which no traffic can choose.
func (r *Search) drawn(ctx context.Context, suspects []*Suspect) {
	size := r.Recover.Sample()
	samples := map[*Host][]*Suspect{}
	searched, most := 0, drawable(suspects, size)
	for _, s := range suspects {
		if s.open() && len(samples[s.Host]) < size && ctx.Err() == nil {
			samples[s.Host] = append(samples[s.Host], s)
			if r.Progress != nil {
				r.Progress(searched, most)
			}
			searched++
			r.everywhere(ctx, s)
		}
	}
	for _, h := range r.Hosts {
		d := Draw{host: h.Name, Links: int64(len(samples[h]))}
		for _, s := range samples[h] {
			if s.Found != nil {
				d.Found++
			}
		}
		if d.Links > 0 {
			r.Draws = append(r.Draws, d)
		}
	}
}

// drawable is how many links are drawn at most, of all hosts.
func drawable(suspects []*Suspect, size int) (n int) {
	of := map[*Host]int{}
	for _, s := range suspects {
		if s.open() && of[s.Host] < size {
			of[s.Host]++
			n++
		}
	}
	return n
}

// Says words what the sample bounds.
func (d Draw) Says() string {
	_, _, high := judge.Wilson(d.Found, d.Links)
	return figure.Sentence("%s: of %d unresolved {link|links} drawn at random and searched through all of IPv4, %d {was|were} signed for another address: at most %.0f %% of the rest can be",
		d.host, d.Links, d.Found, math.Ceil(100*high))
}
