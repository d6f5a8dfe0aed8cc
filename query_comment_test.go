package main

import (
	"slices"
	"testing"
)

// TestSQLComments: SQL that begins with a comment is no flag; flags stay what they are.
func TestSQLComments(t *testing.T) {
	for _, c := range [][2]string{
		{"-- all\nSELECT 1", " -- all\nSELECT 1"}, {"--all\nSELECT 1", " --all\nSELECT 1"}, {"--fromat", "--fromat"}, {"--", "--"},
		{"--output=a b.csv", "--output=a b.csv"}, {"-oa b.csv", "-oa b.csv"}, {"SELECT 1 -- one", "SELECT 1 -- one"},
	} {
		if got := sqlComments([]string{"query", "case.duckdb", c[0]}); !slices.Equal(got, []string{"query", "case.duckdb", c[1]}) {
			t.Errorf("%q: %q, want %q", c[0], got[2], c[1])
		}
		if got := sqlComments([]string{"analyze", c[0]}); got[1] != c[0] {
			t.Errorf("analyze: %q became %q", c[0], got[1])
		}
	}
}
