package judge

import (
	"maps"
	"slices"
	"time"

	"ipdrift/detect/finding"
)

// stays is how long users kept the address that they first changed to, until
// they changed again: one stay of each, so that users weigh the same (rule 13).
// One that ends with the user's last request is known to last that long at least
// (Kaplan and Meier 1958). Lengths are kept to two digits.
type stays map[int64]*stay

type stay struct{ ended, all int64 }

func (s *stays) add(us int64, ended bool) {
	n := s.at(twoDigits(us / int64(time.Second/time.Microsecond)))
	n.all++
	if ended {
		n.ended++
	}
}

func (s *stays) at(seconds int64) *stay {
	if *s == nil {
		*s = stays{}
	}
	if (*s)[seconds] == nil {
		(*s)[seconds] = &stay{}
	}
	return (*s)[seconds]
}

func twoDigits(n int64) int64 {
	unit := int64(1)
	for n/unit >= 100 {
		unit *= 10
	}
	return n / unit * unit
}

func (s *stays) absorb(o stays) {
	for seconds, more := range o {
		n := s.at(seconds)
		n.all, n.ended = n.all+more.all, n.ended+more.ended
	}
}

// quartiles of the time until the address changes; nil from where on the log
// follows fewer than least users.
func (s stays) quartiles(least int64) (q finding.Quartiles) {
	atRisk := int64(0)
	for _, n := range s {
		atRisk += n.all
	}
	left := 1.0
	for _, seconds := range slices.Sorted(maps.Keys(s)) {
		n := s[seconds]
		if atRisk < least {
			break
		}
		left *= 1 - float64(n.ended)/float64(atRisk)
		atRisk -= n.all
		reach(&q.Lower, left <= 0.75+rounding, seconds)
		reach(&q.Median, left <= 0.5+rounding, seconds)
		reach(&q.Upper, left <= 0.25+rounding, seconds)
	}
	return q
}

// rounding is what products of shares lose.
const rounding = 1e-9

func reach(to **int64, there bool, seconds int64) {
	if there && *to == nil {
		*to = &seconds
	}
}
