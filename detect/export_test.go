package detect

import (
	"context"
	"errors"
	"testing"

	"ipdrift/detect/spill"
	"ipdrift/ingest"
)

// TestMain spares each test the large private network.
func TestMain(m *testing.M) {
	privateNets = privateNets[:2]
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
	return len(a.film.links.Held()) + len(a.clients.list.Held()) + len(a.clients.long.Held()), err
}

// Meagre lets an analysis hold next to nothing at once, until the function that it
// returns is called: as it does with what is large.
func Meagre() (enough func()) {
	large, words, uses, refusals := largeLog, spill.FewTexts, mostUses, mostLapses
	denied, outside, failed, trends, held, usages := deniedAtOnce, outsideAtOnce, failedClients, trendsAtOnce, heldBack, usagesAtOnce
	roll, rolls, block, long, frames, strips, more := rollFrames, mostRolls, blockFrames, longRoll, cutFrames, cutStrips, mostMore
	largeLog, spill.FewTexts, mostUses, mostLapses = 700, 0, 20, 20
	deniedAtOnce, outsideAtOnce, failedClients, trendsAtOnce, heldBack, spoil, usagesAtOnce = 1, 1, 1, 1, 3, true, 1
	rollFrames, mostRolls, blockFrames, longRoll, cutFrames, cutStrips, mostMore = 100, 10, 3, 20, 30, 5, 2
	return func() {
		largeLog, spill.FewTexts, mostUses, mostLapses = large, words, uses, refusals
		deniedAtOnce, outsideAtOnce, failedClients, trendsAtOnce, heldBack, spoil, usagesAtOnce = denied, outside, failed, trends, held, false, usages
		rollFrames, mostRolls, blockFrames, longRoll, cutFrames, cutStrips, mostMore = roll, rolls, block, long, frames, strips, more
	}
}

// Small lets full searches try the first networks alone, until the function that it returns
// is called.
func Small() (enough func()) {
	all := allNetworks
	allNetworks = 1<<8 + 2 // 1.0.0.0/16 and 1.1.0.0/16
	return func() { allNetworks = all }
}

// Rest lets a step of the search try so many candidates beyond the samples, until the
// function that it returns is called.
func Rest(candidates int) (enough func()) {
	before := restBudget
	restBudget = candidates
	return func() { restBudget = before }
}
