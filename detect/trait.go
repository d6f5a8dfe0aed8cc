package detect

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"ipdrift/detect/finding"
	"ipdrift/detect/policy"
	"ipdrift/ingest"
	"ipdrift/ingest/figure"
	"ipdrift/token"
)

// measure adds the requests of a visit to its outcome.
func (a *analysis) measure(v *visit) {
	a.amounts = reach(a.amounts, v.id)
	a.amounts[v.id] += v.n
}

// blame is a cause of refusals with one outcome.
type blame struct {
	outcome uint32
	cause   string
}

// blamed counts refusals of one cause with one outcome.
type blamed struct {
	n int64
	policy.LinkCount
}

// commonChance is how unlikely it has to be that refused links have something in common by accident.
const commonChance = 1e-3

// common is a property that nearly all refusals of a cause on a host have, and hardly any other request.
type common struct {
	value                 string
	refused, of, answered int64 // requests with it that were refused so, all that were, and all with it
	all                   int64 // requests of the host
}

// sayCommon says of each cause of refusals on each host whether one edge, method or key is
// behind them.
func (a *analysis) sayCommon(ctx context.Context) error {
	names, err := ingest.EdgeNames(ctx, a.conn)
	if err != nil {
		return err
	}
	outcomes := map[*host][]uint32{} // that requests of theirs had, but for those of shields
	for id := range a.amounts {
		if o := a.outcomes[id]; o != nil && !o.Shield {
			outcomes[o.host] = append(outcomes[o.host], uint32(id))
		}
	}
	for _, h := range a.ordered {
		ids := outcomes[h]
		for _, cause := range slices.Sorted(maps.Keys(a.out.Denials.ByHost[h.Name])) {
			look := "its keys and its settings"
			switch cause {
			case token.Expired.String():
				look = "its clock"
				fallthrough
			case ingest.RefusedElsewhere, token.UnresolvedSignature.String(), token.WrongPath.String(): // viewers with changing addresses may all be near one edge
				if c := a.common(ids, cause, func(o *outcome) string { return names[o.Edge] }); c != nil {
					says := figure.Sentence("one edge (%s) answered %d of the %d {request that was|requests that were} %s, and only %s of all requests: look at %s", c.value, c.refused, c.of, refusedAs(cause), c.share(), look)
					a.shared(h, cause, finding.TraitEdge, c, says, "one edge ("+c.value+") answered nearly all of them: look at "+look)
				}
			}
			if c := a.common(ids, cause, func(o *outcome) string { return figure.Either(o.Reads(), "", o.Method) }); c != nil {
				what := figure.Either(c.value == "OPTIONS", ", what browsers ask before a script may read from another site (CORS)", "")
				says := figure.Sentence("%d of the %d {request that was|requests that were} %s {is|are} %s%s: look at what the edge does with this method", c.refused, c.of, refusedAs(cause), c.value, what)
				a.shared(h, cause, finding.TraitMethod, c, says, "nearly all of them are "+c.value+" requests: look at what the edge does with these")
			}
		}
		if c := a.commonCountry(h); c != nil {
			says := figure.Sentence("%d of the %d {request that was|requests that were} %s came from one country (%s), and only %s of all requests: look at the rules for countries and at the firewall",
				c.refused, c.of, refusedAs(ingest.RefusedElsewhere), c.value, c.share())
			a.shared(h, ingest.RefusedElsewhere, finding.TraitCountry, c, says, "nearly all of them came from one country ("+c.value+"): look at the rules for countries and at the firewall")
		}
		a.sayOldKeys(h)
	}
	return nil
}

// shared notes what the refusals of a cause have in common, with what to do about it in a few words,
// unless something is known already.
func (a *analysis) shared(h *host, cause, trait string, c *common, says, remedy string) {
	a.warnOf("%s: %s", h.Name, says)
	if h.remedies[cause] != "" {
		return
	}
	a.out.Denials.Common = append(a.out.Denials.Common, finding.Common{Host: h.Name, Cause: cause, Trait: trait, Value: c.value, Requests: c.refused, Refused: c.of, Says: says})
	h.remedy(cause, remedy)
}

// remedy notes what to do about refusals of a cause.
func (h *host) remedy(cause, remedy string) {
	if h.remedies == nil {
		h.remedies = map[string]string{}
	}
	h.remedies[cause] = remedy
}

func refusedAs(cause string) string {
	if cause == ingest.RefusedElsewhere {
		return "refused with a valid link"
	}
	return "refused as " + cause
}

// share is the share of all requests that have the property.
func (c *common) share() string {
	return fmt.Sprintf("%.0f %%", 100*float64(c.answered)/float64(max(1, c.all)))
}

// common looks at a trait of outcomes. Links stand for viewers, who may stay at one edge;
// requests without one stand for themselves.
func (a *analysis) common(ids []uint32, cause string, of func(*outcome) string) *common {
	all, refused, links := map[string]int64{}, map[string]int64{}, map[string]int64{}
	for _, id := range ids {
		o := a.outcomes[id]
		value := of(o)
		all[value] += a.amounts[id]
		if b := a.blamed[blame{id, cause}]; b != nil {
			refused[value] += b.n
			if o.Shape == token.Signed {
				links[value] += b.Links
			} else {
				links[value] += b.n
			}
		}
	}
	return a.mostOf(all, refused, links)
}

// land is the requests from one country.
type land struct {
	all, refused int64 // requests, and those that were refused though their link is valid
	links        policy.LinkCount
}

// mostLands is how many countries are told apart: there are no more.
const mostLands = 300

// from returns the entry for the country of a client, on a host; nil where the country is not known.
func (a *analysis) from(h *host, client uint32) *land {
	n := a.clients.Country(client)
	if n >= mostLands || a.clients.Countries[n] == "" {
		return nil
	}
	h.lands = reach(h.lands, uint32(n))
	return &h.lands[n]
}

// commonCountry looks at the countries of those who were refused although their link is valid.
func (a *analysis) commonCountry(h *host) *common {
	all, refused, links := map[string]int64{}, map[string]int64{}, map[string]int64{}
	unknown := h.requests
	for n, l := range h.lands {
		name := a.clients.Countries[n]
		all[name], refused[name], links[name] = l.all, l.refused, l.links.Links
		unknown -= l.all
	}
	all[""] = unknown
	return a.mostOf(all, refused, links)
}

// mostOf finds what 95 % of the refusals have, and other requests ten times more rarely;
// nil where there is nothing.
func (a *analysis) mostOf(all, refused, links map[string]int64) *common {
	var c common
	for _, n := range all {
		c.all += n
	}
	for value, n := range refused {
		c.of += n
		if n > c.refused || n == c.refused && value < c.value {
			c.value, c.refused = value, n
		}
	}
	c.answered = all[c.value]
	rest, share := c.all-c.answered, float64(c.answered)/float64(max(1, c.all))
	if c.value == "" || links[c.value] < a.Thresholds.ListedBelow || float64(c.refused) < 0.95*float64(c.of) || rest == 0 ||
		float64(c.of-c.refused)/float64(rest) > 0.1*float64(c.refused)/float64(c.answered) || float64(links[c.value])*math.Log(share) > math.Log(commonChance) {
		return nil
	}
	return &c
}
