package token

import (
	"net/netip"
	"testing"
)

func TestNothingAllocates(t *testing.T) {
	client, key := netip.MustParseAddr(testClient), mustKey(t, testKey)
	good := seal("1893456000/a b/c.ts" + testClient + " " + testKey)
	targets := map[string][]byte{
		"valid":      []byte("/a%20b/c.ts?md5=" + good + "&expires=1893456000"),
		"invalid":    []byte("/a/b/c/d/../e.ts?md5=" + good + "&expires=1893456000"),
		"malformed":  []byte("/a?md5=" + good),
		"unsigned":   []byte("/a"),
		"absolute":   []byte("https://[::1]:8/a?md5=" + good + "&expires=1"),
		"bad path":   []byte("/..?md5=" + good + "&expires=1"),
		"path token": []byte("/videos/7_abc/" + good + "/1893456000/x.ts"),
	}
	for _, s := range Schemes() {
		v, keys, parser, trier := NewVerifier(s), []Key{mustKey(t, "wrong"), key}, NewParser(s), NewTrier(s)
		var l Link
		for name, target := range targets {
			none(t, s.Name+" Parse "+name, func() { parser.Parse(target, &l) })
			for _, p := range []Policy{{}, {Bound: true}, {Bound: true, Prefix4: 24, Form: FormCIDR}} {
				none(t, s.Name+" Verify "+name, func() { v.Verify(Request{Target: target, Client: client, Time: testTime}, p, keys) })
			}
			none(t, s.Name+" Try "+name, func() { trier.Try(&l, ScopeDir, 0, key, client, Binding{}) })
			none(t, s.Name+" Hit "+name, func() { trier.Hit(client, Binding{BindMask, 24, FormOctets}) })
			none(t, s.Name+" Sweep "+name, func() { trier.Sweep(netip.MustParsePrefix("192.0.2.0/28")) })
		}
	}
	var ring Keyring
	ring.Add("a.example", key)
	host := []byte("a.example:443")
	none(t, "Keyring.For", func() { ring.For(host) })
	buf := make([]byte, 0, 64)
	for _, a := range []string{"203.0.113.7", "2001:db8::1", "::203.0.113.7", "::ffff:203.0.113.7"} {
		a := netip.MustParseAddr(a)
		none(t, "AppendBound "+a.String(), func() { AppendBound(buf, a, Binding{BindMask, 24, FormCIDR}) })
	}
}

func none(t *testing.T, what string, f func()) {
	t.Helper()
	if n := testing.AllocsPerRun(20, f); n != 0 {
		t.Errorf("%s: %v allocations", what, n)
	}
}
