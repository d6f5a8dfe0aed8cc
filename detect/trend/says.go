package trend

import (
	"fmt"

	"ipdrift/detect/finding"
	"ipdrift/ingest"
	"ipdrift/ingest/figure"
	"ipdrift/token"
)

// Say describes the trends that began in words, and returns these; hosts is how many the log has.
func Say(all []finding.Trend, hosts int) (said []string) {
	began := map[string]int{} // hosts, by cause
	for _, t := range all {
		if t.Began != nil {
			began[t.Cause]++
		}
	}
	for _, t := range all {
		b := t.Began
		if b == nil {
			continue
		}
		s := fmt.Sprintf("%s: refusals as %s began at %s", t.Host, t.Cause, b.At.Format("2006-01-02 15:04"))
		if b.Low != b.High {
			s += fmt.Sprintf(" (between %s and %s)", b.Low.Format("15:04"), b.High.Format("15:04"))
		}
		s += fmt.Sprintf(" UTC, from %.1f %% to %.1f %% of the requests", 100*b.Before, 100*b.After)
		switch {
		case began[t.Cause] == 1 && hosts > 1:
			s += ", on this host only"
		case began[t.Cause] > 1:
			s += fmt.Sprintf(", on %d hosts", began[t.Cause])
		}
		b.Says = s + carriersOf(b, t.Cause)
		said = append(said, b.Says)
	}
	return said
}

// carriersOf says with which carriers the refusals are, and what that means.
func carriersOf(b *finding.Beginning, cause string) string {
	all := b.Carriers > 1 && b.Affected == b.Carriers
	moved := cause == token.IPMismatch.String() || cause == token.ExpiredIPMismatch.String() || cause == token.Unchecked.String()
	switch {
	case all && moved:
		return fmt.Sprintf(", with all %d carriers: look for a change of the signer or of the edge before any mask", b.Carriers)
	case !moved && (all || b.Carriers == 0 && cause != token.UnresolvedSignature.String()): // whose address may not have been found
		return figure.Either(all, fmt.Sprintf(", with all %d carriers", b.Carriers), "") + ": " + behind(cause, b.After) + ", not rotation"
	case b.Carriers > 1 && b.Affected > 0:
		return fmt.Sprintf(", with %d of %d carriers", b.Affected, b.Carriers)
	}
	return ""
}

// nearlyAll is the share of requests from which on an edge refuses for a cause whatever it is asked.
const nearlyAll = 0.9

// behind names what makes refusals begin that no address explains; share is that of the requests since.
func behind(cause string, share float64) string {
	switch cause {
	case token.Expired.String():
		return "the life of links or a clock"
	case token.Malformed.String(), token.Unsigned.String():
		return "a deploy"
	case ingest.RefusedElsewhere:
		if share >= nearlyAll { // what is hashed is known from what was accepted before
			return "another rule, the origin, or an edge that hashes something else since (a mask, another key)"
		}
		return "another rule or the origin"
	}
	return "a deploy or a key"
}
