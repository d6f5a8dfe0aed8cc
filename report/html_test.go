package report

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"ipdrift/detect/finding"
)

func pageOf(t testing.TB, a *finding.Analysis) string {
	t.Helper()
	return string(render(t, Format{Render: renderHTML}, a, Options{}))
}

// TestHTMLIsWellFormed walks the tokens of every page: each tag that opens is
// closed in turn, no id stands twice, and whatever refers to an id finds it.
func TestHTMLIsWellFormed(t *testing.T) {
	for name, a := range cases(t) {
		text := pageOf(t, a)
		for _, fault := range faultsOf(text) {
			t.Errorf("%s: %s", name, fault)
		}
		if n := strings.Count(text, "<h1"); n != 1 {
			t.Errorf("%s: %d headings of the first rank", name, n)
		}
	}
}

// TestFaultsAreFound makes sure that the walk can fail.
func TestFaultsAreFound(t *testing.T) {
	for text, want := range map[string]string{
		"<p><b></p>": "</p> closes <b>", "<p>": "<p> is open", `<p id="a"></p><p id="a"></p>`: "id a twice", `<p aria-labelledby="x"></p>`: "aria-labelledby x",
		`<a href="#x">x</a>`: "href #x", `<h1>a</h1><h3>b</h3>`: "h3 follows h1", `<img src="http://x">`: "src", `<p onclick="x"></p>`: "onclick", `<p style="x"></p>`: "style",
		`<table><thead><tr><th>x</th></tr></thead></table>`: "scope", `<label for="q">q</label>`: "for q", `<a href="https://x">x</a>`: "href https://x",
	} {
		if got := strings.Join(faultsOf(text), "; "); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// void elements are never closed (HTML, 13.1.2).
var void = map[string]bool{"meta": true, "input": true, "br": true, "img": true, "link": true}

func faultsOf(text string) (faults []string) {
	found := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	var open []string
	ids, wanted := map[string]bool{}, map[string]string{}
	rank := 0
	z := html.NewTokenizer(strings.NewReader(text))
	for z.Next() != html.ErrorToken {
		switch k := z.Token(); k.Type {
		case html.StartTagToken, html.SelfClosingTagToken:
			for _, attr := range k.Attr {
				faults = append(faults, faultOfAttr(k.Data, attr, ids, wanted)...)
			}
			if k.Data == "th" && !strings.Contains(k.String(), ` scope="`) {
				found("<th> without scope")
			}
			if len(k.Data) == 2 && k.Data[0] == 'h' && k.Data[1] >= '1' && k.Data[1] <= '6' {
				if now := int(k.Data[1] - '0'); now > rank+1 {
					found("h%d follows h%d", now, rank)
				}
				rank = int(k.Data[1] - '0')
			}
			if k.Type == html.StartTagToken && !void[k.Data] {
				open = append(open, k.Data)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != k.Data {
				found("</%s> closes <%s>", k.Data, strings.Join(open[max(0, len(open)-1):], ""))
				return faults
			}
			open = open[:len(open)-1]
		}
	}
	for _, tag := range open {
		found("<%s> is open at the end", tag)
	}
	for id, by := range wanted {
		if !ids[id] {
			found("%s names nothing", by)
		}
	}
	return faults
}

// faultOfAttr notes ids and references, and finds what would run, style or
// fetch something.
func faultOfAttr(tag string, attr html.Attribute, ids map[string]bool, wanted map[string]string) (faults []string) {
	switch key := attr.Key; {
	case key == "id":
		if ids[attr.Val] {
			faults = append(faults, "id "+attr.Val+" twice")
		}
		ids[attr.Val] = true
	case key == "aria-labelledby" || key == "aria-describedby" || key == "for":
		for id := range strings.FieldsSeq(attr.Val) {
			wanted[id] = key + " " + id
		}
	case key == "href" && strings.HasPrefix(attr.Val, "#"):
		wanted[attr.Val[1:]] = "href " + attr.Val
	case key == "href" || key == "src" || key == "style" || key == "action" || strings.HasPrefix(key, "on") || tag == "img" || tag == "link" || tag == "iframe":
		faults = append(faults, tag+" has "+key+" "+attr.Val)
	}
	return faults
}

// TestPolicyNamesWhatIsThere recomputes the fingerprints over what a browser
// would hash.
func TestPolicyNamesWhatIsThere(t *testing.T) {
	text := pageOf(t, load(t, fixtures+"/hostile.json"))
	for _, tag := range []string{"style", "script"} {
		_, rest, _ := strings.Cut(text, "<"+tag+">")
		inside, _, ok := strings.Cut(rest, "</"+tag+">")
		if want := tag + "-src " + strings.ReplaceAll(fingerprint(inside), "+", "&#43;"); !ok || !strings.Contains(strings.ReplaceAll(text, "&#39;", "'"), want) {
			t.Errorf("the policy does not say %q", want)
		}
		if n := strings.Count(text, "<"+tag); n != 1 {
			t.Errorf("%d times <%s", n, tag)
		}
	}
	if !strings.Contains(text, "default-src &#39;none&#39;") {
		t.Error("the policy allows something by default")
	}
}

// TestUnitsStayWithNumbers: no line of a page or of a narrow screen may end between them.
func TestUnitsStayWithNumbers(t *testing.T) {
	parted := regexp.MustCompile(`[0-9]\s(%|(s|min|h|d|ms)\b)`)
	for name, a := range cases(t) {
		page := pageOf(t, a)
		for _, verbatim := range []string{asset("page.css"), asset("page.js")} {
			if !strings.Contains(page, verbatim) {
				t.Errorf("%s: style or script were changed", name)
			}
			page = strings.ReplaceAll(page, verbatim, "")
		}
		if found := parted.FindString(page); found != "" {
			t.Errorf("%s: the page may part %q", name, found)
		}
		for width := 60; width < 130; width += 3 {
			text := string(render(t, Format{Render: renderText}, a, Options{Width: width, Verbose: true}))
			if found := regexp.MustCompile(`(?m)[a-z(] ?[0-9.]+\n *(%|(s|min|h|d|ms)\b).*`).FindString(text); found != "" {
				t.Errorf("%s, %d wide: %q", name, width, found)
			}
		}
	}
}

// TestHostileTextIsVisible looks for the hostile text as text, and for no
// character that hides.
func TestHostileTextIsVisible(t *testing.T) {
	text := pageOf(t, load(t, fixtures+"/hostile.json"))
	if visible(text, "\n\t") != text {
		t.Error("a hidden character stands in the page")
	}
	for _, want := range []string{"&lt;script&gt;@team", `\x1b[31mRED`, `\u202e\u200b`} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not to be seen", want)
		}
	}
}

// crowd is an analysis with many flagged users, each with a long timeline of
// requests that merge badly.
func crowd(users, steps int) *finding.Analysis {
	r := rand.New(rand.NewPCG(1, 1))
	start := time.Date(2026, 11, 20, 20, 0, 0, 0, time.UTC)
	a := &finding.Analysis{Calibration: []finding.Calibration{{Host: "video.example.com", Status: finding.Verified, Tokens: 30, Verified: 30}}}
	for i := range users {
		u := finding.User{
			ID: fmt.Sprintf("%016x", r.Uint64()), Class: finding.Rotating, Host: "video.example.com", Requests: int64(3 * steps), First: start.Format(time.RFC3339), Token: "abcdef",
			UserAgent: "Mozilla/5.0 (Linux; Android 14; SM-A546B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
			Reason:    "at least 3 changes between 3 addresses in one /24 within 24 s; served 21 times, refused twice because the address had changed; segments 1 to 19 go on in order across them; one way, as a new attachment to the network; one user agent; 2 links in turn",
		}
		at := start.Add(time.Duration(i) * time.Second)
		for k := range steps {
			at = at.Add(time.Duration(1+r.IntN(20)) * time.Second)
			u.Timeline = append(u.Timeline, finding.Event{Time: at.Format(time.RFC3339), IP: fmt.Sprintf("100.64.%d.%d", r.IntN(12), r.IntN(200)), Status: []int{200, 403}[k%2],
				Verdict: []string{"valid", "ip_mismatch"}[k%2], Path: fmt.Sprintf("segment-%06d.ts", k), Count: int64(1 + r.IntN(4))})
		}
		a.Users.Flagged = append(a.Users.Flagged, u)
	}
	return a
}

// TestThousandUsersFit: 1,000 flagged users in under 5 MB, also the worst ones.
func TestThousandUsersFit(t *testing.T) {
	for steps, most := range map[int]int{8: 3 << 20, 100: 5_000_000} {
		text := pageOf(t, crowd(1000, steps))
		if len(text) >= most {
			t.Errorf("%d steps each: %d bytes, want fewer than %d", steps, len(text), most)
		}
		if n := strings.Count(text, `class="plot"`); n != 1000 {
			t.Errorf("%d timelines", n)
		}
	}
}

// TestMarksOfATimeline counts what is drawn by hand.
func TestMarksOfATimeline(t *testing.T) {
	budget := 100
	d := draw(played("192.0.2.9 200 4 0 12", "198.51.100.1 403 1 16", "192.0.2.9 206 1 18", "192.0.2.9 410 3 20 30", "192.0.2.9 499 1 31"), "192.0.2.9", nil, &budget)
	if s, r, o := strings.Count(d.Served, "M"), strings.Count(d.Refused, "M"), strings.Count(d.Other, "M"); s != 2 || r != 2 || o != 1 {
		t.Errorf("%d served, %d refused, %d other marks", s, r, o)
	}
	if len(d.Counts) != 2 || d.Counts[0].N != "×4" || len(d.Steps) != 5 || budget != 95 || len(d.Lanes) != 2 || d.Height != 48 {
		t.Errorf("%+v", d)
	}
}

func TestAxisEndsRound(t *testing.T) {
	for n, want := range map[int64]int64{0: 1, 1: 1, 2: 2, 3: 4, 5: 6, 9: 10, 10: 10, 11: 20, 21: 30, 31: 40, 41: 50, 61: 80, 240: 300, 81: 100, 1 << 62: 1 << 62} {
		if got := round(n); got != want {
			t.Errorf("an axis for %d ends at %d, want %d", n, got, want)
		}
	}
}

func TestHTMLOfAnEmptyAnalysis(t *testing.T) {
	if text := pageOf(t, &finding.Analysis{}); !bytes.Contains([]byte(text), []byte("The input is empty")) || len(faultsOf(text)) > 0 {
		t.Errorf("%q", faultsOf(text))
	}
}

// TestOneStepIsNoChart: a bar as wide as the page tells nothing.
func TestOneStepIsNoChart(t *testing.T) {
	a := load(t, fixtures+"/widen.json")
	host := a.Recommendations[0].Host
	a.Denials.OverTime = &finding.OverTime{From: *a.Input.First, Step: 1, ByHost: map[string]map[string][]int64{host: {"ip_mismatch": {1}}}}
	if page := pageOf(t, a); strings.Contains(page, "Refused requests in steps of") || strings.Contains(page, "Over time, to its own maximum") {
		t.Error("a chart of one step")
	}
}
