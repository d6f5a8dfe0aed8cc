package report

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"ipdrift/detect/finding"
)

// renderJSON writes the analysis as it stands. Lists and maps of the contract
// are never null, times are UTC, and what a terminal could take for a command
// is written as an escape, which changes no value. Beside the errors of w there
// is one for a share that is not a number, which JSON cannot hold.
func renderJSON(w io.Writer, a *finding.Analysis, _ Options) error {
	return writeJSON(w, complete(*a))
}

func writeJSON(w io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	out := &stickyWriter{w: w}
	out.Write(EscapeJSON(append(text, '\n')))
	return out.err
}

// EscapeJSON escapes what a reader would not see for what it is, but for ASCII below DEL; in
// JSON such a character can only stand in a string.
func EscapeJSON(text []byte) []byte {
	var out []byte
	done := 0 // of text, in out
	for i := 0; i < len(text); {
		if text[i] < 0x7f {
			i++
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		if hidden(r, "") {
			out = append(out, text[done:i]...)
			for _, unit := range utf16.Encode([]rune{r}) {
				out = fmt.Appendf(out, `\u%04x`, unit)
			}
			done = i + n
		}
		i += n
	}
	if done == 0 {
		return text
	}
	return append(out, text[done:]...)
}

// complete is a copy whose lists and maps are empty instead of nil and whose
// times are UTC. The original stays untouched.
func complete(a finding.Analysis) finding.Analysis {
	a.Input.First, a.Input.Last = inUTC(a.Input.First), inUTC(a.Input.Last)
	a.Input.Sources = list(a.Input.Sources)
	a.Calibration = list(a.Calibration)
	a.Denials.ByCause = table(a.Denials.ByCause)
	a.Denials.ByHost = tables(a.Denials.ByHost)
	a.Denials.Requests = table(a.Denials.Requests)
	a.Denials.ByDetail = tables(a.Denials.ByDetail)
	a.Denials.Inferred = table(a.Denials.Inferred)
	a.Denials.Networks = list(a.Denials.Networks)
	a.Signer = list(a.Signer)
	a.Users.ByClass = table(a.Users.ByClass)
	a.Users.Flagged = slices.Clone(list(a.Users.Flagged))
	for i := range a.Users.Flagged {
		a.Users.Flagged[i].Timeline = list(a.Users.Flagged[i].Timeline)
	}
	a.Recommendations = slices.Clone(list(a.Recommendations))
	for i := range a.Recommendations {
		a.Recommendations[i].Caveats = list(a.Recommendations[i].Caveats)
		a.Recommendations[i].Carriers = list(a.Recommendations[i].Carriers)
		a.Recommendations[i].Curve = list(a.Recommendations[i].Curve)
	}
	a.Warnings = list(a.Warnings)
	a.Method.Thresholds = table(a.Method.Thresholds)
	return a
}

func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func table[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		return map[K]V{}
	}
	return m
}

func tables(m map[string]map[string]int64) map[string]map[string]int64 {
	m = table(maps.Clone(m))
	for k, inner := range m {
		m[k] = table(inner)
	}
	return m
}

func inUTC(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	utc := t.UTC()
	return &utc
}
