package main

import (
	"errors"
	"fmt"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
	"ipdrift/ingest/format"
)

// condition is something --fail-on can ask for.
type condition struct {
	name string
	met  func(*finding.Analysis) string // "" if not
}

func conditions() []condition {
	return []condition{{"widen", widen}, {"rotation", rotation}, {"rejects", rejects}, {"calibration", calibration}}
}

func conditionNames() []string {
	return each(conditions(), func(c condition) string { return c.name })
}

func widen(a *finding.Analysis) string {
	var where []string
	for _, r := range a.Recommendations {
		if r.Decision == finding.Widen {
			where = append(where, fmt.Sprintf("%s (%s to /%d)", r.Host, r.Family, *r.Prefix))
		}
	}
	return metBy("a wider mask is recommended for ", where)
}

// metBy names what meets a condition; "" if nothing does.
func metBy(what string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return what + strings.Join(names, ", ")
}

func rotation(a *finding.Analysis) string {
	if n := a.Users.ByClass[finding.Rotating]; n > 0 {
		return figure.Sentence("rotating users: %d", n)
	}
	return ""
}

func rejects(a *finding.Analysis) string {
	n := a.Input.Rejected
	for _, r := range a.Input.Rejects {
		if r.Reason == format.ReasonHeader { // says nothing against the log
			n -= r.Lines
		}
	}
	if n > 0 {
		return figure.Sentence("rejected lines: %d of %d", n, a.Input.Lines)
	}
	return ""
}

func calibration(a *finding.Analysis) string {
	var hosts []string
	for _, c := range a.Calibration {
		if c.Status == finding.Failed {
			hosts = append(hosts, c.Host)
		}
	}
	return metBy("calibration failed for ", hosts)
}

// uncalibrated reports whether calibration failed on every host that has tokens.
func uncalibrated(a *finding.Analysis) bool {
	failed := 0
	for _, c := range a.Calibration {
		switch {
		case c.Status == finding.Failed:
			failed++
		case c.Tokens > 0:
			return false
		}
	}
	return failed > 0
}

func failedCalibration() error {
	return &failure{
		status: statusUncalibrated,
		err:    errors.New("calibration failed for every host: the key, the path rule or the address field does not fit this log"),
		hint:   "the report says for each host which it probably is",
	}
}
