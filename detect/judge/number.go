package judge

import (
	"strings"

	"ipdrift/ingest/figure"
)

// percent writes a share as the tables do, but in words: under 0.1 %.
func percent(share float64) string {
	return strings.NewReplacer("<", "under ", ">", "over ").Replace(figure.Percent(share))
}

// between writes an interval of shares: 92 to 99 %.
func between(low, high float64) string { return figure.Bounds(low, high) + " %" }
