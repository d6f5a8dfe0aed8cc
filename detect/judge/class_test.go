package judge

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ipdrift/detect/finding"
	"ipdrift/token"
)

func TestRule08RetriesAreOneRefusal(t *testing.T) {
	s := newScene().ok(0, home, "seg1.ts")
	for _, at := range []int64{10, 15, 40} {
		s.no(at, far, "seg2.ts", token.IPMismatch)
	}
	u := s.only(t)
	if u.Refusals != 1 || u.Mismatches != 1 || u.Requests != 4 {
		t.Errorf("refusals %d, mismatches %d of %d requests, want 1, 1 of 4", u.Refusals, u.Mismatches, u.Requests)
	}
	s.no(41, far, "seg2.ts", token.IPMismatch)  // later than 30 s after the first
	s.no(42, far, "seg3.ts", token.IPMismatch)  // another path
	s.no(43, far2, "seg3.ts", token.IPMismatch) // another address
	s.no(44, far2, "seg3.ts", token.WrongPath)  // the same refusal, whatever the verdict
	s.no(45, far2, "seg3.ts", token.IPMismatch) // and again
	s.no(46, far2, "seg3.ts", token.IPMismatch) // the same name in another directory
	s.Events[len(s.Events)-1].Dir = 2
	if u = s.only(t); u.Refusals != 5 || len(u.MismatchLens) != 5 {
		t.Errorf("refusals %d, lengths %v, want 5 of each", u.Refusals, u.MismatchLens)
	}
	s.no(50, far3, "seg4.ts", token.UnresolvedSignature).no(51, far3, "seg4.ts", token.IPMismatch) // proven by the second try
	if u = s.only(t); u.Refusals != 6 || u.Mismatches != 6 {
		t.Errorf("refusals %d, mismatches %d, want 6 of each", u.Refusals, u.Mismatches)
	}
}

func TestRule08FewestSwitches(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps []string // one clock reading each: addresses a, b, c
		want  int
	}{
		{"one address", []string{"a", "a", "a"}, 0},
		{"one change", []string{"a", "b"}, 1},
		{"there and back", []string{"a", "b", "a"}, 2},
		{"one reading has no order", []string{"abab"}, 1},
		{"the order that fits the neighbours", []string{"a", "ba", "b"}, 1},
		{"both ends free", []string{"ab", "ab"}, 2},
		{"the end used up by the start", []string{"a", "ab", "a"}, 2},
		{"three in one reading", []string{"a", "abc", "c"}, 2},
		{"three, neither end fits", []string{"d", "abc", "d"}, 4},
	} {
		s := newScene()
		for at, step := range c.steps {
			for _, a := range step {
				s.ok(int64(at), map[rune]string{'a': home, 'b': far, 'c': far2, 'd': far3}[a], "seg1.ts")
			}
		}
		if u := s.only(t); u.Switches != c.want {
			t.Errorf("%s: %d switches, want %d", c.name, u.Switches, c.want)
		}
	}
}

func TestRule08GrainTakesOrderAway(t *testing.T) {
	s := newScene()
	for i, a := range []string{home, far, home, far} {
		s.ok(0, a, "seg1.ts")
		s.Events[i].Time = int64(i) * 200_000
		s.Events[i].Grain = second
	}
	if u := s.only(t); u.Switches != 1 {
		t.Errorf("%d switches within the resolution of the log, want 1", u.Switches)
	}
	for i := range s.Events {
		s.Events[i].Grain = 1000
	}
	if u := s.only(t); u.Switches != 3 {
		t.Errorf("%d switches in a log that resolves them, want 3", u.Switches)
	}
}

func TestRule09Rotating(t *testing.T) {
	one := newScene().ok(0, home, "seg1.ts").ok(6, home, "seg2.ts").no(12, same24, "seg3.ts", token.IPMismatch).only(t)
	want(t, one, finding.Rotating, "at least 1 change between 2 addresses in one /24 within 12 s")
	want(t, one, finding.Rotating, "segments 1 to 3 go on in order")
	if one.MinCommon != 25 || one.Family != 4 || one.Prefixes24 != 1 || !Affected(one) {
		t.Errorf("common %d family %d /24s %d affected %v, want 25 4 1 true", one.MinCommon, one.Family, one.Prefixes24, Affected(one))
	}
	back := newScene().ok(0, home, "seg1.ts").no(2, far, "seg2.ts", token.IPMismatch).ok(4, home, "seg2.ts").ok(8, home, "seg3.ts").only(t)
	want(t, back, finding.Rotating, "at least 2 changes")
}

func TestRule09StartsOverElsewhereIsNotRotation(t *testing.T) {
	s := newScene().ok(0, home, "index.m3u8")
	for n, name := range []string{"seg10.ts", "seg11.ts", "seg12.ts", "seg13.ts"} {
		s.ok(int64(n*6), home, name)
	}
	s.no(100, far, "index.m3u8", token.IPMismatch).ok(110, home, "seg29.ts")
	want(t, s.only(t), finding.Undetermined, "another viewer")
	s.Events[5].Name = "seg2.ts" // far behind what was reached
	want(t, s.only(t), finding.Undetermined, "another viewer")

	reload := newScene()
	for n, name := range []string{"seg10.ts", "seg11.ts", "seg12.ts", "seg13.ts"} {
		reload.ok(int64(n*6), home, name)
	}
	want(t, reload.no(40, far, "index.m3u8", token.IPMismatch).only(t), finding.Rotating, "1 change")

	alone := func(at int64) *scene { // the link of a playlist, others of its segments
		return newScene().ok(0, home, "index.m3u8").no(at, same24, "index.m3u8", token.IPMismatch)
	}
	want(t, alone(20).only(t), finding.Rotating, "1 change")
	want(t, alone(90).only(t), finding.Undetermined, "another viewer")

	poll := newScene()
	for n, name := range []string{"seg10.ts", "seg11.ts", "seg12.ts", "seg13.ts"} {
		poll.ok(int64(n*6), home, "live.m3u8").ok(int64(n*6), home, name)
	}
	poll.no(24, far, "live.m3u8", token.IPMismatch).ok(25, home, "seg14.ts")
	want(t, poll.only(t), finding.Rotating, "2 changes")
}

