package format

import (
	"bytes"
	"strconv"
)

// readTime settles Logged, Start, Resolution, HasStart and Duration.
func (p *Parser) readTime(r *Record) bool {
	r.Yearless, r.Zoneless, r.Unitless = false, false, false
	logged, grain, ok := p.logged(r)
	start, startGrain, own := int64(0), int64(0), false
	if text := p.raw(started); len(text) > 0 {
		start, startGrain, own = p.moment(text, r)
	}
	took, known := p.took(r)
	if own && ok && !known {
		took, known = logged-start, true
	}
	if took < 0 || took > dayLen {
		took, known = 0, false
	}
	switch {
	case own && !ok:
		logged, grain = start+max(took, 0), startGrain
	case own:
		grain = startGrain
	case known:
		start = logged - took
	default:
		start, took = logged, -1
	}
	if !known {
		took = -1
	}
	r.Logged, r.Start, r.Resolution, r.HasStart, r.Duration = logged, start, grain, known || own, took
	return ok || own
}

// clock is a time that was read: many lines have the same.
type clock struct {
	text          []byte
	micros, grain int64
	yearless      bool
	zoneless      bool
}

// moment reads a time, with a year or without.
func (p *Parser) moment(text []byte, r *Record) (micros, grain int64, ok bool) {
	if micros, grain, ok = moment(text); !ok {
		var local bool
		if micros, grain, local, ok = slashed(text, p.format.dates); ok {
			r.Zoneless = r.Zoneless || local
			return micros, grain, true
		}
	}
	if !ok && p.Latest != 0 {
		micros, grain, ok = undated(text, p.Latest)
		r.Yearless = r.Yearless || ok
	}
	r.Zoneless = r.Zoneless || ok && zoneless(text)
	return micros, grain, ok
}

// date reads a date alone, as the seconds since the epoch of its start.
func (p *Parser) date(b []byte) (seconds int64, ok bool) {
	if seconds, ok = isoDate(b); !ok {
		var d slashDate
		if d, _, ok = slashDateOf(b); ok {
			seconds, ok = d.in(p.format.dates)
		}
	}
	return seconds, ok
}

// took reads the duration, in the finest unit that the line has.
func (p *Parser) took(r *Record) (micros int64, ok bool) {
	switch {
	case p.at[tookUs].end > 0:
		return scaled(p.raw(tookUs), 1)
	case p.at[tookMs].end > 0:
		return scaled(p.raw(tookMs), 1000)
	case p.at[duration].end > 0 && p.format.unitless:
		r.Unitless = true
	case p.at[duration].end > 0:
		if micros, ok = seconds(p.raw(duration)); ok {
			return micros, true
		}
		return inUnits(p.raw(duration))
	}
	return 0, false
}

// inUnits reads a number with its unit, as Go programs write it: 12.5ms.
func inUnits(b []byte) (micros int64, ok bool) {
	for _, unit := range [...]struct {
		name      string
		perSecond int64
	}{{"ms", 1000}, {"us", 1_000_000}, {"µs", 1_000_000}, {"s", 1}} {
		if n, is := bytes.CutSuffix(b, []byte(unit.name)); is {
			micros, ok = seconds(n)
			return micros / unit.perSecond, ok
		}
	}
	return 0, false
}

// scaled reads a decimal number of units of so many µs.
func scaled(b []byte, unit int64) (micros int64, ok bool) {
	micros, ok = seconds(b)
	return micros / (second / unit), ok
}

// logged reads the time of the line, whose date may stand in a field of its own.
func (p *Parser) logged(r *Record) (micros, grain int64, ok bool) {
	day, text := p.raw(day), p.raw(when)
	if len(text) == 0 {
		return p.moment(day, r)
	}
	if string(text) == string(p.clock.text) {
		r.Yearless, r.Zoneless = p.clock.yearless, p.clock.zoneless
		return p.clock.micros, p.clock.grain, true
	}
	if micros, grain, ok = p.moment(text, r); ok {
		p.clock.text = append(p.clock.text[:0], text...)
		p.clock.micros, p.clock.grain, p.clock.yearless, p.clock.zoneless = micros, grain, r.Yearless, r.Zoneless
	}
	if ok || len(day) == 0 {
		return micros, grain, ok
	}
	date, ok1 := p.date(day)
	clock, ok2 := clockOf(text)
	if !ok1 || !ok2 {
		return 0, 0, false
	}
	rest, fraction, grain := fractionOf(text[8:])
	return (date+clock)*second + fraction, grain, len(rest) == 0
}

func (p *Parser) badTime() bool {
	f := when
	for _, g := range [...]field{started, day} {
		if p.at[f].end == 0 {
			f = g
		}
	}
	if rewritten(p.raw(f)) {
		return p.fail(ReasonTime, f, "a time with seconds whose day and month cannot be mistaken, such as 23/Nov/2026:09:26:12 +0000 (if a spreadsheet rewrote it, take the file as it was before)")
	}
	return p.fail(ReasonTime, f, "a time such as 23/Nov/2026:09:26:12 +0000")
}

// rewritten reports whether a text is what spreadsheets make of times when they save them: 11/23/2026
// 9:26, 23.11.2026 09:26, 1.79543E+12.
func rewritten(b []byte) bool {
	if bytes.Contains(b, []byte("E+")) {
		_, err := strconv.ParseFloat(string(b), 64)
		return err == nil
	}
	for range 2 {
		i := bytes.IndexAny(b, "./")
		if i < 1 || i > 2 {
			return false
		}
		if _, ok := number(b[:i]); !ok {
			return false
		}
		b = b[i+1:]
	}
	year, _, _ := bytes.Cut(b, []byte{' '})
	_, ok := number(year)
	return ok && (len(year) == 2 || len(year) == 4)
}
