package format

import "bytes"

// number reads a decimal number below 2^63.
func number(b []byte) (uint64, bool) {
	if len(b) == 0 || len(b) > 19 {
		return 0, false
	}
	if len(b) <= 8 && cap(b) >= 8 {
		return shortNumber(b)
	}
	var n uint64
	for _, c := range b {
		if c -= '0'; c > 9 {
			return 0, false
		} else {
			n = n*10 + uint64(c)
		}
	}
	return n, n < 1<<63
}

// whole reads a number that may have a fraction of zeros: 403.0, as tables that know no integers have it.
func whole(b []byte) (uint64, bool) {
	n, ok := number(b)
	if !ok {
		if dot := bytes.IndexByte(b, '.'); dot > 0 && len(bytes.TrimLeft(b[dot+1:], "0")) == 0 {
			return number(b[:dot])
		}
	}
	return n, ok
}

// seconds reads a decimal number of seconds as µs. A comma may be the decimal mark.
func seconds(b []byte) (int64, bool) {
	if len(b) == 5 && b[1] == '.' { // 0.043, as nginx writes it
		s, tenths, hundredths, thousandths := b[0]-'0', b[2]-'0', b[3]-'0', b[4]-'0'
		if max(s, tenths, hundredths, thousandths) > 9 {
			return 0, false
		}
		return (int64(s)*1000 + int64(tenths)*100 + int64(hundredths)*10 + int64(thousandths)) * 1000, true
	}
	dot := indexByte(b, '.')
	if dot < 0 {
		dot = indexByte(b, ',') // a spreadsheet's, where that is the decimal mark
	}
	if dot < 0 {
		dot = len(b)
	}
	n, ok := number(b[:dot])
	rest, fraction, _ := fractionOf(b[dot:])
	if !ok || len(rest) > 0 || n > 1e9 {
		return 0, false
	}
	return int64(n)*second + fraction, true
}

// sampled reports whether a sampling field says that some requests are missing: 0.1, 10% or one in 10, but not 1 or 100%.
func sampled(b []byte) bool {
	percent := bytes.HasSuffix(b, []byte{'%'})
	v, ok := seconds(bytes.TrimSuffix(b, []byte{'%'}))
	if percent {
		v /= 100
	}
	return ok && v != second && v != 0
}

// fractionOf reads an optional fraction of a second (".043" or ",043"), in µs, and the grain its digits give.
func fractionOf(b []byte) (rest []byte, micros, grain int64) {
	if len(b) < 2 || b[0] != '.' && b[0] != ',' {
		return b, 0, second
	}
	i := 1
	for ; i < len(b) && '0' <= b[i] && b[i] <= '9'; i++ {
		if i < len(grains) {
			micros = micros*10 + int64(b[i]-'0')
		}
	}
	grain = grains[min(i, len(grains))-1]
	return b[i:], micros * grain, grain
}

// grains are the µs that a decimal place of a second stands for, by how many places there are.
var grains = [...]int64{second, second / 10, second / 100, second / 1000, 100, 10, 1}

// clockOf reads the seconds of 15:04:05, a leap second included.
func clockOf(b []byte) (int64, bool) {
	if len(b) < 8 {
		return 0, false
	}
	h, ok1 := pair(b, 0)
	m, ok2 := pair(b, 3)
	s, ok3 := pair(b, 6)
	ok := ok1 && ok2 && ok3 && b[2] == ':' && b[5] == ':' && h < 24 && m < 60 && s <= 60
	return int64(h*3600 + m*60 + s), ok
}

// zoneOf reads the seconds east of UTC in Z, UTC, GMT, +hh:mm, +hhmm or +hh, with a blank before it or not; nothing is UTC.
func zoneOf(b []byte) (int64, bool) {
	b = behind(b, ' ')
	if len(b) == 0 || b[0] != '+' && b[0] != '-' || len(b) < 3 {
		return 0, len(b) == 0 || isUTC(b)
	}
	h, ok := pair(b, 1)
	m, minutes := 0, behind(b[3:], ':')
	if len(minutes) > 0 {
		var two bool
		m, two = pair(minutes, 0)
		ok = ok && two && len(minutes) == 2
	}
	offset := int64(h*3600 + m*60)
	if b[0] == '-' {
		offset = -offset
	}
	return offset, ok && h < 24 && m < 60
}

// behind is what follows a byte, if b begins with it.
func behind(b []byte, c byte) []byte {
	if len(b) > 0 && b[0] == c {
		return b[1:]
	}
	return b
}

func isUTC(b []byte) bool {
	return string(b) == "Z" || string(b) == "z" || string(b) == "UTC" || string(b) == "GMT"
}

// pair reads two digits.
func pair(b []byte, i int) (int, bool) {
	if i+2 > len(b) {
		return 0, false
	}
	hi, lo := b[i]-'0', b[i+1]-'0'
	return int(hi)*10 + int(lo), hi <= 9 && lo <= 9
}

// year reads four digits.
func year(b []byte, i int) (int, bool) {
	hi, ok1 := pair(b, i)
	lo, ok2 := pair(b, i+2)
	return hi*100 + lo, ok1 && ok2
}

// monthOf reads an English month abbreviation; 0 if it is none.
func monthOf(a, b, c byte) int {
	const names = "JanFebMarAprMayJunJulAugSepOctNovDec"
	for m := range 12 {
		if names[m*3] == a && names[m*3+1] == b && names[m*3+2] == c {
			return m + 1
		}
	}
	return 0
}

// dateOf gives the seconds since the epoch at the start of a Gregorian date from 1970 on. Days are counted from the first
// of March, so that the leap day ends the year.
func dateOf(y, m, d int) (int64, bool) {
	if y < 1970 || m < 1 || m > 12 || d < 1 || d > daysIn(y, m) {
		return 0, false
	}
	if m < 3 {
		y, m = y-1, m+12
	}
	days := 365*y + y/4 - y/100 + y/400 + (153*(m-3)+2)/5 + d - 1
	return int64(days-719468) * 86400, true
}

func daysIn(y, m int) int {
	switch m {
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}
