package htmltest

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"ipdrift/detect/finding"
)

// many is an analysis with more users than fit on a screen, on two hosts.
func many(t *testing.T) *finding.Analysis {
	t.Helper()
	a, _ := fixture(t, "widen")
	first := a.Users.Flagged
	a.Users.Flagged, a.Users.Omitted = nil, 0
	for i := range 30 {
		u := first[i%len(first)]
		u.ID, u.Refusals, u.Host = fmt.Sprintf("user%02d", i), int64(i*7%30), []string{"video.example.com", "files.example.com"}[i%2]
		a.Users.Flagged = append(a.Users.Flagged, u)
	}
	return a
}

// TestMarks compares what is drawn with the analysis.
func TestMarks(t *testing.T) {
	a, text := fixture(t, "widen")
	p := open(t, text, look{scripts: true})
	steps := 0
	for _, u := range a.Users.Flagged {
		steps += len(u.Timeline)
	}
	if got := ask[int](t, p, `[...document.querySelectorAll(".plot .s, .plot .r, .plot .o")].reduce((n, e) => n + e.getAttribute("d").split("M").length - 1, 0)`); got != steps {
		t.Errorf("%d marks for %d steps", got, steps)
	}
	if got, want := ask[int](t, p, `document.querySelectorAll(".plot > svg").length`), len(a.Users.Flagged); got != want {
		t.Errorf("%d timelines for %d users", got, want)
	}
	curve := a.Recommendations[0].Curve
	if got := ask[int](t, p, `document.querySelector(".curve .points").getAttribute("d").split("M").length - 1`); got != len(curve) {
		t.Errorf("%d points for %d prefix lengths", got, len(curve))
	}
	for _, s := range curve { // a point stands at the height of its share
		at := 100 * float64(32-s.Prefix) / 24
		y := ask[float64](t, p, fmt.Sprintf(`(() => { const path = document.querySelector(".curve .accepted"), whole = path.getTotalLength();
			let best = {x: -1e9}; for (let i = 0; i <= 2000; i++) { const q = path.getPointAtLength(whole * i / 2000); if (Math.abs(q.x - %g) < Math.abs(best.x - %g)) best = q; } return best.y; })()`, at, at))
		if math.Abs(y-100*(1-s.AcceptedShare)) > 0.5 {
			t.Errorf("/%d is drawn at %.1f, and is %.3f", s.Prefix, y, s.AcceptedShare)
		}
	}
	if got := ask[[]string](t, p, `[...document.querySelectorAll(".curve text.at")].map(e => e.textContent)`); !slices.Equal(got, []string{"/16", "/24"}) {
		t.Errorf("marked are %q", got)
	}
}

// TestColumns compares the stacked chart with the counts it shows.
func TestColumns(t *testing.T) {
	a, _ := fixture(t, "widen")
	counts := map[string][]int64{"ip_mismatch": {0, 8, 2, 10}, "expired": {1, 0, 2, 5}}
	a.Denials.OverTime = &finding.OverTime{From: *a.Input.First, Step: 60, ByHost: map[string]map[string][]int64{"video.example.com": counts}}
	p := open(t, rendered(t, a), look{scripts: true})
	for cause, list := range counts {
		columns := 0
		for _, n := range list {
			columns += int(min(n, 1))
		}
		layer := `document.querySelector(".stacked .c-` + cause + `")`
		if got := ask[int](t, p, layer+`.getAttribute("d").split("M").length - 1`); got != columns {
			t.Errorf("%s: %d columns, want %d", cause, got, columns)
		}
	}
	// The axis ends at 20: the fourth columns are 10 and 5, one on the other.
	got := ask[[]float64](t, p, `["ip_mismatch", "expired"].flatMap(c => { const b = document.querySelector(".stacked .c-" + c).getBBox(); return [b.y, b.y + b.height]; })`)
	if want := []float64{50, 100, 25, 100}; !slices.Equal(got, want) {
		t.Errorf("layers reach from and to %v, want %v", got, want)
	}
}

// press sends keys to whatever has the focus.
func press(t *testing.T, p *tab, keys string) {
	t.Helper()
	do(t, p, chromedp.KeyEvent(keys))
}

// reach presses Tab until an element has the focus.
func reach(t *testing.T, p *tab, which string) {
	t.Helper()
	for range 80 {
		if press(t, p, kb.Tab); ask[bool](t, p, `document.activeElement === `+which) {
			return
		}
	}
	t.Fatalf("%s is not reached by Tab", which)
}

const shown = `[...document.querySelectorAll("#people > tbody")].filter(b => b.getClientRects().length && !b.hidden).map(b => b.rows[0].cells[0].textContent)`

