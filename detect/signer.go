package detect

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"ipdrift/detect/finding"
	"ipdrift/token"
)

// signers counts what the signers did wrong, host by host: on links that no
// address explains, and on malformed ones.
func (a *analysis) signers(context.Context) error {
	a.out.Signer = []finding.Signer{}
	f := newFinder(a, nil)
	for _, name := range a.names {
		h := a.hosts[name]
		if len(h.keys) == 0 {
			continue
		}
		a.tally(h, a.wrong(h), h.examined, false)
		broken := a.loaded.Unproven.Broken(name)
		var mistakes []token.Mistake
		for _, at := range broken {
			if found, ok := f.examiner.Examine(f.suspicion(h, at.Target, []netip.Addr{at.Client})); ok {
				mistakes = append(mistakes, found.Mistake)
			}
		}
		a.tally(h, mistakes, int64(len(broken)), true)
	}
	return nil
}

// wrong lists the mistakes proven on the links of a host.
func (a *analysis) wrong(h *host) []token.Mistake {
	var out []token.Mistake
	for _, p := range a.proofs {
		if p.host == h && p.mistake.Name != "" {
			out = append(out, p.mistake)
		}
	}
	return out
}

func (a *analysis) tally(h *host, mistakes []token.Mistake, examined int64, shape bool) {
	counts := map[token.Mistake]int64{}
	for _, m := range mistakes {
		counts[m]++
	}
	at := len(a.out.Signer)
	for m, n := range counts {
		a.out.Signer = append(a.out.Signer, finding.Signer{Host: h.name, Mistake: m.Name, Says: m.Says, Fix: m.Fix, Links: n, Examined: examined, Shape: shape})
	}
	slices.SortFunc(a.out.Signer[at:], func(x, y finding.Signer) int {
		return cmp.Or(cmp.Compare(y.Links, x.Links), cmp.Compare(x.Mistake, y.Mistake))
	})
}
