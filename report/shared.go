package report

import "ipdrift/detect/finding"

// What the full-screen view has in common with the reports: figures, words and
// decisions are written the same way.

// Count writes a whole number with thousands separators: 12,481,220.
func Count(n int64) string { return count(n) }

// Plural writes a number with its noun: 1 user, 3,211 users.
func Plural(n int64, one, many string) string { return plural(n, one, many) }

// Share writes a part of a whole in per cent.
func Share(part, whole int64) string { return share(part, whole) }

// Meaning says a cause of the contract in a few words.
func Meaning(cause string) string { return meaning(cause) }

// Headline is the decision about one host, as it stands at the right of the
// host's line in a report.
type Headline struct{ Host, Decision string }

// Headlines lists every host of an analysis in the order of the reports.
func Headlines(a *finding.Analysis) []Headline {
	var list []Headline
	for _, h := range hosts(a) {
		list = append(list, Headline{h.name, h.verdict().text})
	}
	return list
}

// Period writes the time from the first to the last request of an analysis.
func Period(a *finding.Analysis) string { return period(a.Input.Period()) }

// Shorten cuts clean text to a number of columns and marks the cut.
func Shorten(text string, width int, ascii bool) string {
	s := &screen{ascii: ascii}
	return s.cut(text, width)
}
