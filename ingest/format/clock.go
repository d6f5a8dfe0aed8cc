package format

import (
	"bytes"
	"time"
)

const (
	second = int64(1e6) // in µs, the unit of every time here
	dayLen = 86400 * second
)

// Time reads a time that a person took from an access log, in UTC: any that moment reads, and 23/11/2026 09:26:12 where a number past
// twelve proves what comes first.
func Time(b []byte) (time.Time, bool) {
	micros, _, ok := moment(b)
	if !ok {
		var seen datesSeen
		seen.note(b)
		micros, _, _, ok = slashed(b, seen.order())
	}
	return time.UnixMicro(micros).UTC(), ok
}

// moment reads any time an access log writes, as µs since the Unix epoch and the grain it was written with:
// CLF (02/Jan/2006:15:04:05 -0700, with or without brackets or a fraction, the day in one digit or two), ISO 8601 (T or blank, any
// fraction; no zone means UTC; the date also as 02.01.2006), the same without marks (20060102150405, 20060102T150405Z), Kibana's,
// those of RFC 1123 and asctime (Mon, 02 Jan 2006 15:04:05 GMT; Mon Jan  2 15:04:05 2006), and
// epoch seconds, milliseconds, microseconds or nanoseconds, told apart by magnitude. A leap second (60) is the next minute's first.
func moment(b []byte) (micros, grain int64, ok bool) {
	b = bareTime(b)
	switch {
	case len(b) >= 20 && b[2] == '/' && b[6] == '/':
		d, ok := pair(b, 0)
		return clfMoment(b[2:], d, ok)
	case len(b) >= 19 && b[1] == '/' && b[5] == '/': // Alibaba
		d, ok := number(b[:1])
		return clfMoment(b[1:], int(d), ok)
	case len(b) >= 19 && (b[4] == '-' && b[7] == '-' || b[4] == '/' && b[7] == '/' || b[2] == '.' && b[5] == '.'):
		return isoMoment(b)
	case len(b) >= 24 && b[3] == ',' && b[4] == ' ':
		return mailMoment(b[5:])
	case len(b) == 24 && b[7] == ' ' && b[19] == ' ':
		return asctimeMoment(b)
	case len(b) >= 21 && b[3] == ' ':
		return kibanaMoment(b)
	case isBare(b):
		return bareMoment(b)
	case len(b) >= 15 && b[8] == 'T':
		return basicMoment(b)
	}
	return epochMoment(b)
}

// isBare tells 20060102150405 from 1795425972.937.
func isBare(b []byte) bool { return len(b) == len("20060102150405") && b[10]-'0' <= 9 }

// bareMoment reads a date and clock of digits alone, as Tencent's CDN writes them. No Unix time of our days has as many.
func bareMoment(b []byte) (int64, int64, bool) {
	y, ok1 := year(b, 0)
	m, ok2 := pair(b, 4)
	d, ok3 := pair(b, 6)
	date, ok4 := dateOf(y, m, d)
	clock, ok5 := clockOf([]byte{b[8], b[9], ':', b[10], b[11], ':', b[12], b[13]})
	return (date + clock) * second, second, ok1 && ok2 && ok3 && ok4 && ok5
}

// basicMoment reads 20060102T150405Z, ISO 8601's basic format.
func basicMoment(b []byte) (int64, int64, bool) {
	var digits [14]byte
	copy(digits[copy(digits[:], b[:8]):], b[9:15])
	micros, _, ok1 := bareMoment(digits[:])
	rest, fraction, grain := fractionOf(b[15:])
	offset, ok2 := zoneOf(rest)
	return micros + fraction - offset*second, grain, ok1 && ok2
}

