package detect

import (
	"testing"

	"ipdrift/detect/finding"
)

// TestWhoseRefusalsTheyAre: only what no address explains is a deploy or a key for certain.
func TestWhoseRefusalsTheyAre(t *testing.T) {
	for _, c := range []struct {
		cause         string
		all, affected int64
		want          string
	}{
		{"expired", 0, 0, ": a deploy or a key, not rotation"},
		{"expired", 3, 3, ", with all 3 carriers: a deploy or a key, not rotation"},
		{"expired", 3, 2, ", with 2 of 3 carriers"},
		{"ip_mismatch", 0, 0, ""},
		{"ip_mismatch", 1, 1, ""},
		{"ip_mismatch", 3, 3, ", with all 3 carriers: look for a change of the signer or of the edge before any mask"},
		{"ip_mismatch", 3, 1, ", with 1 of 3 carriers"},
	} {
		if got := carriersOf(&finding.Beginning{Carriers: c.all, Affected: c.affected}, c.cause); got != c.want {
			t.Errorf("%s, %d of %d: %q, want %q", c.cause, c.affected, c.all, got, c.want)
		}
	}
}
