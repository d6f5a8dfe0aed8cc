package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/charmbracelet/lipgloss"

	"ipdrift/detect/finding"
	"ipdrift/report/reporttest"
)

func comparison(t testing.TB) *finding.Comparison {
	t.Helper()
	text, err := os.ReadFile(fixtures + "/compare/rotation24.json")
	if err != nil {
		t.Fatal(err)
	}
	c := &finding.Comparison{}
	if err := json.Unmarshal(text, c); err != nil {
		t.Fatal(err)
	}
	return c
}

func compareAs(t testing.TB, c *finding.Comparison, format string, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Compare(&b, c, format, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCompareGoldens(t *testing.T) {
	c := comparison(t)
	reporttest.Golden(t, fixtures, "compare.txt", compareAs(t, c, "text", Options{}))
	reporttest.Golden(t, fixtures, "compare.md", compareAs(t, c, "markdown", Options{}))
	reporttest.Golden(t, fixtures, "compare.html", compareAs(t, c, "html", Options{}))
	reporttest.Golden(t, fixtures, "compare.customer.md", compareAs(t, c, "markdown", Options{Audience: ForCustomer}))
	if err := Compare(&bytes.Buffer{}, c, "csv", Options{}); err == nil {
		t.Error("a comparison as CSV")
	}
}

// TestCompareIsHarmless: no line is wider than the screen, no host's name reaches
// a terminal or a page as it stands, and no address reaches a customer.
func TestCompareIsHarmless(t *testing.T) {
	c := comparison(t)
	c.Before.Case = "203.0.113.9.duckdb"
	c.Hosts[0].Host = "203.0.113.9\x1b[2J|<script>"
	c.Hosts[0].Causes = append(c.Hosts[0].Causes, finding.CauseComparison{Cause: strings.Repeat("wide", 40)})
	c.NotComparable = append(c.NotComparable, "2001:db8::1 is in the case before only.")
	for _, width := range []int{60, 80, 200} {
		for line := range strings.Lines(compareAs(t, c, "text", Options{Width: width})) {
			line = strings.TrimSuffix(line, "\n")
			if lipgloss.Width(line) > width || Clean(line) != line || strings.TrimRight(line, " ") != line {
				t.Errorf("at %d: %q is %d wide", width, line, lipgloss.Width(line))
			}
		}
	}
	for _, format := range []string{"text", "markdown", "html"} {
		if text := unstyled(compareAs(t, c, format, Options{Audience: ForCustomer})); anyAddress.MatchString(text) || format == "markdown" && strings.Contains(text, "|<script") {
			t.Errorf("%q in\n%s", anyAddress.FindString(text), text)
		} else if !strings.Contains(text, "(address) is in the case before only.") {
			t.Errorf("%s: what limits the comparison is missing in\n%s", format, text)
		}
	}
}

func TestPoints(t *testing.T) {
	for _, c := range []struct {
		d    finding.Difference
		want string
	}{
		{finding.Difference{Share: -0.0381, Low: -0.0412, High: -0.0351}, "-3.8 (-4.2 to -3.5)"},
		{finding.Difference{Share: 0.012, Low: -0.001, High: 0.0251}, "+1.2 (-0.1 to +2.6)"},
		{finding.Difference{}, "0 (0 to 0)"},
	} {
		if got := points(c.d); got != c.want {
			t.Errorf("%+v: %q, want %q", c.d, got, c.want)
		}
	}
}

// TestCompareCutsNoDifference, however narrow the window.
func TestCompareCutsNoDifference(t *testing.T) {
	c := comparison(t)
	for _, f := range c.Hosts[0].Families {
		for _, want := range []string{points(f.Affected.Difference), points(f.Interrupted.Difference)} {
			for _, width := range []int{60, 72, 80} {
				if text := compareAs(t, c, "text", Options{Width: width}); !strings.Contains(text, want) {
					t.Errorf("at %d: no %q in\n%s", width, want, text)
				}
			}
		}
	}
}

// TestCasesOfOneNameAreToldApart by their folders.
func TestCasesOfOneNameAreToldApart(t *testing.T) {
	c := comparison(t)
	c.Before.Case, c.After.Case = "before/case.duckdb", "after/case.duckdb"
	for _, format := range []string{"text", "markdown", "html"} {
		if text := compareAs(t, c, format, Options{}); !strings.Contains(text, "before/case.duckdb") || !strings.Contains(text, "after/case.duckdb") {
			t.Errorf("%s:\n%s", format, text)
		}
	}
}

// TestComparisonsOfManyHosts has 300 hosts: text shows 20 of them, a page and a document 200.
func TestComparisonsOfManyHosts(t *testing.T) {
	c := &finding.Comparison{NotComparable: []string{"odd."}}
	for i := range 300 {
		c.Hosts = append(c.Hosts, finding.HostComparison{Host: fmt.Sprintf("c%03d.example", i)})
	}
	for format, want := range map[string]int{"text": 20, "markdown": 200, "html": 200, "json": 300} {
		for _, verbose := range []bool{false, true} {
			var out bytes.Buffer
			if err := Compare(&out, c, format, Options{Verbose: verbose}); err != nil {
				t.Fatal(err)
			}
			shown, more := strings.Count(out.String(), ".example"), fmt.Sprintf("%d more hosts: %d NOTHING TO COMPARE", 300-want, 300-want)
			if verbose {
				want = 300
			}
			if shown != want || strings.Contains(out.String(), more) != (want < 300) {
				t.Errorf("%s, verbose %t: %d hosts, want %d, and the others counted", format, verbose, shown, want)
			}
		}
	}
	if len(c.Hosts) != 300 || len(c.NotComparable) != 1 {
		t.Error("the comparison was changed")
	}
}

// TestNoSharesOfRefusalsAlone: where the log after has nothing else, its users are not known, nor who was interrupted.
func TestNoSharesOfRefusalsAlone(t *testing.T) {
	c := comparison(t)
	f := &c.Hosts[0].Families[0]
	f.Affected.After, f.Interrupted.After = finding.Rate{Users: 44, High: 1}, finding.Rate{High: 1}
	for format, want := range map[string][]string{
		"text":     {"not known", "44 of ?"},
		"markdown": {"| not known, 44 of ? | not known |", "| not known, - | not known |"},
		"html":     {"not known, 44 of ?", "not known, -"},
	} {
		text := compareAs(t, c, format, Options{})
		for _, part := range append(want, "not known") {
			if !strings.Contains(text, part) {
				t.Errorf("%s lacks %q:\n%s", format, part, text)
			}
		}
		if strings.Contains(text, "0 to 100") || strings.Contains(text, "of 0") {
			t.Errorf("%s:\n%s", format, text)
		}
	}
}
