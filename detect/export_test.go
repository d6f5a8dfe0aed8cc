package detect

import (
	"context"
	"errors"

	"ipdrift/ingest"
)

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

// Meagre lets an analysis hold next to nothing at once, until the function that it
// returns is called: as it does with what is large.
func Meagre() (enough func()) {
	few, shot, visits, large := fewFrames, shotFrames, manyVisits, largeLog
	fewFrames, shotFrames, manyVisits, largeLog = 0, 50, 20, 700
	return func() { fewFrames, shotFrames, manyVisits, largeLog = few, shot, visits, large }
}
