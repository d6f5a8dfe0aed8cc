package token

import (
	"net/netip"
	"strings"
	"testing"
)

func TestSignKeepsTheRestOfTheTarget(t *testing.T) {
	key := mustKey(t, testKey)
	file, dir := "md5="+seal("9/a/b "+testKey)+"&expires=9", "md5="+seal("9/a/ "+testKey)+"&expires=9"
	for _, c := range []struct {
		target string
		dir    bool
		want   string
	}{
		{"/a/b", false, "/a/b?" + file},
		{"/a/b", true, "/a/b?" + dir},
		{"/a/", true, "/a/?" + dir},
		{"/a/b?", false, "/a/b?" + file},
		{"/a/b?x=1&y=%20", false, "/a/b?x=1&y=%20&" + file},
		{"/a/b?MD5=old&x=1&expires=7&md5=older", false, "/a/b?x=1&" + file},
		{"/a/b?md5&md5x=1", false, "/a/b?md5&md5x=1&" + file},
		{"/a/b#top", false, "/a/b?" + file + "#top"},
		{"/a/b?x#top?y", false, "/a/b?x&" + file + "#top?y"},
		{"https://h.example:8/a/b?x=1", false, "https://h.example:8/a/b?x=1&" + file},
		{"//a/./%62", false, "//a/./%62?" + file},
	} {
		got, err := Sign(scheme(t, "gcore"), SignParams{Target: c.target, Expires: 9, Dir: c.dir, Key: key})
		if err != nil || got != c.want {
			t.Errorf("%s: got %s, %v", c.target, got, err)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	key, client := mustKey(t, testKey), netip.MustParseAddr(testClient)
	for _, c := range []struct {
		scheme string
		p      SignParams
		want   string
	}{
		{"gcore", SignParams{Target: "/a", Expires: 9}, "no key"},
		{"gcore", SignParams{Target: "/a", Key: key}, "expiry 0"},
		{"gcore", SignParams{Target: "/a", Key: key, Expires: -9}, "expiry -9"},
		{"gcore", SignParams{Target: "a.jpg", Key: key, Expires: 9}, "begin with /"},
		{"gcore", SignParams{Target: "", Key: key, Expires: 9}, "begin with /"},
		{"gcore", SignParams{Target: "/a b", Key: key, Expires: 9}, "percent-encode"},
		{"gcore", SignParams{Target: "/../a", Key: key, Expires: 9}, "below the root"},
		{"gcore", SignParams{Target: "/a", Key: key, Expires: 9, Prefix: 24}, "needs a client"},
		{"gcore", SignParams{Target: "/a", Key: key, Expires: 9, Client: client, Prefix: 33}, "outside 0 to 32"},
		{"gcore", SignParams{Target: "/a", Key: key, Expires: 9, Client: client, Prefix: -1}, "outside 0 to 32"},
		{"gcore", SignParams{Target: "/a", Key: key, Expires: 9, Client: netip.IPv6Loopback(), Prefix: 129}, "outside 0 to 128"},
		{"gcore", SignParams{Target: "/a", Key: key, Expires: 9, Speed: "1k"}, "belong to gcore-mp4"},
		{"gcore-mp4", SignParams{Target: "/a", Key: key, Expires: 9, Speed: "1&md5=x"}, "letters and digits"},
		{"gcore-mp4", SignParams{Target: "/a", Key: key, Expires: 9, Dir: true}, "no directory tokens"},
		{"gcore-video", SignParams{Target: "/a", Key: key, Expires: 9}, "names no asset"},
	} {
		got, err := Sign(scheme(t, c.scheme), c.p)
		if err == nil || got != "" || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), testKey) {
			t.Errorf("%s %q: got %q, %v", c.scheme, c.p.Target, got, err)
		}
	}
}

// FuzzSignVerify: what Sign makes verifies at its deadline, is late a second later, and belongs to one
// address, or one network, alone.
func FuzzSignVerify(f *testing.F) {
	for _, seed := range []string{"/", "/a/b.ts", "/a%20b?x=1", "https://h/%C3%A9/x#y", "/videos/7_a/x", "//a/../b", "/a?md5=1&EXPIRES=2", "/cmaf/7_a/AAAAAAAAAAAAAAAAAAAAAA/9/x"} {
		f.Add(seed, int64(1893456000), uint32(0xcb007107), uint8(24), uint8(1), "k", true)
		f.Add(seed, int64(1), uint32(0), uint8(0), uint8(3), "secret_key", false)
	}
	f.Fuzz(func(t *testing.T, target string, expires int64, client uint32, prefix, form uint8, secret string, dir bool) {
		key, err := NewKey(secret)
		if err != nil || expires == 1<<63-1 {
			t.Skip()
		}
		a := netip.AddrFrom4([4]byte{byte(client >> 24), byte(client >> 16), byte(client >> 8), byte(client)})
		other := netip.AddrFrom4([4]byte{^byte(client >> 24), byte(client >> 16), byte(client >> 8), byte(client)})
		p := SignParams{Target: target, Expires: expires, Client: a, Prefix: int(prefix), Form: Form(form % 4), Key: key}
		policy := Policy{Bound: true, Prefix4: prefix, Form: p.Form}
		for _, s := range Schemes() {
			p.Dir = dir && s.Name == "gcore"
			link, err := Sign(s, p)
			if err != nil {
				continue
			}
			v, keys := NewVerifier(s), []Key{key}
			at := func(client netip.Addr, time int64) Verdict {
				return v.Verify(Request{Target: []byte(link), Client: client, Time: time}, policy, keys).Verdict
			}
			if at(a, expires) != Valid || at(a, expires+1) != Expired || at(other, expires) == Valid {
				t.Errorf("%s: %q verifies as %v, later %v, elsewhere %v", s.Name, link, at(a, expires), at(a, expires+1), at(other, expires))
			}
		}
	})
}
