package main

import (
	"testing"

	"ipdrift/detect/finding"
)

// TestRule01StatusFive: only where every host with tokens failed.
func TestRule01StatusFive(t *testing.T) {
	failed := finding.Calibration{Host: "a", Tokens: 40, Status: finding.Failed}
	fits := finding.Calibration{Host: "b", Tokens: 40, Verified: 40, Status: finding.Verified}
	few := finding.Calibration{Host: "c", Tokens: 3, Verified: 3, Status: finding.NotChecked}
	none := finding.Calibration{Host: "d", Status: finding.NotChecked}
	for _, c := range []struct {
		hosts []finding.Calibration
		want  bool
	}{
		{[]finding.Calibration{failed}, true}, {[]finding.Calibration{failed, failed}, true}, {[]finding.Calibration{failed, none}, true},
		{[]finding.Calibration{failed, fits}, false}, {[]finding.Calibration{failed, few}, false}, {[]finding.Calibration{fits}, false},
		{[]finding.Calibration{none}, false}, {nil, false},
	} {
		if got := uncalibrated(&finding.Analysis{Calibration: c.hosts}); got != c.want {
			t.Errorf("%+v: %v, want %v", c.hosts, got, c.want)
		}
	}
}

// TestConditionsNameEveryHost that meets them.
func TestConditionsNameEveryHost(t *testing.T) {
	p := 24
	a := &finding.Analysis{
		Recommendations: []finding.Recommendation{{Host: "a", Family: "ipv4", Decision: finding.Widen, Prefix: &p}, {Host: "b", Family: "ipv4", Decision: finding.KeepCurrent},
			{Host: "c", Family: "ipv4", Decision: finding.Widen, Prefix: &p}},
		Calibration: []finding.Calibration{{Host: "a", Status: finding.Failed}, {Host: "b", Status: finding.Verified}, {Host: "c", Status: finding.Failed}},
	}
	for _, c := range []struct{ got, want string }{
		{widen(a), "a wider mask is recommended for a (ipv4 to /24), c (ipv4 to /24)"},
		{calibration(a), "calibration failed for a, c"},
		{widen(&finding.Analysis{}), ""},
		{calibration(&finding.Analysis{}), ""},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
