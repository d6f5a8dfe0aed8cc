package report

import (
	"slices"
	"strconv"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// legend explains the letters of a timeline, fullLegend the rare one too.
const (
	legend     = "(s served, R refused, | new address)"
	fullLegend = "(s served, R refused, o other, | new address)"
)

// shortTimeline is the number of requests up to which each is one letter;
// beyond, a run is written as its letter and number.
const shortTimeline = 36

// timeline is a user's requests in order, one letter each, a word per address:
// ssss | R | ss. At most limit words are given; what was left out is counted.
func timeline(events []finding.Event, expired []int, limit int) []string {
	letters := total(events) <= shortTimeline
	var words []string
	address := ""
	for i, e := range events {
		if i > 0 && e.IP != address {
			words = append(words, "|")
		}
		if len(words) >= limit {
			return append(words, "and "+figure.Plural(total(events[i:]), "more request", "more requests"))
		}
		run := run(e, expired, letters)
		if i > 0 && e.IP == address && letters {
			words[len(words)-1] += run
		} else {
			words = append(words, run)
		}
		address = e.IP
	}
	return words
}

func run(e finding.Event, expired []int, letters bool) string {
	letter, n := outcome(e.Status, expired), max(e.Count, 1)
	switch {
	case letters:
		return strings.Repeat(letter, int(n))
	case n == 1:
		return letter
	}
	return letter + times + strconv.FormatInt(n, 10)
}

// The letters of a written timeline, and what stands between one and how often it came.
const (
	times         = "×"
	letterServed  = "s"
	letterRefused = "R"
	letterOther   = "o"
)

// outcome is the letter of a status: 200, 206 and 304 serve; 403, 410 and
// what this host answers expired links with refuse.
func outcome(status int, expired []int) string {
	switch {
	case status == 200 || status == 206 || status == 304:
		return letterServed
	case status == 403 || status == 410 || slices.Contains(expired, status):
		return letterRefused
	}
	return letterOther
}

// total counts the requests of events, up to more than anybody reads.
func total(events []finding.Event) int64 {
	const plenty = 1 << 40
	var n int64
	for _, e := range events {
		n = min(n+min(max(e.Count, 1), plenty), plenty)
	}
	return n
}