// TestRule09OneStrangerAmongTwo: whoever begins as the viewer falls silent may be the viewer who loads the page again, but not
// where others have tried the link while it was served.
func TestRule09OneStrangerAmongTwo(t *testing.T) {
	s := newScene().ok(0, home, "index.m3u8")
	for n := range int64(12) {
		s.ok(4*n, home, "seg"+strconv.FormatInt(n+1, 10)+".ts")
	}
	s.no(50, far, "index.m3u8", token.IPMismatch)
	want(t, s.only(t), finding.Rotating, "1 change")
	s.no(35, far2, "index.m3u8", token.IPMismatch).sort()
	want(t, s.only(t), finding.Undetermined, "another viewer")
}

// TestRule09TwoPlayersPollOutOfStep: a live stream is joined where it is, so that the order of its
// segments tells nothing of a second viewer; one player polls at its own pace, wherever it is.
func TestRule09TwoPlayersPollOutOfStep(t *testing.T) {
	watch := func(polls ...int64) *scene {
		s := newScene()
		for _, at := range polls {
			s.ok(at, home, "live.m3u8").ok(at, home, fmt.Sprintf("seg%d.ts", 10+at/6))
		}
		return s
	}
	beside := func(s *scene, polls ...int64) *scene {
		for _, at := range polls {
			s.no(at, far, "live.m3u8", token.IPMismatch)
		}
		slices.SortStableFunc(s.Events, func(a, b Event) int { return cmp.Compare(a.Time, b.Time) })
		return s
	}
	tenths := func(s *scene) *scene { // a log of milliseconds
		for i := range s.Events {
			s.Events[i].Time, s.Events[i].Grain = s.Events[i].Time/10, 1000
		}
		return s
	}
	for name, c := range map[string]struct {
		s     *scene
		class finding.Class
	}{
		"beside one who goes on":     {beside(watch(0, 6, 12, 18, 24, 30), 16, 19, 22), finding.Undetermined},
		"once, before its turn":      {beside(watch(0, 6, 12, 18, 24, 30), 22), finding.Undetermined},
		"early, as it did before":    {beside(watch(0, 6, 10, 16, 22, 28), 20), finding.Rotating},
		"early by tenths, as ever":   {tenths(beside(watch(0, 62, 121, 182, 300), 240)), finding.Rotating},
		"once, in tenths":            {tenths(beside(watch(0, 61, 121, 182, 242), 220)), finding.Undetermined},
		"in turn":                    {beside(watch(0, 6, 12, 24, 36), 18, 30), finding.Rotating},
		"in turn, and again at once": {beside(watch(0, 6, 12, 19, 31), 18, 25, 27), finding.Rotating},
		"a link for each file": {with(beside(watch(0, 6, 12, 18, 24, 30), 16, 19, 22), func(g *Group) {
			g.Events = slices.DeleteFunc(g.Events, func(e Event) bool { return e.Name != "live.m3u8" })
		}), finding.Undetermined},
		"and nobody else goes on":    {beside(watch(0, 6, 12), 14, 16), finding.Rotating},
		"too few to tell their pace": {beside(watch(0, 12), 13), finding.Rotating},
		"clocks of two edges": {with(beside(watch(0, 2, 4, 8, 10), 4, 6), func(g *Group) {
			for i := range g.Events {
				if g.Events[i].Refused {
					g.Events[i].Edge = 2
				}
			}
		}), finding.Rotating},
	} {
		if u := c.s.only(t); u.Class != c.class {
			t.Errorf("%s: %s (%s), want %s", name, u.Class, u.Reason, c.class)
		}
	}
}

// TestRule09PollsTooQuickToTime: of polls as quick as the log's seconds none is in step or out of it; but whoever is refused
// has to ask again, which holds it up, and who goes on at its pace was not the one. What was logged afterwards may have been
// on its way, where the log tells no start, but no more than a player has connections.
func TestRule09PollsTooQuickToTime(t *testing.T) {
	polled := func(name string, home []int64, elsewhere ...int64) *scene {
		s := newScene()
		for _, at := range home {
			s.ok(at, "198.51.100.10", name)
		}
		for _, at := range elsewhere {
			s.no(at, same24, name, token.IPMismatch)
		}
		s.sort()
		for i := range s.Events {
			s.Events[i].Grain = second
		}
		return s
	}
	steady, heldUp := []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, []int64{0, 1, 2, 3, 4, 6, 7, 8, 10, 11, 12}
	for name, c := range map[string]struct {
		s     *scene
		class finding.Class
	}{
		"a playlist, beside":              {polled("live.m3u8", steady, 5, 6, 9), finding.Undetermined},
		"a playlist, once":                {polled("live.m3u8", steady, 5), finding.Undetermined},
		"a playlist, several a second":    {polled("live.m3u8", []int64{0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4}, 2), finding.Undetermined},
		"a playlist, with another player": {by(polled("live.m3u8", steady, 5, 6, 9).ok(0, home, "seg1.ts").ok(2, home, "seg2.ts").ok(4, home, "seg3.ts"), 2), finding.Undetermined},
		"a playlist, by turns":            {polled("live.m3u8", heldUp, 5, 9), finding.Rotating},
		"a playlist, and gone on":         {polled("live.m3u8", steady[:6], 6, 7, 9), finding.Rotating},
		"a picture, beside":               {polled("snapshot.jpg", steady, 5, 6, 9), finding.Undetermined},
		"a picture, by turns":             {polled("snapshot.jpg", heldUp, 5, 9), finding.Rotating},
		"a picture, no starts":            {polled("snapshot.jpg", steady, 5).logged(), finding.Undetermined},
		"ranges, three at a time":         {polled("film.mp4", []int64{0, 0, 0, 20, 20, 20, 40, 40, 40, 60, 60, 80, 80, 80}, 60), finding.Rotating},
		"a file that may have broken off": {polled("snapshot.jpg", steady[:12], 5).logged(), finding.Rotating},
	} {
		c.s.sort()
		users := c.s.users()
		if u := &users[len(users)-1]; u.Class != c.class {
			t.Errorf("%s: %s (%s), want %s", name, u.Class, u.Reason, c.class)
		}
	}
}

