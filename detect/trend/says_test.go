package trend

import (
	"testing"

	"ipdrift/detect/finding"
)

// TestWhoseRefusalsTheyAre: only what no address explains is something else for certain; an
// expired link's hash reproduces, so it is no key's.
func TestWhoseRefusalsTheyAre(t *testing.T) {
	for _, c := range []struct {
		cause         string
		all, affected int64
		want          string
	}{
		{"expired", 0, 0, ": the life of links or a clock, not rotation"},
		{"expired", 3, 3, ", with all 3 carriers: the life of links or a clock, not rotation"},
		{"malformed", 0, 0, ": a deploy, not rotation"},
		{"refused_elsewhere", 0, 0, ": another rule or the origin, not rotation"},
		{"wrong_path", 3, 3, ", with all 3 carriers: a deploy or a key, not rotation"},
		{"unresolved_signature", 3, 3, ", with all 3 carriers: a deploy or a key, not rotation"},
		{"unresolved_signature", 0, 0, ""}, // its address may not have been found
		{"unchecked", 0, 0, ""},            // without a key nobody knows
		{"expired", 3, 2, ", with 2 of 3 carriers"},
		{"expired_ip_mismatch", 0, 0, ""}, // another address explains it
		{"ip_mismatch", 0, 0, ""},
		{"ip_mismatch", 1, 1, ""},
		{"ip_mismatch", 3, 3, ", with all 3 carriers: look for a change of the signer or of the edge before any mask"},
		{"ip_mismatch", 3, 1, ", with 1 of 3 carriers"},
		{"ip_mismatch", 3, 0, ""}, // they came from others, seen seldom
	} {
		if got := carriersOf(&finding.Beginning{Carriers: c.all, Affected: c.affected}, c.cause); got != c.want {
			t.Errorf("%s, %d of %d: %q, want %q", c.cause, c.affected, c.all, got, c.want)
		}
	}
}

// TestAnEdgeMayHashSomethingElse: where it refuses nearly all since then, what it took before does not tell what it takes.
func TestAnEdgeMayHashSomethingElse(t *testing.T) {
	for after, want := range map[float64]string{
		0.89: ": another rule or the origin, not rotation",
		0.9:  ": another rule, the origin, or an edge that hashes something else since (a mask, another key), not rotation",
	} {
		if got := carriersOf(&finding.Beginning{After: after}, "refused_elsewhere"); got != want {
			t.Errorf("%v: %q, want %q", after, got, want)
		}
	}
}
