package pseudonym

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
)

const (
	key1 = "0123456789abcdeffedcba98765432101032547698badcfeefcdab8967452301"
	key2 = "2b7e151628aed2a6abf7158809cf4f3ca9f5ba40db214c3798f2e1c23456789a"
)

func testMap(t testing.TB, key string) *Map {
	t.Helper()
	k, err := ParseKey([]byte(key + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return New(k)
}

// The test vectors of ipcrypt-pfx in draft-denis-ipcrypt (test_vectors.json of
// its repository).
func TestVectors(t *testing.T) {
	for _, v := range [][3]string{
		{key1, "0.0.0.0", "151.82.155.134"},
		{key1, "255.255.255.255", "94.185.169.89"},
		{key1, "192.0.2.1", "100.115.72.131"},
		{key1, "2001:db8::1", "c180:5dd4:2587:3524:30ab:fa65:6ab6:f88"},
		{key2, "10.0.0.47", "19.214.210.244"},
		{key2, "10.0.0.129", "19.214.210.80"},
		{key2, "10.0.0.234", "19.214.210.30"},
		{key2, "172.16.5.193", "210.78.229.136"},
		{key2, "172.16.97.42", "210.78.179.241"},
		{key2, "172.16.248.177", "210.78.121.215"},
		{key2, "2001:db8::a5c9:4e2f:bb91:5a7d", "7cec:702c:1243:f70:1956:125:b9bd:1aba"},
		{key2, "2001:db8::7234:d8f1:3c6e:9a52", "7cec:702c:1243:f70:a3ef:c8e:95c1:cd0d"},
		{key2, "2001:db8::f1e0:937b:26d4:8c1a", "7cec:702c:1243:f70:443c:c8e:6a62:b64d"},
		{key2, "2001:db8:3a5c:0:e7d1:4b9f:2c8a:f673", "7cec:702c:3503:bef:e616:96bd:be33:a9b9"},
		{key2, "2001:db8:9f27:0:b4e2:7a3d:5f91:c8e6", "7cec:702c:a504:b74e:194a:3d90:b047:2d1a"},
		{key2, "2001:db8:d8b4:0:193c:a5e7:8b2f:46d1", "7cec:702c:f840:aa67:1b8:e84f:ac9d:77fb"},
	} {
		m, a := testMap(t, v[0]), netip.MustParseAddr(v[1])
		if got := m.Of(a); got.String() != v[2] {
			t.Errorf("%s: %s, want %s", a, got, v[2])
		}
		if got := testMap(t, v[0]).Real(netip.MustParseAddr(v[2])); got != a {
			t.Errorf("back from %s: %s, want %s", v[2], got, a)
		}
	}
}

func common(a, b netip.Addr) int {
	for n := a.BitLen(); n > 0; n-- {
		if p, _ := a.Prefix(n); p.Contains(b) {
			return n
		}
	}
	return 0
}

// Pseudonyms have as many leading bits in common as their addresses, and none
// belongs to two.
func TestPrefixes(t *testing.T) {
	m, r := testMap(t, key1), rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		var raw [16]byte
		for i := range raw {
			raw[i] = byte(r.Uint32())
		}
		a := netip.AddrFrom16(raw)
		if r.IntN(2) == 0 {
			a = netip.AddrFrom4([4]byte(raw[:]))
		}
		flipped, bit := a.AsSlice(), r.IntN(a.BitLen())
		flipped[bit/8] ^= 1 << (7 - bit%8)
		b, _ := netip.AddrFromSlice(flipped)
		x, y := m.Of(a), m.Of(b)
		if x.Is4() != a.Is4() || common(x, y) != common(a, b) || common(a, b) != bit {
			t.Fatalf("%s and %s became %s and %s", a, b, x, y)
		}
		if m.scheme.other(x, true) != a || m.Real(x) != a {
			t.Fatalf("%s does not lead back to %s", x, a)
		}
	}
}

// An address of IPv4 has one pseudonym in each of its forms.
func TestForms(t *testing.T) {
	m := testMap(t, key1)
	for given, want := range map[string]string{
		"::ffff:192.0.2.1":   "::ffff:100.115.72.131",
		"64:ff9b::192.0.2.1": "64:ff9b::6473:4883",
		"fe80::1%eth0":       m.Of(netip.MustParseAddr("fe80::1")).String(),
	} {
		shown := m.Of(netip.MustParseAddr(given))
		if shown.String() != want {
			t.Errorf("%s: %s, want %s", given, shown, want)
		}
		if back := New(m.key).Real(shown); back != netip.MustParseAddr(given).WithZone("") {
			t.Errorf("%s leads back to %s", shown, back)
		}
	}
}

// A network stays one of its length, and its addresses stay in it.
func TestNetworks(t *testing.T) {
	m := testMap(t, key1)
	for _, text := range []string{"203.0.113.9/24", "203.0.0.0/16", "2001:db8:77::/48", "2001:db8::1/128"} {
		p := netip.MustParsePrefix(text)
		shown := m.OfNetwork(p)
		if m.RealNetwork(shown) != p || shown.Bits() != p.Bits() || !shown.Masked().Contains(m.Of(p.Addr().Next())) != !p.Contains(p.Addr().Next()) {
			t.Errorf("%s became %s, and back %s", p, shown, m.RealNetwork(shown))
		}
	}
	if none := (netip.Prefix{}); m.OfNetwork(none) != none || m.RealNetwork(none) != none {
		t.Error("no network became one")
	}
}

// The one /96 that the scheme itself would map onto IPv4, or onto NAT64, goes on
// to other addresses.
func TestNoTwoAlike(t *testing.T) {
	m := testMap(t, key1)
	for _, onto := range []string{"::ffff:192.0.2.1", "64:ff9b::192.0.2.1"} {
		real := netip.AddrFrom16(m.scheme.six(netip.MustParseAddr(onto).As16(), true))
		shown := m.Of(real)
		if shown.Is4In6() || nat64.Contains(shown) {
			t.Errorf("%s became %s", real, shown)
		}
		if back := New(m.key).Real(shown); back != real {
			t.Errorf("%s leads back to %s, not %s", shown, back, real)
		}
	}
}

func TestKeys(t *testing.T) {
	for _, bad := range []string{"", "secret", key1[1:], key1 + "0", strings.Repeat("ab", 32), strings.Replace(key1, "0", "g", 1)} {
		if k, err := ParseKey([]byte(bad)); err == nil || k != (Key{}) || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v, %v", bad, k, err)
		}
	}
	a, b := testMap(t, key1).Key(), testMap(t, key2).Key()
	if a.Check() == b.Check() || a.Check() != testMap(t, key1).Key().Check() || len(a.Check()) != 32 {
		t.Errorf("checks %s and %s", a.Check(), b.Check())
	}
	// printf 'ipdrift: check of a pseudonym key' | openssl dgst -sha256 -mac HMAC -macopt hexkey:$key1
	if want := "ed02caf1c8af337592045dbbb48c3b22"; a.Check() != want {
		t.Errorf("check %s, want %s of openssl", a.Check(), want)
	}
	for _, text := range []string{fmt.Sprint(a), fmt.Sprintf("%+v", a), fmt.Sprintf("%#v", a), New(a).Key().String()} {
		if text != "pseudonym key" {
			t.Errorf("a key is printed as %q", text)
		}
	}
	if one, other := NewKey(), NewKey(); one == other || one.Kept() || !a.Kept() {
		t.Error("a drawn key is not its own")
	}
}

