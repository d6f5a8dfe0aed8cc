package rig

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
)

// Case is one request of the differential test.
type Case struct {
	Name   string
	Host   string
	Target string // sent byte for byte
	Client string // value of the X-Client-IP header, in the spelling to be sent
	Want   int    // status that the measured tables or the construction demand; 0: only nginx knows
}

// Request is the case as it is sent; seq comes back in the oracle's [Answer].
func (c Case) Request(seq int) Request {
	return Request{c.Target, []string{
		"Host: " + c.Host, "X-Client-IP: " + c.Client, fmt.Sprint("X-Seq: ", seq), "User-Agent: rig",
	}}
}

const (
	secret = "secret_key"
	far    = "1893456000" // 2030-01-01
	past   = "1600000000"
	client = "203.0.113.7"
)

// Hosts are the virtual hosts that [Cases] speak to.
func Hosts() []Host {
	v6 := func(texts ...string) (p []netip.Prefix) {
		for _, t := range texts {
			p = append(p, netip.MustParsePrefix(t))
		}
		return p
	}
	mask := func(name string, bits int, form string, dir bool) Host {
		return Host{Name: name, Key: secret, Dir: dir, Bound: true, Prefix4: bits, Form: form}
	}
	hosts := []Host{
		{Name: "file.test", Key: secret, Bound: true},
		{Name: "dir.test", Key: secret, Bound: true, Dir: true},
		{Name: "open.test", Key: secret},
		{Name: "opendir.test", Key: secret, Dir: true},
		mask("net24.test", 24, FormNetwork, true),
		mask("net16.test", 16, FormNetwork, false),
		mask("cidr24.test", 24, FormCIDR, true),
		mask("cidr16.test", 16, FormCIDR, true),
		mask("octets24.test", 24, FormOctets, true),
		mask("octets16.test", 16, FormOctets, false),
		mask("dots24.test", 24, FormOctetsDot, true),
		mask("dots16.test", 16, FormOctetsDot, true),
		mask("net64.test", 24, FormNetwork, true),
		mask("cidr48.test", 24, FormCIDR, true),
	}
	hosts[12].Prefix6, hosts[12].Networks6 = 64, v6("2001:db8:1:2::/64", "2001:db8:0:1::/64", "2001:db8::/64", "2a00:1:2:3::/64")
	hosts[13].Prefix6, hosts[13].Networks6 = 48, v6("2001:db8:1::/48", "2001:db8::/48", "2a00:1:2::/48")
	return hosts
}

// HostNamed is one of [Hosts].
func HostNamed(name string) (Host, bool) {
	for _, h := range Hosts() {
		if h.Name == name {
			return h, true
		}
	}
	return Host{}, false
}

// Cases are every row measured of nginx, and after them generated ones: n in
// all, or the rows alone if n is smaller. The same seed gives the same cases.
func Cases(seed uint64, n int) []Case {
	cases := rows()
	g := maker{rand.New(rand.NewPCG(seed, 1)), Hosts()}
	for len(cases) < n {
		cases = append(cases, g.one())
	}
	return cases
}

// AroundNow are links that expire within three seconds of now: valid until the
// second of their expiry has passed, by nginx's own clock ([Answer.Start]).
func AroundNow(now int64) (cases []Case) {
	for d := int64(-3); d <= 3; d++ {
		cases = append(cases, row(fmt.Sprintf("expires now%+d", d), "/s/a", "/s/a", fmt.Sprint(now+d), 0))
	}
	return cases
}

// row is a request to file.test, signed over hashed and expires.
func row(name, path, hashed, expires string, want int) Case {
	token := Token(expires, hashed, client, secret)
	return Case{name, "file.test", path + "?md5=" + token + "&expires=" + expires, client, want}
}

func rows() []Case {
	cases := append(parameterRows(), tokenRows()...)
	cases = append(cases, pathRows()...)
	cases = append(cases, addressRows()...)
	return append(cases, scopeRows()...)
}

