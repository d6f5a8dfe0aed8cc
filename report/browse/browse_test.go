package browse

import (
	"context"
	"regexp"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/lipgloss"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"ipdrift/detect/finding"
	"ipdrift/report"
	"ipdrift/report/reporttest"
)

// walk is the keys that lead to each pane.
func walk() map[string][]string {
	return map[string][]string{
		"causes":   {"down"},
		"hosts":    {"enter", "down"},
		"users":    {"down", "enter", "enter", "pgdown"},
		"timeline": {"down", "enter", "enter", "enter"},
		"request":  {"down", "enter", "enter", "enter", "enter"},
		"search":   {"down", "enter", "enter", "/", "9", "8"},
		"nothing":  {"down", "enter", "enter", "enter", "/", "x", "enter"},
		"help":     {"enter", "?"},
	}
}

func TestGoldens(t *testing.T) {
	for name, keys := range walk() {
		for size, width := range map[string]int{"": 80, ".60": 60} {
			s := newStage((&fake{viewers: 3211, path: "/vod/film"}).open(t), report.Options{Case: "case.duckdb"})
			s.send(tea.WindowSizeMsg{Width: width, Height: 24})
			reporttest.Golden(t, fixtures, "browse."+name+size+".txt", s.keys(keys...).text())
		}
	}
	ascii := newStage((&fake{viewers: 9, path: "/vod/film"}).open(t), report.Options{ASCII: true})
	reporttest.Golden(t, fixtures, "browse.ascii.txt", ascii.keys(walk()["timeline"]...).text())
	color := newStage((&fake{viewers: 9, path: "/vod/film"}).open(t), report.Options{Color: true})
	reporttest.Golden(t, fixtures, "browse.color.txt", color.keys(walk()["timeline"]...).text())
}

// TestAnything presses keys, resizes the window and lets readings end in any
// order: nothing panics, the screen has the size of the window, and no text of a
// log reaches it unclean.
func TestAnything(t *testing.T) {
	hostile := "/\x1b[2J\u202e影片🎬e" + strings.Repeat("\u0301", 300) + "\t" + strings.Repeat("x", 3000) + "שלום👩\u200d👩\u200d👧🇩🇪"
	keys := []string{"up", "down", "left", "right", "enter", "esc", "pgup", "pgdown", "home", "end", "backspace", "space", "/", "?", "n", "N", "j", "k", "g", "G", "x", "影", "ctrl+u", "ctrl+d", "ctrl+z"}
	rapid.Check(t, func(r *rapid.T) {
		f := &fake{viewers: rapid.SampledFrom([]int64{0, 1, 30, 1_000_000}).Draw(r, "users"), path: hostile}
		o := report.Options{Color: rapid.Bool().Draw(r, "color"), ASCII: rapid.Bool().Draw(r, "ascii"), Case: "it's\x1b.duckdb"}
		s := newStage(f.open(t), o)
		if rapid.IntRange(0, 9).Draw(r, "broken") == 0 {
			f.broken = errBroken
		}
		for range rapid.IntRange(1, 60).Draw(r, "steps") {
			switch rapid.IntRange(0, 9).Draw(r, "what") {
			case 0:
				s.send(tea.WindowSizeMsg{Width: rapid.IntRange(1, 210).Draw(r, "width"), Height: rapid.IntRange(1, 60).Draw(r, "height")})
			case 1:
				s.send(tea.PasteMsg{Content: "\n\x1b[31m\u202e影\nmore"})
			case 2, 3, 4, 5:
				if n := len(s.waiting); n > 0 {
					i := rapid.IntRange(0, n-1).Draw(r, "ends")
					cmd := s.waiting[i]
					s.waiting = append(s.waiting[:i:i], s.waiting[i+1:]...)
					s.send(cmd())
				}
			default:
				s.send(press(rapid.SampledFrom(keys).Draw(r, "key")))
			}
			checkScreen(r, s)
		}
		if f.most > pageRows {
			r.Fatalf("%d rows were asked for at once", f.most)
		}
	})
}

