package detect

import (
	"context"
	"maps"
	"net/netip"
	"slices"

	"ipdrift/detect/addr"
	"ipdrift/detect/client"
	"ipdrift/detect/policy"
	"ipdrift/detect/search"
	"ipdrift/ingest/figure"
	"ipdrift/token"
)

// failure is what the links of a host show if its calibration failed.
type failure struct {
	links   int64
	lent    int64             // that hold for an address that they were served to, and fail for another
	begun   [2]spell          // when the others that were served began: those that hold, and those that fail
	by      map[uint32]uint32 // links by the client that asked for them: one of those of an address
	served  map[uint32]*fate  // links that were served, by the first client of an address
	failing []sampled         // the first in the order of their hashes
}

// fate is how many links that were served to an address reproduce for it, and how many do not, with the first user
// agents that had these.
type fate struct {
	hold, fail int
	agents     []uint32
}

// sampled is a served link that does not reproduce, with an address it was
// served to.
type sampled struct {
	link   uint32
	client netip.Addr
}

// diagnosed is how many failing links of a host are looked into.
const diagnosed = 60

// inspect looks into the hosts whose calibration failed, up to a limit.
func (a *analysis) inspect(ctx context.Context, hosts []*host) error {
	failed := slices.DeleteFunc(slices.Clone(hosts), func(h *host) bool { return !a.fails(h) })
	for _, h := range batches(failed, a.limits.failed, func(h *host) int64 { return min(h.requests, int64(a.clients.Len())) })[0] {
		h.failure = &failure{by: map[uint32]uint32{}, served: map[uint32]*fate{}}
	}
	return a.eachLink(ctx, func(l *visited) {
		if l.ID > 0 && l.host().failure != nil {
			l.host().failure.add(a, l)
		}
	})
}

func (f *failure) add(a *analysis, l *visited) {
	f.links++
	f.split(l)
	f.tellApart(l, int(a.Thresholds.NodeAgents))
	var seen [2]bool // the address, as it is and mapped
	var first string // of those that it was served to and does not reproduce for
	s := sampled{link: l.ID}
	for i := range l.visits {
		v := &l.visits[i]
		if i > 0 && !v.Alike(l.visits[i-1].Stored) {
			seen = [2]bool{}
		}
		if !seen[v.Mapped] {
			seen[v.Mapped] = true
			f.by[v.client]++
		}
		if len(f.failing) == diagnosed || v.Matched || !v.Served() {
			continue
		}
		if ip := a.client(v.Stored); first == "" || ip.String() < first {
			first, s.client = ip.String(), ip
		}
	}
	if first != "" {
		f.failing = append(f.failing, s)
	}
}

// tellApart counts a link for each address that it was served to, and up to so many user agents.
func (f *failure) tellApart(l *visited, agents int) {
	for from := 0; from < len(l.visits); {
		served, held, to := false, false, from
		for ; to < len(l.visits) && l.visits[to].Alike(l.visits[from].Stored); to++ {
			v := &l.visits[to]
			served, held = served || v.Served(), held || v.Served() && v.Matched
		}
		if served {
			at := f.served[l.visits[from].client]
			if at == nil {
				at = &fate{}
				f.served[l.visits[from].client] = at
			}
			if held {
				at.hold++
			} else {
				at.fail++
				for i := from; i < to && len(at.agents) < agents; i++ {
					if !slices.Contains(at.agents, l.visits[i].agent) {
						at.agents = append(at.agents, l.visits[i].agent)
					}
				}
			}
		}
		from = to
	}
}

// addresses hands on the addresses that asked, with their links.
func (f *failure) addresses(c *client.Table, each func(client uint32, links int64)) {
	list := slices.Collect(maps.Keys(f.by))
	c.Sort(list)
	for from := 0; from < len(list); {
		links, to := int64(0), from
		for ; to < len(list) && c.Addr(list[to]) == c.Addr(list[from]); to++ {
			links += int64(f.by[list[to]])
		}
		each(list[from], links)
		from = to
	}
}