func TestFilterAndSortByKeyboard(t *testing.T) {
	a := many(t)
	p := open(t, rendered(t, a), look{scripts: true})
	reach(t, p, `document.getElementById("find")`)
	press(t, p, "user07")
	if got := ask[[]string](t, p, shown); !slices.Equal(got, []string{"user07"}) {
		t.Errorf("filtered to %q", got)
	}
	if got := ask[string](t, p, `document.getElementById("found").textContent`); got != "1 of 30 shown" {
		t.Errorf("says %q", got)
	}
	for range 6 {
		press(t, p, kb.Backspace)
	}
	if got := ask[[]string](t, p, shown); len(got) != 30 {
		t.Errorf("%d shown after the filter was cleared", len(got))
	}
	reach(t, p, `document.getElementById("on")`)
	press(t, p, "f") // files.example.com
	if got := ask[[]string](t, p, shown); len(got) != 15 {
		t.Errorf("%d of one host", len(got))
	}
	reach(t, p, `document.querySelectorAll("#people thead button")[5]`)
	if got := ask[string](t, p, `getComputedStyle(document.activeElement).outlineStyle`); got != "solid" {
		t.Errorf("the focus is shown as %q", got)
	}
	press(t, p, kb.Enter)
	sorted := `[...document.querySelectorAll("#people > tbody")].map(b => Number(b.rows[0].cells[5].textContent))`
	down := ask[[]int](t, p, sorted)
	if !slices.IsSortedFunc(down, func(x, y int) int { return y - x }) || len(down) != 30 || down[0] == down[29] {
		t.Errorf("not sorted: %v", down)
	}
	if got := ask[string](t, p, `document.querySelectorAll("#people thead th")[5].getAttribute("aria-sort")`); got != "descending" {
		t.Errorf("says it is sorted %q", got)
	}
	press(t, p, " ")
	if up := ask[[]int](t, p, sorted); !slices.IsSorted(up) {
		t.Errorf("not sorted the other way: %v", up)
	}
	if got := ask[int](t, p, `document.querySelectorAll("[aria-sort]").length`); got != 1 {
		t.Errorf("%d columns say that they are sorted", got)
	}
	if ask[bool](t, p, `[...document.querySelectorAll("#people > tbody")].some(b => b.rows.length !== 2 || !b.querySelector(".plot"))`) {
		t.Error("a user lost the timeline")
	}
}

// TestWithoutScripts: everything is there but the controls.
func TestWithoutScripts(t *testing.T) {
	a := many(t)
	p := open(t, rendered(t, a), look{})
	if got := ask[[]string](t, p, shown); len(got) != 30 {
		t.Errorf("%d users shown", len(got))
	}
	if ask[bool](t, p, `document.querySelector(".controls").checkVisibility() || document.querySelectorAll("button").length > 0`) {
		t.Error("controls that do nothing are shown")
	}
}

// TestNamesAndLandmarks reads the page as a screen reader does.
func TestNamesAndLandmarks(t *testing.T) {
	_, text := fixture(t, "widen")
	p := open(t, text, look{scripts: true})
	roles := map[string]int{}
	tree := call(t, p, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	for _, n := range tree.Nodes {
		if n.Ignored || n.Role == nil {
			continue
		}
		role, name := strings.Trim(string(n.Role.Value), `"`), ""
		if n.Name != nil {
			name = strings.Trim(string(n.Name.Value), `"`)
		}
		roles[role]++
		if named := []string{"image", "table", "region", "button", "searchbox", "combobox", "navigation", "link", "img"}; slices.Contains(named, role) && strings.TrimSpace(name) == "" {
			t.Errorf("a %s has no name", role)
		}
	}
	for role, least := range map[string]int{"main": 1, "navigation": 1, "banner": 1, "contentinfo": 1, "table": 6, "button": 10, "status": 1, "rowheader": 10, "columnheader": 20, "heading": 10} {
		if roles[role] < least {
			t.Errorf("%d times %s, want %d: %v", roles[role], role, least, roles)
		}
	}
	if got := ask[string](t, p, `document.documentElement.lang`); got != "en" {
		t.Errorf("the language is %q", got)
	}
	reach(t, p, `document.querySelector(".skip")`)
	if !ask[bool](t, p, `document.activeElement.getBoundingClientRect().left >= 0`) {
		t.Error("the way past the header cannot be seen")
	}
}

var mediaBox = regexp.MustCompile(`/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]`)

// TestPaper prints on A4: the sheet is A4, what was folded is open, and nothing
// is wider than the sheet.
func TestPaper(t *testing.T) {
	_, text := fixture(t, "widen")
	const inside = 680 // pixels between the margins of A4
	for _, scripts := range []bool{true, false} {
		p := open(t, text, look{width: inside, print: true, dark: true, scripts: scripts})
		if got := ask[[]string](t, p, `[...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest("svg")).map(e => e.tagName + " " + e.textContent.slice(0, 30))`); len(got) > 0 {
			t.Errorf("wider than the sheet: %q", got)
		}
		if got := ask[int](t, p, `[...document.querySelectorAll("details table")].filter(e => !e.checkVisibility({contentVisibilityAuto: true})).length`); got > 0 {
			t.Errorf("%d tables stay folded", got)
		}
		if got := ask[string](t, p, `getComputedStyle(document.body).backgroundColor`); got != "rgb(255, 255, 255)" {
			t.Errorf("the paper is %s", got)
		}
		pdf := call(t, p, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: new(true), PrintBackground: new(true)}).Data
		size := mediaBox.FindSubmatch(pdf)
		if size == nil || !bytes.HasPrefix(size[1], []byte("59")) || !bytes.HasPrefix(size[2], []byte("84")) {
			t.Errorf("the sheet is %q", size)
		}
		keep(t, "widen.pdf", pdf)
	}
}

// TestPictures takes the pictures that people look at; it fails only where a
// theme does not show.
func TestPictures(t *testing.T) {
	_, text := fixture(t, "widen")
	for name, l := range map[string]look{"widen-360.png": {width: 360, scripts: true}, "widen-1280.png": {scripts: true}, "widen-1280-dark.png": {scripts: true, dark: true}} {
		p := open(t, text, l)
		if dark := ask[string](t, p, `getComputedStyle(document.body).backgroundColor`) != "rgb(255, 255, 255)"; dark != l.dark {
			t.Errorf("%s: dark is %v", name, dark)
		}
		shot := call(t, p, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: new(true)}).Data
		if len(shot) < 10_000 {
			t.Errorf("%s: a picture of %d bytes", name, len(shot))
		}
		keep(t, name, shot)
	}
}
