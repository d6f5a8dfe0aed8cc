package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/lipgloss"
	"github.com/google/go-cmp/cmp"

	"ipdrift/detect/finding"
	"ipdrift/report/reporttest"
)

const fixtures = "../testdata/report"

func load(t testing.TB, path string) *finding.Analysis {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var a finding.Analysis
	if err := dec.Decode(&a); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return &a
}

// cases are the fixtures by name; goldens of the JSON format stand apart.
func cases(t testing.TB) map[string]*finding.Analysis {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(fixtures, "*.json"))
	if err != nil || len(paths) < 8 {
		t.Fatalf("%d fixtures in %s, want at least 8 (%v)", len(paths), fixtures, err)
	}
	all := map[string]*finding.Analysis{}
	for _, path := range paths {
		all[strings.TrimSuffix(filepath.Base(path), ".json")] = load(t, path)
	}
	return all
}

func render(t testing.TB, f Format, a *finding.Analysis, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f.Render(&b, a, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGoldens(t *testing.T) {
	for name, a := range cases(t) {
		for _, f := range Formats() {
			text := render(t, f, a, Options{Elapsed: 252 * time.Second})
			if f.Ending == ".html" {
				text = bare(text)
			}
			reporttest.Golden(t, fixtures, name+f.Ending, string(text))
		}
	}
}

// bare is a page without its style and script, which are the same in all.
func bare(text []byte) []byte {
	for _, name := range []string{"page.css", "page.js"} {
		inside := asset(name)
		text = bytes.Replace(text, []byte(inside), []byte(name), 1)
		text = bytes.Replace(text, []byte(strings.ReplaceAll(html.EscapeString(fingerprint(inside)), "+", "&#43;")), []byte(name), 1)
	}
	return text
}

func TestGoldensOfLayout(t *testing.T) {
	text := Formats()[0]
	for name, o := range map[string]Options{
		"widen.color": {Color: true, Case: "case.duckdb"}, "widen.60": {Width: 60}, "widen.120": {Width: 120},
		"widen.ascii": {ASCII: true}, "helps_partly.verbose": {Verbose: true}, "hostile.color": {Color: true, Case: "it's; rm \x1b[2J"},
	} {
		fixture, _, _ := strings.Cut(name, ".")
		reporttest.Golden(t, fixtures, name+".txt", string(render(t, text, load(t, filepath.Join(fixtures, fixture+".json")), o)))
	}
}

// TestFixturesAddUp guards the fixtures themselves: figures that cannot be make
// a golden worthless.
func TestFixturesAddUp(t *testing.T) {
	for name, a := range cases(t) {
		in := a.Input
		var lines, parsed, rejected, causes, byHost int64
		for _, s := range in.Sources {
			lines, parsed, rejected = lines+s.Lines, parsed+s.Parsed, rejected+s.Rejected
		}
		for _, n := range a.Denials.ByCause {
			causes += n
		}
		for _, h := range a.Denials.ByHost {
			for _, n := range h {
				byHost += n
			}
		}
		if in.Lines != lines || in.Parsed != parsed || in.Rejected != rejected || lines != parsed+rejected {
			t.Errorf("%s: input does not add up: %+v", name, in)
		}
		if causes != a.Denials.Total || byHost != a.Denials.Total {
			t.Errorf("%s: %d refusals in all, %d by cause, %d by host", name, a.Denials.Total, causes, byHost)
		}
	}
}

func TestJSONLosesNothing(t *testing.T) {
	f, err := FormatNamed("json")
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range cases(t) {
		var back finding.Analysis
		if err := json.Unmarshal(render(t, f, a, Options{}), &back); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(*a, back); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestJSONHasNoNullListsAndUTCTimes(t *testing.T) {
	at := time.Date(2026, 11, 20, 1, 30, 0, 0, time.FixedZone("", 2*3600))
	a := &finding.Analysis{
		Input:           finding.Input{First: &at},
		Denials:         finding.Denials{ByHost: map[string]map[string]int64{"h": nil}},
		Users:           finding.Users{Flagged: make([]finding.User, 1)},
		Recommendations: make([]finding.Recommendation, 1),
	}
	text := string(render(t, Format{Render: renderJSON}, a, Options{}))
	for _, want := range []string{`"sources": []`, `"calibration": []`, `"by_cause": {}`, `"h": {}`, `"timeline": []`, `"carriers": []`, `"curve": []`,
		`"warnings": []`, `"thresholds": {}`, `"networks": []`, `"by_class": {}`, `"first": "2026-11-19T23:30:00Z"`, `"prefix": null`, `"strangers_let_in": null`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in:\n%s", want, text)
		}
	}
	if a.Calibration != nil || a.Denials.ByHost["h"] != nil || a.Users.Flagged[0].Timeline != nil || a.Input.First != &at {
		t.Error("the analysis was changed")
	}
}

func TestRenderersTakeAnEmptyAnalysis(t *testing.T) {
	for _, f := range Formats() {
		if len(render(t, f, &finding.Analysis{}, Options{})) == 0 {
			t.Errorf("%s wrote nothing", f.Name)
		}
	}
}

// TestTextKeepsItsWidth renders every case at every width: no line is wider, no
// line ends in a space, and no control character but the line's end is written.
func TestTextKeepsItsWidth(t *testing.T) {
	for name, a := range cases(t) {
		for _, width := range []int{60, 61, 62, 65, 70, 77, 79, 80, 81, 100, 109, 110, 111, 120, 163, 200} {
			for _, o := range []Options{{Width: width}, {Width: width, Verbose: true, ASCII: true}} {
				for line := range strings.Lines(string(render(t, Formats()[0], a, o))) {
					line = strings.TrimSuffix(line, "\n")
					if lipgloss.Width(line) > width || Clean(line) != line || strings.TrimRight(line, " ") != line {
						t.Fatalf("%s at %d: %q is %d wide", name, width, line, lipgloss.Width(line))
					}
				}
			}
		}
	}
}

// TestColorSaysNothingOfItsOwn takes the escape codes away again: the same text
// must be left.
func TestColorSaysNothingOfItsOwn(t *testing.T) {
	for name, a := range cases(t) {
		colored := string(render(t, Formats()[0], a, Options{Color: true}))
		if !strings.Contains(colored, "\x1b[") {
			t.Errorf("%s: no colour", name)
		}
		if diff := cmp.Diff(string(render(t, Formats()[0], a, Options{})), reporttest.WithoutSGR(colored)); diff != "" {
			t.Errorf("%s (-plain +colored):\n%s", name, diff)
		}
	}
}

// TestDecisionIsOnTheFirstScreen looks for every host's decision within the
// first 24 lines, up to twenty hosts.
func TestDecisionIsOnTheFirstScreen(t *testing.T) {
	for name, a := range cases(t) {
		if name == "hostile" {
			continue
		}
		lines := strings.Split(string(render(t, Formats()[0], a, Options{})), "\n")
		screen := lines[:min(24, len(lines))]
		for _, h := range hosts(a) {
			found := false
			for _, line := range screen {
				found = found || strings.HasPrefix(line, h.name+" ") && strings.HasSuffix(line, " "+h.verdict().text)
			}
			if !found {
				t.Errorf("%s: no decision for %s in\n%s", name, h.name, strings.Join(screen, "\n"))
			}
		}
	}
}

// TestTheFirstScreenAnswers looks for all that answers the mask question within
// 24 lines, with two hosts and two caveats.
func TestTheFirstScreenAnswers(t *testing.T) {
	lines := strings.Split(string(render(t, Formats()[0], load(t, fixtures+"/widen.json"), Options{})), "\n")
	screen := strings.Join(lines[:24], "\n")
	for _, start := range []string{"video.example.com ─", "  3,211 users were refused", "  Price: ", "  - ", "  key  ", "  users  ", "  accepted  ",
		"  carriers  ", "  refused  ", "    ip_mismatch  ", "    malformed  "} {
		if !strings.Contains(screen, "\n"+start) {
			t.Errorf("no line starts with %q in\n%s", start, screen)
		}
	}
}

func TestPriceNamesWhatIsNeeded(t *testing.T) {
	sixteen, few := 16, int64(60)
	r := finding.Recommendation{Family: "ipv4", Decision: finding.Widen, Prefix: &sixteen, Exposure: 0.02}
	a := &finding.Analysis{Method: finding.Method{Thresholds: map[string]float64{"strangers_links": float64(few)}}}
	for links, want := range map[int64]string{0: "not measured (0 shared links; 60 are needed).", 1: "(1 shared link; 60 are needed)", 60: "(60 shared links, fewer than 60 with refused attempts)"} {
		r.SharedLinks = links
		if got := price(a, []finding.Recommendation{r}); !strings.Contains(got, want) {
			t.Errorf("%d links: %q, want %q", links, got, want)
		}
	}
	six := finding.Recommendation{Family: "ipv6", Decision: finding.Widen, Prefix: new(int), SharedLinks: 60}
	*six.Prefix = 64
	r.SharedLinks = 60
	both := price(a, []finding.Recommendation{r, six})
	if want := "2 % of other viewers share the /16 (today 0 %), 0 % the /64 (today 0 %). Strangers let in: not measured"; !strings.HasPrefix(both, want) || strings.Count(both, "not measured") != 1 {
		t.Errorf("%q, want %q and strangers once", both, want)
	}
	six.SharedLinks = 2
	if each := price(a, []finding.Recommendation{r, six}); !strings.Contains(each, "Strangers let in: /16 not measured (60 ") || !strings.Contains(each, ", /64 not measured (2 ") {
		t.Errorf("masks that differ: %q", each)
	}
}

// TestMasksAskedAreShown: what --masks asks about is shown, and the usual candidates
// are not then.
func TestMasksAskedAreShown(t *testing.T) {
	step := func(prefix int) finding.CurveStep {
		return finding.CurveStep{Prefix: prefix, AcceptedShare: 0.5, High: 1}
	}
	r := finding.Recommendation{Family: "ipv4", AffectedUsers: 40, Carriers: []finding.Carrier{{AffectedUsers: 40, Curve: []finding.CurveStep{step(8), step(20)}}}}
	for p := range 33 {
		r.Curve = append(r.Curve, step(p))
	}
	var shown []int
	for _, s := range steps(r) {
		shown = append(shown, s.Prefix)
	}
	if !slices.Equal(shown, []int{20, 8}) {
		t.Errorf("masks %v are shown, want those asked about, 20 and 8", shown)
	}
}

// TestFamiliesThatSayTheSameSayItOnce takes a host whose families agree.
func TestFamiliesThatSayTheSameSayItOnce(t *testing.T) {
	a := load(t, fixtures+"/keep_current.json")
	six := a.Recommendations[0]
	six.Family = "ipv6"
	a.Recommendations = append(a.Recommendations, six)
	for _, f := range []Format{{Render: renderText}, {Render: renderMarkdown}} {
		text := string(render(t, f, a, Options{Width: 200}))
		if n := strings.Count(text, "sign links that live longer"); n != 1 {
			t.Errorf("said %d times:\n%s", n, text)
		}
	}
	a.Recommendations[1].Reason = "Another."
	if text := string(render(t, Format{Render: renderText}, a, Options{})); !strings.Contains(text, "IPv6  Another.") {
		t.Errorf("families that differ lost a label:\n%s", text)
	}
}

func TestCaveatsAreTwoOfThreeLines(t *testing.T) {
	a := load(t, fixtures+"/widen.json")
	long := strings.Repeat("word ", 100)
	a.Recommendations[0].Caveats = []string{long, "Second.", "Third."}
	short, all := string(render(t, Format{Render: renderText}, a, Options{})), string(render(t, Format{Render: renderText}, a, Options{Verbose: true}))
	if n := strings.Count(short, "word"); n < 35 || n > 47 || !strings.Contains(short, "word…") || !strings.Contains(short, "- Second.") || strings.Contains(short, "Third.") {
		t.Errorf("%d words of the first caveat:\n%s", n, short)
	}
	if strings.Count(all, "word") != 100 || !strings.Contains(all, "- Third.") {
		t.Errorf("verbose left something out:\n%s", all)
	}
}

func TestCarriersNeedAName(t *testing.T) {
	a := load(t, fixtures+"/widen.json")
	for i := range a.Recommendations[0].Carriers {
		a.Recommendations[0].Carriers[i].ASN = nil
	}
	if text := string(render(t, Format{Render: renderText}, a, Options{})); strings.Contains(text, "carriers") {
		t.Errorf("no carrier is known, but there is a row:\n%s", text)
	}
}

// TestCarriersMasksStandInOrder: narrow to wide, with the bounds at the advised one, as in the line above.
func TestCarriersMasksStandInOrder(t *testing.T) {
	curve := []finding.CurveStep{{Prefix: 16, AcceptedShare: 1}, {Prefix: 24, AcceptedShare: 0.93}, {Prefix: 28, AcceptedShare: 0.04}}
	asn := int64(64500)
	for prefix, want := range map[int]string{
		28: "/28 93 % (87 to 97)  /24 93 %  /16 100 %", 24: "/28 4 %  /24 93 % (87 to 97)  /16 100 %", 16: "/28 4 %  /24 93 %  /16 93 % (87 to 97)",
	} {
		r := finding.Recommendation{Family: "ipv4", AffectedUsers: 40, Carriers: []finding.Carrier{{ASN: &asn, AffectedUsers: 40, Prefix: prefix, AcceptedShare: 0.93, Low: 0.87, High: 0.97, Curve: curve}}}
		a := &finding.Analysis{Recommendations: []finding.Recommendation{r}}
		if text := string(render(t, Format{Render: renderText}, a, Options{Width: 100})); !strings.Contains(text, want) {
			t.Errorf("/%d: want %q in\n%s", prefix, want, text)
		}
	}
}

func TestCSVReadsBack(t *testing.T) {
	for name, a := range cases(t) {
		rows, err := csv.NewReader(bytes.NewReader(render(t, Format{Render: renderUsers}, a, Options{}))).ReadAll()
		if err != nil || len(rows) != len(a.Users.Flagged)+1 {
			t.Fatalf("%s: %d rows for %d users, %v", name, len(rows), len(a.Users.Flagged), err)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	a := load(b, filepath.Join(fixtures, "twelve_hosts.json"))
	for _, f := range Formats() {
		b.Run(f.Name, func(b *testing.B) {
			b.SetBytes(int64(len(render(b, f, a, Options{}))))
			b.ReportAllocs()
			for b.Loop() {
				render(b, f, a, Options{})
			}
		})
	}
}

// TestAFailedKeyIsSaidOnce, as a sentence, with one way to go on.
func TestAFailedKeyIsSaidOnce(t *testing.T) {
	a := load(t, fixtures+"/failed.json")
	c := &a.Calibration[0]
	c.Reason = "only 0 of 60 served tokens reproduce: most likely the key is wrong"
	a.Warnings = []string{c.Host + ": calibration failed, " + c.Reason, "something else"}
	for _, f := range []Format{{Render: renderText}, {Render: renderMarkdown}} {
		text := strings.Join(strings.Fields(string(render(t, f, a, Options{}))), " ")
		if strings.Count(text, "nly 0 of 60") != 1 || !strings.Contains(text, "Only 0 of 60 served tokens reproduce: most likely the key is wrong.") || !strings.Contains(text, "something else") {
			t.Error(text)
		}
	}
	if text := string(render(t, Format{Render: renderText}, a, Options{})); strings.Count(text, "\n  next ") != 1 {
		t.Error(text)
	}
}

// TestHeaderLinesAreNoLoss: they are counted, and limit nothing.
func TestHeaderLinesAreNoLoss(t *testing.T) {
	a := load(t, fixtures+"/widen.json")
	a.Input.Rejected, a.Input.Rejects = 2, []finding.Reject{{Reason: "header line", Lines: 2, Source: "a.log", Line: 1}}
	md, page, text := string(render(t, Format{Render: renderMarkdown}, a, Options{})), pageOf(t, a), string(render(t, Format{Render: renderText}, a, Options{}))
	if strings.Contains(md+page, "could not be read") || strings.Contains(md, "Not read") || !strings.Contains(text, "2 header lines, first at a.log:1") {
		t.Errorf("header lines are called a loss:\n%s\n%s", md, text)
	}
	a.Input.Rejected, a.Input.Rejects = 5, append(a.Input.Rejects, finding.Reject{Reason: "too few fields", Lines: 3, Source: "a.log", Line: 9})
	if md := string(render(t, Format{Render: renderMarkdown}, a, Options{})); !strings.Contains(md, "- 3 of ") || !strings.Contains(md, "Not read: 3 too few fields") {
		t.Error(md)
	}
}

// TestTheUndecidedIsNotGreen beside a family of which nothing has to be changed.
func TestTheUndecidedIsNotGreen(t *testing.T) {
	a := load(t, fixtures+"/mask_not_enough.json")
	a.Recommendations[0].Decision, a.Recommendations[1].Decision = finding.InsufficientEvidence, finding.KeepCurrent
	if v := hosts(a)[0].verdict(); v.tone != unsure {
		t.Errorf("%s in tone %d", v.text, v.tone)
	}
}

// TestNothingIsSaidOfWhatWasLeftOut: a narrowed input that holds nothing is no log
// without refusals.
func TestNothingIsSaidOfWhatWasLeftOut(t *testing.T) {
	a := load(t, fixtures+"/empty.json")
	a.Input.Lines, a.Input.Parsed = 40, 40
	if text := string(render(t, Format{Render: renderText}, a, Options{})); !strings.Contains(text, "No request is within --since, --until and --host") {
		t.Error(text)
	}
}

// TestManyHostsAreCounted has 30 hosts, of which 20 have a line and six are shown in full.
func TestManyHostsAreCounted(t *testing.T) {
	a := &finding.Analysis{}
	for i := range 30 {
		a.Calibration = append(a.Calibration, finding.Calibration{Host: fmt.Sprintf("c%02d.example", i), Status: finding.Failed, Reason: "only 0 of 40 served tokens reproduce"})
	}
	a.Calibration[29].Status = finding.Verified
	for verbose, want := range map[bool]struct {
		hosts, full int
		more        string
	}{false: {20, 6, "10 more hosts: 9 CALIBRATION FAILED, 1 NOTHING TO DECIDE; --verbose lists each"}, true: {30, 30, ""}} {
		text := string(render(t, Format{Render: renderText}, a, Options{Verbose: verbose, Width: 120}))
		if got := strings.Count(text, ".example ...."); got != want.hosts {
			t.Errorf("verbose %t: %d hosts are listed, want %d", verbose, got, want.hosts)
		}
		if got := strings.Count(text, ".example ────"); got != want.full {
			t.Errorf("verbose %t: %d hosts are shown in full, want %d", verbose, got, want.full)
		}
		if !strings.Contains(text, want.more) || want.more == "" && strings.Contains(text, "more hosts") {
			t.Errorf("verbose %t: want %q in\n%s", verbose, want.more, text)
		}
	}
}

// TestPagesBoundWhatTheyList has 300 hosts and 300 files, every third of which is damaged, and 90
// warnings: a page and a document show 200 hosts, a page 200 files, and all show 20 of the damaged ones and
// 50 of the warnings; the others are counted.
func TestPagesBoundWhatTheyList(t *testing.T) {
	a := &finding.Analysis{}
	for i := range 300 {
		a.Calibration = append(a.Calibration, finding.Calibration{Host: fmt.Sprintf("c%03d.example", i), Status: finding.Failed, Reason: "only 0 of 40 served tokens reproduce"})
		s := finding.Source{Path: fmt.Sprintf("log-%03d.gz", i), Format: "nginx", Lines: 1, Parsed: 1}
		if i%3 == 0 {
			s.Error = "the archive is cut off"
		}
		a.Input.Sources = append(a.Input.Sources, s)
	}
	for i := range 90 {
		a.Warnings = append(a.Warnings, fmt.Sprintf("c%03d.example: odd", i))
	}
	const more = "100 more hosts: 100 CALIBRATION FAILED; --verbose lists each"
	for _, verbose := range []bool{false, true} {
		o := Options{Verbose: verbose, Width: 120}
		page, document, text := string(render(t, Format{Render: renderHTML}, a, o)), string(render(t, Format{Render: renderMarkdown}, a, o)), string(render(t, Format{Render: renderText}, a, o))
		for _, c := range []struct {
			in, of   string
			few, all int
		}{
			{page, `<article class="host`, 200, 300},
			{page, `<th scope="row">c`, 400, 600}, // calibration and decisions
			{page, `<th scope="row" class="long">log-`, 200, 300},
			{page, more, 1, 0},
			{page, "100 more files, which the JSON report lists", 1, 0},
			{page, "<li>Damaged: ", 20, 100},
			{page, "<li>80 more remarks on files", 1, 0},
			{document, "CALIBRATION FAILED.**", 200, 300},
			{document, "| c", 200, 300},
			{document, "100 more hosts: 100 CALIBRATION FAILED", 1, 0},
			{document, "- Damaged: log-", 20, 100},
			{document, "80 more files are damaged or could not be read", 1, 0},
			{text, "damaged: log-", 20, 100},
			{text, "80 more files are damaged or could not be read", 1, 0},
			{text, ": odd\n", 50, 90},
			{text, "! and 40 more warnings; --verbose lists each", 1, 0},
			{page, ": odd</li>", 50, 90},
			{document, ": odd\n", 50, 90},
		} {
			want := c.few
			if verbose {
				want = c.all
			}
			if n := strings.Count(c.in, c.of); n != want {
				t.Errorf("verbose %t: %q %d times, want %d", verbose, c.of, n, want)
			}
		}
	}
}