// TestRule09AFileHasNoSequence: who asks for ranges of a file goes on at once, if only at another
// address; long after them the link may have been handed on. Where a request lasted as long, and the log tells, its
// end counts: a download that goes on is of another viewer, but for the minute after which a server gives one up.
func TestRule09AFileHasNoSequence(t *testing.T) {
	download := func(starts ...int64) *scene {
		s := newScene()
		for _, at := range starts {
			s.ok(at, home, "film.mp4")
		}
		return s
	}
	for name, c := range map[string]struct {
		s     *scene
		class finding.Class
	}{
		"at once":              {download(0, 20, 40, 60).no(81, same16, "film.mp4", token.IPMismatch), finding.Rotating},
		"hours later":          {download(0, 20, 40, 60).no(18_000, same16, "film.mp4", token.IPMismatch).no(18_040, same16, "film.mp4", token.IPMismatch), finding.Undetermined},
		"after such a pause":   {download(0, 20, 400, 420).no(780, same16, "film.mp4", token.IPMismatch), finding.Rotating},
		"after the only one":   {download(0).no(1800, same16, "film.mp4", token.IPMismatch), finding.Undetermined},
		"soon after it":        {download(0).no(25, same16, "film.mp4", token.IPMismatch), finding.Rotating},
		"out of step, beside":  {download(0, 20, 40, 60).no(65, same16, "film.mp4", token.IPMismatch).ok(80, home, "film.mp4"), finding.Undetermined},
		"in turn, and back":    {download(0, 20, 40, 60).no(80, same16, "film.mp4", token.IPMismatch).ok(82, home, "film.mp4"), finding.Rotating},
		"as a long one breaks": {download(0).took(600).no(590, same16, "film.mp4", token.IPMismatch), finding.Rotating},
		"given up a minute on": {download(0).took(360).no(300, same16, "film.mp4", token.IPMismatch), finding.Rotating},
		"after a long one":     {download(0).took(600).no(625, same16, "film.mp4", token.IPMismatch), finding.Rotating},
		"long after it":        {download(0).took(600).no(1800, same16, "film.mp4", token.IPMismatch), finding.Undetermined},
		"while it goes on":     {download(0).took(600).no(300, same16, "film.mp4", token.IPMismatch), finding.Undetermined},
		"as soon as it began":  {download(0).took(600).no(5, same16, "film.mp4", token.IPMismatch), finding.Undetermined},
		"after a long pause":   {download(0).took(100).ok(300, home, "film.mp4").took(100).no(590, same16, "film.mp4", token.IPMismatch), finding.Rotating},
		"before it was logged": {download().no(0, same16, "film.mp4", token.IPMismatch).ok(55, home, "film.mp4").logged(), finding.Rotating},
		"long before that":     {download().no(0, same16, "film.mp4", token.IPMismatch).ok(300, home, "film.mp4").logged(), finding.Undetermined},
		"as ranges break off":  {download(0, 9, 20, 40).no(41, same16, "film.mp4", token.IPMismatch).ok(55, home, "film.mp4").ok(70, home, "film.mp4").logged(), finding.Rotating},
		"as they go on":        {download(0, 9, 20, 40).no(41, same16, "film.mp4", token.IPMismatch).ok(55, home, "film.mp4").ok(170, home, "film.mp4").logged(), finding.Undetermined},
		"long before it began": {download().no(0, same16, "film.mp4", token.IPMismatch).ok(300, home, "film.mp4"), finding.Rotating},
		"at once, then later":  {download(0, 20, 40, 60).no(81, same16, "film.mp4", token.IPMismatch).no(18_000, same16, "film.mp4", token.IPMismatch), finding.Rotating},
	} {
		if u := c.s.only(t); u.Class != c.class || Affected(u) != (c.class == finding.Rotating) || u.Untimed != (name == "long before that") {
			t.Errorf("%s: %s (%s), untimed %v, want %s", name, u.Class, u.Reason, u.Untimed, c.class)
		}
	}
}

