package browse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"ipdrift/detect/finding"
	"ipdrift/report"
)

const fixtures = "../../testdata/report/"

// fake is a case that stands nowhere: a million users of one host, whose
// requests are made up as they are asked for.
type fake struct {
	viewers int64
	path    string
	broken  error // what reading viewers ends with
	most    int64 // rows that were asked for at once
}

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func (f *fake) open(t testing.TB) Case {
	t.Helper()
	text, err := os.ReadFile(fixtures + "widen.json")
	if err != nil {
		t.Fatal(err)
	}
	a := &finding.Analysis{}
	if err := json.Unmarshal(text, a); err != nil {
		t.Fatal(err)
	}
	return Case{Analysis: a, Refusals: f.refusals, Viewers: f.list, Timeline: f.timeline}
}

func (f *fake) refusals(context.Context) ([]finding.Refusals, error) {
	return []finding.Refusals{
		{Host: "video.example.com", Requests: 90_110, Viewers: 4000},
		{Host: "video.example.com", Cause: "ip_mismatch", Requests: 61_002, Viewers: 3211},
		{Host: "video.example.com", Cause: "expired", Requests: 29_108, Viewers: 800},
		{Host: "files.example.com", Requests: 1110, Viewers: 12},
		{Host: "files.example.com", Cause: "expired", Requests: 1110, Viewers: 12},
	}, nil
}

func (f *fake) list(_ context.Context, s finding.Scope) (finding.List[finding.Viewer], error) {
	n := f.viewers
	if s.Search != "" {
		n = 1
	}
	return finding.List[finding.Viewer]{Len: n, Page: func(_ context.Context, from, count int64) ([]finding.Viewer, error) {
		f.most = max(f.most, count)
		var out []finding.Viewer
		for i := from; i < min(from+count, n); i++ {
			out = append(out, finding.Viewer{
				Key: finding.ViewerKey{Host: "video.example.com", Link: uint32(i) + 1}, ID: fmt.Sprintf("%016x", i*0x9e3779b97f4a7c), Class: finding.Rotating,
				Reason: "at least 2 changes between 2 addresses in one /16; served 9 times, refused 3 times", UserAgent: "ExoPlayer/2.19 (影片 player) " + f.path,
				Matching: 3, Requests: 12, Refusals: 2, Addresses: 2, Switches: 2, First: noon, Last: noon.Add(110 * time.Second),
			})
		}
		return out, f.broken
	}}, f.broken
}

func (f *fake) request(i int64) finding.Request {
	asn, size, expires := int64(64501), int64(1_048_576), noon.Add(time.Hour)
	q := finding.Request{
		Source: "access.log", Line: i + 1, Time: noon.Add(time.Duration(i) * 10 * time.Second), Client: "198.51.100.7", ASN: &asn, Country: "DE", Host: "video.example.com",
		Method: "GET", Path: f.path + fmt.Sprintf("/segment-%05d.ts", i), Status: 200, Bytes: &size, UserAgent: "ExoPlayer/2.19 (影片 player)",
		Verdict: "valid", Basis: "recomputed", Token: "vVK6uH", Expires: &expires, Reproduced: true, Scope: "dir", SignedIP: "198.51.100.7", SignedBasis: "recomputed",
	}
	if i%12 >= 6 && i%12 < 9 {
		q.Client, q.Moved, q.Status, q.Verdict, q.Cause, q.Reproduced = "198.51.7.9", i%12 == 6, 403, "ip_mismatch", "ip_mismatch", false
	}
	q.Moved = q.Moved || i%12 == 9
	return q
}

func (f *fake) timeline(_ context.Context, _ finding.ViewerKey, search string) (t finding.Timeline, err error) {
	t.Len = 12
	if search != "" {
		t.Len = 0
	}
	t.Page = func(_ context.Context, from, n int64) (out []finding.Request, err error) {
		for i := from; i < min(from+n, t.Len); i++ {
			out = append(out, f.request(i))
		}
		return out, nil
	}
	t.Refused = func(_ context.Context, at int64, back bool) (int64, error) {
		step := int64(1)
		if back {
			step = -1
		}
		for i := at + step; i >= 0 && i < t.Len; i += step {
			if f.request(i).Cause != "" {
				return i, nil
			}
		}
		return -1, nil
	}
	t.Lanes = func(_ context.Context, steps, _ int) (finding.Lanes, error) {
		l := finding.Lanes{From: noon, To: noon.Add(110 * time.Second), More: 1}
		for _, network := range []string{"198.51.100.7", "198.51.7.9"} {
			lane := finding.Lane{Network: network, Served: make([]int64, steps), Refused: make([]int64, steps)}
			for i := range int64(12) {
				at := int(i) * (steps - 1) / 11
				switch q := f.request(i); {
				case q.Client != network:
				case q.Cause != "":
					lane.Refused[at]++
				default:
					lane.Served[at]++
				}
			}
			l.Lanes = append(l.Lanes, lane)
		}
		return l, nil
	}
	return t, nil
}

// stage runs a model without a terminal: commands are kept until they are run.
type stage struct {
	*model
	waiting []tea.Cmd
	left    bool
}

func newStage(c Case, o report.Options) *stage {
	start := func(work func(context.Context) tea.Msg) (tea.Cmd, context.CancelFunc) {
		ctx, cancel := context.WithCancel(context.Background())
		return func() tea.Msg { return work(ctx) }, cancel
	}
	s := &stage{model: newModel(c, o, start)}
	s.wait(s.Init())
	return s
}

func (s *stage) wait(cmd tea.Cmd) {
	if cmd != nil {
		s.waiting = append(s.waiting, cmd)
	}
}

func (s *stage) send(msg tea.Msg) {
	if _, ok := msg.(tea.QuitMsg); ok {
		s.left = true
		return
	}
	_, cmd := s.Update(msg)
	s.wait(cmd)
}

// run runs what waits, and what that leads to.
func (s *stage) run() {
	for len(s.waiting) > 0 {
		cmd := s.waiting[0]
		s.waiting = s.waiting[1:]
		s.send(cmd())
	}
}

// keys presses keys one after another, named as bubbletea names them.
func (s *stage) keys(names ...string) *stage {
	s.run()
	for _, name := range names {
		s.send(press(name))
		s.run()
	}
	return s
}

func press(name string) tea.KeyPressMsg {
	codes := map[string]rune{"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "enter": tea.KeyEnter, "esc": tea.KeyEscape,
		"pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome, "end": tea.KeyEnd, "backspace": tea.KeyBackspace, "space": tea.KeySpace}
	if code, ok := codes[name]; ok {
		return tea.KeyPressMsg{Code: code}
	}
	if letter, ok := strings.CutPrefix(name, "ctrl+"); ok {
		return tea.KeyPressMsg{Code: rune(letter[0]), Mod: tea.ModCtrl}
	}
	return tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
}

func (s *stage) text() string { return strings.Join(s.screen(), "\n") + "\n" }

var errBroken = errors.New("connection lost\x1b[2J")
