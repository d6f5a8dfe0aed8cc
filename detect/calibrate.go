package detect

import (
	"context"
	"net/netip"

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
	for _, name := range a.names {
		h := a.hosts[name]
		if err := a.grade(ctx, h); err != nil {
			return err
		}
		a.out.Calibration = append(a.out.Calibration, finding.Calibration{
			Host: h.name, Tokens: h.tokens, Verified: h.verified, Status: h.status, Reason: h.reason, Policy: h.policy.public(expired[name]),
		})
	}
	return nil
}

// countFound adds refused links whose signing address was found: they
// calibrate as well as served ones.
func (a *analysis) countFound() {
	for _, s := range a.survey.suspects {
		if s.unserved && s.found != nil && !foreign(s.found.mistake.Name) {
			s.found.host.tokens++
			s.found.host.verified++
			s.found.host.silent--
		}
	}
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

func (a *analysis) grade(ctx context.Context, h *host) (err error) {
	t := &a.Thresholds
	share := float64(h.verified) / max(1, float64(h.tokens))
	switch {
	case !h.keyed:
		h.reason = "no key for this host: expiry and shape are read, an address mismatch is inferred only"
	case h.tokens >= t.CalibrationTokens && share >= t.CalibrationShare:
		h.status = finding.Verified
		h.reason = format.Sentence("%d of %d tokens reproduce", h.verified, h.tokens)
	case h.tokens >= t.CalibrationTokens:
		h.status = finding.Failed
		h.reason, err = a.diagnose(ctx, h)
	case h.tokens == 0 && h.silent > 0:
		h.reason = format.Sentence("none of the %d refused links reproduces for any address tried, and no request was served: the key, the path rule or the address field may not fit", h.silent)
	case h.tokens == 0:
		h.reason = "no request carries a token"
	default:
		h.reason = format.Sentence("%d of %d tokens reproduce; fewer than %d tokens prove nothing about the key", h.verified, h.tokens, t.CalibrationTokens)
	}
	return err
}

// diagnose names the likely fault behind served links that do not reproduce,
// and how that is known.
func (a *analysis) diagnose(ctx context.Context, h *host) (string, error) {
	head := format.Sentence("only %d of %d served tokens reproduce", h.verified, h.tokens)
	for _, test := range []func(context.Context, *host) (string, error){a.maskedLog, a.proxied, a.signedElsewhere, a.foreignKey, a.oddPlace, a.oddText} {
		fault, err := test(ctx, h)
		if err != nil {
			return "", err
		}
		if fault != "" {
			return head + ": " + fault, nil
		}
	}
	if h.verified == 0 {
		return head + ": most likely the key or the scheme is wrong, since neither file nor directory, with the address, without it or under a mask, gives a single match", nil
	}
	return head + ": the failing ones fit neither another path nor another address of the log; a second key may be in use", nil
}

// maskedLog finds addresses whose last octet was cut off in the log.
func (a *analysis) maskedLog(ctx context.Context, h *host) (string, error) {
	all, cut, err := a.zeroAddresses(ctx, `SELECT DISTINCT c.address, coalesce(z.host, false) AS zero FROM work.visit k JOIN outcome o ON o.id = k.outcome JOIN client c ON c.id = k.client LEFT JOIN work.zero z ON z.id = c.id
		WHERE o.host = ? AND k.link > 0`, h.name)
	if err != nil || cut < all && (all < maskedAddresses || float64(cut) < maskedShare*float64(all)) {
		return "", err
	}
	return format.Sentence("the log's addresses are masked (%d of %d end in zeros), so that no address-bound token can be checked; ask for a log with whole addresses", cut, all), nil
}

// proxied finds an address field that holds a proxy instead of the viewer.
func (a *analysis) proxied(ctx context.Context, h *host) (string, error) {
	var top string
	var links, all int64
	err := a.conn.QueryRowContext(ctx, `SELECT coalesce(c.address, ''), count(DISTINCT k.link) AS n,
			(SELECT count(DISTINCT k.link) FROM work.visit k JOIN outcome o ON o.id = k.outcome WHERE o.host = ? AND k.link > 0)
		FROM work.visit k JOIN outcome o ON o.id = k.outcome JOIN client c ON c.id = k.client
		WHERE o.host = ? AND k.link > 0 GROUP BY c.address ORDER BY n DESC, c.address LIMIT 1`, h.name, h.name).Scan(&top, &links, &all)
	if err != nil {
		return "", err
	}
	ip, bad := a.real(top)
	private := bad == nil && (ip.IsPrivate() || ip.IsLoopback())
	if share := float64(links) / max(1, float64(all)); share < 0.1 || share < 0.5 && !private {
		return "", nil
	}
	return format.Sentence("the address field is not the viewer's: %d of %d links come from the one address %s, a proxy; log the address that the edge hashes", links, all, top), nil
}

// signedElsewhere finds served links that were signed for another address or
// none of the host's rules: the search has proven it.
func (a *analysis) signedElsewhere(ctx context.Context, h *host) (string, error) {
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
		return "", nil
	case counts[top]*2 > total && total > 1:
		return format.Sentence("%d links were signed for the one address %s and served to others: the signer sees its own proxy, or the edge does not check the address", counts[top], a.shown(top)), nil
	}
	return format.Sentence("%d served links were signed for another address than the log shows: the address field is not what the edge hashes, or the edge does not check the address", total), nil
}

