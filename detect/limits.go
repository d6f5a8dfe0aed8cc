package detect

import (
	"ipdrift/detect/history"
	"ipdrift/detect/search"
)

// limits bound what the steps hold at once, and what the search tries.
type limits struct {
	hosts    int   // that are judged one by one: each takes 10 KiB and 1 ms
	large    int64 // requests of a log, from which on steps wait for each other, so that each has all of the memory
	heldBack int   // what a goroutine has found before it shares it with the others
	usages   int64 // keys and bindings that are followed, about, in 14 KiB each
	failed   int64 // clients of hosts whose calibration fails, about
	uses     int   // of a link by a user agent in a directory, of 72 bytes
	lapses   int   // of users, of 60 bytes
	denied   int64 // networks that refusals came from, about
	trends   int   // whose network operators are counted
	crowds   int64 // bytes that the clients of some hosts take
	history  history.Sizes
	search   search.Limits
}

func defaultLimits() *limits {
	return &limits{
		hosts: 10_000, large: 8 << 20, heldBack: 1 << 12, usages: 4096, failed: 1 << 21, uses: 1 << 20, lapses: 1 << 20, denied: 1 << 19, trends: 32, crowds: 32 << 20,
		history: history.DefaultSizes(), search: search.DefaultLimits(),
	}
}
