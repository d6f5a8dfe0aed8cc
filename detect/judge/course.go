package judge

import (
	"net/netip"
	"strings"
)

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

// beginning says whose a refused request seems to be.
type beginning uint8

const (
	goesOn     beginning = iota // the viewer's own, who goes on with what was served elsewhere
	maybeAnew                   // it starts over as the old address falls silent: a player that reloads, unless others start over, too
	startsAnew                  // another viewer's
)

// anew is the beginning of a request that is told without doubt.
func anew(another bool) beginning {
	if another {
		return startsAnew
	}
	return goesOn
}

// restarts tells whether the refused request at idx[pos] looks like another
// viewer rather than like this one going on (rule 9): it starts over, or asks again for
// what was served elsewhere, although media had been served there, and it is neither the poll
// of a live manifest in its turn nor a player reloading where the old address falls silent. A
// file of its own has no sequence to go on with: there it is a longer pause than any
// before, as whoever is cut off asks again at once, or a download elsewhere that goes on.
func restarts(events []Event, idx []int32, pos int, t *Thresholds) beginning {
	e := &events[idx[pos]]
	kind, _ := place(e.Name)
	before := servedBefore(events, idx[:pos], e)
	window := t.RetryWindow.Microseconds()
	again := before.again(e, window)
	switch {
	case kind == whole && before.same == 0:
		return anew(onItsWay(events, idx[pos+1:], e, t))
	case before.same > 0 && (repeats(events, idx, e, t) || copies(events, idx, pos)):
		return startsAnew
	case kind == whole && !again:
		return anew(before.runsOn(e, t) || before.same > 1 && rhythmOf(events, idx, pos, t).out)
	case kind == whole:
		return anew(e.Time-before.lastSame > before.pause)
	case !again && !startsOver(e.Name, before.reached, before.step):
		return goesOn
	case !again && before.media < t.MediaRequests && (kind != opening || before.same < 2):
		return goesOn // a file with a link of its own tells by that file alone
	case before.same > 1 && e.Time-before.lastSame <= window:
		return anew(rhythmOf(events, idx, pos, t).out)
	case e.Time-before.last > window, servedElsewhere(events, idx[pos+1:], e):
		return startsAnew
	}
	return maybeAnew
}

// repeats reports whether all that was asked for in vain at the address of a request had been
// served elsewhere before, as far as the log's time tells, several files of it: whoever moves asks for what it did not get.
func repeats(events []Event, idx []int32, e *Event, t *Thresholds) bool {
	served, asked := map[fileID]*Event{}, map[fileID]bool{}
	for _, i := range idx {
		p := &events[i]
		id := fileID{p.Dir, p.File}
		switch {
		case p.Served && p.Client != e.Client && served[id] == nil:
			served[id] = p
		case p.Client == e.Client && isMismatch(p):
			if first := served[id]; first == nil || !surelyBefore(first, p) {
				return false
			}
			asked[id] = true
		}
	}
	return len(asked) >= t.MediaRequests
}

// copies reports whether the refused request at idx[pos], and all in vain at its address, is for files that had been
// served elsewhere, each once, and whoever was served there goes on to others of that link or folder and needs none of
// these again: so does a scanner of the network that asks for some of what passes. Whose address changes while a file is
// on its way asks for it again wherever it is served next, be it within the resolution of the log.
func copies(events []Event, idx []int32, pos int) bool {
	e := &events[idx[pos]]
	served, asked := map[fileID][]*Event{}, map[fileID]bool{}
	onward := false
	home := map[netip.Addr]bool{} // where anything was served
	for n, i := range idx {
		p := &events[i]
		id := fileID{p.Dir, p.File}
		home[p.Client] = home[p.Client] || p.Served
		switch {
		case p.Client == e.Client && isMismatch(p):
			if len(served[id]) != 1 || !surelyBefore(served[id][0], p) {
				return false
			}
			asked[id] = true
		case p.Client == e.Client:
		case asked[id] && home[p.Client]:
			return false
		case p.Served:
			served[id] = append(served[id], p)
			onward = onward || n > pos && (p.Link == e.Link || p.Dir == e.Dir)
		}
	}
	return onward
}

