package ingest

// Late says where a request's start lies against its link's expiry, as far
// as the log's resolution tells.
type Late uint8

// The states, in the order of time. An edge accepts a link up to and with the
// second of its expiry (nginx: expires < now is late).
const (
	InTime     Late = iota
	NearExpiry      // in time, by at most uncertain seconds
	AtExpiry        // before or after: the log's resolution does not tell
	JustLate        // late, by at most uncertain seconds
	TooLate
)

// uncertain is the difference of clocks, in seconds, that signer and edge are
// granted before a verdict counts as certain (rules of evidence, 7).
const uncertain = 2

// lateness compares the span in which the edge looked at its clock with a
// deadline. from and to are µs since the Unix epoch, deadline Unix seconds;
// the edge compares whole seconds.
func lateness(from, to, deadline int64) Late {
	first, last := floorSecond(from), floorSecond(to)
	switch {
	case last <= deadline && deadline-last < uncertain:
		return NearExpiry
	case last <= deadline:
		return InTime
	case first <= deadline:
		return AtExpiry
	case first-deadline <= uncertain:
		return JustLate
	}
	return TooLate
}

// longestAnswer is how long a response of so many bytes may take, µs: five minutes
// until it begins, then 1 kB/s, which is less than any media needs to play; an
// hour where the bytes are not known.
func longestAnswer(bytes int64) int64 {
	const second, endless = 1_000_000, 1 << 62
	if bytes < 0 {
		return 3600 * second
	}
	return min(300+bytes/1000, endless/second) * second
}

func floorSecond(us int64) int64 {
	s := us / 1e6
	if us%1e6 < 0 {
		s--
	}
	return s
}
