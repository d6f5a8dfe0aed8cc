package addr

import (
	"fmt"
	"net/netip"
	"testing"
)

// TestAddr holds what is asked of addresses to values counted by hand.
func TestAddr(t *testing.T) {
	for _, c := range []struct {
		ip, cut24, block string
		family           int
		private          bool
		inner            string // NAT64
		host, next       bool   // ends in zeros
	}{
		{"203.0.113.7", "203.0.113.0", "203.0.113.0/24", 4, false, "", false, false},
		{"::ffff:203.0.113.7", "203.0.113.0", "203.0.113.0/24", 4, false, "", false, false},
		{"10.1.0.0", "10.1.0.0", "10.1.0.0/24", 4, true, "", true, true},
		{"100.64.0.1", "100.64.0.0", "100.64.0.0/24", 4, true, "", false, true},
		{"100.128.0.1", "100.128.0.0", "100.128.0.0/24", 4, false, "", false, true},
		{"169.254.1.1", "169.254.1.0", "169.254.1.0/24", 4, true, "", false, false},
		{"2001:db8:1:2::5", "2001:d00::", "2001:db8:1:2::/64", 6, false, "", false, false},
		{"2001:db8:1:200::", "2001:d00::", "2001:db8:1:200::/64", 6, false, "", true, true},
		{"fd00::1", "fd00::", "fd00::/64", 6, true, "", false, true},
		{"64:ff9b::203.0.113.7", "64:ff00::", "64:ff9b::/64", 6, false, "203.0.113.7", false, true},
	} {
		ip := netip.MustParseAddr(c.ip)
		inner, ok := Translated(ip)
		host, next := Zeros(ip)
		got := fmt.Sprintln(Cut(ip, 24), Block(ip), Family(ip), Private(ip), ok, host, next)
		want := fmt.Sprintln(c.cut24, c.block, c.family, c.private, c.inner != "", c.host, c.next)
		if got != want || ok && inner.String() != c.inner {
			t.Errorf("%s: %s (%s), want %s", c.ip, got, inner, want)
		}
	}
}

// TestNetworks lists each IPv4 network once, in the order of the addresses.
func TestNetworks(t *testing.T) {
	var ips []netip.Addr
	for _, ip := range []string{"198.51.100.1", "2001:db8::1", "198.51.7.9", "192.0.2.1"} {
		ips = append(ips, netip.MustParseAddr(ip))
	}
	if got, want := fmt.Sprint(Networks(ips, 16)), "[198.51.0.0/16 192.0.0.0/16]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestCommonPrefix(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"198.51.100.1", "198.51.100.1", 32},
		{"198.51.100.0", "198.51.100.1", 31},
		{"198.51.100.1", "198.51.100.129", 24},
		{"198.51.100.1", "198.51.101.1", 23},
		{"198.51.100.1", "198.50.100.1", 15},
		{"1.0.0.0", "128.0.0.0", 0},
		{"2001:db8::1", "2001:db8::1", 128},
		{"2001:db8::1", "2001:db8::2", 126},
		{"2001:db8:0:1::", "2001:db8::", 63},
		{"2001:db8::", "2001:db8:0:0:8000::", 64},
		{"::ffff:198.51.100.1", "198.51.100.2", 30},
		{"198.51.100.1", "2001:db8::1", -1},
		{"::198.51.100.1", "198.51.100.1", -1},
	} {
		if got := CommonPrefix(netip.MustParseAddr(c.a), netip.MustParseAddr(c.b)); got != c.want {
			t.Errorf("CommonPrefix(%s, %s) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
	if got := CommonPrefix(netip.Addr{}, netip.MustParseAddr("::1")); got != -1 {
		t.Errorf("invalid address: %d, want -1", got)
	}
}
