package detect

import (
	"context"
	"fmt"
	"sort"

	"ipdrift/detect/finding"
	"ipdrift/detect/history"
	"ipdrift/ingest"
	"ipdrift/ingest/figure"
	"ipdrift/token"
)

// carriers are network operators by ASN since a trend began: how many requests they
// have, and whether some were refused for its cause.
type carriers struct {
	of   map[uint32]*carrier
	last uint32 // that was asked for
	at   *carrier
}

type carrier struct {
	requests int64
	refused  bool
}

func (c *carriers) get(asn uint32) *carrier {
	if asn != c.last {
		if c.last, c.at = asn, c.of[asn]; c.at == nil {
			c.at = &carrier{}
			c.of[asn] = c.at
		}
	}
	return c.at
}

// since is what is asked of a trend: which requests came after its beginning, and
// which of them were refused for its cause.
type since struct {
	trend int
	start int64 // µs
	cause uint8
}

// sinceOf lists by outcome the trends of its host.
func (a *analysis) sinceOf(trends []*finding.Trend) [][]since {
	of := map[*host][]since{}
	for i, t := range trends {
		h := a.hosts[t.Host]
		of[h] = append(of[h], since{i, t.Began.At.UnixMicro(), a.causes[t.Cause]})
	}
	by := make([][]since, len(a.outcomes))
	for id, o := range a.outcomes {
		if o != nil && !o.Shield {
			by[id] = of[o.host]
		}
	}
	return by
}

// countCarriers asks whose the refusals are since some trends began.
func (a *analysis) countCarriers(ctx context.Context, trends []*finding.Trend) error {
	by := a.sinceOf(trends)
	parts, err := screen(ctx, a, func() []carriers { return noCarriers(len(trends)) }, func(part []carriers, requests []history.Request) {
		for t, rest := history.NextStretch(requests); len(t) > 0; t, rest = history.NextStretch(rest) {
			f := &t[0]
			asn := a.clients.ASN(f.Client)
			if asn == 0 {
				continue
			}
			for _, s := range by[f.Outcome] {
				if n := len(t) - sort.Search(len(t), func(i int) bool { return t[i].Start >= s.start }); n > 0 {
					c := part[s.trend].get(asn)
					c.requests += int64(n)
					c.refused = c.refused || f.Cause == s.cause
				}
			}
		}
	})
	if err != nil {
		return err
	}
	all := noCarriers(len(trends))
	for _, part := range parts {
		for i := range part {
			all[i].add(&part[i])
		}
	}
	for i, t := range trends {
		t.Began.Carriers, t.Began.Affected = all[i].seen()
	}
	return nil
}

func noCarriers(n int) []carriers {
	all := make([]carriers, n)
	for i := range all {
		all[i].of = map[uint32]*carrier{}
	}
	return all
}

func (c *carriers) add(o *carriers) {
	for asn, more := range o.of {
		sum := c.get(asn)
		sum.requests, sum.refused = sum.requests+more.requests, sum.refused || more.refused
	}
}

// seen counts the carriers with enough requests, and those of them with refusals.
func (c *carriers) seen() (all, refused int64) {
	for _, one := range c.of {
		if one.requests < trendRequests {
			continue
		}
		all++
		if one.refused {
			refused++
		}
	}
	return all, refused
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
