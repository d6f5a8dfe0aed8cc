package report

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"ipdrift/detect/finding"
)

func TestFormats(t *testing.T) {
	for _, f := range Formats() {
		if got, err := FormatNamed(f.Name); err != nil || got.Ending != f.Ending {
			t.Errorf("FormatNamed(%q) = %v, %v", f.Name, got, err)
		}
		if got, err := FormatFor("a.b/Report" + strings.ToUpper(f.Ending)); err != nil || got.Name != f.Name {
			t.Errorf("FormatFor(%q) = %v, %v", f.Ending, got, err)
		}
	}
	errs := map[string]string{
		"named yaml": "unknown format \"yaml\": choose one of text, json, markdown, html, csv",
		"for x":      "unknown file ending \"\": choose one of .txt, .json, .md, .html, .csv",
		"for x.\x1b": "unknown file ending \".\\x1b\": choose one of .txt, .json, .md, .html, .csv",
	}
	for call, want := range errs {
		how, what, _ := strings.Cut(call, " ")
		_, err := FormatNamed(what)
		if how == "for" {
			_, err = FormatFor(what)
		}
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", call, err, want)
		}
	}
}

var errFull = errors.New("disk full")

// full takes n bytes and fails from then on.
type full struct {
	n      int
	failed bool
}

func (f *full) Write(p []byte) (int, error) {
	if f.failed || len(p) > f.n {
		f.failed = true
		return min(f.n, len(p)), errFull
	}
	f.n -= len(p)
	return len(p), nil
}

// TestFailingWriter lets every format fail after each number of bytes, a long
// one after some hundreds of them.
func TestFailingWriter(t *testing.T) {
	a := load(t, fixtures+"/keep_current.json")
	for _, f := range Formats() {
		size := len(render(t, f, a, Options{}))
		for n := 0; n < size; n += 1 + size/500 {
			if err := f.Render(&full{n: n}, a, Options{}); !errors.Is(err, errFull) {
				t.Fatalf("%s after %d of %d bytes: %v", f.Name, n, size, err)
			}
		}
		if err := f.Render(&full{n: size}, a, Options{}); err != nil {
			t.Errorf("%s with room enough: %v", f.Name, err)
		}
	}
}

// short writes less than it was given and says nothing.
type short struct{}

func (short) Write(p []byte) (int, error) { return len(p) / 2, nil }

func TestShortWriter(t *testing.T) {
	a := load(t, fixtures+"/widen.json")
	for _, f := range Formats() {
		if err := f.Render(short{}, a, Options{}); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
}

func TestCSV(t *testing.T) {
	cells := map[string]string{
		"": "", "plain": "plain", "=1+1": "'=1+1", "+1": "'+1", "@a": "'@a", "-1": "-1", "-1.5e-3": "-1.5e-3", "-": "-", "--": "'--", "-1+1": "'-1+1", "--1": "'--1",
		"-Inf": "'-Inf", "-0x1": "'-0x1", "\ta": "'\ta", "a=b": "a=b", "\x1b[2J": `\x1b[2J`, "＝1": "'＝1", "-1-1": "'-1-1",
	}
	for in, want := range cells {
		if got := guard(in); got != want {
			t.Errorf("guard(%q) = %q, want %q", in, got, want)
		}
	}
	broken := errors.New("connection lost")
	rows := func(yield func([]string, error) bool) {
		_ = yield([]string{"1", "=x"}, nil) && yield(nil, broken)
	}
	var b strings.Builder
	if err := CSV(&b, []string{"a", "b"}, rows); !errors.Is(err, broken) || b.String() != "a,b\n1,'=x\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
	ragged := func(yield func([]string, error) bool) { yield([]string{"1"}, nil) }
	if err := CSV(io.Discard, []string{"a", "b"}, ragged); err == nil {
		t.Error("a short row was taken")
	}
}

func TestTimeline(t *testing.T) {
	a := load(t, fixtures+"/widen.json")
	got := map[string]string{}
	for _, u := range a.Users.Flagged {
		got[u.ID] = strings.Join(timeline(u.Timeline, nil, 100), " ")
	}
	want := map[string]string{"3fa9c1": "ssss | R | ss | RR | ssss", "b71e02": "s×112 | R×3 | s×41 | R×2 | R", "09cc4d": "RRRRRR"}
	for id, line := range want {
		if got[id] != line {
			t.Errorf("%s: %s, want %s", id, got[id], line)
		}
	}
	cut := timeline(a.Users.Flagged[0].Timeline, nil, 3)
	if strings.Join(cut, " ") != "ssss | R | and 8 more requests" && !slices.Contains(cut, "and 8 more requests") {
		t.Errorf("cut: %q", cut)
	}
}

// TestUsersInOrder: the report orders classes as the analysis does that chooses who is listed.
func TestUsersInOrder(t *testing.T) {
	want := []finding.Class{finding.Rotating, finding.FirstRequest, finding.ManyNetworks, finding.Conflicting}
	var users []finding.User
	for _, c := range want {
		users = append([]finding.User{{Class: c}}, users...)
	}
	slices.SortStableFunc(users, telling)
	for i, c := range want {
		if users[i].Class != c {
			t.Errorf("place %d is of %s, want %s", i, users[i].Class, c)
		}
	}
}

func TestSentencesAboutOne(t *testing.T) {
	for n, want := range map[int64]string{1: "1 of 1 request with the cause expired is inferred", 2: "2 of 2 requests with the cause expired are inferred"} {
		a := &finding.Analysis{Denials: finding.Denials{Total: n, ByCause: map[string]int64{"expired": n}, Inferred: map[string]int64{"expired": n}}}
		for _, format := range []string{"markdown", "html"} {
			var b strings.Builder
			f, _ := FormatNamed(format)
			if err := f.Render(&b, a, Options{}); err != nil || !strings.Contains(b.String(), want) {
				t.Errorf("%s: %v, no %q", format, err, want)
			}
		}
	}
	for n, want := range map[int64]string{1: "the 1 user", 1200: "some of the 1,200 users"} {
		if got := someOf(n); got != want {
			t.Errorf("someOf(%d) = %q, want %q", n, got, want)
		}
	}
}
