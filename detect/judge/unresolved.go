package judge

import (
	"fmt"
	"sort"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// flips reports whether the decision would be another one, or need a wider mask,
// if every unresolved failure were a mismatch that no mask helps (rule 18).
func (q *question) flips() bool { return q.open() > 0 && q.flipsWith(q.open()) }

// flipsWith reports whether the decision would be another one, or need a wider mask, with so many more
// affected users whom no mask helps.
func (q *question) flipsWith(users int64) bool {
	feared := *q.all
	feared.users += users
	switch other := q.decide(&feared); other.decision {
	case finding.InsufficientEvidence:
		return q.choice.decision == finding.Widen
	case finding.Widen, finding.HelpsPartly:
		return other.decision != q.choice.decision || other.prefix < q.choice.prefix
	default:
		return other.decision != q.choice.decision
	}
}

// bears is how many of the users with unresolved failures may turn out to be affected, and helped by no
// mask, before the decision changes.
func (q *question) bears() int64 {
	return int64(sort.Search(int(q.open()), func(n int) bool { return q.flipsWith(int64(n) + 1) }))
}

// bySigner is what tells where no search does.
const bySigner = "what the signer issued (--issued)"

// unexplained is the sentence about unresolved failures, with what would settle them: a search, but not of IPv6 addresses,
// nor of hashes that are slow to try.
func (q *question) unexplained() string {
	settles := "a full search over a random sample of them (--recover sample=60)"
	switch {
	case q.unsearched() > 0 && q.all.users == 0:
		return fmt.Sprintf("Links of %s may be signed for IPv6 addresses nearby, which are too many to be searched; %s would tell whether addresses changed there.", figure.Plural(q.unsearched(), "user", "users"), bySigner)
	case q.o.Slow && q.all.users == 0:
		return "What the signer issued (--issued) would tell whether addresses changed at the links with unexplained hashes." + q.sixAtTheSite()
	case q.unsearched() > 0 || q.o.Slow:
		settles = bySigner
	case q.all.users == 0:
		return "A full search over a random sample of the links with unexplained hashes (--recover sample=60) would tell whether addresses changed there." + q.sixAtTheSite()
	}
	if d := q.choice.decision; d != finding.Widen && d != finding.HelpsPartly {
		if q.unresolved == 0 && q.uncheckable > 0 {
			return fmt.Sprintf("%s refused with a link that no key could check; the key of this host would tell whether addresses changed there.", figure.Plural(q.uncheckable, "more user was", "more users were"))
		}
		return fmt.Sprintf("%s refused with a hash that nothing explains; %s would tell whether addresses changed there.",
			figure.Plural(q.doubtful(), "more user was", "more users were"), settles)
	}
	share := q.ifUnresolved(q.all.accepted(q.choice.prefix)).Share
	most := figure.Either(q.bears() == 0, "none", "at most "+figure.Count(q.bears()))
	with := "unexplained hashes"
	switch {
	case q.unresolved == 0:
		with, settles = "links that no key could check", "the key of this host"
	case q.uncheckable > 0:
		with += ", or links that no key could check,"
	}
	return fmt.Sprintf("This holds only if %s of the %s with %s changed to an address that no mask covers (/%d lets %s through if all did), which nobody knows: %s would settle it.",
		most, figure.Plural(q.open(), "user", "users"), with, q.choice.prefix, percent(share), settles)
}

// sixAtTheSite names what no search finds, where nobody comes over IPv6: addresses by which the site alone sees viewers (rule 4).
func (q *question) sixAtTheSite() string {
	if q.family == 6 || q.o.Other != nil {
		return ""
	}
	return " Nobody came over IPv6: where the site can be reached so, and this host not, links hold addresses that no search finds; check that first."
}
