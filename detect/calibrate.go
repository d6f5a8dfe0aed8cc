package detect

import (
	"context"
	"maps"
	"net/netip"
	"slices"

	"ipdrift/detect/finding"
	"ipdrift/ingest/format"
	"ipdrift/token"
)

// calibrate decides for each host whether recomputed hashes may be believed
// (rules of evidence, 1).
func (a *analysis) calibrate(ctx context.Context) error {
	a.countFound()
	expired, err := a.expiredStatuses(ctx)
	if err != nil {
		return err
	}
	a.out.Calibration = []finding.Calibration{}
	for i, name := range a.names {
		h := a.hosts[name]
		if a.fails(h) && h.failure == nil {
			if err := a.inspect(ctx, a.names[i:]); err != nil {
				return err
			}
		}
		a.grade(h)
		h.failure = nil
		a.out.Calibration = append(a.out.Calibration, finding.Calibration{
			Host: h.name, Tokens: h.tokens, Verified: h.verified, Status: h.status, Reason: h.reason, Policy: h.policy.public(expired[name]),
		})
	}
	return nil
}

// countFound adds refused links whose signing address was found: they
// calibrate as well as served ones. Nobody asks for the suspects after it.
func (a *analysis) countFound() {
	for _, s := range a.survey.suspects {
		if s.unserved && s.found != nil && !foreign(s.found.mistake.Name) {
			s.found.host.tokens++
			s.found.host.verified++
			s.found.host.silent--
		}
	}
	a.survey.suspects = nil
}

// foreign tells a mistake that says nothing for the key in use.
func foreign(mistake string) bool {
	return mistake == oldKeyName || mistake == "other_host_key" || mistake == "empty_key"
}

func (a *analysis) expiredStatuses(ctx context.Context) (map[string][]int, error) {
	out := map[string][]int{}
	err := each(ctx, a.conn, `SELECT host, status::INTEGER FROM outcome WHERE matched AND late = 4 AND refused AND code IN (0, 1006) AND NOT shield
		GROUP BY host, status ORDER BY host, status`, func(scan scanner) error {
		var host string
		var status int
		err := scan(&host, &status)
		out[host] = append(out[host], status)
		return err
	})
	return out, err
}

// fails tells whether the calibration of a host fails: there was a key, and too few
// of its tokens reproduce.
func (a *analysis) fails(h *host) bool {
	t := &a.Thresholds
	return h.keyed && h.tokens >= t.CalibrationTokens && float64(h.verified)/max(1, float64(h.tokens)) < t.CalibrationShare
}

func (a *analysis) grade(h *host) {
	t := &a.Thresholds
	switch {
	case !h.keyed:
		h.reason = "no key for this host: expiry and shape are read, an address mismatch is inferred only"
	case a.fails(h):
		h.status = finding.Failed
		h.reason = a.diagnose(h)
	case h.tokens >= t.CalibrationTokens:
		h.status = finding.Verified
		h.reason = format.Sentence("%d of %d {token reproduces|tokens reproduce}", h.verified, h.tokens)
	case h.tokens == 0 && h.silent > 0:
		h.reason = either(h.silent == 1, "the refused link reproduces for no address tried", format.Sentence("none of the %d refused links reproduces for any address tried", h.silent)) +
			", and no request was served: the key, the path rule or the address field may not fit"
	case h.tokens == 0:
		h.reason = "no request carries a token"
	default:
		h.reason = format.Sentence("%d of %d {token reproduces|tokens reproduce}; fewer than %d tokens prove nothing about the key", h.verified, h.tokens, t.CalibrationTokens)
	}
}

// failure is what the links of a host show whose calibration fails.
type failure struct {
	links   int64
	by      map[uint32]uint32 // links by the client that asked for them: one of those of an address
	failing []sampled         // the first in the order of their hashes
}

// sampled is a served link that does not reproduce, with an address it was
// served to.
type sampled struct {
	link   uint32
	client netip.Addr
}

// diagnosed is how many failing links of a host are looked into.
const diagnosed = 60

// failedClients is how many clients hosts have that are looked into at once, about. A
// test has fewer.
var failedClients int64 = 1 << 21

// inspect looks into the hosts whose calibration fails, the first of some.
func (a *analysis) inspect(ctx context.Context, names []string) error {
	var failed []*host
	for _, name := range names {
		if h := a.hosts[name]; a.fails(h) {
			failed = append(failed, h)
		}
	}
	for _, h := range batches(failed, failedClients, func(h *host) int64 { return min(h.requests, int64(len(a.clients.kinds))) })[0] {
		h.failure = &failure{by: map[uint32]uint32{}}
	}
	return a.eachLink(ctx, func(links []visited) error {
		for i := range links {
			if l := &links[i]; l.link > 0 && l.host().failure != nil {
				l.host().failure.add(a, l)
			}
		}
		return nil
	})
}

func (f *failure) add(a *analysis, l *visited) {
	f.links++
	var seen [2]bool // the address, as it is and mapped
	var first string // of those that it was served to and does not reproduce for
	s := sampled{link: l.link}
	for i := range l.visits {
		v := &l.visits[i]
		if i > 0 && (v.hi != l.visits[i-1].hi || v.lo != l.visits[i-1].lo) {
			seen = [2]bool{}
		}
		if !seen[v.mapped] {
			seen[v.mapped] = true
			f.by[v.client]++
		}
		if len(f.failing) == diagnosed || v.matched || !v.served() {
			continue
		}
		if ip := a.client(v.family, v.mapped, v.hi, v.lo); first == "" || ip.String() < first {
			first, s.client = ip.String(), ip
		}
	}
	if first != "" {
		f.failing = append(f.failing, s)
	}
}