// diagnose names the likely fault behind served links that do not reproduce,
// and how that is known.
func (c *calibration) diagnose(h *host) string {
	head := figure.Sentence("only %d of %d served {token reproduces|tokens reproduce}", h.Verified, h.tokens)
	if h.Verified == 0 {
		head = figure.Sentence("none of %d served {token|tokens} reproduces", h.tokens)
	}
	for _, test := range []func(*host) string{c.wrappedKey, c.maskedLog, c.proxied, c.unenforced, c.keyChanged, c.signedElsewhere, c.foreignKey, c.oddText, c.proxiedPart} {
		if fault := test(h); fault != "" {
			return head + ": " + fault
		}
	}
	if h.Verified == 0 {
		return head + ": most likely the key or the scheme is wrong, since neither file nor directory, with the address, without it or under a mask, gives a single match"
	}
	return head + ": the failing ones fit neither another path nor another address of the log; a second key may be in use"
}

// maskedLog finds addresses whose last octet was cut off in the log.
func (a *analysis) maskedLog(h *host) string {
	all, cut := 0, 0
	h.failure.addresses(&a.clients, func(client uint32, _ int64) {
		all++
		if zero, _ := addr.Zeros(a.client(a.clients.Of(client))); zero {
			cut++
		}
	})
	if cut < all && (all < maskedAddresses || float64(cut) < maskedShare*float64(all)) {
		return ""
	}
	says := figure.Sentence("the log's addresses are masked (%d of %d end in zeros), so that no token bound to a whole address can be checked; ask for a log with whole addresses", cut, all)
	if hold, fail := &h.failure.begun[0], &h.failure.begun[1]; min(hold.links, fail.links) >= a.Thresholds.ListedBelow && hold.first > fail.last {
		says += "; all links from " + inUTC(hold.first) + " UTC on reproduce, as they are bound to a network: --since that time tells of these"
	}
	return says
}

// proxied finds an address field that holds a proxy instead of the viewer.
func (a *analysis) proxied(h *host) string {
	var links int64
	var top string
	h.failure.addresses(&a.clients, func(client uint32, n int64) {
		if n < links {
			return
		}
		if text := string(token.AppendAddr(nil, a.clients.Addr(client))); n > links || text < top {
			links, top = n, text
		}
	})
	ip, bad := a.real(top)
	private := bad == nil && (ip.IsPrivate() || ip.IsLoopback())
	if share := float64(links) / max(1, float64(h.failure.links)); share < 0.1 || share < 0.5 && !private {
		return ""
	}
	return figure.Sentence("the address field is not the viewer's: %d of %d links come from the one address %s, a proxy; log the address that the edge hashes", links, h.failure.links, top)
}

// proxiedPart finds addresses of proxies in the place of some viewers': most links that fail were served to addresses with
// many user agents, for which none reproduces. Viewers with a second key are anywhere.
func (a *analysis) proxiedPart(h *host) string {
	if h.Verified == 0 {
		return ""
	}
	addresses, links, all := 0, 0, 0
	var most *fate
	var top uint32
	for client, f := range h.failure.served {
		all += f.fail
		if f.hold > 0 || int64(len(f.agents)) < a.Thresholds.NodeAgents {
			continue
		}
		addresses, links = addresses+1, links+f.fail
		if most == nil || f.fail > most.fail || f.fail == most.fail && a.client(a.clients.Of(client)).Less(a.client(a.clients.Of(top))) {
			most, top = f, client
		}
	}
	if addresses == 0 || links*2 <= all {
		return ""
	}
	return figure.Sentence("%d of %d that fail were served to %d {address|addresses} with many user agents, for which none reproduces (%d to %s), as where some edges log a proxy's address in the place of the viewer's; log the address that the edge hashes there",
		links, all, addresses, most.fail, string(token.AppendAddr(nil, a.clients.Addr(top))))
}

