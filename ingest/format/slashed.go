package format

// dateOrder tells what comes first in 03/11/2026.
type dateOrder uint8

const (
	eitherFirst dateOrder = iota // not known: such a date is no time unless both are the same, as in 11/11/2026
	dayFirst
	monthFirst
)

// slashDate is a date of which only a year of four digits is known for certain.
type slashDate struct {
	first, second, year int
	short               bool // the year had two digits
}

// slashDateOf reads the date that b begins with: numbers of one or two digits, and a year of four or, of this century, two.
func slashDateOf(b []byte) (d slashDate, rest []byte, ok bool) {
	var part [3]int
	for i := range part {
		n := 0
		for n < len(b) && b[n]-'0' <= 9 {
			n++
		}
		last := i == len(part)-1
		if n == 0 || n > 2 && !(last && n == 4) || !last && (n == len(b) || b[n] != '/') {
			return d, nil, false
		}
		number, _ := number(b[:n])
		if part[i] = int(number); last {
			if n == 2 {
				part[i] += 2000
			}
			return slashDate{part[0], part[1], part[2], n == 2}, b[n:], true
		}
		b = b[n+1:]
	}
	return d, nil, false
}

// in gives the seconds since the epoch of the date's start.
func (d slashDate) in(order dateOrder) (int64, bool) {
	switch order {
	case dayFirst:
		return dateOf(d.year, d.second, d.first)
	case monthFirst:
		return dateOf(d.year, d.first, d.second)
	}
	if d.first != d.second || d.short {
		return 0, false
	}
	return dateOf(d.year, d.first, d.second)
}

// slashed reads the times of spreadsheets and of people's browsers, in µs: 23/11/2026 09:26:12, 11/23/2026, 9:26:12 AM. The last
// result but one says that no zone stands behind it.
func slashed(b []byte, order dateOrder) (micros, grain int64, local, ok bool) {
	d, b, ok1 := slashDateOf(bareTime(b))
	date, ok2 := d.in(order)
	b = behind(behind(b, ','), ' ')
	if !ok1 || !ok2 || len(b) < len("9:26:12") {
		return 0, 0, false, false
	}
	clock, rest, ok := slashClock(b)
	rest, fraction, grain := fractionOf(rest)
	if half := behind(rest, ' '); len(half) >= 2 && (half[0]|0x20 == 'a' || half[0]|0x20 == 'p') && half[1]|0x20 == 'm' {
		clock, ok = afternoon(clock, half[0]|0x20 == 'p', ok)
		rest = half[2:]
	}
	offset, ok3 := zoneOf(rest)
	return (date+clock-offset)*second + fraction, grain, len(rest) == 0, ok && ok3
}

// slashClock reads a clock whose hour may have one digit.
func slashClock(b []byte) (clock int64, rest []byte, ok bool) {
	var padded [8]byte
	n := len(padded)
	if b[1] == ':' {
		n--
	}
	if len(b) < n {
		return 0, nil, false
	}
	padded[0] = '0'
	copy(padded[len(padded)-n:], b)
	clock, ok = clockOf(padded[:])
	return clock, b[n:], ok
}

// afternoon turns the seconds of a clock of twelve hours into those of the day.
func afternoon(clock int64, pm, ok bool) (int64, bool) {
	const hour = 3600
	h := clock / hour
	if h == 12 {
		clock -= 12 * hour
	}
	if pm {
		clock += 12 * hour
	}
	return clock, ok && h >= 1 && h <= 12
}

// isSlashed reports whether slashed can read a time in one order of day and month or the other.
func isSlashed(b []byte) bool {
	_, _, _, days := slashed(b, dayFirst)
	_, _, _, months := slashed(b, monthFirst)
	return days || months
}

// datesSeen counts the dates of a sample that prove what comes first in them: a number past twelve is no month. In 26/11/23, the year may
// be first.
type datesSeen struct{ days, months int }

func (s *datesSeen) note(b []byte) {
	d, _, ok := slashDateOf(bareTime(b))
	if !ok {
		return
	}
	if _, ok := d.in(monthFirst); !ok && !d.short {
		s.days++
	}
	if _, ok := d.in(dayFirst); !ok {
		s.months++
	}
}

func (s *datesSeen) order() dateOrder {
	switch {
	case s.days > 0 && s.months == 0:
		return dayFirst
	case s.months > 0 && s.days == 0:
		return monthFirst
	}
	return eitherFirst
}