// TestRule09RepeatedIsNotGoneOn: whoever moves asks for what it did not get, but for what it tries
// again at once. Who asks for what was served, as a scanner of the network does, is not seen to go on.
func TestRule09RepeatedIsNotGoneOn(t *testing.T) {
	watch := func(segments int) *scene {
		s := newScene()
		for n := range int64(segments) {
			s.ok(6*n, home, fmt.Sprintf("seg%d.ts", n+1))
		}
		return s
	}
	again := func(s *scene, names string, starts ...int64) *scene {
		for i, name := range strings.Fields(names) {
			s.no(starts[i], same24, name+".ts", token.IPMismatch)
		}
		slices.SortStableFunc(s.Events, func(a, b Event) int { return cmp.Compare(a.Time, b.Time) })
		return s
	}
	for name, c := range map[string]struct {
		s     *scene
		class finding.Class
	}{
		"the last one, at once":       {again(watch(4), "seg4", 24), finding.Rotating},
		"the last one, minutes later": {again(watch(4), "seg4", 200), finding.Undetermined},
		"and on from there":           {again(watch(4), "seg4 seg5", 200, 206), finding.Undetermined},
		"the next one, minutes later": {again(watch(4), "seg5", 200), finding.Rotating},
		"all of them, beside":         {again(watch(6), "seg1 seg2 seg3", 4, 10, 16), finding.Undetermined},
		"each within its second, at once": {with(again(watch(6), "seg2 seg3 seg4", 6, 12, 18), func(g *Group) {
			for i := range g.Events {
				g.Events[i].Grain = second
			}
		}), finding.Rotating},
		"two of them, beside":                {again(watch(6), "seg2 seg3", 10, 16), finding.Undetermined},
		"one of them, beside":                {again(watch(6), "seg3", 13), finding.Undetermined},
		"one of them, and once more at home": {again(watch(4), "seg4", 20).ok(22, home, "seg4.ts").ok(26, home, "seg5.ts"), finding.Rotating},
		"one of them, a link for each":       {again(watch(4).signedFor(home), "seg4", 20).ok(24, home, "seg5.ts").of(1, 1), finding.Undetermined},
		"one of them, and with a new link":   {again(watch(4).signedFor(home), "seg4", 20).ok(22, home, "seg4.ts").of(1, 1).ok(24, home, "seg5.ts").of(1, 1), finding.Rotating},
		"one of them, in the same second": {with(again(watch(6), "seg3", 13), func(g *Group) {
			for i := range g.Events {
				g.Events[i].Grain = 2 * second
			}
		}), finding.Rotating},
		"one of them, served in ranges":      {again(watch(6).ok(12, home, "seg3.ts"), "seg3", 13), finding.Rotating},
		"one of them, and one of its own":    {again(watch(6), "seg3 seg9", 13, 14), finding.Rotating},
		"the playlist alone, beside":         {newScene().ok(0, home, "index.m3u8").no(1, same24, "index.m3u8", token.IPMismatch).ok(2, home, "seg1.ts"), finding.Undetermined},
		"one, beside, with another player":   {by(again(watch(6), "seg3", 13), 2), finding.Undetermined},
		"ahead of them":                      {again(watch(6), "seg2 seg3 seg4", 10, 16, 17), finding.Rotating},
		"a link for each, minutes later":     {again(watch(1), "seg1", 200), finding.Undetermined},
		"a link for each, at once":           {again(watch(1), "seg1", 5), finding.Rotating},
		"beside, with another player":        {by(again(watch(6), "seg1 seg2 seg3", 4, 10, 16), 2), finding.Undetermined},
		"ahead, with another player":         {by(again(watch(6), "seg2 seg3 seg4", 10, 16, 17), 2), finding.FirstRequest},
		"minutes later, with another player": {by(again(watch(4), "seg4", 200), 2), finding.Undetermined},
	} {
		users := c.s.users()
		if u := &users[len(users)-1]; u.Class != c.class {
			t.Errorf("%s: %s (%s), want %s", name, u.Class, u.Reason, c.class)
		}
	}
}

// TestRule09SegmentsNumberedByTime: MPEG-DASH may number segments by their time, each track in units of its own: the audio
// of a player that goes on is far below its video.
func TestRule09SegmentsNumberedByTime(t *testing.T) {
	watch := func(audio, video int64) *scene {
		s := newScene().ok(0, home, "manifest.mpd")
		for n := range int64(8) {
			s.ok(4*n, home, fmt.Sprintf("video_5_%d.m4s", n*360_000)).ok(4*n, home, fmt.Sprintf("audio_2_%d.m4s", n*192_000+n%2))
		}
		if video >= 0 {
			s.no(29, same24, fmt.Sprintf("video_5_%d.m4s", video*360_000), token.IPMismatch)
		}
		s.no(30, same24, fmt.Sprintf("audio_2_%d.m4s", audio*192_000), token.IPMismatch)
		return s.ok(32, home, fmt.Sprintf("audio_2_%d.m4s", 9*192_000))
	}
	for name, c := range map[string]struct {
		s     *scene
		class finding.Class
	}{
		"the next of the audio": {watch(8, -1), finding.Rotating},
		"one of before":         {watch(2, -1), finding.Undetermined},
		"both of before":        {watch(2, 2), finding.Undetermined},
	} {
		if u := c.s.only(t); u.Class != c.class {
			t.Errorf("%s: %s (%s), want %s", name, u.Class, u.Reason, c.class)
		}
	}
}

func TestTracks(t *testing.T) {
	for name, c := range map[string]struct{ same, other string }{
		"video_5_360000.m4s":        {"video_5_0.m4s", "video_3_360000.m4s"},
		"chunk-stream0-00012.m4s":   {"chunk-stream0-00013.m4s", "chunk-stream1-00012.m4s"},
		"segment12_v3.ts":           {"segment4_v3.ts", "segment12_v4.ts"},
		"Seg4.mp4":                  {"Seg14.mp4", "Seg.mp4"},
		"7.ts":                      {"123.ts", "7.aac"},
		"\u0130-seg7.ts":            {"\u0130-seg7.ts", "\u0130-seg8.ts"}, // longer in lower case: each is one of its own
		"seg1234567890123456789.ts": {"", ""},
	} {
		if kind, _ := place(name); kind != segment {
			continue
		}
		of := trackOf(name)
		if name != "\u0130-seg7.ts" && (!of.holds(name) || !of.holds(c.same)) || of.holds(c.other) {
			t.Errorf("%s is of track %+v: %s is %v, %s is %v", name, of, c.same, of.holds(c.same), c.other, of.holds(c.other))
		}
	}
}

