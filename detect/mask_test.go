package detect_test

import (
	"fmt"
	"strings"
	"testing"

	"ipdrift/detect/finding"
)

// cutters write an IPv4 address as the edge may hash it, cut after so many
// octets, in the four forms.
var cutters = map[string]func(string, int) string{
	"network": func(ip string, n int) string { return octets(ip, n) + strings.Repeat(".0", 4-n) },
	"cidr": func(ip string, n int) string {
		return octets(ip, n) + strings.Repeat(".0", 4-n) + fmt.Sprintf("/%d", 8*n)
	},
	"octets":     octets,
	"octets-dot": func(ip string, n int) string { return octets(ip, n) + "." },
}

func octets(ip string, n int) string { return strings.Join(strings.Split(ip, ".")[:n], ".") }

// TestRule02MasksInForce are learned from served links alone, in every text form.
func TestRule02MasksInForce(t *testing.T) {
	for form, cut := range cutters {
		for _, n := range []int{3, 2} {
			t.Run(fmt.Sprintf("%s /%d", form, 8*n), func(t *testing.T) {
				s := site{host: "mask.test", dir: true, text: func(ip string) string { return cut(ip, n) }}
				var l little
				l.audience(s, 40)
				link := s.link("/v/seg-1.ts", home)
				within := l.get(s, on("/v/seg-2.ts", link), map[int]string{3: away, 2: "198.51.7.23"}[n], 200)
				beyond := l.get(s, on("/v/seg-3.ts", link), "198.52.1.1", 403)
				whole := s
				whole.text = nil
				other := s
				other.text = func(ip string) string { return cutters[form](ip, 5-n) }
				otherCut := l.get(s, other.link("/w/seg-2.ts", home), home, 403)
				unmasked := l.get(s, whole.link("/w/seg-1.ts", home), home, 403)
				alone := l.get(s, s.link("/x/seg-1.ts", "20.5.9.9"), "20.6.9.9", 403) // no witness: found among the log's addresses
				tr := l.try(t, settings{})
				network := cutters["network"](home, n)
				tr.want(t, within, "valid - - recomputed "+network)
				tr.want(t, beyond, "ip_mismatch ip_mismatch - recomputed "+network)
				tr.want(t, unmasked, "unresolved_signature unresolved_signature signer:no_mask recomputed "+home)
				if got := tr.rows[otherCut-1]; form != "network" && (got.verdict != "unresolved_signature" || got.detail != "signer:masked") {
					t.Errorf("cut to another length: %s", got)
				}
				c := tr.host(t, s.host)
				if c.Status != finding.Verified || c.Policy.Binding != "mask" || c.Policy.Prefix4 != 8*n || c.Policy.Form != form || c.Policy.Prefix6 != 0 {
					t.Errorf("%s, policy %+v", c.Status, c.Policy)
				}
				if r := tr.advice(s.host, "ipv4"); orZero(r.CurrentPrefix) != 8*n {
					t.Errorf("current prefix %d, want %d", orZero(r.CurrentPrefix), 8*n)
				}
				if n == 2 { // 20.5.0.0 is a network of the log: stranger(4) lies in it
					tr.want(t, alone, "ip_mismatch ip_mismatch - recomputed 20.5.0.0")
				}
			})
		}
	}
}

// TestRule02ANetworkThatReadsAsAWiderOne: 198.51.0.0 is the text of a /24 and of a /16;
// a link that was served under the /24 in force is not one that the signer cut to a /16.
func TestRule02ANetworkThatReadsAsAWiderOne(t *testing.T) {
	s := site{host: "mask.test", dir: true, text: func(ip string) string { return cutters["network"](ip, 3) }}
	var l little
	l.audience(s, 40)
	link := s.link("/v/seg-1.ts", "198.51.0.10")
	l.get(s, link, "198.51.0.10", 200)
	moved := l.get(s, on("/v/seg-2.ts", link), "198.51.77.10", 403)
	other := s
	other.text = func(ip string) string { return cutters["network"](ip, 2) }
	wide := l.get(s, other.link("/w/seg-2.ts", "203.0.113.9"), "203.0.113.9", 403)
	tr := l.try(t, settings{})
	tr.want(t, moved, "ip_mismatch ip_mismatch - recomputed 198.51.0.0")
	tr.want(t, wide, "unresolved_signature unresolved_signature signer:masked recomputed 203.0.0.0")
}

