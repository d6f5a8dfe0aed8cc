package rig

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
)

// maker makes cases at random. What nginx hashes is known by construction: a
// path is chosen first and spelled out afterwards.
type maker struct {
	*rand.Rand
	hosts []Host
}

func (g maker) one() Case {
	h := g.hosts[g.IntN(len(g.hosts))]
	path := g.path()
	address := g.address()
	expires, want := g.expires()
	token, sound := g.token(h, path, expires, address)
	if !sound {
		want = 0
	}
	query, sound := g.query(token, expires)
	if !sound {
		want = 0
	}
	target := g.spell(path)
	if g.IntN(12) == 0 {
		target = "http://" + h.Name + target
	}
	return Case{"made", h.Name, target + query, g.spellAddress(address), want}
}

func (g maker) chance(percent int) bool { return g.IntN(100) < percent }

func pick[T any](g maker, from ...T) T { return from[g.IntN(len(from))] }

var pieces = []string{"a", "B", "seg", "00017", ".ts", ".m3u8", "-", "_", "~", " ", "ф", "é", "+", ";", "@", ":", "%", "?", "#", "&", "=", ",", `"`, `\`, "'", "$", "\xff", "\x80\n", "(1)", "%20", ".."}

// path is a decoded, normalised path.
func (g maker) path() string {
	var b strings.Builder
	for range 1 + g.IntN(4) {
		b.WriteByte('/')
		b.WriteString("v") // so that no segment is . or ..
		for range g.IntN(4) {
			b.WriteString(pieces[g.IntN(len(pieces))])
		}
	}
	if g.chance(10) {
		b.WriteByte('/')
	}
	return b.String()
}

// spell writes a path as a client might: escapes, extra slashes, dot segments.
func (g maker) spell(path string) string {
	var b strings.Builder
	noisy := g.chance(30)
	escapes := pick(g, 0, 0, 5, 50)
	for i := range len(path) {
		c := path[i]
		switch {
		case c == '/' && noisy:
			b.WriteString(g.slash(i > 0))
		case needsEscape(c) || c != '/' && g.chance(escapes) || c >= 0x80 && g.chance(50):
			b.WriteString(fmt.Sprintf(pick(g, "%%%02X", "%%%02x"), c))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// slash is a spelling of one; escaped only where a target may begin with it.
func (g maker) slash(escaped bool) string {
	if escaped && g.chance(20) {
		return "%2F"
	}
	return pick(g, "/", "/", "//", "/./", "/x/../", "/%2e/", "/y%2F%2e%2E/")
}

func needsEscape(c byte) bool { return c <= ' ' || c == '%' || c == '?' || c == '#' || c == 0x7f }

func (g maker) address() netip.Addr {
	if g.chance(60) {
		return netip.AddrFrom4([4]byte{pick[byte](g, 203, 198, 10, 100), byte(g.IntN(3)), byte(g.IntN(256)), byte(g.IntN(256))})
	}
	a := netip.MustParseAddr(pick(g, "2001:db8:1:2::", "2001:db8:0:1::", "2001:db8::", "2a00:1:2:3::", "2a00:1:2::", "2001:db8:7:8::", "::", "::ffff:0:0", "64:ff9b::", "fe80::")).As16()
	for i := pick(g, 8, 10, 12, 14); i < 16; i++ {
		if g.chance(60) && i != 10 && i != 11 {
			a[i] |= byte(g.IntN(256))
		}
	}
	return netip.AddrFrom16(a)
}

// spellAddress is the address as a proxy might send it.
func (g maker) spellAddress(a netip.Addr) string {
	if a.Is4() {
		return a.String()
	}
	b := a.As16()
	quad := fmt.Sprintf("%d.%d.%d.%d", b[12], b[13], b[14], b[15])
	long := a.StringExpanded()
	if a.Is4In6() {
		long = "0000:0000:0000:0000:0000:ffff:" + fmt.Sprintf("%02x%02x:%02x%02x", b[12], b[13], b[14], b[15])
	}
	return pick(g, a.String(), addressText(a), strings.ToUpper(a.String()), long, strings.ToUpper(long), long[:30]+quad)
}

// expires is the text of the parameter, and the status of a good link with it.
func (g maker) expires() (text string, want int) {
	switch roll := g.IntN(20); {
	case roll < 11:
		return fmt.Sprint(1893456000 + g.IntN(1000)), 200
	case roll < 15:
		return fmt.Sprint(1600000000 + g.IntN(1000)), 410
	case roll < 16:
		return strings.Repeat("0", 1+g.IntN(20)) + far, 200
	case roll < 17:
		return pick(g, "1", "01", "9999999999", "9223372036854775807"), 0
	}
	return pick(g, "0", "000", "-1", "+"+far, "%20"+far, far+"%20", far+".0", far+",", ","+far, "abc", "0x70DBD880", "1e9", "",
		"9223372036854775808", "18446744073709551617", "99999999999999999999999", far+"%00", "1893456%30000"), 403
}

// token is the md5 parameter; sound says that it was signed as the host wants it.
func (g maker) token(h Host, path, expires string, a netip.Addr) (token string, sound bool) {
	switch roll := g.IntN(20); {
	case roll < 10:
		return h.Sign(path, expires, a), true
	case roll < 15:
		return g.bend(h.Sign(path, expires, a)), false
	case roll < 18:
		return Token(expires, g.otherPath(path), h.Address(a), h.Key), false
	}
	return Token(expires, h.Hashed(path), g.otherAddress(a), h.Key), false
}

func (g maker) otherPath(path string) string {
	dir := path[:strings.LastIndexByte(path, '/')+1]
	return pick(g, path, dir, strings.TrimSuffix(dir, "/"), "/", "/v/", path+"/", g.spell(path), path[1:])
}

func (g maker) otherAddress(a netip.Addr) string {
	if !a.Is4() {
		return pick(g, "", a.StringExpanded(), strings.ToUpper(a.String()), a.Unmap().String(), netip.PrefixFrom(a, 64).Masked().Addr().String())
	}
	near := a.As4()
	near[pick(g, 2, 3)]++
	p := netip.PrefixFrom(a, pick(g, 8, 16, 24)).Masked()
	return pick(g, "", a.String(), netip.AddrFrom4(near).String(), p.String(), p.Addr().String(), "::ffff:"+a.String())
}

// bend damages a token in ways that matter to base64url, or do not.
func (g maker) bend(t string) string {
	i := g.IntN(len(t))
	return pick(g,
		t+"=", t+"==", t+"=x", t+"===", t+"=,x", t+"A", t+"AA", t+"%3D", t[:21], t[:20], t[:i], "",
		t[:21]+string(pick(g, []byte(alternates(t))...)), t[:21]+string(otherBits(t)),
		t[:i]+string(alphabet[g.IntN(64)])+t[i+1:], t[:i]+pick(g, "+", "/", ",", "=", ".", "%", "\xff", "%2D")+t[i+1:],
		strings.ToUpper(t), strings.ToLower(t), strings.NewReplacer("-", "+", "_", "/").Replace(t),
		fmt.Sprintf("%x", t)[:32], t+"&", "%"+fmt.Sprintf("%02x", t[0])+t[1:])
}

// query puts the parameters together; sound says that nginx finds both.
func (g maker) query(token, expires string) (query string, sound bool) {
	m, e := "md5="+token, "expires="+expires
	if g.chance(60) {
		return pick(g, "?"+m+"&"+e, "?"+e+"&"+m, "?utm=1&"+m+"&x&"+e+"&", "?MD5="+token+"&Expires="+expires, "?"+m+"&"+e+"#top"), true
	}
	return pick(g,
		"?"+m+"&"+e+"&md5=x&expires=1", "?md5=x&"+m+"&"+e, "?expires=1&"+m+"&"+e, "?md5=&"+m+"&"+e,
		"?md5&"+m+"&expires&"+e, "?amd5=1&"+m+"&b"+e+"&"+e, "?"+m+";"+e, "?"+m+"&amp;"+e, "??"+m+"&"+e, "?"+m, "?"+e, "?", "",
		"?%6dd5="+token+"&"+e, "?md5%3D"+token+"&"+e, "?md5=="+token+"&"+e, "? md5="[:1]+m+"&"+e+"?", "?&=&"+m+"&"+e,
		"?md5[]=1&"+m+"&"+e, "#"+m+"&"+e, "?a="+m+"&"+m+"&"+e, "?"+e+"&"+m+"?x"), false
}
