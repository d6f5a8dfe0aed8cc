package token

import (
	"net/netip"
	"strings"
	"testing"
)

func aimed(t testing.TB, path, hashed string) (*Trier, *Link) {
	t.Helper()
	s := scheme(t, "gcore")
	l := new(Link)
	NewParser(s).Parse([]byte(path+"?expires=1893456000&md5="+seal("1893456000"+hashed+" "+testKey)), l)
	trier := NewTrier(s)
	trier.Aim(l, l.Path, mustKey(t, testKey))
	return trier, l
}

// Long paths take the way of the saved digest state; both must find the same.
func TestSweepFindsThePlantedAddress(t *testing.T) {
	for n := 0; n < 150; n += 7 {
		path := "/" + strings.Repeat("p", n)
		trier, _ := aimed(t, path, path+"198.51.100.200")
		a, tried, ok := trier.Sweep(netip.MustParsePrefix("198.51.100.77/24"))
		if !ok || a.String() != "198.51.100.200" || tried != 201 {
			t.Errorf("path of %d: got %v after %d, %v", n+1, a, tried, ok)
		}
		if a, tried, ok = trier.Sweep(netip.MustParsePrefix("198.51.101.0/24")); ok || a.IsValid() || tried != 256 {
			t.Errorf("path of %d: got %v after %d, %v", n+1, a, tried, ok)
		}
		if !trier.Hit(netip.MustParseAddr("198.51.100.200"), Binding{}) {
			t.Errorf("path of %d: no hit after a sweep", n+1)
		}
	}
}

func TestSweepAtTheEdges(t *testing.T) {
	trier, _ := aimed(t, "/a", "/a255.255.255.255")
	for prefix, want := range map[string]uint64{
		"255.255.255.255/32": 1, "255.255.255.0/24": 256, "255.255.255.0/32": 1, "2001:db8::/120": 0, "::ffff:255.255.255.0/120": 0,
	} {
		_, tried, ok := trier.Sweep(netip.MustParsePrefix(prefix))
		if tried != want || ok != strings.HasPrefix(prefix, "255.255.255.") != (prefix == "255.255.255.0/32") {
			t.Errorf("%s: tried %d, %v", prefix, tried, ok)
		}
	}
	if _, tried, ok := trier.Sweep(netip.Prefix{}); tried != 0 || ok {
		t.Errorf("zero prefix: tried %d, %v", tried, ok)
	}
	if _, tried, ok := NewTrier(scheme(t, "gcore")).Sweep(netip.MustParsePrefix("192.0.2.0/30")); tried != 0 || ok {
		t.Errorf("not aimed: tried %d, %v", tried, ok)
	}
}

func TestTryIsOneHypothesis(t *testing.T) {
	trier, l := aimed(t, "/a/b/c", "/a/b/"+testClient)
	client, key := netip.MustParseAddr(testClient), mustKey(t, testKey)
	for _, c := range []struct {
		scope   Scope
		up      int
		key     Key
		client  netip.Addr
		binding Binding
		want    bool
	}{
		{ScopeDir, 0, key, client, Binding{}, true},
		{ScopeFile, 0, key, client, Binding{}, false},
		{ScopeAuto, 0, key, client, Binding{}, false},
		{ScopeAncestor, 0, key, client, Binding{}, false},
		{ScopeAncestor, 1, key, client, Binding{}, false},
		{ScopeAncestor, 9, key, client, Binding{}, false},
		{ScopeDir, 0, Key{}, client, Binding{}, false},
		{ScopeDir, 0, key, netip.Addr{}, Binding{}, false},
		{ScopeDir, 0, key, client, Binding{Kind: BindNone}, false},
		{ScopeDir, 0, key, client, Binding{BindMask, 24, FormNetwork}, false},
		{ScopeDir, 0, key, client, Binding{BindMask, 32, FormNetwork}, true},
	} {
		if got := trier.Try(l, c.scope, c.up, c.key, c.client, c.binding); got != c.want {
			t.Errorf("%v %d %v %v: got %v", c.scope, c.up, c.client, c.binding, got)
		}
	}
	if trier.Try(&Link{}, ScopeFile, 0, key, client, Binding{}) {
		t.Error("an empty link verifies")
	}
}

// A link signed for nobody must not pass as one bound to an unknown address.
func TestNoAddressIsNotUnbound(t *testing.T) {
	trier, _ := aimed(t, "/a", "/a")
	if trier.Hit(netip.Addr{}, Binding{}) || !trier.Hit(netip.Addr{}, Binding{Kind: BindNone}) {
		t.Error("the zero address passes for none")
	}
}

func TestScopePath(t *testing.T) {
	for _, c := range []struct {
		path  string
		scope Scope
		up    int
		want  string
	}{
		{"/a/b/c", ScopeFile, 0, "/a/b/c"}, {"/a/b/c", ScopeDir, 0, "/a/b/"}, {"/a/b/", ScopeDir, 0, "/a/b/"},
		{"/a/b/c", ScopeAncestor, 1, "/a/"}, {"/a/b/c", ScopeAncestor, 2, "/"}, {"/a/b/c", ScopeAncestor, 3, ""},
		{"/a/b/c", ScopeAncestor, 0, ""}, {"/a/b/c", ScopeAncestor, -1, ""}, {"/a/b/c", ScopeAuto, 0, ""},
		{"/", ScopeDir, 0, "/"}, {"/", ScopeAncestor, 1, ""}, {"", ScopeDir, 0, ""}, {"", ScopeAncestor, 1, ""}, {"a", ScopeDir, 0, ""},
	} {
		if got := ScopePath([]byte(c.path), c.scope, c.up); string(got) != c.want {
			t.Errorf("%q %v %d: got %q", c.path, c.scope, c.up, got)
		}
	}
}