// TestRule09WhoJoinsALiveStreamLater: after a silence, a playlist and then segments that leave some out
// are those of whoever joins a live stream; who goes on where it was is one who moved.
func TestRule09WhoJoinsALiveStreamLater(t *testing.T) {
	watch := func(at int64, segments ...int64) *scene {
		s := newScene()
		for n := range int64(5) {
			s.ok(6*n, home, "live.m3u8").ok(6*n, home, fmt.Sprintf("seg%d.ts", 10+n))
		}
		s.no(at, same24, "live.m3u8", token.IPMismatch)
		for i, n := range segments {
			s.no(at+1+6*int64(i), same24, fmt.Sprintf("seg%d.ts", n), token.IPMismatch)
		}
		return s
	}
	for name, c := range map[string]struct {
		s     *scene
		class finding.Class
	}{
		"minutes later":                      {watch(300, 60, 61, 62), finding.Undetermined},
		"minutes later, with another player": {by(watch(300, 60, 61, 62), 2), finding.Undetermined},
		"minutes later, where it was":        {watch(300, 15, 16), finding.Rotating},
		"at once":                            {watch(28, 15), finding.Rotating},
		"at once, a few segments on":         {watch(40, 18, 19), finding.Rotating},
	} {
		users := c.s.users()
		if u := &users[len(users)-1]; u.Class != c.class {
			t.Errorf("%s: %s (%s), want %s", name, u.Class, u.Reason, c.class)
		}
	}
}

// by gives the refused events of a scene to another user agent.
func by(s *scene, agent uint32) *scene {
	for i := range s.Events {
		if e := &s.Events[i]; e.Refused {
			e.UA, e.Who = agent, agent
		}
	}
	return s
}

func TestRule09FirstRequest(t *testing.T) {
	s := newScene().no(0, same16, "index.m3u8", token.IPMismatch)
	u := s.only(t)
	want(t, u, finding.FirstRequest, "never served: the link was signed for another address (17 bits in common)")
	if steps := s.Timeline(u, Default()); !Affected(u) || u.MinCommon != 17 || len(steps) != 1 {
		t.Errorf("affected %v, common %d, timeline %v", Affected(u), u.MinCommon, steps)
	}
	s = newScene().no(0, v6, "index.m3u8", token.IPMismatch).no(1, same16, "index.m3u8", token.IPMismatch)
	if u = s.only(t); u.MinCommon != -2 || u.Family != 4 || u.Family4 {
		t.Errorf("across families: common %d, family %d, all IPv4 %v, want -2 4 false", u.MinCommon, u.Family, u.Family4)
	}
	s.RefusalsOnly = true
	want(t, s.only(t), finding.FirstRequest, "refusals only")
}

// TestRule09RefusedAtHomeIsNoFirstRequest: the site saw the address from which the viewer asked in vain, too. In a log of
// refusals only, a file may have been missing there while all others were served.
func TestRule09RefusedAtHomeIsNoFirstRequest(t *testing.T) {
	for name, verdict := range map[string]token.Verdict{"valid": token.Valid, "the edge's code says wrong": token.UnresolvedSignature} {
		s := newScene().no(1, home, "index.m3u8", verdict).no(40, same16, "index.m3u8", token.IPMismatch)
		want(t, s.only(t), finding.Undetermined, "never served: the link was refused at the address that it was signed for, too")
		s.RefusalsOnly = true
		if u := s.only(t); u.Class != finding.FirstRequest || !u.Barred {
			t.Errorf("%s, refusals only: %s, barred %v", name, u.Class, u.Barred)
		}
		s.RefusalsOnly = false
		want(t, s.ok(50, home, "index.m3u8").only(t), finding.Rotating, "")
	}
	if u := newScene().no(1, home, "index.m3u8", token.Expired).no(40, same16, "index.m3u8", token.IPMismatch).only(t); u.Class != finding.FirstRequest || u.Barred {
		t.Errorf("expired at home: %s, barred %v", u.Class, u.Barred)
	}
}