func checkScreen(r *rapid.T, s *stage) {
	lines := s.screen()
	if len(lines) > s.height {
		r.Fatalf("%d lines in a window of %d", len(lines), s.height)
	}
	for _, line := range lines {
		if bare := reporttest.WithoutSGR(line); lipgloss.Width(bare) > s.width || report.Clean(bare) != bare {
			r.Fatalf("%q is %d wide in a window of %d", line, lipgloss.Width(bare), s.width)
		}
	}
	for _, p := range s.panes {
		if len(p.rows) > pageRows {
			r.Fatalf("%d rows are held", len(p.rows))
		}
		for _, row := range p.rows {
			for _, c := range row.cells {
				if len(c.text) > longestCell+len("...") {
					r.Fatalf("a cell of %d bytes", len(c.text))
				}
			}
		}
	}
}

// TestLongTextKeepsBothEnds: of a path the end is shown, of a player the beginning.
func TestLongTextKeepsBothEnds(t *testing.T) {
	for in, want := range map[string]string{
		"a" + strings.Repeat("x", 1998) + "b":     "a" + strings.Repeat("x", 1998) + "b",
		"a" + strings.Repeat("x", 1<<20) + "b":    "a" + strings.Repeat("x", 999) + "..." + strings.Repeat("x", 999) + "b",
		"ab" + strings.Repeat("影", 1<<20) + "abc": "ab" + strings.Repeat("影", 332) + "..." + strings.Repeat("影", 332) + "abc",
	} {
		if got := plainly(in).text; got != want {
			t.Errorf("%.10q and so on: %d bytes, want %d", in, len(got), len(want))
		}
	}
}