func parameterRows() (cases []Case) {
	t := Token(far, "/s/a", client, secret)
	bad := "A" + t[1:]
	if bad == t {
		bad = "B" + t[1:]
	}
	query := func(name, query string, want int) {
		query = strings.NewReplacer("GOOD", t, "BAD", bad, "FAR", far).Replace(query)
		cases = append(cases, Case{name, "file.test", "/s/a" + query, client, want})
	}
	query("plain", "?md5=GOOD&expires=FAR", 200)
	query("upper-case names", "?MD5=GOOD&EXPIRES=FAR", 200)
	query("mixed-case names", "?Md5=GOOD&exPires=FAR", 200)
	query("order swapped", "?expires=FAR&md5=GOOD", 200)
	query("extra parameters", "?a=1&md5=GOOD&b&expires=FAR&c=2", 200)
	query("duplicate md5, good then bad", "?md5=GOOD&md5=BAD&expires=FAR", 200)
	query("duplicate md5, bad then good", "?md5=BAD&md5=GOOD&expires=FAR", 403)
	query("duplicate expires, good then bad", "?md5=GOOD&expires=FAR&expires=1", 200)
	query("duplicate expires, bad then good", "?md5=GOOD&expires=1&expires=FAR", 403)
	query("empty md5, then good", "?md5=&md5=GOOD&expires=FAR", 403)
	query("name without value, then good", "?md5&md5=GOOD&expires=FAR", 200)
	query("longer name first", "?xmd5=BAD&md5=GOOD&expires=FAR", 200)
	query("semicolon between", "?md5=GOOD;expires=FAR", 403)
	query("HTML ampersand", "?md5=GOOD&amp;expires=FAR", 403)
	query("two question marks", "??md5=GOOD&expires=FAR", 403)
	query("fragment", "?md5=GOOD&expires=FAR#frag", 200)
	query("doubled ampersand", "?&&md5=GOOD&&expires=FAR&", 200)
	query("escaped name", "?%6Dd5=GOOD&expires=FAR", 403)
	query("no query", "", 403)
	query("empty query", "?", 403)
	query("no md5", "?expires=FAR", 403)
	query("no expires", "?md5=GOOD", 403)
	query("empty expires", "?md5=GOOD&expires=", 403)
	query("wrong hash", "?md5=BAD&expires=FAR", 403)
	cases = append(cases, row("expired", "/s/a", "/s/a", past, 410))
	cases = append(cases, row("expired and wrong hash", "/s/a", "/s/b", past, 403))
	for _, e := range []string{"0", "-1", "abc", far + "x", "%20" + far, "+" + far, far + ".0", "00", far + "%20", far + ",", "9223372036854775808", "99999999999999999999"} {
		cases = append(cases, row("expires "+e, "/s/a", "/s/a", e, 403))
	}
	cases = append(cases, row("leading zeros", "/s/a", "/s/a", "000"+far, 200))
	cases = append(cases, row("greatest expires", "/s/a", "/s/a", "9223372036854775807", 200))
	cases = append(cases, row("expires of one", "/s/a", "/s/a", "1", 410))
	query("leading zeros, hash over the number", "?md5=GOOD&expires=000FAR", 403)
	return cases
}

