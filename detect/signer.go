package detect

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"net/netip"
	"slices"
	"sync"

	"ipdrift/detect/addr"
	"ipdrift/detect/finding"
	"ipdrift/detect/history"
	"ipdrift/detect/search"
	"ipdrift/ingest/figure"
	"ipdrift/token"
)

// signers counts what the signers did wrong, host by host: on links whose hash
// does not hold as it should, on malformed ones, and on those that hold.
func (a *analysis) signers(ctx context.Context, conn *sql.Conn) error {
	a.out.Signer = []finding.Signer{}
	f := search.NewFinder(a.newSearch())
	if err := errors.Join(a.findProxies(ctx), a.behindProxies(ctx)); err != nil {
		return err
	}
	a.findExpiries()
	flaws, err := a.recallFlaws(ctx, conn)
	if err != nil {
		return err
	}
	all := map[string][]flaw{}
	for _, h := range a.ordered {
		if !h.keyed {
			continue
		}
		a.listMistakes(h, h.mistakes, h.doubted, "failing links")
		broken, mistakes := a.examineBroken(f, h, flaws[h.Name]), map[string]int64{}
		for _, b := range broken {
			if b.mistake.Name != "" {
				mistakes[b.mistake.Name]++
			}
		}
		among := finding.MalformedLinks
		if len(broken) == mostBroken {
			among = "the first malformed links"
		}
		a.listMistakes(h, mistakes, int64(len(broken)), among)
		all[h.Name] = broken
	}
	return a.keepFlaws(ctx, conn, all)
}

// longAgo is in 1979, Unix seconds: no link expired then, but durations are shorter.
const longAgo = 315_360_000

// findExpiries counts links whose hash holds, with an expiry in milliseconds or
// one that is a duration.
func (a *analysis) findExpiries() {
	for _, h := range a.ordered {
		odd := map[string]int64{}
		if h.fine >= search.FewOdd {
			odd["ms_expiry"] = h.fine
		}
		if h.brief >= search.FewOdd {
			odd["relative_expiry"] = h.brief
		}
		a.listMistakes(h, odd, h.links, "signed links")
	}
}

// signersProxy is what tells whether the signer of a host sees its own proxy instead of viewers.
type signersProxy struct {
	voted          majority // the addresses that hashes were reproduced with, by link
	address        string   // the one that most links were signed for; "" if there is none
	behind, asking int64    // addresses that came with links signed for a private one, and all that came with links; 0: not counted
}

// proxyClients is how many other addresses ask with the links of a signer that sees its own
// proxy: most links of a host are signed for one address, and requested from others and not
// from there (rules of evidence, 3). These may be in one network with it, as where a carrier
// has a service for its own subscribers.
const proxyClients = 10

// majority finds the value that more than half of many are, if there is one
// (Boyer and Moore's vote).
type majority struct {
	value     netip.Addr
	lead, all int64
}

func (m *majority) add(value netip.Addr) {
	m.all++
	switch {
	case m.lead == 0:
		m.value, m.lead = value, 1
	case m.value == value:
		m.lead++
	default:
		m.lead--
	}
}

// proxy is the one address that most links of a host may be signed for, and who asked
// with them. Addresses are those of the case.
type proxy struct {
	netip.Addr
	bits   int   // of it that links are bound to
	links  int64 // of which this is proven
	own    int64 // of these, those that were asked for from there: by viewers, most often
	others map[netip.Addr]bool
}

// many reports whether so many other addresses asked that none of them is the one.
func (p *proxy) many() bool { return len(p.others) >= proxyClients }

// is reports whether a client has the proxy's address, or is in the network that links are bound to.
func (p *proxy) is(ip netip.Addr) bool { return addr.Cut(ip, p.bits) == addr.Cut(p.Addr, p.bits) }

// meet adds a client, as long as there are too few.
func (p *proxy) meet(ip netip.Addr) {
	if !p.many() && !p.is(ip) {
		p.others[ip] = true
	}
}

// findProxies finds the hosts most of whose links were signed for one address.
func (a *analysis) findProxies(ctx context.Context) error {
	proxies := map[*host]*proxy{}
	for _, h := range a.hosts {
		if m := &h.proxy.voted; m.lead > 0 && m.all >= a.Thresholds.CalibrationTokens {
			proxies[h] = &proxy{Addr: a.Pseudonyms.Of(m.value), bits: h.Policy.Prefix(addr.Family(m.value)), others: map[netip.Addr]bool{}}
		}
	}
	if len(proxies) == 0 {
		return nil
	}
	var mu sync.Mutex
	type places struct{ last, own uint32 } // of links that were counted: a long one comes in parts
	if _, err := screen(ctx, a, func() *places { return &places{} }, func(counted *places, requests []history.Request) {
		place := requests[0].Place
		h := a.outcomes[requests[0].Outcome].host
		p := proxies[h]
		if p == nil || a.signedFor(place) != h.proxy.voted.value {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		proven := a.proven.Has(place)
		if place != counted.last && proven {
			p.links++
		}
		counted.last = place
		for i := range requests {
			c := requests[i].Client
			if i > 0 && c == requests[i-1].Client {
				continue
			}
			ip := a.clients.Addr(c)
			if proven && place != counted.own && p.is(ip) {
				p.own++
				counted.own = place
			}
			p.meet(ip)
		}
	}); err != nil {
		return err
	}
	a.nameProxies(proxies)
	return nil
}

// nameProxies says what the signers of the hosts see for which enough is proven.
func (a *analysis) nameProxies(proxies map[*host]*proxy) {
	for _, h := range a.ordered {
		p := proxies[h]
		if p == nil || !p.many() || p.links-p.own < a.Thresholds.CalibrationTokens || float64(p.links-p.own) <= a.Thresholds.ProxyShare*float64(h.proxy.voted.all) {
			continue
		}
		h.proxy.address = string(token.AppendAddr(nil, p.Addr))
		a.out.Signer = append(a.out.Signer, finding.Signer{
			Host: h.Name, Mistake: "one_address", Links: p.links, Examined: h.proxy.voted.all, Among: "signed links",
			Says: "they were signed for one address, " + h.proxy.address + ", and requested from many others: the signer sees its own proxy, not the viewers",
			Fix:  "take the viewer's address from the header your proxy sets (X-Forwarded-For, X-Real-IP), trusting that proxy only",
		})
	}
}

// listMistakes lists the mistakes of a host's signer, by name, among so many links that were examined.
func (a *analysis) listMistakes(h *host, mistakes map[string]int64, examined int64, among string) {
	at := len(a.out.Signer)
	for name, n := range mistakes {
		m := token.MistakeNamed(name)
		if name == search.PrivateAddress && h.proxy.asking > 0 {
			m.Says += figure.Sentence("; %d of the %d client {address|addresses} (%.1f %%) came with such links", h.proxy.behind, h.proxy.asking, 100*float64(h.proxy.behind)/float64(h.proxy.asking))
		}
		a.out.Signer = append(a.out.Signer, finding.Signer{Host: h.Name, Mistake: m.Name, Says: m.Says, Fix: m.Fix, Links: n, Examined: examined, Among: among})
	}
	slices.SortFunc(a.out.Signer[at:], func(x, y finding.Signer) int {
		return cmp.Or(cmp.Compare(y.Links, x.Links), cmp.Compare(x.Mistake, y.Mistake))
	})
}