// mailMoment reads what stands behind the day of the week in Mon, 02 Jan 2006 15:04:05 GMT (RFC 1123, 5.2.14), or +0000.
func mailMoment(b []byte) (int64, int64, bool) {
	blank := indexByte(b, ' ')
	if blank < 1 || blank > 2 || len(b) < blank+len(" Jan 2006 15:04:05 GMT") {
		return 0, 0, false
	}
	d, ok1 := number(b[:blank])
	b = b[blank+1:]
	y, ok2 := year(b, 4)
	clock, ok3 := clockOf(b[9:])
	offset, ok4 := zoneOf(b[17:])
	date, ok5 := dateOf(y, monthOf(b[0], b[1], b[2]), int(d))
	return (date + clock - offset) * second, second, ok1 && ok2 && ok3 && ok4 && ok5 && b[3] == ' ' && b[8] == ' '
}

// asctimeMoment reads Mon Jan  2 15:04:05 2006, which says no zone.
func asctimeMoment(b []byte) (int64, int64, bool) {
	m, d, rest := dayOf(b[4:])
	clock, ok1 := clockOf(rest)
	y, ok2 := year(b, 20)
	date, ok3 := dateOf(y, m, d)
	return (date + clock) * second, second, ok1 && ok2 && ok3
}

// bareTime is a time without the brackets around it, or the priority that syslog puts before it, as in <134>2026-11-23T09:26:12Z.
func bareTime(b []byte) []byte {
	switch {
	case len(b) < 2:
	case b[0] == '[':
		return bytes.TrimSuffix(b[1:], []byte{']'})
	case b[0] == '<':
		return b[1+indexByte(b, '>'):]
	}
	return b
}

// kibanaMoment reads the times of Kibana's exports, which are of the browser's zone and do not say so: Nov 23, 2026 @ 09:26:12.043.
func kibanaMoment(b []byte) (int64, int64, bool) {
	comma := indexByte(b, ',')
	if comma < 5 || comma > 6 || len(b) < comma+len(", 2026 @ 09:26:12") || string(b[comma+6:comma+9]) != " @ " {
		return 0, 0, false
	}
	d, ok1 := number(b[4:comma])
	y, ok2 := year(b, comma+2)
	clock, ok3 := clockOf(b[comma+9:])
	rest, fraction, grain := fractionOf(b[comma+17:])
	date, ok4 := dateOf(y, monthOf(b[0], b[1], b[2]), int(d))
	return (date+clock)*second + fraction, grain, ok1 && ok2 && ok3 && ok4 && len(rest) == 0 && b[comma+1] == ' '
}

// clfMoment reads what stands behind the day.
func clfMoment(b []byte, d int, ok1 bool) (int64, int64, bool) {
	m := monthOf(b[1], b[2], b[3])
	y, ok2 := year(b, 5)
	clock, ok3 := clockOf(b[10:])
	rest, fraction, grain := b[18:], int64(0), second
	if len(rest) > 0 && rest[0] == '.' {
		rest, fraction, grain = fractionOf(rest)
	}
	offset, ok4 := zoneOf(rest)
	date, ok5 := dateOf(y, m, d)
	ok := ok1 && ok2 && ok3 && ok4 && ok5 && (b[9] == ':' || b[9] == ' ')
	return (date+clock-offset)*second + fraction, grain, ok
}

func isoMoment(b []byte) (int64, int64, bool) {
	date, ok := isoDate(b)
	if b[2] == '.' {
		date, ok = dottedDate(b)
	}
	clock, ok2 := clockOf(b[11:])
	rest, fraction, grain := fractionOf(b[19:])
	offset, ok3 := zoneOf(rest)
	ok = ok && ok2 && ok3 && (b[10] == 'T' || b[10] == 't' || b[10] == ' ')
	return (date+clock-offset)*second + fraction, grain, ok
}

// dottedDate reads the date of 23.11.2026 09:26:12, as spreadsheets write it where days come first.
func dottedDate(b []byte) (int64, bool) {
	d, ok1 := pair(b, 0)
	m, ok2 := pair(b, 3)
	y, ok3 := year(b, 6)
	date, ok4 := dateOf(y, m, d)
	return date, ok1 && ok2 && ok3 && ok4
}