// TestRule09ALinkHandedOnIsNoFirstRequest: whom nothing was served, with a link that serves another
// device, need not have been seen by the site at all; unless what it asks for goes on
// from there, as where a phone hands over to a television, or a cookie shows one viewer.
func TestRule09ALinkHandedOnIsNoFirstRequest(t *testing.T) {
	watching := func(until int64) *scene {
		s := newScene().ok(0, home, "index.m3u8")
		for n := int64(1); n <= until; n++ {
			s.ok(4*n, home, "seg"+strconv.FormatInt(n, 10)+".ts")
		}
		return s
	}
	polling := func(at ...int64) *scene {
		s := newScene()
		for _, at := range at {
			s.ok(at, home, "live.m3u8").ok(at, home, "seg"+strconv.FormatInt(10+at, 10)+".ts")
		}
		return s
	}
	download := func() *scene {
		return newScene().ok(0, home, "film.mp4").ok(5, home, "film.mp4").ok(10, home, "film.mp4")
	}
	for name, c := range map[string]struct {
		s     *scene
		class finding.Class
	}{
		"a whole file later":        {download().no(90, same24, "film.mp4", token.IPMismatch).ua(2), finding.Undetermined},
		"a whole file beside":       {download().no(12, same24, "film.mp4", token.IPMismatch).ua(2).ok(15, home, "film.mp4"), finding.Undetermined},
		"a whole file at once":      {download().no(12, same24, "film.mp4", token.IPMismatch).ua(2), finding.FirstRequest},
		"a whole file all along":    {newScene().ok(0, home, "film.mp4").took(600).no(300, same24, "film.mp4", token.IPMismatch).ua(2), finding.Undetermined},
		"a whole file as it breaks": {newScene().ok(0, home, "film.mp4").took(600).no(590, same24, "film.mp4", token.IPMismatch).ua(2), finding.FirstRequest},
		"before it was logged":      {newScene().no(0, same24, "film.mp4", token.IPMismatch).ua(2).ok(300, home, "film.mp4").logged(), finding.Undetermined},
		"another whole file":        {download().no(90, same24, "other.mp4", token.IPMismatch).ua(2), finding.FirstRequest},
		"a playlist's own link":     {newScene().ok(0, home, "index.m3u8").no(90, same24, "index.m3u8", token.IPMismatch).ua(2), finding.Undetermined},
		"several at once":           {watching(5).no(22, same24, "index.m3u8", token.IPMismatch).ua(2).no(25, same16, "index.m3u8", token.IPMismatch).ua(3), finding.Undetermined},
		"several, one of them late": {watching(5).no(22, same24, "index.m3u8", token.IPMismatch).ua(2).no(900, same16, "index.m3u8", token.ExpiredIPMismatch).ua(3), finding.Undetermined},
		"starts over beside":        {watching(5).no(22, same24, "index.m3u8", token.IPMismatch).ua(2).no(23, same24, "seg1.ts", token.IPMismatch).ua(2).ok(24, home, "seg6.ts"), finding.Undetermined},
		"starts over later":         {watching(5).no(60, same24, "index.m3u8", token.IPMismatch).ua(2), finding.Undetermined},
		"follows at once":           {watching(5).no(22, same24, "index.m3u8", token.IPMismatch).ua(2), finding.FirstRequest},
		"polls out of step":         {polling(0, 6, 12, 18).no(20, same24, "live.m3u8", token.IPMismatch).ua(2).ok(24, home, "live.m3u8"), finding.Undetermined},
		"polls in turn":             {polling(0, 6, 12, 18).no(24, same24, "live.m3u8", token.IPMismatch).ua(2).ok(30, home, "live.m3u8"), finding.FirstRequest},
		"the playlist alone":        {watching(0).no(2, same24, "index.m3u8", token.IPMismatch).ua(2), finding.FirstRequest},
		"the playlist, beside":      {watching(0).no(2, same24, "index.m3u8", token.IPMismatch).ua(2).ok(9, home, "seg1.ts"), finding.Undetermined},
		"the playlist, then a film": {watching(0).no(2, same24, "index.m3u8", token.IPMismatch).ua(2).no(3, same24, "seg1.ts", token.IPMismatch).ua(2).ok(9, home, "seg1.ts"), finding.FirstRequest},
		"goes on with the film":     {watching(5).no(22, same24, "seg6.ts", token.IPMismatch).ua(2).ok(24, home, "seg7.ts"), finding.FirstRequest},
		"in one second":             {bySecond(newScene().no(0, same24, "index.m3u8", token.IPMismatch).ua(2).ok(0, home, "index.m3u8").ok(1, home, "seg1.ts")), finding.Undetermined},
		"in one second, alone":      {bySecond(newScene().no(0, same24, "index.m3u8", token.IPMismatch).ua(2).ok(0, home, "index.m3u8")), finding.FirstRequest},
		"a second before":           {bySecond(newScene().no(0, same24, "index.m3u8", token.IPMismatch).ua(2).ok(1, home, "index.m3u8").ok(2, home, "seg1.ts")), finding.FirstRequest},
		"one cookie": {with(watching(5).no(22, same24, "index.m3u8", token.IPMismatch).ua(2).ok(24, home, "seg6.ts"), func(l *Group) {
			for i := range l.Events {
				l.Events[i].Kin = 7
			}
		}), finding.FirstRequest},
		"a stated id":       {stated(watching(5).no(60, same24, "index.m3u8", token.IPMismatch).ua(2)), finding.Undetermined},
		"a stated id, soon": {stated(watching(1).no(6, same24, "seg2.ts", token.IPMismatch).ua(2)), finding.Undetermined},
		"a stated id, a link for each file": {stated(newScene().signedFor(home).signedFor(home).ok(0, home, "index.m3u8").ok(1, home, "seg1.ts").of(1, 1).ok(5, home, "seg2.ts").of(1, 2).
			no(20, same24, "index.m3u8", token.IPMismatch).ua(2).no(21, same24, "seg1.ts", token.IPMismatch).ua(2).of(2, 1).no(22, same24, "seg2.ts", token.IPMismatch).ua(2).of(2, 2)), finding.Undetermined},
		"a stated id, going on":   {stated(watching(5).no(22, same24, "seg6.ts", token.IPMismatch).ua(2)), finding.Undetermined},
		"a stated id, of its own": {stated(watching(5).signedFor(far).no(60, same24, "index.m3u8", token.IPMismatch).ua(2).of(2, 1)), finding.FirstRequest},
	} {
		users := c.s.users()
		if len(users) < 2 {
			t.Fatalf("%s: %d users", name, len(users))
		}
		for i := range users {
			if u := &users[i]; u.Who == 2 && (u.Class != c.class || Affected(u) != (c.class == finding.FirstRequest)) {
				t.Errorf("%s: %s (%s), want %s", name, u.Class, u.Reason, c.class)
			}
		}
	}
}

// TestRule09ALinkHandedOnAmongManyOthers: who was served a link is found, however much is asked for in between: with the
// other links of those who have some in common, or in vain by others.
func TestRule09ALinkHandedOnAmongManyOthers(t *testing.T) {
	s := newScene().signedFor(far).ok(0, home, "index.m3u8")
	for n := int64(1); n <= 5; n++ {
		s.ok(4*n, home, "seg"+strconv.FormatInt(n, 10)+".ts")
	}
	for n := range int64(1500) {
		s.ok(60+n, far, "seg"+strconv.FormatInt(n, 10)+".ts").of(3, 1)
		s.no(60+n, same16, "index.m3u8", token.IPMismatch).ua(4)
	}
	s.no(1600, same24, "index.m3u8", token.IPMismatch).ua(2)
	for _, u := range s.users() {
		if u.Who == 2 || u.Who == 4 {
			want(t, &u, finding.Undetermined, "handed on")
		}
	}
}

// bySecond is a scene in a log of whole seconds.
func bySecond(s *scene) *scene {
	return with(s, func(g *Group) {
		for i := range g.Events {
			g.Events[i].Grain = second
		}
	})
}