// TestRule02MaskOfIPv6 and whole IPv4 addresses, on one host: what bunny's signers do.
func TestRule02MaskOfIPv6(t *testing.T) {
	for form, suffix := range map[string]string{"network": "", "cidr": "/64"} {
		for name, ipv4 := range map[string][2]int{"IPv6 alone": {}, "before whole IPv4 addresses": {0, 60}, "behind whole IPv4 addresses": {60, 0}} {
			t.Run(form+" "+name, func(t *testing.T) {
				cut := func(ip string) string {
					if !strings.Contains(ip, ":") {
						return ip
					}
					return strings.Join(strings.Split(ip, ":")[:4], ":") + "::" + suffix
				}
				s := site{host: "six.test", dir: true, text: cut}
				var l little
				l.audience(s, ipv4[0])
				for i := range 40 {
					ip := fmt.Sprintf("2001:db8:7:%x:1:2:3:4", i+1)
					l.get(s, s.link(fmt.Sprintf("/c/%d/a.ts", i), ip), ip, 200)
				}
				l.audience(s, ipv4[1])
				link := s.link("/v/seg-1.ts", "2001:db8:7:1:9:9:9:9")
				within := l.get(s, on("/v/seg-2.ts", link), "2001:db8:7:1:8:8:8:8", 200)
				beyond := l.get(s, on("/v/seg-3.ts", link), "2001:db8:7:ff:8:8:8:8", 403)
				found := l.get(s, s.link("/w/seg-1.ts", "2001:db8:7:2:5:5:5:5"), "2001:db8:7:fe:8:8:8:8", 403)
				tr := l.try(t, settings{})
				tr.want(t, within, "valid - - recomputed 2001:db8:7:1::")
				tr.want(t, beyond, "ip_mismatch ip_mismatch - recomputed 2001:db8:7:1::")
				tr.want(t, found, "ip_mismatch ip_mismatch - recomputed 2001:db8:7:2::")
				if c := tr.host(t, s.host); c.Policy.Prefix6 != 64 || c.Policy.Prefix4 != 0 || c.Policy.Form != form {
					t.Errorf("policy %+v", c.Policy)
				}
				if r := tr.advice(s.host, "ipv6"); orZero(r.CurrentPrefix) != 64 {
					t.Errorf("the prefix of IPv6 is %d today, want 64", orZero(r.CurrentPrefix))
				}
				if r := tr.advice(s.host, "ipv4"); ipv4 != [2]int{} && orZero(r.CurrentPrefix) != 32 {
					t.Errorf("the prefix of IPv4 is %d today, want 32", orZero(r.CurrentPrefix))
				}
			})
		}
	}
}

// TestRule02MaskOfIPv4Only: IPv6 addresses are hashed whole. An IPv4 link signed for
// the whole address is the signer's mistake there, not valid.
func TestRule02MaskOfIPv4Only(t *testing.T) {
	s := site{host: "four.test", dir: true, text: func(ip string) string {
		if strings.Contains(ip, ":") {
			return ip
		}
		return cutters["network"](ip, 3)
	}}
	var l little
	l.audience(s, 40)
	l.audience6(s, 40)
	whole := s
	whole.text = nil
	bad := l.get(s, whole.link("/new/seg-1.ts", home), home, 403)
	l.get(s, s.link("/new/seg-1.ts", "2001:db8:1::5"), "2001:db8:1::5", 200)
	moved := l.get(s, s.link("/six/seg-1.ts", "2001:db8:1:7::1:5"), "2001:db8:1:7::1:6", 403)
	tr := l.try(t, settings{})
	tr.want(t, bad, "unresolved_signature unresolved_signature signer:no_mask recomputed "+home)
	tr.want(t, moved, "ip_mismatch ip_mismatch - recomputed 2001:db8:1:7::1:5")
	if c := tr.host(t, s.host); c.Policy.Prefix4 != 24 || c.Policy.Prefix6 != 0 {
		t.Errorf("policy %+v", c.Policy)
	}
}