// isoDate reads the seconds since the epoch of the date that b begins with.
func isoDate(b []byte) (int64, bool) {
	if len(b) < 10 {
		return 0, false
	}
	y, ok1 := year(b, 0)
	m, ok2 := pair(b, 5)
	d, ok3 := pair(b, 8)
	date, ok4 := dateOf(y, m, d)
	return date, ok1 && ok2 && ok3 && ok4
}

func epochMoment(b []byte) (int64, int64, bool) {
	digits := 0
	for digits < len(b) && '0' <= b[digits] && b[digits] <= '9' {
		digits++
	}
	n, ok := number(b[:digits])
	rest, fraction, grain := fractionOf(b[digits:])
	if !ok || len(rest) > 0 {
		return 0, 0, false
	}
	switch v := int64(n); digits { // from 2001 to 2286: any other is a number, not a time
	case 10:
		return v*second + fraction, grain, v >= 1e9
	case 13:
		return v*1000 + fraction/1000, max(grain/1000, 1), v >= 1e12
	case 16:
		return v, 1, v >= 1e15
	case 19:
		return v / 1000, 1, v >= 1e18
	}
	return 0, 0, false
}

// undated reads a time without a year: as syslog writes it (Nov 23 09:26:12, Nov  3 09:26:12.043, behind its <190> or not) or as
// %d/%b does (23/Nov:09:26:12), with a zone or none. It is in the last year in which it is not after latest, in µs.
func undated(b []byte, latest int64) (micros, grain int64, ok bool) {
	m, d, rest := dayOf(b)
	clock, ok := clockOf(rest)
	if m == 0 || !ok {
		return 0, 0, false
	}
	rest, fraction, grain := fractionOf(rest[8:])
	offset, ok := zoneOf(rest)
	last := time.UnixMicro(latest).UTC().Year()
	for y := last; ok && y > last-9; y-- { // 29 February is as rare as this, around 1900 and 2100
		if date, is := dateOf(y, m, d); is {
			if micros = (date+clock-offset)*second + fraction; micros <= latest {
				return micros, grain, true
			}
		}
	}
	return 0, 0, false
}

// dayOf reads the month and day of a time without a year; month 0 if it is none. The clock stands behind them.
func dayOf(b []byte) (month, day int, clock []byte) {
	b = bareTime(b)
	switch {
	case len(b) < 14:
	case b[2] == '/' && (b[6] == ':' || b[6] == ' '):
		if d, ok := pair(b, 0); ok {
			return monthOf(b[3], b[4], b[5]), d, b[7:]
		}
	case b[3] == ' ':
		month, b = monthOf(b[0], b[1], b[2]), bytes.TrimPrefix(b[4:], []byte{' '})
		if blank := indexByte(b, ' '); blank == 1 || blank == 2 {
			if d, ok := number(b[:blank]); ok {
				return month, int(d), b[blank+1:]
			}
		}
	}
	return 0, 0, nil
}

// zoneless reports whether a date and clock name no zone, and are read as UTC.
func zoneless(b []byte) bool {
	b = bareTime(b)
	if len(b) == 0 || b[len(b)-1] < '0' || b[len(b)-1] > '9' {
		return false
	}
	if m, _, rest := dayOf(b); m > 0 && len(rest) >= 8 {
		rest, _, _ = fractionOf(rest[8:])
		return len(rest) == 0
	}
	if _, _, ok := moment(b); !ok || len(b) < 19 {
		return ok && (isBare(b) || len(b) == len("20060102T150405"))
	}
	if b[3] == ' ' { // Kibana's
		return true
	}
	clock := 19 // where the seconds end
	switch {
	case b[2] == '/':
		clock = 20
	case b[1] == '/':
	case b[4] != '-' && b[4] != '/' && b[2] != '.':
		return false
	}
	rest, _, _ := fractionOf(b[clock:])
	return len(rest) == 0
}