func TestRule07ExpiredOnAChangedAddressIsNoRotation(t *testing.T) {
	u := newScene().ok(0, home, "seg1.ts").no(9, far, "seg2.ts", token.ExpiredIPMismatch).only(t)
	want(t, u, finding.Unchanged, "expired as well")
	if u.Mismatches != 0 || len(u.MismatchLens) != 0 || u.MinCommon != -1 {
		t.Errorf("%d mismatches %v, common %d, want none", u.Mismatches, u.MismatchLens, u.MinCommon)
	}
}

func TestRule05AnotherPolicyIsNoRotation(t *testing.T) {
	s := newScene().ok(0, home, "seg1.ts").no(9, far, "seg2.ts", token.IPMismatch)
	s.Events[1].Elsewhere = true
	want(t, s.only(t), finding.Unchanged, "refused elsewhere")
}

func TestServedAndRefusedAtOneAddressConflicts(t *testing.T) {
	s := newScene().ok(0, far, "seg1.ts").no(9, far, "seg2.ts", token.IPMismatch)
	want(t, s.only(t), finding.Conflicting, "same address")
}

func TestRule11TooLittleToTell(t *testing.T) {
	base := func() *scene {
		return newScene().ok(0, home, "seg1.ts").no(9, far, "seg2.ts", token.IPMismatch)
	}
	for name, c := range map[string]struct {
		s      *scene
		reason string
	}{
		"gaps":       {with(base(), func(l *Group) { l.Gaps = true }), "missing from the log"},
		"unresolved": {newScene().no(0, far, "a.ts", token.UnresolvedSignature), "nothing explains"},
		"unchecked":  {newScene().no(0, far, "a.ts", token.Unchecked), "could not be checked"},
		"cut short":  {with(newScene().ok(0, home, "a.ts"), func(l *Group) { l.Truncated = true }), "only the first requests"},
	} {
		t.Run(name, func(t *testing.T) { want(t, c.s.only(t), finding.Undetermined, c.reason) })
	}
	if u := newScene().no(0, far, "a.ts", token.UnresolvedSignature).only(t); !u.Unresolved {
		t.Error("an unresolved signature alone must count as unresolved")
	}
	if u := base().no(20, far, "seg9.ts", token.UnresolvedSignature).only(t); u.Unresolved {
		t.Error("beside a proven mismatch nothing is unresolved")
	}
}

func stated(s *scene) *scene { return with(s, func(g *Group) { g.Stated = true }) }

func with(s *scene, edit func(*Group)) *scene {
	edit(&s.Group)
	return s
}

func TestRule12Interrupted(t *testing.T) {
	s := newScene().signedFor(far).ok(0, home, "seg1.ts").no(9, far, "seg2.ts", token.IPMismatch)
	if !s.only(t).Interrupted {
		t.Error("never served again, but not interrupted")
	}
	if !s.ok(9, far, "seg2.ts").of(1, 1).only(t).Interrupted {
		t.Error("served with a new link at the time of the refusal, which has no order, but not interrupted")
	}
	if !s.ok(11, home, "seg2.ts").only(t).Interrupted {
		t.Error("went on with the old link, but not interrupted")
	}
	if s.ok(19, far, "seg2.ts").of(1, 1).only(t).Interrupted {
		t.Error("served with a new link 10 s later, but interrupted")
	}
	if !s.no(30, far, "seg3.ts", token.IPMismatch).ok(41, far, "seg3.ts").of(1, 1).only(t).Interrupted {
		t.Error("served 11 s after the last refusal, but not interrupted")
	}
	s.RefusalsOnly = true
	if s.only(t).Interrupted {
		t.Error("refusals alone cannot show an interruption")
	}
}

// TestRule12TokenAtFault: the old link is a way back only from a refusal that its
// token was no reason for.
func TestRule12TokenAtFault(t *testing.T) {
	for v := token.Unchecked; v <= token.Unsigned; v++ {
		s := newScene().signedFor(home).ok(0, home, "seg1.ts").no(9, home, "seg2.ts", v).ok(12, home, "seg2.ts")
		if got, want := s.only(t).Interrupted, v != token.Valid; got != want {
			t.Errorf("refused as %s, then served with the old link: interrupted %t, want %t", v, got, want)
		}
		s.Events[2].Link = 1
		if s.only(t).Interrupted {
			t.Errorf("refused as %s, then served with a new link, but interrupted", v)
		}
	}
	s := newScene().ok(0, home, "seg1.ts").no(9, far, "seg2.ts", token.IPMismatch).ok(12, home, "seg2.ts")
	if s.Events[1].Elsewhere = true; s.only(t).Interrupted {
		t.Error("refused for its country, then served with the old link, but interrupted")
	}
}

// TestRule12RefusedAtOnce: of two links that were refused at the same time neither
// is a new one, in whatever order they are logged.
func TestRule12RefusedAtOnce(t *testing.T) {
	for _, first := range []uint32{0, 1} {
		s := newScene().signedFor(home).signedFor(far).no(9, far, "sound2.ts", token.IPMismatch).of(1, first).no(9, far, "seg2.ts", token.IPMismatch).of(1, 1-first)
		if !s.ok(12, home, "seg2.ts").of(1, 0).ok(12, home, "sound2.ts").of(1, 1).only(t).Interrupted {
			t.Errorf("link %d refused first: went on with two old links, but not interrupted", first)
		}
		if s.ok(13, far, "seg3.ts").of(1, 2).only(t).Interrupted {
			t.Errorf("link %d refused first: served with a third link, but interrupted", first)
		}
	}
}

