package detect_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"ipdrift/token"
)

// cutAt is the network of an address as a signer writes it.
func cutAt(length int) func(string) string {
	return func(ip string) string {
		return netip.PrefixFrom(netip.MustParseAddr(ip), length).Masked().Addr().String()
	}
}

// TestRule02ProofGoesBeforeStatements: what is stated of the binding or the scope counts, unless
// 30 links or more were served and 99 % of them are signed otherwise.
func TestRule02ProofGoesBeforeStatements(t *testing.T) {
	to24 := &token.Binding{Kind: token.BindMask, Prefix: 24}
	unbound := &token.Binding{Kind: token.BindNone}
	for name, c := range map[string]struct {
		whole, cut     int // links served that are signed for the address, and for its /24
		stated         token.Resource
		binding, scope string
		warning        string
	}{
		"a mask that no link has":  {40, 0, token.Resource{Bind4: to24}, "address", "dir", "states that links are bound to a /24 (form network) on IPv4, but hardly any"},
		"a mask that few have":     {297, 3, token.Resource{Bind4: to24}, "address", "dir", "states that links are bound to a /24 (form network) on IPv4, but hardly any"},
		"a mask that some have":    {296, 4, token.Resource{Bind4: to24}, "mask", "", "scope or binding are given by --scope or --config, but the edge served"},
		"too few links":            {29, 0, token.Resource{Bind4: to24}, "mask", "", "scope or binding are given by --scope or --config, but the edge served"},
		"an address, where masked": {0, 40, token.Resource{Bind4: &token.Binding{}}, "mask", "dir", "states that links are bound to the whole address on IPv4, but hardly any"},
		"no address, where bound":  {40, 0, token.Resource{Bind4: unbound, Bind6: unbound}, "address", "dir", "states that links are not bound to the address on IPv4, but hardly any"},
		"another scope":            {40, 0, token.Resource{Scope: token.ScopeFile}, "address", "dir", "states that links are signed over the file, but hardly any"},
		"what is so":               {0, 40, token.Resource{Bind4: to24, Scope: token.ScopeDir}, "mask", "dir", ""},
	} {
		var l little
		masked := site{host: folder.host, dir: true, text: cutAt(24)}
		l.audience(folder, c.whole)
		for i := range c.cut {
			ip := stranger(1000 + i)
			l.get(masked, masked.link("/film/a.ts", ip), ip, 200)
		}
		tr := l.try(t, settings{stated: c.stated})
		if p := tr.host(t, folder.host).Policy; p.Binding != c.binding || p.Scope != c.scope {
			t.Errorf("%s: bound to %s over %s, want %s over %s", name, p.Binding, p.Scope, c.binding, c.scope)
		}
		said := strings.Join(tr.Warnings, "\n")
		if !strings.Contains(said, c.warning) || c.warning == "" && strings.Contains(said, "--config") {
			t.Errorf("%s: want %q in %q", name, c.warning, tr.Warnings)
		}
	}
}

// TestStatedMasksAreTried: an edge that cuts addresses to 20 or 60 bits, which no vendor speaks of;
// 4 of the 40 networks are written as their /24 or /56, too.
func TestStatedMasksAreTried(t *testing.T) {
	var l little
	four, six := site{host: "four.test", dir: true, text: cutAt(20)}, site{host: "six.test", dir: true, text: cutAt(60)}
	for i := range 40 {
		ip := netip.AddrFrom4([4]byte{100, 64, byte(i * 13), 9}).String()
		l.get(four, four.link(fmt.Sprintf("/%d/a.ts", i), ip), ip, 200)
		ip = netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 7: byte(i * 13), 15: 9}).String()
		l.get(six, six.link(fmt.Sprintf("/%d/a.ts", i), ip), ip, 200)
	}
	tr := l.try(t, settings{stated: token.Resource{Bind4: &token.Binding{Kind: token.BindMask, Prefix: 20}, Bind6: &token.Binding{Kind: token.BindMask, Prefix: 60}}})
	for _, s := range []site{four, six} {
		c := tr.host(t, s.host)
		if c.Verified != 40 || c.Policy.Prefix4 != 20 || c.Policy.Prefix6 != 60 {
			t.Errorf("%s: %d of %d verified, bound to /%d and /%d: %q", s.host, c.Verified, c.Tokens, c.Policy.Prefix4, c.Policy.Prefix6, tr.Warnings)
		}
	}
}
