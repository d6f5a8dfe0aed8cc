package search

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"testing"

	"ipdrift/token"
)

// TestSamplesOfManyHosts: anybody can make up hosts, so where these are too many for a step, those that most
// clients asked are searched.
func TestSamplesOfManyHosts(t *testing.T) {
	r := &Search{Threads: 2, Limits: DefaultLimits()}
	var suspects []*Suspect
	for i, askers := range []float64{1, 5, 1, 9} {
		h := &Host{Place: uint32(i), Askers: askers}
		h.Stated.Scheme = token.Schemes()[0]
		r.Hosts = append(r.Hosts, h)
		suspects = append(suspects, &Suspect{Host: h, Clients: []netip.Addr{netip.MustParseAddr("203.0.113.7")}})
	}
	for links, want := range map[int][]float64{0: nil, 1: {9}, 2: {5, 9}, 3: {1, 5, 9}, 5: {1, 1, 5, 9}} {
		var mu sync.Mutex
		var got []float64
		r.sampledWithin(context.Background(), links<<16, 10, suspects, nil, func(_ *Finder, s *Suspect) {
			mu.Lock()
			got = append(got, s.Host.Askers)
			mu.Unlock()
		})
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("room for %d links: hosts of %v clients searched, want %v", links, got, want)
		}
	}
}
