package report

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/lipgloss"

	"ipdrift/detect/finding"
)

func TestUnknowns(t *testing.T) {
	if got := []string{Period(nil, nil), prefix(16), network(nil)}; !slices.Equal(got, []string{"no time known", "/16", "AS not known"}) {
		t.Errorf("%q", got)
	}
}

func TestPeriodNamesTheDayOnce(t *testing.T) {
	day := time.Date(2026, 12, 31, 0, 0, 3, 0, time.UTC)
	for later, want := range map[time.Duration]string{
		time.Hour:      "2026-12-31 00:00 to 01:00 UTC",
		24 * time.Hour: "2026-12-31 00:00 to 2027-01-01 00:00 UTC",
	} {
		end := day.Add(later)
		if got := Period(&day, &end); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"plain 影片 é €":                     "plain 影片 é €",
		"a\x1b[31mb\x1b]0;t\a":             `a\x1b[31mb\x1b]0;t\x07`,
		"a\r\n\tb\x00\x7f":                 `a\r\n\tb\x00\x7f`,
		"\u009b2J":                         `\x9b2J`,
		"abc\u202egpj.exe":                 `abc\u202egpj.exe`,
		"a\u2066b\u200bc\ufeff":            `a\u2066b\u200bc\ufeff`,
		"bad\xff\xc3":                      `bad\xff\xc3`,
		"\u2028\u3164\U000e0041":           `\u2028\u3164\U000e0041`,
		`C:\logs`:                          `C:\logs`,
		"a\u0301\u0323\u0302\u0308b\u0301": "a\u0301\u0323\u0302\u0308b\u0301",
		"e\u0301\u0301\u0301\u0301\u0301\u0301b\u0301": "e\u0301\u0301\u0301\u0301" + `\u0301\u0301` + "b\u0301",
		"\u20dd\u20dd\u20dd\u20dd\u20dd":               "\u20dd\u20dd\u20dd\u20dd" + `\u20dd`,
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
		if again := Clean(want); again != want {
			t.Errorf("Clean(%q) = %q: cleaning twice changes it", want, again)
		}
	}
}

func seed(f *testing.F) {
	for _, a := range cases(f) {
		f.Add(a.Method.Identity)
		for _, u := range a.Users.Flagged {
			f.Add(u.UserAgent)
			f.Add(u.Reason)
		}
	}
	f.Add("\xff\x1b[0m\u202e@a#1GH-12 www.x http://y `|<b>![a](b)\n1. -")
}

func FuzzClean(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if !utf8.ValidString(got) || Clean(got) != got || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("Clean(%q) = %q", s, got)
		}
	})
}

// FuzzEscape undoes the escaping by CommonMark's rule, a backslash before ASCII
// punctuation stands for it: the clean text must be left, and no character that
// means something may stand without its backslash.
func FuzzEscape(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, s string) {
		got := escape(s)
		text := strings.ReplaceAll(got, breaker, "\u200b")
		var b strings.Builder
		for i := 0; i < len(text); i++ {
			switch c := text[i]; {
			case c == '\\' && i+1 < len(text) && strings.IndexByte("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", text[i+1]) >= 0:
				i++
				b.WriteByte(text[i])
			case strings.IndexByte("\\`*_[]<>|~&$#@!", c) >= 0:
				t.Fatalf("escape(%q) = %q: %q at %d is bare", s, got, c, i)
			default:
				b.WriteByte(c)
			}
		}
		shown := b.String()
		if strings.ReplaceAll(shown, "\u200b", "") != Clean(s) {
			t.Errorf("escape(%q) = %q shows %q", s, got, shown)
		}
		for i, r := range shown {
			next, _ := utf8.DecodeRuneInString(shown[i+1:])
			if (r == '@' || r == '#') && i+1 < len(shown) && (unicode.IsLetter(next) || unicode.IsDigit(next)) {
				t.Errorf("escape(%q) = %q mentions at %d", s, got, i)
			}
		}
		rest := strings.ReplaceAll(strings.ToLower(shown), "www.\u200b", "")
		if strings.Contains(shown, "://") || strings.Contains(rest, "www.") {
			t.Errorf("escape(%q) = %q links", s, got)
		}
	})
}

func FuzzWidth(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, s string) {
		var b strings.Builder
		screen := newScreen(&stickyWriter{w: &b}, Options{Width: 60})
		screen.head(s, "", "-", verdict{text: s})
		screen.row(s, say(s), unbroken(s), as(strong, s))
		for line := range strings.Lines(b.String()) {
			if line = strings.TrimSuffix(line, "\n"); lipgloss.Width(line) > 60 || Clean(line) != line {
				t.Errorf("%q is %d wide", line, lipgloss.Width(line))
			}
		}
	})
}

