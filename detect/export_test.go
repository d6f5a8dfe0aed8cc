package detect

import (
	"context"
	"errors"

	"ipdrift/detect/history"
	"ipdrift/detect/search"
	"ipdrift/ingest"
)

// Quick are the options with a search that spares the large private network, and what else
// change makes of its limits; nil: nothing.
func (o Options) Quick(change func(*search.Limits)) Options {
	o.limits = defaultLimits()
	o.limits.search.Private = o.limits.search.Private[:2]
	if change != nil {
		change(&o.limits.search)
	}
	return o
}

// OneByOne are the options of [Options.Quick] with no more hosts than n that are judged by themselves.
func (o Options) OneByOne(n int) Options {
	o.limits.hosts = n
	return o
}

// Meagre are the options of [Options.Quick] with next to nothing that is held at once, as it is of
// what is large; what is done with is lost.
func (o Options) Meagre() Options {
	l := o.limits
	l.large, l.heldBack, l.usages, l.failed, l.uses, l.lapses, l.denied, l.trends, l.crowds = 700, 3, 1, 1, 20, 20, 1, 1, 1
	l.history = history.Sizes{Section: 100, Sections: 10, Block: 3, Long: 20, BatchRequests: 30, BatchGroups: 5, More: 2, Spoil: true}
	return o
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
	return inTurn(ctx, a.readOutcomes, a.readGrains, a.readHistory, a.overlook)
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
	err = inTurn(ctx, a.readOutcomes, a.readGrains, a.readHistory)
	return len(a.history.Links.Held()) + a.clients.Held(), err
}
