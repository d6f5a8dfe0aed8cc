package detect_test

import (
	"fmt"
	"strings"
	"testing"

	"ipdrift/detect/finding"
	"ipdrift/detect/search"
)

// A signer that sees its own proxy is found out where the proxy is in no log: it
// has a private address.
func TestRule03TheSignersPrivateProxy(t *testing.T) {
	var l little
	l.audience(folder, 40)
	for i := range 60 {
		ip := stranger(100 + i)
		l.get(folder, folder.link(fmt.Sprintf("/m/%d/a.ts", i), "172.20.1.9"), ip, 403)
	}
	tr := l.try(t, settings{recover: search.RecoverNear})
	r := tr.advice(folder.host, "ipv4")
	if n := tr.Denials.ByCause["ip_mismatch"]; n != 60 || r == nil || r.Decision != finding.MaskNotEnough || !strings.Contains(r.Reason, "172.20.1.9") {
		t.Errorf("%d of 60 refusals are explained; %+v", n, r)
	}
	if tr := l.try(t, settings{recover: search.RecoverNone}); tr.Denials.ByCause["unresolved_signature"] != 60 {
		t.Errorf("--recover none searched: %v", tr.Denials.ByCause)
	}
}

// TestRule03AProxyBeforeSomeViewers: the signer sees its own proxy on one of several ways in. However
// many links the others have, its viewers are found, their share is said, and the remedy is the signer.
func TestRule03AProxyBeforeSomeViewers(t *testing.T) {
	for name, c := range map[string]struct {
		viewers, links int // the others, and links of each
		proxied        int // viewers behind the proxy, one link each
		says           string
	}{
		"a third":                   {80, 1, 40, "40 of the 120 client addresses (33.3 %) came with such links"},
		"a tenth":                   {360, 1, 40, "40 of the 400 client addresses (10.0 %) came with such links"},
		"a tenth, with fewer links": {360, 5, 40, "40 of the 400 client addresses (10.0 %) came with such links"},
		"few":                       {40, 1, 12, "12 of the 52 client addresses (23.1 %) came with such links"},
	} {
		t.Run(name, func(t *testing.T) {
			var l little
			for i := range c.viewers * c.links {
				ip := stranger(i % c.viewers)
				l.get(folder, folder.link(fmt.Sprintf("/v/%d/a.ts", i), ip), ip, 200)
			}
			var line int
			for i := range c.proxied {
				ip := stranger(c.viewers + i)
				line = l.get(folder, folder.link(fmt.Sprintf("/m/%d/a.ts", i), fmt.Sprintf("172.20.%d.9", i%3)), ip, 403)
			}
			tr := l.try(t, settings{recover: search.RecoverNear})
			tr.want(t, line, fmt.Sprintf("ip_mismatch ip_mismatch signer:private_address recomputed 172.20.%d.9", (c.proxied-1)%3))
			if s := tr.Signer; len(s) != 1 || s[0].Mistake != "private_address" || s[0].Links != int64(c.proxied) || !strings.Contains(s[0].Says, c.says) {
				t.Errorf("%s", asJSON(t, s))
			}
			r := tr.advice(folder.host, "ipv4")
			if decides := c.proxied >= 30; decides != (r.Decision == finding.MaskNotEnough) || decides && r.Remedy != finding.MendSigner || !strings.Contains(r.Reason, "let the signer take the viewer's address from its proxy's header") {
				t.Errorf("%s, %s: %s", r.Decision, r.Remedy, r.Reason)
			}
		})
	}
}

// TestRule03AUsualProxyIsAnAddressToo: a hash that is reproduced for another address is a mismatch,
// be that address found by a search or one that many proxies have.
func TestRule03AUsualProxyIsAnAddressToo(t *testing.T) {
	for _, proxy := range []string{"172.20.1.9", "10.0.0.1", "127.0.0.1", "100.64.0.1", "::1"} {
		t.Run(proxy, func(t *testing.T) {
			var l little
			l.audience(folder, 80)
			var line int
			for i := range 40 {
				line = l.get(folder, folder.link(fmt.Sprintf("/m/%d/a.ts", i), proxy), stranger(80+i), 403)
			}
			tr := l.try(t, settings{recover: search.RecoverNear})
			tr.want(t, line, "ip_mismatch ip_mismatch signer:private_address recomputed "+proxy)
			family := "ipv4"
			if strings.Contains(proxy, ":") {
				family = "ipv6"
			}
			r := tr.advice(folder.host, family)
			if r.AffectedUsers != 40 || r.Decision != finding.MaskNotEnough || r.Remedy != finding.MendSigner {
				t.Errorf("%d affected, %s, %s: %s", r.AffectedUsers, r.Decision, r.Remedy, r.Reason)
			}
			if s := tr.Signer; len(s) != 1 || s[0].Mistake != "private_address" || s[0].Links != 40 {
				t.Errorf("%s", asJSON(t, s))
			}
		})
	}
}

// TestRule03AViewerInAPrivateNetworkIsNoProxy: a link was signed for an address of the LAN from which
// the log has requests, so that its viewer went out.
func TestRule03AViewerInAPrivateNetworkIsNoProxy(t *testing.T) {
	var l little
	l.audience(folder, 40)
	l.get(folder, folder.link("/lan/a.ts", "192.168.7.9"), "192.168.7.9", 200)
	moved := l.get(folder, folder.link("/m/a.ts", "192.168.7.9"), home, 403)
	tr := l.try(t, settings{recover: search.RecoverNear})
	tr.want(t, moved, "ip_mismatch ip_mismatch - recomputed 192.168.7.9")
	if len(tr.Signer) > 0 {
		t.Errorf("%s", asJSON(t, tr.Signer))
	}
}

// TestRule03WhoMovesIsBehindNoProxy: a tenth of the viewers have links that nothing explains. Where
// they are served with others, no private address is tried for them, of which there are 1.1 million here.
func TestRule03WhoMovesIsBehindNoProxy(t *testing.T) {
	candidates := func(served bool) int64 {
		var l little
		l.audience(folder, 360)
		for i := range 40 {
			ip := stranger(360 + i)
			path := fmt.Sprintf("/m/%d/a.ts", i)
			l.get(folder, folder.link(path, "203.0.113.77"), ip, 403)
			if served {
				l.get(folder, folder.link(path, ip), ip, 200)
			}
		}
		return l.try(t, settings{recover: search.RecoverNear}).Method.Search.Candidates
	}
	if moved, gone := candidates(true), candidates(false); moved > gone-1_100_000 {
		t.Errorf("%d candidates where they are served, %d where they are not", moved, gone)
	}
}