// surelyBefore reports whether the clocks leave no doubt that one of two events came first.
func surelyBefore(a, b *Event) bool {
	return b.Time-a.Time >= max(1, resolved(a.Edge, b.Edge, max(a.Grain, b.Grain)))
}

// elsewhere is what was served at other addresses than that of a request.
type elsewhere struct {
	media, same    int   // requests: of no manifest, and of the very file
	reached        int64 // the highest segment of its track, or else of its directory; -1: none
	step           int64 // between the numbers of two segments of its track: of some they are times
	last, lastSame int64 // when the last of all ended, and of the same, µs
	pause          int64 // the longest between two of the same, µs
}

// runsOn reports whether what was served elsewhere went on after a request, for longer than a server waits for a viewer
// who is not there any more.
func (s *elsewhere) runsOn(e *Event, t *Thresholds) bool {
	return s.last-e.Time > t.Linger.Microseconds()
}

// onItsWay reports whether a file of its own, which nobody else had been served before a request, may have been on its way
// elsewhere: it was logged there afterwards, in a log that does not tell when that began, and later than a server gives up
// a viewer who is gone.
func onItsWay(events []Event, after []int32, e *Event, t *Thresholds) bool {
	for _, i := range after {
		if p := &events[i]; p.Served && p.Client != e.Client && p.Dir == e.Dir && p.File == e.File {
			return !p.Began && p.Time-e.Time > t.Linger.Microseconds()
		}
	}
	return false
}

// again reports whether a request is for a file that was served too long ago to be tried again.
func (s *elsewhere) again(e *Event, window int64) bool {
	return s.same > 0 && e.Time-s.lastSame > window
}

// servedBefore is that of the requests before one.
func servedBefore(events []Event, idx []int32, e *Event) elsewhere {
	out := elsewhere{reached: -1, step: 1}
	own := frontOf(e)
	for _, i := range idx {
		p := &events[i]
		if !p.Served || p.Client == e.Client {
			continue
		}
		out.last = max(out.last, p.End)
		if p.Dir == e.Dir && p.File == e.File {
			if out.same > 0 {
				out.pause = max(out.pause, p.Time-out.lastSame)
			}
			out.same, out.lastSame = out.same+1, max(out.lastSame, p.End)
		}
		kind, n := place(p.Name)
		if kind != opening {
			out.media++
		}
		if kind == segment && p.Dir == e.Dir {
			out.reached = max(out.reached, n)
			own.take(p.Name, n)
		}
	}
	if own.reached >= 0 {
		out.reached, out.step = own.reached, max(1, own.step)
	}
	return out
}

// trackFront is how far the segments of one track have come.
type trackFront struct {
	track
	reached int64 // -1: there are none
	step    int64 // the least between two that follow each other upwards; 0: there are none
}

func frontOf(e *Event) *trackFront {
	f := &trackFront{reached: -1}
	if kind, _ := place(e.Name); kind == segment {
		f.track = trackOf(e.Name)
	}
	return f
}

func (f *trackFront) take(name string, n int64) {
	if !f.holds(name) {
		return
	}
	if f.reached >= 0 && n > f.reached && (f.step == 0 || n-f.reached < f.step) {
		f.step = n - f.reached
	}
	f.reached = max(f.reached, n)
}

// unneeded reports whether a file that was refused is not asked for again where others are served in the time after: whoever
// is served there did not want it.
func unneeded(events []Event, after []int32, e *Event) (elsewhere bool) {
	for _, i := range after {
		if p := &events[i]; p.Served && p.Client != e.Client && p.Time > e.Time {
			if p.Dir == e.Dir && p.File == e.File {
				return false
			}
			elsewhere = true
		}
	}
	return elsewhere
}

func servedElsewhere(events []Event, idx []int32, e *Event) bool {
	for _, i := range idx {
		if events[i].Served && events[i].Client != e.Client && events[i].Time > e.Time {
			return true
		}
	}
	return false
}