func TestAppendBound(t *testing.T) {
	mask := func(bits uint8, f Form) Binding { return Binding{BindMask, bits, f} }
	for _, c := range []struct {
		client  string
		binding Binding
		want    string
	}{
		{"198.51.100.23", Binding{}, "198.51.100.23"},
		{"198.51.100.23", Binding{Kind: BindNone}, ""},
		{"198.51.100.23", mask(24, FormNetwork), "198.51.100.0"},
		{"198.51.100.23", mask(24, FormCIDR), "198.51.100.0/24"},
		{"198.51.100.23", mask(24, FormOctets), "198.51.100"},
		{"198.51.100.23", mask(24, FormOctetsDot), "198.51.100."},
		{"198.51.100.23", mask(8, FormOctets), "198"},
		{"198.51.100.23", mask(22, FormNetwork), "198.51.100.0"},
		{"198.51.103.23", mask(22, FormCIDR), "198.51.100.0/22"},
		{"198.51.103.23", mask(22, FormOctets), "198.51.100.0"},
		{"198.51.100.23", mask(0, FormOctetsDot), "0.0.0.0"},
		{"198.51.100.23", mask(0, FormCIDR), "0.0.0.0/0"},
		{"198.51.100.23", mask(32, FormOctets), "198.51.100.23"},
		{"198.51.100.23", mask(200, FormCIDR), "198.51.100.23/32"},
		{"2001:db8:1:2:3:4:5:6", mask(64, FormNetwork), "2001:db8:1:2::"},
		{"2001:db8:1:2:3:4:5:6", mask(56, FormCIDR), "2001:db8:1::/56"},
		{"2001:db8:1:2:3:4:5:6", mask(24, FormOctets), "2001:d00::"},
		{"fe80::1%eth0", mask(64, FormNetwork), "fe80::"},
		{"::ffff:203.0.113.9", mask(24, FormNetwork), "::ffff:203.0.113.0"},
		{"::ffff:203.0.113.9", mask(24, FormCIDR), "::ffff:203.0.113.0/120"},
	} {
		if got := string(AppendBound([]byte("x"), netip.MustParseAddr(c.client), c.binding)); got != "x"+c.want {
			t.Errorf("%s %v: got %q", c.client, c.binding, got)
		}
	}
	if got := AppendBound(nil, netip.Addr{}, mask(24, FormCIDR)); len(got) != 0 {
		t.Errorf("zero address: got %q", got)
	}
}

func TestBindingString(t *testing.T) {
	for want, b := range map[string]Binding{"address": {}, "none": {Kind: BindNone}, "/24 network": {BindMask, 24, FormNetwork}, "/56 cidr": {BindMask, 56, FormCIDR}} {
		if b.String() != want {
			t.Errorf("got %s, want %s", b, want)
		}
	}
}

func TestHashedText(t *testing.T) {
	client := netip.MustParseAddr("203.0.113.9")
	for _, c := range []struct {
		scheme, target string
		scope          Scope
		binding        Binding
		want           string
	}{
		{"gcore", "/a/b?md5=x&expires=9", ScopeFile, Binding{}, "9/a/b203.0.113.9 <key>"},
		{"gcore", "/a/b?md5=x&expires=9", ScopeDir, Binding{Kind: BindNone}, "9/a/ <key>"},
		{"gcore", "/a/b?md5=x&expires=9", ScopeDir, Binding{BindMask, 24, FormCIDR}, "9/a/203.0.113.0/24 <key>"},
		{"gcore", "/%1b[0m%FF%5C%e2%80%aeé?md5=x&expires=9", ScopeFile, Binding{Kind: BindNone}, `9/\x1b[0m\xff\\\xe2\x80\xaeé <key>`},
		{"gcore", "/a", ScopeAncestor, Binding{}, ""},
		{"gcore-video", "/videos/7_abc/short/1893456000/x", ScopeDir, Binding{}, "7_abc_<key>_1893456000_203.0.113.9"},
		{"gcore-video", "/videos/7_abc/short/1893456000/x", ScopeDir, Binding{Kind: BindNone}, "7_abc_<key>_1893456000_"},
		{"gcore-mp4", "/a/b.mp4/download?md5=x&expires=9&speed=1k", ScopeFile, Binding{Kind: BindNone}, "/a/b.mp4_<key>_9_1k__"},
	} {
		s := scheme(t, c.scheme)
		var l Link
		NewParser(s).Parse([]byte(c.target), &l)
		if got := NewTrier(s).HashedText(&l, c.scope, 1, client, c.binding); got != c.want {
			t.Errorf("%s: got %s", c.target, got)
		}
	}
}