// signedElsewhere finds served links that were signed for another address or
// none of the host's rules: the search has proven it.
func (a *analysis) signedElsewhere(h *host) string {
	counts := map[netip.Addr]int{}
	total := 0
	for _, p := range a.proofs {
		if p.Host == &h.Host && p.Mistake.Name == "" && p.How.Binding.Kind == token.BindAddress && p.How.Scope != token.ScopeAncestor {
			counts[p.Addr]++
			total++
		}
	}
	var top netip.Addr
	for ip, n := range counts {
		if n > counts[top] || n == counts[top] && ip.Less(top) {
			top = ip
		}
	}
	switch {
	case total == 0:
		return ""
	case counts[top]*2 > total && total > 1:
		return figure.Sentence("%d {link was|links were} signed for the one address %s and served to others: the signer sees its own proxy, or the edge does not check the address", counts[top], a.shown(top))
	}
	return figure.Sentence("%d served {link was|links were} signed for another address than the log shows: the address field is not what the edge hashes, or the edge does not check the address", total)
}

// wrappedKey tries the part of a key that stands within quotes, or behind a name and an equals sign.
func (a *analysis) wrappedKey(h *host) string {
	var inner []token.Key
	for _, k := range h.Keys {
		inner = append(inner, k.Unwrapped()...)
	}
	links := h.failure.failing
	if n := a.holdUnder(h, links, inner); len(inner) > 0 && n*2 > len(links) {
		return figure.Sentence("the key is given with quotes or a name around it: %d of %d failing {token reproduces|tokens reproduce} with what stands inside; save that alone in its file", n, len(links))
	}
	return ""
}

// foreignKey tries the keys of the other hosts.
func (c *calibration) foreignKey(h *host) string {
	links := h.failure.failing
	for _, other := range c.fitting {
		if !other.ForeignTo(&h.Host) {
			continue
		}
		if n := c.holdUnder(h, links, other.Keys); n*2 > len(links) {
			return figure.Sentence("the key of %s fits: %d of %d failing {token reproduces|tokens reproduce} with it", other.Host, n, len(links))
		}
	}
	return ""
}

// keyForms are the mistakes that a wrong key file looks like.
var keyForms = map[string]string{
	"decoded_key":   "decoded from hexadecimal digits or base64",
	"undecoded_key": "in hexadecimal digits or base64",
	"key_newline":   "with a newline or blank at its end",
	"wrapped_key":   "in quotes, or with something else around it",
}

// oddText asks what else the failing links could have been hashed over.
func (a *analysis) oddText(h *host) string {
	counts := map[token.Mistake]int64{}
	var top token.Mistake
	for _, p := range a.proofs {
		m := p.Mistake
		if p.Host != &h.Host || m.Name == "" {
			continue
		}
		if counts[m]++; counts[m] > counts[top] || counts[m] == counts[top] && m.Name < top.Name {
			top = m
		}
	}
	if counts[top]*2 <= h.examined {
		return ""
	}
	if form, ok := keyForms[top.Name]; ok {
		return figure.Sentence("%d of %d failing {token reproduces|tokens reproduce} with the key %s: if the edge serves them, it has the key in that form, and the key given is in another", counts[top], h.examined, form)
	}
	return figure.Sentence("%d of %d failing {token reproduces|tokens reproduce} under another recipe (%s): %s; if the edge serves them, its recipe is that one", counts[top], h.examined, top.Name, top.Says)
}

// holdUnder counts the links that verify with other keys.
func (a *analysis) holdUnder(h *host, links []sampled, keys []token.Key) (n int) {
	f := search.NewFinder(a.newSearch())
	under := &search.Host{Name: h.Name, Asked: h.Asked, Stated: h.Stated, Keys: keys, Policy: policy.New(token.Resource{}, token.ScopeAuto)}
	for _, s := range links {
		if f.Verifies(under, s.link, s.client) {
			n++
		}
	}
	return n
}
