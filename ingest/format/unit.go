package format

import (
	"bytes"
	"slices"
)

// tookSeen counts the request times of a sample under a name such as "duration", which some makers give in seconds, others in
// milliseconds or less.
type tookSeen struct{ all, whole, nginx, long, slow int }

// longRequest is how many whole seconds an edge seldom takes for a request; slowRequest, how many most requests do not take.
const (
	longRequest = 2
	slowRequest = 30
)

func (s *tookSeen) note(b []byte) {
	if none(b) {
		return
	}
	s.all++
	if n, ok := number(b); ok {
		s.whole++
		if n >= longRequest {
			s.long++
		}
	} else if dot := bytes.IndexByte(b, '.'); dot == len(b)-4 { // nginx writes seconds with three digits behind the point
		s.nginx++
	}
	if took, ok := seconds(b); ok && took >= slowRequest*second {
		s.slow++
	}
}

// unitless tells request times that are no seconds: none has a fraction, and most are long; or nginx did not write them, and most are very
// long. They may be milliseconds or microseconds, and a start that is minutes off decides what was late, so nothing is guessed.
func (s *tookSeen) unitless() bool {
	return s.whole == s.all && s.long*2 > s.all || s.nginx < s.all && s.slow*2 > s.all
}

// byName reports whether a field is read by a name that is everybody's: neither a maker nor a Map gives it a meaning. Gcore's JSON
// is among them, as its customers may scale a field (field_conversions in the source of gcore-json).
func (f *Format) byName(want field) bool {
	return slices.Contains([]string{"json", "csv", "tsv", "gcore-json"}, f.Name) && (f.words == nil || f.words.mapped&want.bit() == 0)
}
