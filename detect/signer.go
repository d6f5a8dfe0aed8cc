package detect

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"ipdrift/detect/finding"
	"ipdrift/ingest"
	"ipdrift/token"
)

// signers counts what the signers did wrong, host by host: on links whose hash
// does not hold as it should, on malformed ones, and on those that hold.
func (a *analysis) signers(ctx context.Context) error {
	conn, err := a.store.DB.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	a.out.Signer = []finding.Signer{}
	f := newFinder(a, nil)
	if err := a.findProxies(ctx, conn); err != nil {
		return err
	}
	a.findExpiries()
	flaws, err := a.recallFlaws(ctx, conn)
	if err != nil {
		return err
	}
	all := map[string][]flaw{}
	for _, name := range a.names {
		h := a.hosts[name]
		if !h.keyed {
			continue
		}
		f.turnTo(h)
		a.tally(h, h.mistakes, h.doubted, "unexplained links")
		broken, mistakes := a.examineBroken(f, h, flaws[name]), map[string]int64{}
		for _, b := range broken {
			if b.mistake.Name != "" {
				mistakes[b.mistake.Name]++
			}
		}
		among := "malformed links"
		if len(broken) == mostBroken {
			among = "the first malformed links"
		}
		a.tally(h, mistakes, int64(len(broken)), among)
		all[name] = broken
	}
	return a.keepFlaws(ctx, conn, all)
}

const (
	longAgo = 315_360_000 // Unix seconds of 1979: no link expired then, but durations are shorter
	fewOdd  = 5           // links from which an oddity is the signer's doing, not a viewer's
)

// findExpiries counts links whose hash holds, with an expiry in milliseconds or
// one that is a duration.
func (a *analysis) findExpiries() {
	for _, name := range a.names {
		h, odd := a.hosts[name], map[string]int64{}
		if h.fine >= fewOdd {
			odd["ms_expiry"] = h.fine
		}
		if h.brief >= fewOdd {
			odd["relative_expiry"] = h.brief
		}
		a.tally(h, odd, h.links, "signed links")
	}
}

// A signer sees its own proxy where most links of a host are signed for one
// address and requested from others all over the place (rules of evidence, 3).
const (
	proxyShare    = 0.5
	proxyClients  = 10 // other addresses that asked with these links
	proxyNetworks = 3  // /16s, or /32s of IPv6, they lie in
)

// majority finds the value that more than half of many are, if there is one
// (Boyer and Moore's vote).
type majority struct {
	value     string
	lead, all int64
}

func (m *majority) add(value string) {
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

// vote counts what the links of a leaf were signed for.
func (l *leaf) vote() {
	g := &l.signed
	for i, h := range g.host {
		if g.address[i] != "" && g.basis[i] == string(recomputed) {
			h.voted.add(g.address[i])
		}
	}
}

// proxy is the one address that most links of a host were signed for, and who asked
// with them.
type proxy struct {
	netip.Addr
	links    int64
	signed   bits // ids of links
	others   map[netip.Addr]bool
	networks map[network]bool
}

func (p *proxy) many() bool {
	return len(p.others) >= proxyClients && len(p.networks) >= proxyNetworks
}

// meet adds a client, as long as there are too few.
func (p *proxy) meet(ip netip.Addr, net network) {
	if p.many() || ip == p.Addr {
		return
	}
	if len(p.others) < proxyClients {
		p.others[ip] = true
	}
	p.networks[net] = true
}

func (a *analysis) findProxies(ctx context.Context, conn *sql.Conn) error {
	proxies, err := a.listProxies(ctx, conn)
	if err != nil || len(proxies) == 0 {
		return err
	}
	var mu sync.Mutex
	if _, err := screen(ctx, a, func() struct{} { return struct{}{} }, func(_ struct{}, frames []frame) {
		p := proxies[a.outcomes[frames[0].outcome].host]
		if p == nil || !p.signed.has(a.film.links[frames[0].place].link) {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for i := range frames {
			if c := frames[i].client; i == 0 || c != frames[i-1].client {
				p.meet(a.clients.address(c), a.clients.network(c))
			}
		}
	}); err != nil {
		return err
	}
	for _, name := range a.names {
		h := a.hosts[name]
		p := proxies[h]
		if p == nil || !p.many() {
			continue
		}
		h.proxy = h.voted.value
		a.out.Signer = append(a.out.Signer, finding.Signer{
			Host: name, Mistake: "one_address", Links: p.links, Examined: h.voted.all, Among: "signed links",
			Says: "they were signed for one address, " + h.proxy + ", and requested from many others: the signer sees its own proxy, not the viewers",
			Fix:  "take the viewer's address from the header your proxy sets (X-Forwarded-For, X-Real-IP), trusting that proxy only",
		})
	}
	return nil
}

// listProxies lists the addresses that most links of a host were signed for, where
// these are enough to tell.
func (a *analysis) listProxies(ctx context.Context, conn *sql.Conn) (map[*host]*proxy, error) {
	proxies := map[*host]*proxy{}
	var addresses []string
	signed := newBits(int(a.lastLink) + 1) // of all: a link has one host
	for _, h := range a.hosts {
		if m := &h.voted; m.lead > 0 && m.all >= a.Thresholds.CalibrationTokens {
			proxies[h] = &proxy{signed: signed, others: map[netip.Addr]bool{}, networks: map[network]bool{}}
			proxies[h].Addr, _ = netip.ParseAddr(m.value)
			addresses = append(addresses, "'"+m.value+"'")
		}
	}
	if len(proxies) == 0 {
		return nil, nil
	}
	err := ingest.Pages(ctx, conn, `SELECT s.link, l.host, s.signed_ip, s.basis = '`+string(recomputed)+`' FROM signed s JOIN link l ON l.id = s.link
		WHERE s.signed_ip IN (`+strings.Join(addresses, ", ")+`)`, func(p ingest.Page) error {
		hosts, texts, proven := p.Texts(1), p.Texts(2), p.Bools(3)
		for i, link := range p.U32(0) {
			h := a.hosts[hosts(i)]
			if at := proxies[h]; at != nil && texts(i) == h.voted.value {
				at.signed.set(link)
				at.links += either(proven(i), int64(1), 0)
			}
		}
		return nil
	})
	maps.DeleteFunc(proxies, func(h *host, p *proxy) bool {
		return p.links < a.Thresholds.CalibrationTokens || float64(p.links) <= proxyShare*float64(h.voted.all)
	})
	return proxies, err
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

func (a *analysis) tally(h *host, mistakes map[string]int64, examined int64, among string) {
	at := len(a.out.Signer)
	for name, n := range mistakes {
		m := mistakeNamed(name)
		a.out.Signer = append(a.out.Signer, finding.Signer{Host: h.name, Mistake: m.Name, Says: m.Says, Fix: m.Fix, Links: n, Examined: examined, Among: among})
	}
	slices.SortFunc(a.out.Signer[at:], func(x, y finding.Signer) int {
		return cmp.Or(cmp.Compare(y.Links, x.Links), cmp.Compare(x.Mistake, y.Mistake))
	})
}

// mistakeNamed returns one of token's mistakes.
func mistakeNamed(name string) token.Mistake {
	for _, m := range token.Mistakes() {
		if m.Name == name {
			return m
		}
	}
	return token.Mistake{Name: name}
}
