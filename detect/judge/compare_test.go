package judge

import (
	"strings"
	"testing"
	"time"

	"ipdrift/detect/finding"
)

// day is a side with one host and one family.
func day(first string, hours int, h Heads, edit func(*finding.Analysis)) Day {
	from, _ := time.Parse(time.DateOnly, first)
	to := from.Add(time.Duration(hours) * time.Hour)
	a := &finding.Analysis{
		Input:       finding.Input{First: &from, Last: &to},
		Calibration: []finding.Calibration{{Host: "a", Status: finding.Verified, Verified: 100, Policy: finding.Policy{Binding: "address"}}},
		Denials:     finding.Denials{ByHost: map[string]map[string]int64{"a": {"ip_mismatch": 10, "expired": 5}}},
		Method:      finding.Method{Identity: "auto: 3 of 4 users", Version: "1"},
	}
	if edit != nil {
		edit(a)
	}
	return Day{Case: first, Analysis: a, Hosts: map[string]*Tally{"a": {Requests: 1000, Families: map[string]Heads{"ipv4": h}}}}
}

func TestEffects(t *testing.T) {
	for name, c := range map[string]struct {
		was, is Heads
		want    finding.Effect
		says    string
	}{
		"fell":                {Heads{1000, 100, 50}, Heads{1000, 5, 3}, finding.Worked, "It worked: affected users fell from 10 % (8.5 to 11.7 %) to 0.5 % (0.2 to 1.1 %), interrupted users fell from 5 %"}, // Wilson, one-sided 95 %: 0.0855 to 0.1167 and 0.0024 to 0.0102
		"rose":                {Heads{1000, 5, 3}, Heads{1000, 100, 50}, finding.Worse, "It got worse"},
		"the same":            {Heads{1000, 20, 10}, Heads{1000, 21, 10}, finding.NoEffect, "No effect can be told from chance"},
		"few users":           {Heads{29, 20, 10}, Heads{1000, 0, 0}, finding.NotTold, "Too few users to tell (30 are needed"},
		"nobody":              {Heads{1000, 0, 0}, Heads{1000, 0, 0}, finding.NoEffect, "Nobody was affected before or after"},
		"others were stopped": {Heads{1000, 100, 50}, Heads{1000, 5, 200}, finding.WorkedPartly, "more were interrupted all the same"},
		"fewer, surely not":   {Heads{50, 3, 1}, Heads{50, 1, 1}, finding.NoEffect, "went from 6 %"},
	} {
		got := Compare(day("2026-11-02", 24, c.was, nil), day("2026-11-09", 24, c.is, nil), Default())
		f := got.Hosts[0].Families[0]
		if f.Effect != c.want || !strings.Contains(f.Answer, c.says) || len(got.NotComparable) > 0 {
			t.Errorf("%s: %s, %s, %q", name, f.Effect, f.Answer, got.NotComparable)
		}
	}
}

// TestNoMaskDidIt: where links are bound as before, fewer affected users are no mask's doing.
func TestNoMaskDidIt(t *testing.T) {
	for binding, want := range map[string]string{"address": " Links are bound to the whole address before and after, so no mask did it.", "mask": "", "": ""} {
		after := day("2026-11-09", 24, Heads{1000, 5, 3}, func(a *finding.Analysis) {
			a.Calibration[0].Policy = finding.Policy{Binding: binding, Prefix4: 24}
		})
		f := Compare(day("2026-11-02", 24, Heads{1000, 100, 50}, nil), after, Default()).Hosts[0].Families[0]
		if _, tail, _ := strings.Cut(f.Answer, "0.8 %)."); f.Effect != finding.Worked || tail != want {
			t.Errorf("%q: %s, %s", binding, f.Effect, f.Answer)
		}
	}
}

func TestNotComparable(t *testing.T) {
	plain := day("2026-11-02", 24, Heads{1000, 100, 50}, nil) // a Monday
	for name, c := range map[string]struct {
		after Day
		says  string
		host  bool
	}{
		"swapped":     {day("2026-10-26", 24, Heads{1000, 1, 1}, nil), "are they swapped?", false},
		"overlap":     {day("2026-11-02", 24, Heads{1000, 1, 1}, nil), "overlap by 24 h", false},
		"shorter":     {day("2026-11-09", 2, Heads{1000, 1, 1}, nil), "One spans 24 h, the other 2 h", false},
		"a Sunday":    {day("2026-11-08", 24, Heads{1000, 1, 1}, nil), "a Monday, the other on a Sunday", false},
		"other users": {day("2026-11-09", 24, Heads{1000, 1, 1}, func(a *finding.Analysis) { a.Method.Identity = "token: x" }), `"auto" before, "token" after`, false},
		"other build": {day("2026-11-09", 24, Heads{1000, 1, 1}, func(a *finding.Analysis) { a.Method.Version = "2" }), "different versions: 1 before, 2 after", false},
		"failed":      {day("2026-11-09", 24, Heads{1000, 1, 1}, func(a *finding.Analysis) { a.Calibration[0].Status = finding.Failed }), "Calibration failed after", true},
		"no key": {day("2026-11-09", 24, Heads{1000, 1, 1}, func(a *finding.Analysis) { a.Calibration[0].Verified, a.Calibration[0].Status = 0, finding.NotChecked }),
			"proven before and inferred after", true},
		"refusals only": {day("2026-11-09", 24, Heads{1000, 1, 1}, func(a *finding.Analysis) { a.Recommendations = []finding.Recommendation{{Host: "a"}} }), "take it back", true},
	} {
		got := Compare(plain, c.after, Default())
		list := got.NotComparable
		if c.host {
			list = got.Hosts[0].NotComparable
		}
		said, apart := got.Hosts[0].Families[0].Answer, name == "failed" || name == "refusals only"
		if apart == strings.Contains(said, "affected users") {
			t.Errorf("%s: %s", name, said)
		}
		if a, i := got.Hosts[0].Families[0].Affected, got.Hosts[0].Families[0].Interrupted; name == "refusals only" &&
			(said != "The two cannot be compared, as refusals alone tell no shares: 100 users were affected before, 1 after." || a.After.Users != 1 || a.After.Of != 0 || a.After.Share != 0 || i.After.Users != 0) {
			t.Errorf("%s: %s %+v %+v", name, said, a, i)
		}
		told := got.Hosts[0].Families[0].Effect != finding.NotTold
		if len(list) != 1 || !strings.Contains(list[0], c.says) || told == c.host {
			t.Errorf("%s: %q, %s", name, list, got.Hosts[0].Families[0].Effect)
		}
	}
	other := day("2026-11-09", 24, Heads{1, 1, 1}, nil)
	other.Hosts = map[string]*Tally{"b": {}}
	if got := Compare(plain, other, Default()); len(got.Hosts) != 0 || strings.Join(got.NotComparable, " ") != "a is in the case before only. b is in the case after only." {
		t.Errorf("%+v", got)
	}
}