// TestAddressThatIsItsOwnNetwork: 198.51.100.0 hashes alike whole and cut. It
// is served like any other, and teaches nothing about the host.
func TestAddressThatIsItsOwnNetwork(t *testing.T) {
	const zero = "198.51.100.0"
	s := site{host: "mask.test", dir: true, text: func(ip string) string { return cutters["network"](ip, 3) }}
	whole := site{host: s.host, dir: true}
	var l little
	served := l.get(s, s.link("/v/seg-1.ts", zero), zero, 200)
	l.audience(s, 40)
	again := l.get(s, s.link("/w/seg-1.ts", zero), zero, 200)
	bad := l.get(s, whole.link("/v/seg-1.ts", home), home, 403)
	tr := l.try(t, settings{})
	tr.want(t, served, "valid - - recomputed "+zero)
	tr.want(t, again, "valid - - recomputed "+zero)
	tr.want(t, bad, "unresolved_signature unresolved_signature signer:no_mask recomputed "+home)

	plain := little{}
	plain.audience(whole, 40)
	plain.audience6(whole, 40)
	plain.get(whole, whole.link("/v/seg-1.ts", zero), zero, 200)
	plain.get(whole, whole.link("/v/seg-1.ts", "2001:db8:9:9::"), "2001:db8:9:9::", 200)
	cut := s.link("/v/seg-9.ts", home)
	bad = plain.get(whole, cut, home, 403)
	tr = plain.try(t, settings{})
	tr.want(t, bad, "ip_mismatch ip_mismatch - recomputed "+zero) // there the network's text is an address like any other
	if c := tr.host(t, whole.host); c.Policy.Binding != "address" || c.Policy.Prefix4+c.Policy.Prefix6 != 0 {
		t.Errorf("policy %+v", c.Policy)
	}
}

// TestNetworksOfOneText: 203.0.0.5 has the same network text under /24 and
// /16. It is served like any other, and teaches nothing about the length.
func TestNetworksOfOneText(t *testing.T) {
	for _, n := range []int{3, 2} {
		s := site{host: "mask.test", dir: true, text: func(ip string) string { return cutters["network"](ip, n) }}
		var l little
		first := l.get(s, s.link("/v/seg-1.ts", "203.0.0.5"), "203.0.0.5", 200)
		l.audience(s, 40)
		next := l.get(s, s.link("/v/seg-1.ts", home), home, 200)
		refused := l.get(s, s.link("/v/seg-1.ts", away), away, 403)
		tr := l.try(t, settings{})
		network := cutters["network"](home, n)
		tr.want(t, first, "valid - - recomputed 203.0.0.0")
		tr.want(t, next, "valid - - recomputed "+network)
		tr.want(t, refused, "valid refused_elsewhere - recomputed "+network)
		if c := tr.host(t, s.host); c.Policy.Prefix4 != 8*n {
			t.Errorf("policy %+v, want /%d", c.Policy, 8*n)
		}
	}
}

// TestRule02AFolderNeedsEvidence: most links of a host are bound to the whole address. One for the whole address that a
// folder refuses is its signer's mistake where enough links show that the folder takes networks alone, not where a few do.
func TestRule02AFolderNeedsEvidence(t *testing.T) {
	whole := site{host: "mask.test", dir: true}
	cut := site{host: "mask.test", dir: true, text: cutAt(24)}
	for links, want := range map[int]string{
		3:  "valid refused_elsewhere - recomputed " + home,
		9:  "valid refused_elsewhere - recomputed " + home,
		10: "unresolved_signature unresolved_signature signer:no_mask recomputed " + home,
		30: "unresolved_signature unresolved_signature signer:no_mask recomputed " + home,
	} {
		var l little
		l.audience(whole, 90)
		for i := range links {
			l.get(cut, cut.link("/cut/a.ts", stranger(100+i)), stranger(100+i), 200)
		}
		refused := l.get(whole, whole.link("/cut/a.ts", home), home, 403)
		tr := l.try(t, settings{})
		if got := tr.rows[refused-1].String(); got != want {
			t.Errorf("%d links: %s, want %s", links, got, want)
		}
	}
}
