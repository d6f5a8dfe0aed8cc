package judge

import "strings"

// part says what a file is to a player.
type part uint8

const (
	whole   part = iota // a file of its own: an MP4, a picture
	opening             // a manifest or initialisation segment: what a player asks for first
	segment             // one of a numbered sequence
)

// seekBack is how many segments below the one reached a player that goes on may ask
// again: retries, renditions and prefetching overlap by a few.
const seekBack = 3

// Whole reports whether a file is one of its own, no part of a stream.
func Whole(name string) bool {
	kind, _ := place(name)
	return kind == whole
}

// Segment tells the number of a segment by its file name; ok is false for other files.
func Segment(name string) (n int64, ok bool) {
	kind, n := place(name)
	return n, kind == segment
}

// place tells which part of a stream a file name is, and for a segment its
// number: the digits after seg, segment, chunk or frag, else the last digits.
func place(name string) (part, int64) {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return whole, 0
	}
	stem := strings.ToLower(name[:dot])
	numbered := strings.Contains(stem, "seg") || strings.Contains(stem, "chunk") || strings.Contains(stem, "frag")
	switch strings.ToLower(name[dot+1:]) {
	case "m3u8", "mpd":
		return opening, 0
	case "ts", "m4s", "m4f", "cmfv", "cmfa", "aac", "vtt", "m4a", "m4v":
	case "mp4", "webm":
		if !numbered && !strings.HasPrefix(stem, "init") {
			return whole, 0
		}
	default:
		return whole, 0
	}
	if strings.HasPrefix(stem, "init") || strings.HasSuffix(stem, "init") {
		return opening, 0
	}
	from, to := number(stem)
	if n, ok := digits(stem[from:to]); ok {
		return segment, n
	}
	return whole, 0
}

// number tells where the number of a segment stands in its name without the ending, in lower case.
func number(stem string) (from, to int) {
	for _, mark := range []string{"segment", "seg", "chunk", "frag"} {
		if at := strings.LastIndex(stem, mark); at >= 0 {
			rest := strings.TrimLeft(stem[at+len(mark):], "-_")
			from = len(stem) - len(rest)
			if to = from + digitsEnd(rest); to > from && to-from <= mostDigits {
				return from, to
			}
		}
	}
	to = strings.LastIndexAny(stem, "0123456789") + 1
	from = to
	for from > 0 && stem[from-1] >= '0' && stem[from-1] <= '9' {
		from--
	}
	return from, to
}

func digitsEnd(s string) int {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return i
		}
	}
	return len(s)
}

// mostDigits are all that an int64 holds for certain.
const mostDigits = 18

func digits(s string) (n int64, ok bool) {
	if s == "" || len(s) > mostDigits {
		return 0, false
	}
	for i := range len(s) {
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}

// startsOver reports whether a file is where a viewer begins, given the highest
// segment asked for so far (-1: none) and how far the numbers of two are apart.
func startsOver(name string, reached, step int64) bool {
	switch kind, n := place(name); kind {
	case opening:
		return true
	case segment:
		return n <= 1 || n+seekBack*step < reached
	}
	return false
}

// track is what the segments of one rendition have in common: the name around their number.
type track struct{ before, after string }

// trackOf tells the track of a segment.
func trackOf(name string) track {
	dot := strings.LastIndexByte(name, '.')
	stem := strings.ToLower(name[:dot])
	if len(stem) != dot {
		return track{before: name} // letters whose lower case is longer: a track of its own
	}
	from, to := number(stem)
	return track{name[:from], name[to:]}
}

// holds reports whether a segment is of the track.
func (t *track) holds(name string) bool {
	rest, ok := strings.CutPrefix(name, t.before)
	digits, is := strings.CutSuffix(rest, t.after)
	return ok && is && digits != "" && digitsEnd(digits) == len(digits)
}