func tokenRows() (cases []Case) {
	t := Token(far, "/s/a", client, secret)
	odd := func(name, token string, want int) {
		cases = append(cases, Case{name, "file.test", "/s/a?md5=" + token + "&expires=" + far, client, want})
	}
	for _, tail := range []string{"==", "=", "=x", "=,"} {
		want := 200
		if tail == "=," {
			want = 403
		}
		odd("token with "+tail, t+tail, want)
	}
	odd("escaped padding", t+"%3D%3D", 403)
	odd("comma in the token", t[:11]+","+t[11:], 403)
	odd("21 characters", t[:21], 403)
	odd("23 characters", t+"A", 403)
	odd("24 characters", t+"AA", 403)
	odd("24 with padding inside", t[:21]+"==x", 403)
	odd("25 characters", t+"===", 403)
	odd("hexadecimal", "d41d8cd98f00b204e9800998ecf8427e", 403)
	odd("blank at the end", t+"%20", 403)
	for _, c := range alternates(t) {
		odd("alternate last character "+string(c), t[:21]+string(c), 200)
	}
	odd("last character with other bits", t[:21]+string(otherBits(t)), 403)
	for i := 0; ; i++ { // a path whose token holds both odd characters
		path := fmt.Sprintf("/s/%d", i)
		t := Token(far, path, client, secret)
		if strings.Contains(t, "-") && strings.Contains(t, "_") {
			target := func(token string) string { return path + "?md5=" + token + "&expires=" + far }
			return append(cases,
				Case{"base64url", "file.test", target(t), client, 200},
				Case{"standard base64", "file.test", target(strings.NewReplacer("-", "+", "_", "/").Replace(t)), client, 403},
				Case{"escaped minus", "file.test", target(strings.Replace(t, "-", "%2D", 1)), client, 403})
		}
	}
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// alternates are the 16 last characters that decode to the same 16 bytes.
func alternates(token string) string {
	first := strings.IndexByte(alphabet, token[21]) &^ 15
	return alphabet[first : first+16]
}

func otherBits(token string) byte {
	return alphabet[(strings.IndexByte(alphabet, token[21])+16)%64]
}

func addressRows() (cases []Case) {
	for _, c := range []struct{ name, sent, hashed string }{
		{"compressed", "2001:db8::1", "2001:db8::1"},
		{"upper case", "2001:DB8::AB", "2001:db8::ab"},
		{"expanded", "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
		{"one zero group", "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		{"one zero group, compressed by the client", "2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		{"two equal runs", "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"longer run last", "2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
		{"ends in zeros", "2001:db8:1:2:0:0:0:0", "2001:db8:1:2::"},
		{"IPv4-mapped", "::ffff:203.0.113.9", "::ffff:203.0.113.9"},
		{"IPv4-mapped in groups", "::ffff:cb00:7109", "::ffff:203.0.113.9"},
		{"IPv4-compatible", "::cb00:7109", "::203.0.113.9"},
		{"loopback", "::1", "::1"},
		{"unspecified", "::", "::"},
		{"last group above 255", "::abcd", "::0.0.171.205"},
		{"last group ending in 01", "::ab01", "::ab01"},
		{"NAT64", "64:ff9b::203.0.113.9", "64:ff9b::cb00:7109"},
		{"IPv4", "203.0.113.7", "203.0.113.7"},
	} {
		target := "/s/a?md5=" + Token(far, "/s/a", c.hashed, secret) + "&expires=" + far
		cases = append(cases, Case{c.name, "file.test", target, c.sent, 200})
		if c.sent != c.hashed {
			target = "/s/a?md5=" + Token(far, "/s/a", c.sent, secret) + "&expires=" + far
			cases = append(cases, Case{c.name + ", hash over the sent text", "file.test", target, c.sent, 403})
		}
	}
	bare := "/s/a?md5=" + Token(far, "/s/a", "203.0.113.9", secret) + "&expires=" + far
	return append(cases, Case{"IPv4-mapped, hash over the bare quad", "file.test", bare, "::ffff:203.0.113.9", 403})
}

// scopeRows try each host with its own rule and its neighbours: another file,
// directory, address of the /24 and of the /16.
func scopeRows() (cases []Case) {
	const signed = "198.51.100.23"
	for _, h := range Hosts() {
		add := func(name, path, token, client string, good bool) {
			want := 403
			if good {
				want = 200
			}
			cases = append(cases, Case{h.Name + ": " + name, h.Name, path + "?md5=" + token + "&expires=" + far, client, want})
		}
		t := h.Sign("/v/1/a.ts", far, netip.MustParseAddr(signed))
		within := func(bits int) bool { return !h.Bound || h.Prefix4 > 0 && h.Prefix4 <= bits }
		add("as signed", "/v/1/a.ts", t, signed, true)
		add("same /24", "/v/1/a.ts", t, "198.51.100.200", within(24))
		add("same /16", "/v/1/a.ts", t, "198.51.7.23", within(16))
		add("elsewhere", "/v/1/a.ts", t, "192.0.2.23", !h.Bound)
		add("other file", "/v/1/b.ts", t, signed, h.Dir)
		add("sub-directory", "/v/1/2/a.ts", t, signed, false)
		add("directory itself", "/v/1/", t, signed, h.Dir)
		address := h.Address(netip.MustParseAddr(signed))
		add("directory without slash", "/v/1/a.ts", Token(far, "/v/1", address, h.Key), signed, false)
		add("over the file", "/v/1/a.ts", Token(far, "/v/1/a.ts", address, h.Key), signed, !h.Dir)
		add("over the directory", "/v/1/a.ts", Token(far, "/v/1/", address, h.Key), signed, h.Dir)
		add("over the root", "/v/1/a.ts", Token(far, "/", address, h.Key), signed, false)
		add("no address", "/v/1/a.ts", Token(far, h.Hashed("/v/1/a.ts"), "", h.Key), signed, !h.Bound)
		add("other key", "/v/1/a.ts", Token(far, h.Hashed("/v/1/a.ts"), address, "other_key"), signed, false)
	}
	return cases
}
