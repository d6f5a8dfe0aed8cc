package detect

import (
	"context"
	"errors"
	"testing"

	"ipdrift/detect/history"
	"ipdrift/detect/search"
	"ipdrift/detect/spill"
	"ipdrift/ingest"
)

// TestMain spares each test the large private network.
func TestMain(m *testing.M) {
	search.PrivateNets = search.PrivateNets[:2]
	m.Run()
}

// Group takes the first steps of Analyze: requests are grouped into visits, and
// all links are looked over once.
func Group(ctx context.Context, s *ingest.Store, loaded *ingest.Loaded, o Options) (err error) {
	a := newAnalysis(s, loaded, o)
	end, err := a.begin(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	if err := a.group(ctx); err != nil {
		return err
	}
	return a.overlook(ctx)
}

// HeldByGroup is how many links and clients a case has in memory once its requests are
// grouped.
func HeldByGroup(ctx context.Context, s *ingest.Store, loaded *ingest.Loaded, o Options) (n int, err error) {
	a := newAnalysis(s, loaded, o)
	end, err := a.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, end()) }()
	err = a.group(ctx)
	return len(a.history.Links.Held()) + a.clients.Held(), err
}

// Meagre lets an analysis hold next to nothing at once, until the function that it
// returns is called: as it does with what is large.
func Meagre() (enough func()) {
	requests, texts := history.Meagre(), spill.Meagre()
	large, uses, refusals := largeLog, mostUses, mostLapses
	denied, outside, failed, trends, held, usages := deniedAtOnce, outsideAtOnce, failedClients, trendsAtOnce, heldBack, usagesAtOnce
	largeLog, mostUses, mostLapses = 700, 20, 20
	deniedAtOnce, outsideAtOnce, failedClients, trendsAtOnce, heldBack, usagesAtOnce = 1, 1, 1, 1, 3, 1
	return func() {
		requests()
		texts()
		largeLog, mostUses, mostLapses = large, uses, refusals
		deniedAtOnce, outsideAtOnce, failedClients, trendsAtOnce, heldBack, usagesAtOnce = denied, outside, failed, trends, held, usages
	}
}

// Small lets full searches try the first networks alone, until the function that it returns
// is called.
func Small() (enough func()) {
	all := search.AllNetworks
	search.AllNetworks = 1<<8 + 2 // 1.0.0.0/16 and 1.1.0.0/16
	return func() { search.AllNetworks = all }
}

// Rest lets a step of the search try so many candidates beyond the samples, until the
// function that it returns is called.
func Rest(candidates int) (enough func()) {
	before := search.RestBudget
	search.RestBudget = candidates
	return func() { search.RestBudget = before }
}
