package judge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ipdrift/ingest/figure"
	"ipdrift/token"
)

// kind is refusals of one cause, in words, with what to do about them.
type kind struct {
	words, remedy string
	requests      int64
}

// namedKinds is how many kinds of refusals are named before the rest is one.
const namedKinds = 3

// instead says what the refusals of a host are where no address changed, and
// what to do about the largest part.
func (q *question) instead() string {
	kinds, all := q.kinds()
	if all == 0 {
		return "the log shows no refused request of this host's viewers"
	}
	of := "the " + figure.Either(all == 1, "only refusal", figure.Plural(all, "refusal", "refusals")) + " fell on "
	if len(kinds) == 1 {
		of += kinds[0].words
	} else {
		var parts []string
		for _, k := range kinds {
			parts = append(parts, fmt.Sprintf("%s (%s)", k.words, percent(float64(k.requests)/float64(all))))
		}
		of += listed(parts)
	}
	switch expired := q.o.Refused[token.Expired.String()] > 0 || q.o.Refused[token.ExpiredIPMismatch.String()] > 0; {
	case expired && q.o.Shifted != 0:
		return of + fmt.Sprintf("; most are late by %d minutes: the time zone of the log or of the signer is wrong, by as much and what the links live, and nothing can be said about their life before it is set right", q.o.Shifted)
	case expired && q.o.ServedLate > 0:
		return of + "; others were served after their expiry: a clock or a time zone is wrong, or this host takes expired links, and nothing can be said about the life of links before that is known"
	}
	if r := kinds[0].remedy; r != "" {
		of += "; " + r
	}
	return of
}

// kinds lists the refusals by kind, most frequent first.
func (q *question) kinds() (kinds []kind, all int64) {
	for cause, n := range q.o.Refused {
		if cause == token.IPMismatch.String() {
			shared := min(n, q.onShared)
			kinds = append(kinds, kind{q.sharedLinks(), "keep links bound to the address; if a page that holds links is cached, let it give each viewer one of their own", shared})
			n -= shared
			all += shared
		}
		words, remedy := inWords(cause)
		remedy = cmp.Or(q.o.Remedies[cause], remedy)
		kinds, all = append(kinds, kind{words, remedy, n}), all+n
	}
	kinds = slices.DeleteFunc(kinds, func(k kind) bool { return k.requests == 0 })
	slices.SortFunc(kinds, func(a, b kind) int {
		return cmp.Or(cmp.Compare(b.requests, a.requests), strings.Compare(a.words, b.words))
	})
	if len(kinds) > namedKinds+1 {
		rest := kind{words: "others"}
		for _, k := range kinds[namedKinds:] {
			rest.requests += k.requests
		}
		kinds = append(kinds[:namedKinds], rest)
	}
	return kinds, all
}

// sharedLinks says what is known of many-network links, and no more (rule 10).
func (q *question) sharedLinks() string {
	return figure.Plural(len(q.shared), "link that was", "links that were") + " requested from several unrelated networks"
}

// inWords says a cause of the contract in plain words, and what to do about it
// where anything is certain.
func inWords(cause string) (words, remedy string) {
	switch cause {
	case "expired":
		return "expired links", "sign links that live longer, or renew them in time"
	case "expired_ip_mismatch":
		return "expired links of another address", "sign links that live longer, or renew them in time"
	case "malformed":
		return "malformed links", "look where the URL is built or cut"
	case "wrong_path":
		return "links signed for another path", "sign the path that is requested, or its directory"
	case "ip_mismatch":
		return "links signed for another address", ""
	case WronglySigned:
		return "links that the signer makes wrongly", "mend the signer"
	case OldKey:
		return "links of an old key", "let the edge take the old key for as long as its links live, and see to it that every signer has the new one"
	case "unresolved_signature":
		return "links whose hash nothing explains", ""
	case "unsigned":
		return "requests without a token", "look where the query string is lost"
	case "refused_elsewhere":
		return "valid links that another rule refused", "look at the other rules of the resource and at the origin"
	case "unchecked":
		return "links that no key could check", "give the key of this host"
	}
	return strings.ReplaceAll(cause, "_", " "), ""
}
