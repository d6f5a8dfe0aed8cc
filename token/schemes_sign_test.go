package token

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

var makePrivateKey = sync.OnceValues(func() (string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})), nil
})

func testPrivateKey(t testing.TB) string {
	t.Helper()
	text, err := makePrivateKey()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// signedForms are the schemes in every form that Sign writes.
func signedForms(t testing.TB) []*Scheme {
	out := Schemes()
	for _, name := range []string{"bunny:md5", "bunny:sha256", "fastly:path", "cloudflare:t,60", "akamai:hdnea",
		"nginx:$arg_k;KEY$remote_addr$uri", "nginx:$arg_st,$arg_e;$secure_link_expires KEY", "nginx:$arg_st,$arg_e;$binary_remote_addr$uri KEY$secure_link_expires", "nginx:secure_link_secret KEY"} {
		out = append(out, scheme(t, name))
	}
	return out
}

var signTargets = []string{"https://h.example/a/b.ts", "https://h.example/a%20b?x=1&token=2&h=3", "/a/b.ts", "/p/q/r?secure=1",
	"http://h.example/bcdn_token=x&expires=1/a/b", "https://h.example/é/%C3%A9/c?Policy=1&Signature=2#f",
	"/kaGd_cu6Iy4LDgfX3jy5Rw==,1333497600/images/photo.png", "/videos/7_a/x"}

// FuzzSignVerifyAll: what Sign makes of any target verifies until its deadline, for its address, and signing it again
// changes nothing.
func FuzzSignVerifyAll(f *testing.F) {
	for _, target := range signTargets {
		f.Add(target, int64(1893456000), uint32(0xcb007107), uint8(0), true, false)
		f.Add(target, int64(1893456001), uint32(0xcb007107), uint8(24), false, true)
		f.Add(target, int64(1893456001), uint32(0), uint8(0), true, true)
	}
	forms := signedForms(f)
	f.Fuzz(func(t *testing.T, target string, expires int64, client uint32, prefix uint8, bound, dir bool) {
		a := netip.AddrFrom4([4]byte{byte(client >> 24), byte(client >> 16), byte(client >> 8), byte(client)})
		p := SignParams{Target: target, Expires: expires, Dir: dir, KeyID: "K2JCJMDEHXQW5F"}
		for _, s := range forms {
			p.Key, p.Client, p.Prefix = otherKey(t, s), netip.Addr{}, 0
			if bound && s.Binds {
				p.Client, p.Prefix = a, int(prefix)
			}
			link, err := Sign(s, p)
			if err != nil {
				continue
			}
			roundTrip(t, s, p, link)
		}
	})
}

func TestEverySchemeSigns(t *testing.T) {
	for _, s := range signedForms(t) {
		p := SignParams{Target: "https://h.example/p/a%20b.ts?x=1", Expires: testTime, Key: otherKey(t, s), KeyID: "K"}
		if s.Name == "gcore-video" {
			p.Target = "/videos/7_a/x"
		}
		for _, dir := range []bool{false, true} {
			p.Dir = dir && !s.fileOnly && s.Name != "gcore-mp4" && s.signs != plainMD5
			link, err := Sign(s, p)
			if err != nil {
				t.Errorf("%s: %v", s.Name, err)
				continue
			}
			roundTrip(t, s, p, link)
		}
	}
}

func roundTrip(t *testing.T, s *Scheme, p SignParams, link string) {
	t.Helper()
	v, policy := NewVerifier(s), Policy{Bound: p.Client.IsValid(), Prefix4: uint8(p.Prefix)}
	at := func(client netip.Addr, time int64) Result {
		return v.Verify(Request{Target: []byte(link), Client: client, Time: time}, policy, []Key{p.Key})
	}
	got := at(p.Client, min(p.Expires, Never))
	if got.Verdict != Valid {
		t.Errorf("%s: %q of %+v is %v %q", s.Name, link, p, got.Verdict, got.Detail)
		return
	}
	if got.Deadline != Never && at(p.Client, p.Expires+1).Verdict != Expired {
		t.Errorf("%s: %q holds too long", s.Name, link)
	}
	if p.Client.IsValid() && (p.Prefix == 0 || p.Prefix == 32) && at(p.Client.Next(), p.Expires).Verdict == Valid {
		t.Errorf("%s: %q holds for another address", s.Name, link)
	}
	p.Target = link
	again, err := Sign(s, p)
	if err != nil || again != link {
		t.Errorf("%s: %q signed again is %q, %v", s.Name, link, again, err)
	}
}

func TestSignOfSchemesRefuses(t *testing.T) {
	client := netip.MustParseAddr(testClient)
	public, err := publicPEM(testPrivateKey(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		scheme, key, want string
		p                 SignParams
	}{
		{"keycdn", "", "cannot be bound", SignParams{Target: "/a", Client: client}},
		{"fastly", "", "no directory tokens", SignParams{Target: "/a", Dir: true}},
		{"bunny", "", "whole addresses", SignParams{Target: "/a", Client: client, Prefix: 24}},
		{"bunny:md5", "", "no directory tokens", SignParams{Target: "/a/b", Dir: true}},
		{"akamai", "", "whole addresses", SignParams{Target: "/a", Client: client, Prefix: 24}},
		{"akamai", "not hex", "hexadecimal", SignParams{Target: "/a"}},
		{"fastly", "§", "base64", SignParams{Target: "/a"}},
		{"mediavault", "", "whole URL", SignParams{Target: "/a"}},
		{"cloudfront", "", "whole URL", SignParams{Target: "/a", KeyID: "K"}},
		{"cloudfront", "", "Key-Pair-Id", SignParams{Target: "https://h/a"}},
		{"cloudfront", public, "private key", SignParams{Target: "https://h/a", KeyID: "K"}},
		{"cloudflare", "", "ten digits", SignParams{Target: "/a", Expires: 9}},
		{"nginx:secure_link_secret KEY", "", "prefix", SignParams{Target: "/a"}},
	} {
		s := scheme(t, c.scheme)
		c.p.Key = otherKey(t, s)
		if c.key != "" {
			c.p.Key = Key{&c.key}
		}
		if c.p.Expires == 0 {
			c.p.Expires = testTime
		}
		got, err := Sign(s, c.p)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %q, %v, want %s", c.scheme, got, err, c.want)
		}
	}
}

func publicPEM(private string) (string, error) {
	key, err := publicKey(private)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), err
}

// What the request will show is hashed as the edge will see it.
func TestSignHashesWhatIsSeen(t *testing.T) {
	s := scheme(t, "nginx:$arg_st,$arg_e;$secure_link_expires$uri$host$http_user_agent$http_referer KEY")
	seen := Seen{Host: []byte("h.example"), UserAgent: []byte("agent/1"), Referer: []byte("https://r/")}
	p := SignParams{Target: "/a", Expires: testTime, Key: mustKey(t, testKey), Seen: seen}
	link, err := Sign(s, p)
	if want := "/a?st=" + seal("1893456000/ah.exampleagent/1https://r/ secret_key") + "&e=1893456000"; err != nil || link != want {
		t.Fatalf("got %s, %v, want %s", link, err, want)
	}
	v := NewVerifier(s)
	for agent, want := range map[string]Verdict{"agent/1": Valid, "agent/2": UnresolvedSignature} {
		seen.UserAgent = []byte(agent)
		if got := v.Verify(Request{Target: []byte(link), Time: testTime, Seen: seen}, Policy{}, []Key{p.Key}); got.Verdict != want {
			t.Errorf("%s: got %v", agent, got.Verdict)
		}
	}
}