func TestText(t *testing.T) {
	m := testMap(t, key1)
	const four, six = "100.115.72.131", "c180:5dd4:2587:3524:30ab:fa65:6ab6:f88"
	of := func(a string) string { return m.Of(netip.MustParseAddr(a)).String() }
	for given, want := range map[string]string{
		"":                                                "",
		"P/1.0 (192.0.2.1)":                               "P/1.0 (" + four + ")",
		"192.0.2.1:443 x192.0.2.1y":                       four + ":443 x" + four + "y",
		"192.000.002.001, 192.0.2.1.":                     four + ", " + four + ".",
		"/a/192.0.2.1/192%2e0%2E2.1.ts":                   "/a/" + four + "/" + four + ".ts",
		"::ffff:192.0.2.1 ::FFFF:C000:0201":               "::ffff:" + four + " ::ffff:" + four,
		"[2001:db8::1]:443":                               "[" + six + "]:443",
		"2001:DB8:0:0:0:0:0:1":                            six,
		"2001:0db8:0000:0000:0000:0000:0000:0001":         six,
		"ip=2001%3adb8%3A%3A1&x":                          "ip=" + six + "&x",
		"a2001:db8::1.":                                   "a" + six + ".",
		"2001:db8::1%eth0":                                six + "%eth0",
		"64:ff9b::192.0.2.1":                              "64:ff9b::6473:4883",
		"Mozilla/5.0 Chrome/120.0.0.0 AppleWebKit/537.36": "Mozilla/5.0 Chrome/120.0.0.0 AppleWebKit/537.36",
		"AppleCoreMedia/1.0.0.21C62 (iPhone)":             "AppleCoreMedia/1.0.0.21C62 (iPhone)",
		"std::bad_alloc LWP::Simple Apache::x":            "std::bad_alloc LWP::Simple Apache::x",
		"20/Nov/2026:14:03:11 +0000 1.2.3":                "20/Nov/2026:14:03:11 +0000 1.2.3",
		"1.2.3.400":                                       m.Of(netip.MustParseAddr("1.2.3.40")).String() + "0",
		// The ends of what is an address of IPv4: the largest number, too many digits, an empty one, five numbers.
		"192.0.2.255": of("192.0.2.255"),
		"192.0.2.256": of("192.0.2.25") + "6",
		"0192.0.2.1":  "0" + four,
		"192..2.1":    "192..2.1",
		"192.0.2.1.7": four + ".7",
		"9.192.0.2.1": of("9.192.0.2") + ".1",
		// And of IPv6: two groups with the first one whole, or three; else a name in a program.
		"2001::1":            of("2001::1"),
		"2001%3a%3a1":        of("2001::1"),
		"2001:db8%3a%3A":     of("2001:db8::"),
		"2001:db8::1%":       six + "%",
		"2001:db8::1%3":      six + "%3",
		"1::2:3":             of("1::2:3"),
		"bad::c, ::abcd:1":   "bad::c, ::abcd:1",
		"Chrome 120.0.0.0":   "Chrome " + of("120.0.0.0"),
		"1.2.0.0, x/1.2.0.0": of("1.2.0.0") + ", x/" + of("1.2.0.0"),
		strings.Repeat("a", 2*longest) + " 192.0.2.1": strings.Repeat("a", 2*longest) + " " + four,
	} {
		if got := m.Text(given); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
		if got := (*Map)(nil).Text(given); got != given {
			t.Errorf("no map makes %q of %q", got, given)
		}
	}
	for given, want := range map[string]string{
		`203.0.113.x - - [20/Nov/2026:14:03:11 +0000] "GET / HTTP/1.1"`: `…x - - [20/Nov/2026:14:03:11 +0000] "GET / HTTP/1.1"`,
		"203.0.x.x 2001:db8:1:x:x 192.0.2.1":                            "…x.x …x:x " + four,
		"2026-11-20T14:03:11.123456 1764338591.123 Mozilla/5.0":         "2026-11-20T14:03:11.123456 1764338591.123 Mozilla/5.0",
		// Times have numbers of two digits, at most four of them; parts of addresses have letters, longer numbers or more of them.
		"14:03:11 14:03:11:22 324:14:03:11 a:1 20.5": "14:03:11 14:03:11:22 324:14:03:11 a:1 20.5",
		"20:a:1:x 1:234:5:6 1:2:3:4:x 20.5.7.x":      "…x … …x …x",
		"Chrome/120.0.0.0":                           "Chrome/" + of("120.0.0.0"),
	} {
		if got := m.Line(given); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
	if got := m.RealText(m.Text("a.192.0.2.1")); got != "a.192.0.2.1" {
		t.Errorf("back: %q", got)
	}
}

// What is remembered of a pseudonym is forgotten when another one takes its place, and the way back is the same.
func TestMoreThanIsRemembered(t *testing.T) {
	m := testMap(t, key1)
	shown := map[netip.Addr]netip.Addr{}
	for a := netip.MustParseAddr("10.0.0.0"); len(shown) < slots+slots/2; a = a.Next() {
		shown[a] = m.Of(a)
	}
	for a, s := range shown {
		if back := m.Real(s); back != a {
			t.Fatalf("%s leads back to %s, not %s", s, back, a)
		}
	}
}

// No spelling of an address comes through, wherever it stands.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "::", "1.", "%3a", "a:b", "0", "1.2.3.", "x/", "::ffff:"} {
		f.Add(s, s)
	}
	m := testMap(f, key1)
	f.Fuzz(func(t *testing.T, before, after string) {
		for _, text := range []string{"203.0.113.77", "2001:db8:77::4242"} {
			for _, got := range []string{m.Text(before + " " + text + " " + after), m.Line(before + " " + text + " " + after)} {
				if strings.Contains(got, text) && !strings.Contains(before+after, text) {
					t.Errorf("%q comes through in %q", text, got)
				}
			}
		}
	})
}

func BenchmarkOf(b *testing.B) {
	m := testMap(b, key1)
	for _, text := range []string{"203.0.113.77", "2001:db8:77::4242"} {
		a := netip.MustParseAddr(text)
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.Of(a)
			}
		})
	}
}