// addresses hands on the addresses that asked, with their links.
func (f *failure) addresses(c *clients, each func(client uint32, links int64)) {
	list := slices.Collect(maps.Keys(f.by))
	c.sort(list)
	for from := 0; from < len(list); {
		links, to := int64(0), from
		for ; to < len(list) && c.address(list[to]) == c.address(list[from]); to++ {
			links += int64(f.by[list[to]])
		}
		each(list[from], links)
		from = to
	}
}

// diagnose names the likely fault behind served links that do not reproduce,
// and how that is known.
func (a *analysis) diagnose(h *host) string {
	head := format.Sentence("only %d of %d served {token reproduces|tokens reproduce}", h.verified, h.tokens)
	for _, test := range []func(*host) string{a.maskedLog, a.proxied, a.signedElsewhere, a.foreignKey, a.oddPlace, a.oddText} {
		if fault := test(h); fault != "" {
			return head + ": " + fault
		}
	}
	if h.verified == 0 {
		return head + ": most likely the key or the scheme is wrong, since neither file nor directory, with the address, without it or under a mask, gives a single match"
	}
	return head + ": the failing ones fit neither another path nor another address of the log; a second key may be in use"
}

// maskedLog finds addresses whose last octet was cut off in the log.
func (a *analysis) maskedLog(h *host) string {
	all, cut := 0, 0
	h.failure.addresses(&a.clients, func(client uint32, _ int64) {
		all++
		if zero, _ := zeros(a.client(a.clients.of(client))); zero {
			cut++
		}
	})
	if cut < all && (all < maskedAddresses || float64(cut) < maskedShare*float64(all)) {
		return ""
	}
	return format.Sentence("the log's addresses are masked (%d of %d end in zeros), so that no address-bound token can be checked; ask for a log with whole addresses", cut, all)
}

// proxied finds an address field that holds a proxy instead of the viewer.
func (a *analysis) proxied(h *host) string {
	var links int64
	var top string
	h.failure.addresses(&a.clients, func(client uint32, n int64) {
		if n < links {
			return
		}
		if text := string(token.AppendAddr(nil, a.clients.address(client))); n > links || text < top {
			links, top = n, text
		}
	})
	ip, bad := a.real(top)
	private := bad == nil && (ip.IsPrivate() || ip.IsLoopback())
	if share := float64(links) / max(1, float64(h.failure.links)); share < 0.1 || share < 0.5 && !private {
		return ""
	}
	return format.Sentence("the address field is not the viewer's: %d of %d links come from the one address %s, a proxy; log the address that the edge hashes", links, h.failure.links, top)
}

// signedElsewhere finds served links that were signed for another address or
// none of the host's rules: the search has proven it.
func (a *analysis) signedElsewhere(h *host) string {
	counts := map[netip.Addr]int{}
	total := 0
	for _, p := range a.proofs {
		if p.host == h && p.mistake.Name == "" && p.how.binding.Kind == token.BindAddress && p.how.scope != token.ScopeAncestor {
			counts[p.addr]++
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
		return format.Sentence("%d {link was|links were} signed for the one address %s and served to others: the signer sees its own proxy, or the edge does not check the address", counts[top], a.shown(top))
	}
	return format.Sentence("%d served {link was|links were} signed for another address than the log shows: the address field is not what the edge hashes, or the edge does not check the address", total)
}

// foreignKey tries the keys of the other hosts.
func (a *analysis) foreignKey(h *host) string {
	links := h.failure.failing
	for _, name := range a.names {
		other := a.hosts[name]
		if other == h || len(other.keys) == 0 || other.status == finding.Failed {
			continue
		}
		if n := a.holdUnder(h, links, other.keys, false); n*2 > len(links) {
			return format.Sentence("the key of %s fits: %d of %d failing {token reproduces|tokens reproduce} with it", name, n, len(links))
		}
	}
	return ""
}

// oddPlace tries the directories above.
func (a *analysis) oddPlace(h *host) string {
	links := h.failure.failing
	if n := a.holdUnder(h, links, h.keys, true); n*2 > len(links) {
		return format.Sentence("the path rule is another one: %d of %d failing {token is|tokens are} signed over a directory further up", n, len(links))
	}
	return ""
}

// oddText asks what else the failing links could have been hashed over.
func (a *analysis) oddText(h *host) string {
	counts := map[token.Mistake]int64{}
	var top token.Mistake
	for _, m := range a.wrong(h) {
		if counts[m]++; counts[m] > counts[top] || counts[m] == counts[top] && m.Name < top.Name {
			top = m
		}
	}
	if counts[top]*2 <= h.examined {
		return ""
	}
	return format.Sentence("%d of %d failing {token reproduces|tokens reproduce} under another recipe (%s): %s; if the edge serves them, its recipe is that one", counts[top], h.examined, top.Name, top.Says)
}

// holdUnder counts links that verify under other keys or further up.
func (a *analysis) holdUnder(h *host, links []sampled, keys []token.Key, ancestors bool) (n int) {
	f := newFinder(a, nil)
	f.turnTo(h)
	for _, s := range links {
		probe := &suspect{link: s.link, host: &host{name: h.name, asked: h.asked, stated: h.stated, keys: keys, policy: newPolicy(token.Resource{}, token.ScopeAuto)}}
		for _, g := range f.goals(probe, ancestors) {
			f.aim(probe.host, &g)
			if f.hit(probe, &g, s.client, token.Binding{}) || f.hit(probe, &g, s.client, token.Binding{Kind: token.BindNone}) {
				n++
				break
			}
		}
	}
	return n
}