// TestALongVerdictTakesNoNumbersAway: where verdicts cannot stand in a column beside how many there are, each has its own number.
func TestALongVerdictTakesNoNumbersAway(t *testing.T) {
	four := func(host string, affected int64, d finding.Decision) finding.Recommendation {
		return finding.Recommendation{Host: host, Family: "ipv4", Decision: d, AffectedUsers: affected, BoundUsers: new(int64(144))}
	}
	six := four("live.example.com", 0, finding.KeepCurrent)
	six.Family = "ipv6"
	var verified []finding.Calibration
	for _, host := range []string{"video.example.com", "live.example.com", "files.example.com"} {
		verified = append(verified, finding.Calibration{Host: host, Tokens: 100, Verified: 100, Status: finding.Verified})
	}
	a := &finding.Analysis{Calibration: verified, Recommendations: []finding.Recommendation{
		four("video.example.com", 18, finding.InsufficientEvidence), four("live.example.com", 5, finding.InsufficientEvidence), six, four("files.example.com", 0, finding.KeepCurrent),
	}}
	text := string(render(t, Format{Render: renderText}, a, Options{Width: 80}))
	for _, want := range []string{
		"video.example.com ..................... 18 users affected  INSUFFICIENT EVIDENCE\n",
		"live.example.com ................. IPv4 INSUFFICIENT EVIDENCE, IPv6 KEEP CURRENT\n",
		"files.example.com ........ no refusals                              KEEP CURRENT\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q:\n%s", want, text)
		}
	}
}

// TestWithoutAKeyNothingWasTried: nothing reproduced is said only where something was tried.
func TestWithoutAKeyNothingWasTried(t *testing.T) {
	a := load(t, fixtures+"/no_key.json")
	a.Calibration[0].Tokens, a.Recommendations[0].Decision = 56, finding.InsufficientEvidence
	text := string(render(t, Format{Render: renderText}, a, Options{}))
	if !strings.Contains(text, "  key        not checked\n") {
		t.Errorf("the row of the key:\n%s", text)
	}
	a.Calibration[0].Verified = 20
	if text := string(render(t, Format{Render: renderText}, a, Options{})); !strings.Contains(text, "not checked: 20 of 56 tokens reproduce") {
		t.Errorf("the row of the key:\n%s", text)
	}
}

// TestAProxyIsToldOnce, by its one address, not also by its being private.
func TestAProxyIsToldOnce(t *testing.T) {
	a := load(t, fixtures+"/widen.json")
	host := a.Recommendations[0].Host
	a.Signer = []finding.Signer{
		{Host: host, Mistake: "one_address", Says: "signed for 10.20.30.1", Among: "signed links", Links: 80, Examined: 100},
		{Host: host, Mistake: "private_address", Says: "a private address", Among: "failing links", Links: 80, Examined: 80},
		{Host: host, Mistake: "no_space", Says: "no space", Among: "failing links", Links: 1, Examined: 80},
	}
	text := string(render(t, Format{Render: renderText}, a, Options{}))
	if strings.Contains(text, "a private address") || !strings.Contains(text, "signed for 10.20.30.1") || !strings.Contains(text, "no space") {
		t.Errorf("the signer's rows:\n%s", text)
	}
	if text := string(render(t, Format{Render: renderText}, a, Options{Verbose: true})); !strings.Contains(text, "a private address") {
		t.Error("verbose leaves it out")
	}
}

// TestSharesOfDetailsAreNotCut: the longest mistake of a signer leaves room for them.
func TestSharesOfDetailsAreNotCut(t *testing.T) {
	a := load(t, fixtures+"/widen.json")
	detail := "signer:placeholder_address"
	for cause, n := range a.Denials.ByCause {
		a.Denials.ByDetail[cause] = map[string]int64{detail: n}
	}
	text := string(render(t, Format{Render: renderText}, a, Options{Width: 80}))
	if !strings.Contains(text, detail+" 100 %") {
		t.Errorf("a share is cut:\n%s", text)
	}
}

// TestWhatHelpsPartlyIsNotAdvised in the page's words, which say what advice takes.
func TestWhatHelpsPartlyIsNotAdvised(t *testing.T) {
	for name, want := range map[string]string{"helps_partly": "helps partly", "widen": "advised"} {
		page := string(render(t, Format{Render: renderHTML}, load(t, fixtures+"/"+name+".json"), Options{}))
		words := regexp.MustCompile(`<span class="word">([a-z ]*)<`).FindAllStringSubmatch(page, -1)
		if len(words) == 0 {
			t.Fatalf("%s: no mask has a word", name)
		}
		for _, word := range words {
			if word[1] != want {
				t.Errorf("%s: a mask is %q, want %q", name, word[1], want)
			}
		}
	}
}

// TestBound says what links are bound to, of either family.
func TestBound(t *testing.T) {
	for want, p := range map[string]finding.Policy{
		"":                          {},
		"; bound to the address":    {Binding: "address"},
		"; not bound to an address": {Binding: "none"},
		"; bound to /24":            {Binding: "mask", Prefix4: 24},
		"; bound to /64":            {Binding: "mask", Prefix6: 64},
		"; bound to /24 (IPv6 /64)": {Binding: "mask", Prefix4: 24, Prefix6: 64},
	} {
		if got := bound(p); got != want {
			t.Errorf("%+v: %q, want %q", p, got, want)
		}
	}
	if got := bound(finding.Policy{Binding: "address", Prefix4: 24}); got != "; bound to the address" {
		t.Errorf("a mask that is not in force is named: %q", got)
	}
}

// TestEscape: what Markdown or a tracker would take for its own.
func TestEscape(t *testing.T) {
	for text, plain := range map[string]bool{
		"a plain sentence, 12 of 13 (92 %)": true,
		"1.5 and v1.2":                      true,
		"a-b":                               true,
		"x *bold*":                          false,
		"1. item":                           false,
		"- item":                            false,
		"@name":                             false,
		"#12":                               false,
		"GH-12":                             false,
		"www.site.example":                  false,
		"https://site.example":              false,
	} {
		if got := escape(text); (got == text) != plain {
			t.Errorf("%q is written as %q", text, got)
		}
	}
}
