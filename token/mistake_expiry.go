package token

import "strconv"

const (
	fineExpiry      = 1e11        // Unix seconds from here on (the year 5138) are milliseconds or finer units
	longestDuration = 315_360_000 // ten years: a smaller expiry is a duration, not a time
	signingWindow   = 300         // seconds between signing and request that relativeSent searches
	clockSkew       = 5           // seconds by which the signer's clock may be ahead of the edge's
)

// withExpiry tries another number of seconds as the expiry.
func (e *Examiner) withExpiry(seconds int64) bool {
	if seconds <= 0 {
		return false
	}
	r := e.right
	e.number = strconv.AppendInt(e.number[:0], seconds, 10)
	r.expires = e.number
	return e.either(r)
}

// msSent tries the seconds in an expiry of milliseconds, microseconds or nanoseconds.
func (e *Examiner) msSent() bool {
	for d := e.claim.deadline; d >= fineExpiry; {
		d /= 1000
		if e.withExpiry(d) || e.withExpiry(d+1) {
			return true
		}
	}
	return false
}

func (e *Examiner) msHashed() bool {
	d := e.claim.deadline
	return e.claim.plain && d < fineExpiry && e.withExpiry(d*1000)
}

// relativeSent tries the times that a duration may have stood for when the link was signed: up to five
// minutes before the request, or a few seconds behind it, for clocks differ.
func (e *Examiner) relativeSent() bool {
	d := e.claim.deadline
	if !e.claim.plain || d >= longestDuration || e.scheme.issues || e.suspect.Time <= 0 {
		return false
	}
	for ago := int64(-clockSkew); ago < signingWindow; ago++ {
		if e.withExpiry(e.suspect.Time - ago + d) {
			return true
		}
	}
	return false
}

// relativeHashed tries the usual lifetimes, from a minute to a year.
func (e *Examiner) relativeHashed() bool {
	if e.scheme.issues {
		return false
	}
	for _, d := range [...]int64{60, 120, 180, 300, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200, 10800, 14400, 18000, 21600, 28800, 36000,
		43200, 86400, 172800, 259200, 432000, 604800, 1209600, 2419200, 2592000, 2678400, 7776000, 15552000, 31536000} {
		if e.withExpiry(d) {
			return true
		}
	}
	return false
}

// expiryText tries the whole seconds in an expiry such as 1893456000.5 or 01893456000.
func (e *Examiner) expiryText() bool {
	odd := !e.claim.plain || e.claim.expires[0] == '0'
	return odd && (e.withExpiry(e.claim.deadline) || e.withExpiry(e.claim.deadline+1))
}

// editedExpiry tries the times near the one in the link: rounded to the minute, hour and day; up to ten seconds
// away, as where a clock is read twice; up to 24 hours away in full hours and as time zones differ; up to 31 days, and a year; and every time that differs
// in one digit.
func (e *Examiner) editedExpiry() bool {
	return e.claim.plain && (e.rounded() || e.shifted() || e.oneDigitAway())
}

func (e *Examiner) rounded() bool {
	for _, unit := range [...]int64{60, 3600, 86400} {
		down := e.claim.deadline - e.claim.deadline%unit
		if e.withExpiry(down) || e.withExpiry(down+unit) {
			return true
		}
	}
	return false
}

func (e *Examiner) shifted() bool {
	for n := int64(1); n <= 31; n++ {
		if n <= 10 && e.off(n) || n <= 24 && e.off(n*3600) || n <= 3 && e.off(n*900) || e.off(n*86400) {
			return true
		}
	}
	for _, quarters := range [...]int64{6, 10, 14, 18, 22, 23, 26, 35, 38, 42, 51} { // from 1:30 to 12:45
		if e.off(quarters * 900) {
			return true
		}
	}
	return e.off(365 * 86400)
}

func (e *Examiner) off(seconds int64) bool {
	return e.withExpiry(e.claim.deadline-seconds) || e.withExpiry(e.claim.deadline+seconds)
}

func (e *Examiner) oneDigitAway() bool {
	unit := int64(1)
	for range min(len(e.claim.expires), 10) {
		digit := e.claim.deadline / unit % 10
		for other := range int64(10) {
			if other != digit && e.withExpiry(e.claim.deadline+(other-digit)*unit) {
				return true
			}
		}
		unit *= 10
	}
	return false
}
