package report

import (
	"strconv"
	"time"

	"ipdrift/ingest/figure"
)

// estimate writes a share with its bounds: 97 % (96.5 to 97.8).
func estimate(x, low, high float64) string {
	return figure.Percent(x) + " (" + figure.Bounds(low, high) + ")"
}

// Period writes the time from the first to the last request, to the minute,
// naming a day once.
func Period(first, last *time.Time) string {
	if first == nil || last == nil {
		return "no time known"
	}
	from, to := first.UTC(), last.UTC()
	end := "2006-01-02 15:04"
	if from.Year() == to.Year() {
		end = "01-02 15:04"
	}
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		end = "15:04"
	}
	return from.Format("2006-01-02 15:04") + " to " + to.Format(end) + " UTC"
}

func prefix(p int) string { return "/" + strconv.Itoa(p) }

// network writes an ASN as people do; nil is one that is not known.
func network(asn *int64) string {
	if asn == nil {
		return "AS not known"
	}
	return "AS" + strconv.FormatInt(*asn, 10)
}
