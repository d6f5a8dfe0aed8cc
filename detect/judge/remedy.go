package judge

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// remedy is what helps where no mask does; families that differ come first
// (rule 4).
func (q *question) remedy() finding.Remedy {
	switch {
	case q.o.Proxy != "":
		return finding.MendSigner
	case q.signedForNetworks():
		return finding.AlignSigner
	case q.shut():
		return finding.AlignEdge
	}
	switch l := q.left(); {
	case l.proxied > 0 && 2*l.proxied >= l.all:
		return finding.MendSigner
	case 2*l.across >= l.all:
		return finding.SameFamilies
	case 2*l.never >= l.all && !q.o.RefusalsOnly:
		return finding.UnbindLinks
	}
	return finding.RenewLinks
}

// helps is the remedy as it is read aloud.
func (q *question) helps() string {
	switch q.remedy() {
	case finding.MendSigner:
		return q.mendSigner()
	case finding.SameFamilies:
		return "serve the site and the CDN host over the same address families"
	case finding.UnbindLinks:
		return "leave the address out of the hash and keep links short-lived; most of them were never served, as the site saw another address than the edge, so a new link need not help"
	}
	return renewOrUnbind
}

// renewOrUnbind is what helps where no mask does and the signer is right.
const renewOrUnbind = "fetch a new link from the site when one is refused, or leave the address out of the hash and keep links short-lived"

func (q *question) mendSigner() string {
	return "let the signer take the viewer's address from its proxy's header (X-Forwarded-For), trusting that proxy only, and ask again then"
}

// leftBehind names carriers that the mask would not help, those among the
// others too, if they have users enough to be counted on (rules 14 and 16). Of a
// carrier that has all affected users the answer has told it.
func (q *question) leftBehind() string {
	var parts []string
	carriers := q.byCarrier()
	for _, asn := range slices.SortedFunc(maps.Keys(carriers), func(a, b uint32) int {
		return cmp.Or(cmp.Compare(carriers[b].users, carriers[a].users), cmp.Compare(a, b))
	}) {
		o := carriers[asn]
		large := o.users >= q.t.ListedBelow && float64(o.users) >= q.t.CarrierShare*float64(q.all.users) && o.users < q.all.users
		if helped := o.share(q.choice.prefix); asn != 0 && large && helped < q.t.CarrierLow {
			parts = append(parts, fmt.Sprintf("AS%d with %s of its %s users", asn, percent(helped), figure.Count(o.users)))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "; left behind: " + listed(parts)
}

// ruledOut names the narrowest mask that strangers forbid, where it would have
// helped more (rule 17).
func (q *question) ruledOut() string {
	if !q.choice.vetoed {
		return ""
	}
	p := q.candidates[slices.IndexFunc(q.candidates, q.vetoed)]
	in := q.strangers(p)
	return fmt.Sprintf("; /%d is ruled out, as strangers would get in with %s of their refused attempts on %s", p, percent(in.Share), figure.Plural(in.Links, "shared link", "shared links"))
}