// TestCutIntoNothing: three columns and fewer.
func TestCutIntoNothing(t *testing.T) {
	k := newInk(report.Options{})
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"abcd", 3, "abc"}, {"abcd", 1, "a"}, {"abc", 0, ""}, {"", 3, ""}, {"影片", 3, "影"}, {"影片", 1, ""}, {"e\u0301\u0301b\u0301cd", 2, "e\u0301\u0301b\u0301"},
		{strings.Repeat("x", 1<<20), 2, "xx"}, {"\x1bab", 3, `\x1`},
	} {
		if got := k.cut(c.text, c.width); got != c.want {
			t.Errorf("cut(%.10q, %d) = %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

// TestOneLongHostHidesNothing: whoever asks for a host of any length takes no column and
// no decision from the others.
func TestOneLongHostHidesNothing(t *testing.T) {
	f := &fake{viewers: 1, path: "/"}
	c := f.open(t)
	long := strings.Repeat("x", 70) + ".example"
	c.Refusals = func(ctx context.Context) ([]finding.Refusals, error) {
		list, err := f.refusals(ctx)
		return append(list, finding.Refusals{Host: long, Requests: 1}, finding.Refusals{Host: long, Cause: "expired", Requests: 1}), err
	}
	c.Analysis.Recommendations[0].Host = long
	c.Analysis.Calibration[0].Host = long
	s := newStage(c, report.Options{}).keys()
	if text := s.text(); !regexp.MustCompile(`(?m)^x+…  +[A-Z]`).MatchString(text) {
		t.Errorf("the long host has no decision:\n%s", text)
	}
	if text := s.keys("enter").text(); !strings.Contains(text, "users  decision") || !strings.Contains(text, "xxx…  ") {
		t.Errorf("columns are gone:\n%s", text)
	}
}

// TestLeastWindowShowsARow: however low the window, the row under the cursor is in it.
func TestLeastWindowShowsARow(t *testing.T) {
	for name, keys := range walk() {
		if name == "request" || name == "nothing" || name == "help" {
			continue
		}
		s := newStage((&fake{viewers: 30, path: "/"}).open(t), report.Options{}).keys(keys...)
		for height := leastHeight; height < 12; height++ {
			s.send(tea.WindowSizeMsg{Width: 80, Height: height})
			s.run()
			if text := s.text(); !strings.Contains(text, "▸ ") || strings.Count(text, "\n") != height {
				t.Errorf("%s in %d lines:\n%s", name, height, text)
			}
		}
	}
}

// TestColorSaysNothingOfItsOwn takes the escape codes away again: the same text
// must be left.
func TestColorSaysNothingOfItsOwn(t *testing.T) {
	for name, keys := range walk() {
		c := (&fake{viewers: 50, path: "/vod"}).open(t)
		colored := newStage(c, report.Options{Color: true}).keys(keys...).text()
		if name != "nothing" && !strings.Contains(colored, "\x1b[") {
			t.Errorf("%s: no colour", name)
		}
		var trimmed []string
		for line := range strings.SplitSeq(reporttest.WithoutSGR(colored), "\n") {
			trimmed = append(trimmed, strings.TrimRight(line, " "))
		}
		var bare []string
		for line := range strings.SplitSeq(newStage(c, report.Options{}).keys(keys...).text(), "\n") {
			bare = append(bare, strings.TrimRight(line, " "))
		}
		if diff := cmp.Diff(bare, trimmed); diff != "" {
			t.Errorf("%s (-plain +colored):\n%s", name, diff)
		}
	}
}

// TestFarAway goes to the end of a million users and back by pages: what is on
// the screen is always there in the end.
func TestFarAway(t *testing.T) {
	f := &fake{viewers: 1_000_000, path: "/"}
	s := newStage(f.open(t), report.Options{}).keys("down", "enter", "enter")
	for _, keys := range [][]string{{"end"}, {"pgup", "pgup", "pgup"}, {"home"}, {"pgdown"}, {"G", "k"}} {
		text := s.keys(keys...).text()
		if strings.Contains(text, "…\n") || !strings.Contains(text, " rotating ") {
			t.Errorf("after %v:\n%s", keys, text)
		}
	}
	if want := "999,999 of 1,000,000"; !strings.Contains(s.text(), want) {
		t.Errorf("no %s in\n%s", want, s.text())
	}
}

func TestRefusalsAreFound(t *testing.T) {
	s := newStage((&fake{viewers: 1, path: "/"}).open(t), report.Options{}).keys("down", "enter", "enter", "enter")
	for _, c := range []struct{ key, place string }{{"", "7 of 12"}, {"n", "8 of 12"}, {"n", "9 of 12"}, {"n", "9 of 12"}, {"N", "8 of 12"}, {"home", "1 of 12"}, {"n", "7 of 12"}} {
		if c.key != "" {
			s.keys(c.key)
		}
		if first, _, _ := strings.Cut(s.text(), "\n"); !strings.HasSuffix(first, " "+c.place) {
			t.Errorf("after %q: %s, want %s", c.key, first, c.place)
		}
	}
}

func TestLeavingAndGivingUp(t *testing.T) {
	c := (&fake{viewers: 5, path: "/"}).open(t)
	for _, key := range []string{"q", "ctrl+c"} {
		if s := newStage(c, report.Options{}).keys("enter", key); !s.left {
			t.Errorf("%s does not leave", key)
		}
	}
	if s := newStage(c, report.Options{}).keys("/", "q", "ctrl+c"); !s.left {
		t.Error("ctrl+c does not leave the search line")
	}
	s := newStage(c, report.Options{}).keys("down", "enter")
	s.send(press("enter")) // is being read
	s.send(press("down"))  // waits
	s.send(press("esc"))   // gives up
	if s.run(); len(s.panes) != 2 || s.busy != "" || !strings.Contains(s.text(), "given up") {
		t.Errorf("%d panes, busy with %q:\n%s", len(s.panes), s.busy, s.text())
	}
	if s := newStage(c, report.Options{}).keys("esc"); s.left || !strings.Contains(s.text(), "q leaves") {
		t.Errorf("esc on the first page:\n%s", s.text())
	}
}

func TestErrors(t *testing.T) {
	f := &fake{viewers: 5, path: "/", broken: errBroken}
	s := newStage(f.open(t), report.Options{}).keys("down", "enter", "enter")
	if text := s.text(); s.left || len(s.panes) != 2 || !strings.Contains(text, `cannot read: connection lost\x1b[2J`) {
		t.Errorf("an error on the way:\n%s", text)
	}
	c := f.open(t)
	c.Refusals = nil
	broken := newStage(c, report.Options{})
	broken.waiting = nil
	broken.send(opened{turn: broken.turn, err: errBroken})
	if broken.run(); !broken.left || broken.fault == nil {
		t.Error("a case that cannot be read at all does not end the view")
	}
}