// TestRule12EveryRefusedLinkIsOld: refused with one link and then with another, a viewer
// who is served with either has no new one, though it was served in between.
func TestRule12EveryRefusedLinkIsOld(t *testing.T) {
	s := newScene().signedFor(home).signedFor(home).no(1, far, "seg1.ts", token.IPMismatch).no(3, far, "seg1.ts", token.IPMismatch).of(1, 1)
	if !s.ok(5, home, "seg1.ts").only(t).Interrupted {
		t.Error("served with the first of two refused links, but not interrupted")
	}
	if s.ok(6, far, "seg1.ts").of(1, 2).only(t).Interrupted {
		t.Error("served with a third link, but interrupted")
	}
	if !s.no(60, far, "seg9.ts", token.IPMismatch).of(1, 2).ok(62, home, "seg9.ts").of(1, 1).only(t).Interrupted {
		t.Error("refused a minute later and served with a link that was refused before, but not interrupted")
	}
	if s.no(90, home, "seg12.ts", token.Valid).ok(91, home, "seg12.ts").only(t).Interrupted {
		t.Error("refused elsewhere at last, where the first link will do, but interrupted")
	}
}

func TestWithoutAKeyTheServedAddressStandsForTheSigningOne(t *testing.T) {
	s := newScene().ok(0, home, "seg1.ts").no(9, same24, "seg2.ts", token.IPMismatch)
	s.Signed = nil
	s.Events[1].Inferred = true
	u := s.only(t)
	want(t, u, finding.Rotating, "inferred")
	if !u.Inferred || u.MinCommon != 25 {
		t.Errorf("inferred %v, common %d, want true 25", u.Inferred, u.MinCommon)
	}
}

func TestASNOfTheRefusedAddresses(t *testing.T) {
	s := newScene()
	for i := range 5 {
		s.ok(int64(i), home, "seg1.ts").asn(7)
	}
	if u := s.only(t); u.ASN != 7 {
		t.Errorf("AS%d, want AS7", u.ASN)
	}
	if u := s.no(9, far, "seg2.ts", token.IPMismatch).asn(9).only(t); u.ASN != 9 {
		t.Errorf("AS%d, want AS9 of the refused address", u.ASN)
	}
}

func TestTimelineJoinsRuns(t *testing.T) {
	s := newScene().ok(0, home, "seg1.ts").ok(6, home, "seg2.ts").no(12, far, "seg3.ts", token.IPMismatch).no(13, far, "seg3.ts", token.IPMismatch)
	s.Events[1].Status = 206
	u := s.only(t)
	steps := s.Timeline(u, Default())
	if len(steps) != 2 || steps[0].Count != 2 || steps[0].Last-steps[0].Time != 6e6 || steps[1].Count != 2 || steps[1].Cause != "ip_mismatch" || steps[0].Cause != "" || steps[1].Name != "seg3.ts" {
		t.Errorf("timeline %+v", steps)
	}
	few := Default()
	few.TimelineSteps = 1
	if steps := s.Timeline(u, few); len(steps) != 1 {
		t.Errorf("%d steps, want the limit of 1", len(steps))
	}
}

func TestUsersInOrder(t *testing.T) {
	users := newScene().ok(0, home, "a.ts").ua(9).ok(0, home, "a.ts").ua(3).ok(1, home, "b.ts").ua(1).ok(2, home, "c.ts").ua(9).users()
	if len(users) != 3 || users[0].UA != 3 || users[1].UA != 9 || users[2].UA != 1 || users[1].Requests != 2 {
		t.Errorf("users %+v", users)
	}
	if got := Users(&Group{}, Default()); got != nil {
		t.Errorf("no events: %v", got)
	}
}

func TestPlace(t *testing.T) {
	for name, c := range map[string]struct {
		part part
		n    int64
	}{
		"index.m3u8": {opening, 0}, "Manifest.MPD": {opening, 0}, "init.mp4": {opening, 0}, "init-stream0.m4s": {opening, 0},
		"seg-12-v1-a1.ts": {segment, 12}, "segment_0007.m4s": {segment, 7}, "chunk-stream0-00012.m4s": {segment, 12},
		"media_b800000_12.ts": {segment, 12}, "12.ts": {segment, 12}, "seg5.mp4": {segment, 5},
		"movie2.mp4": {whole, 0}, "key": {whole, 0}, "": {whole, 0}, "x.ts": {whole, 0},
		"seg99999999999999999999.ts": {whole, 0},
	} {
		if part, n := place(name); part != c.part || n != c.n {
			t.Errorf("place(%q) = %d %d, want %d %d", name, part, n, c.part, c.n)
		}
	}
}

func TestOneBitInCommon(t *testing.T) {
	u := newScene().no(0, "140.0.0.1", "index.m3u8", token.IPMismatch).only(t) // 198 and 140 are 1100 0110 and 1000 1100
	want(t, u, finding.FirstRequest, "(1 bit in common)")
}

// TestLinesOfOneTimeHaveNoOrder: of two downloads logged in the same second, one line tells when it began and one does not.
func TestLinesOfOneTimeHaveNoOrder(t *testing.T) {
	for _, began := range [][2]bool{{true, false}, {false, true}} {
		s := newScene().no(0, same16, "film.mp4", token.IPMismatch).ok(300, home, "film.mp4").ok(300, home, "film.mp4")
		for i, b := range began {
			s.Events[len(s.Events)-2+i].Began = b
		}
		want(t, s.only(t), finding.Undetermined, "")
	}
}

// TestTimelineOfOneTime: requests of one second are drawn with as few changes of address as are counted.
func TestTimelineOfOneTime(t *testing.T) {
	s := newScene().ok(0, home, "seg1.ts").ok(1, home, "seg2.ts").no(1, same16, "seg3.ts", token.IPMismatch).no(2, same16, "seg3.ts", token.IPMismatch).
		ok(3, same16, "seg3.ts").ok(3, far, "seg4.ts").ok(4, far, "seg5.ts").ok(4, home, "seg6.ts").ok(5, home, "seg7.ts")
	u := s.only(t)
	changes := 0
	steps := s.Timeline(u, Default())
	for i := range steps[1:] {
		if steps[i].Client != steps[i+1].Client {
			changes++
		}
	}
	if u.Switches != 3 || changes != u.Switches {
		t.Errorf("%d changes drawn, %d counted: %+v", changes, u.Switches, steps)
	}
}