// foreignKey tries the keys of the other hosts.
func (a *analysis) foreignKey(ctx context.Context, h *host) (string, error) {
	links, err := a.failing(ctx, h)
	if err != nil {
		return "", err
	}
	for _, name := range a.names {
		other := a.hosts[name]
		if other == h || len(other.keys) == 0 || other.status == finding.Failed {
			continue
		}
		if n := a.holdUnder(h, links, other.keys, false); n*2 > len(links) {
			return format.Sentence("the key of %s fits: %d of %d failing tokens reproduce with it", name, n, len(links)), nil
		}
	}
	return "", nil
}

// oddPlace tries the directories above.
func (a *analysis) oddPlace(ctx context.Context, h *host) (string, error) {
	links, err := a.failing(ctx, h)
	if err != nil {
		return "", err
	}
	if n := a.holdUnder(h, links, h.keys, true); n*2 > len(links) {
		return format.Sentence("the path rule is another one: %d of %d failing tokens are signed over a directory further up", n, len(links)), nil
	}
	return "", nil
}

// oddText asks what else the failing links could have been hashed over.
func (a *analysis) oddText(_ context.Context, h *host) (string, error) {
	counts := map[token.Mistake]int64{}
	var top token.Mistake
	for _, m := range a.wrong(h) {
		if counts[m]++; counts[m] > counts[top] || counts[m] == counts[top] && m.Name < top.Name {
			top = m
		}
	}
	if counts[top]*2 <= h.examined {
		return "", nil
	}
	return format.Sentence("%d of %d failing tokens reproduce under another recipe (%s): %s; if the edge serves them, its recipe is that one", counts[top], h.examined, top.Name, top.Says), nil
}

// sampled is a served link that does not reproduce, with an address it was
// served to.
type sampled struct {
	link   uint32
	client netip.Addr
}

// diagnosed is how many failing links of a host are looked into.
const diagnosed = 60

func (a *analysis) failing(ctx context.Context, h *host) ([]sampled, error) {
	var out []sampled
	err := each(ctx, a.conn, `SELECT k.link, array_to_string(list(DISTINCT c.address), ' ') FROM work.visit k JOIN outcome o ON o.id = k.outcome JOIN link l ON l.id = k.link JOIN client c ON c.id = k.client
		WHERE o.host = ? AND served(o.status, o.method) AND NOT o.matched AND k.link > 0 GROUP BY k.link, l.hash ORDER BY l.hash LIMIT ?`, func(scan scanner) error {
		var s sampled
		var text string
		err := scan(&s.link, &text)
		if ip, bad := a.first(text); bad == nil {
			s.client = ip
			out = append(out, s)
		}
		return err
	}, h.name, diagnosed)
	return out, err
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
