package token

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
)

// withAddress tries another text of the address over file and directory.
func (e *Examiner) withAddress(text []byte) bool { return e.either(e.addressed(text)) }

// addressed is what the edge hashes, but for another text of the address.
func (e *Examiner) addressed(text []byte) recipe {
	r := e.right
	r.address = text
	return r
}

func (e *Examiner) withBinding(b Binding) bool {
	e.text = e.appendBound(e.text[:0], e.client, b)
	e.found.Client = e.client
	return e.withAddress(e.text)
}

func (e *Examiner) noAddress() bool {
	if e.binding.Kind == BindNone {
		return false
	}
	e.found.Client = netip.Addr{}
	return e.withAddress(nil)
}

func (e *Examiner) address() bool {
	return e.binding.Kind == BindNone && e.client.IsValid() && e.withBinding(Binding{})
}

// noMask tries the whole address; bunny's edge cuts those of IPv6 unasked.
func (e *Examiner) noMask() bool {
	if e.binding.Kind == BindMask {
		return e.withBinding(Binding{})
	}
	if !e.inBytes() || !e.plain6() {
		return false
	}
	raw := e.client.As16()
	e.text = append(e.text[:0], raw[:]...)
	return e.withAddress(e.text)
}

// inBytes reports whether the edge hashes the bytes of the address, not its text.
func (e *Examiner) inBytes() bool {
	e.text = e.appendBound(e.text[:0], e.client, Binding{})
	e.number = AppendAddr(e.number[:0], e.client)
	return e.client.IsValid() && !bytes.Equal(e.text, e.number)
}

func (e *Examiner) addressText() bool {
	return e.inBytes() && e.withAddress(e.number)
}

// maskedAddress tries the usual masks.
func (e *Examiner) maskedAddress() bool {
	return e.client.IsValid() && slices.ContainsFunc(UsualMasks(e.client.Unmap().Is4()), e.withBinding)
}

// plain6 is whether the client has an IPv6 address that is not an IPv4 one in disguise.
func (e *Examiner) plain6() bool { return e.client.Is6() && !e.client.Is4In6() }

func (e *Examiner) upperIPv6() bool {
	if !e.plain6() {
		return false
	}
	e.text = upper(AppendAddr(e.text[:0], e.client))
	return e.withAddress(e.text)
}

func upper(text []byte) []byte {
	for i, c := range text {
		if 'a' <= c && c <= 'z' {
			text[i] -= 0x20
		}
	}
	return text
}

// expandedIPv6 tries 2001:0db8:0000:… and 2001:db8:0:…, in both cases.
func (e *Examiner) expandedIPv6() bool {
	if !e.plain6() {
		return false
	}
	for _, padded := range [...]bool{true, false} {
		e.text = appendGroups(e.text[:0], e.client.As16(), padded)
		if e.withAddress(e.text) || e.withAddress(upper(e.text)) {
			return true
		}
	}
	return false
}

func appendGroups(dst []byte, raw [16]byte, padded bool) []byte {
	for i := 0; i < len(raw); i += 2 {
		if i > 0 {
			dst = append(dst, ':')
		}
		if padded {
			dst = hex.AppendEncode(dst, raw[i:i+2])
		} else {
			dst = appendGroup(dst, raw[i], raw[i+1])
		}
	}
	return dst
}

func appendGroup(dst []byte, high, low byte) []byte {
	return strconv.AppendUint(dst, uint64(high)<<8|uint64(low), 16)
}

func (e *Examiner) bracketedIPv6() bool {
	if !e.plain6() {
		return false
	}
	e.text = append(AppendAddr(append(e.text[:0], '['), e.client), ']')
	return e.withAddress(e.text)
}

// mappedIPv6 tries ::ffff:203.0.113.9, ::FFFF:203.0.113.9 and ::ffff:cb00:7109 for an IPv4 client, and the
// plain address for one the edge saw mapped.
func (e *Examiner) mappedIPv6() bool {
	if !e.client.IsValid() || e.plain6() {
		return false
	}
	plain := e.client.Unmap()
	if e.client.Is4In6() {
		e.text = AppendAddr(e.text[:0], plain)
		return e.withAddress(e.text)
	}
	for _, prefix := range [...]string{"::ffff:", "::FFFF:"} {
		e.text = AppendAddr(append(e.text[:0], prefix...), plain)
		if e.withAddress(e.text) {
			return true
		}
	}
	raw := plain.As4()
	e.text = appendGroup(append(e.text[:0], "::ffff:"...), raw[0], raw[1])
	e.text = appendGroup(append(e.text, ':'), raw[2], raw[3])
	return e.withAddress(e.text)
}

// wrappedAddress tries the address in the clothes of headers and libraries.
func (e *Examiner) wrappedAddress() bool {
	if !e.client.IsValid() {
		return false
	}
	around := [...][2]string{{"", " "}, {" ", ""}, {"", "\n"}, {"", ","}, {`"`, `"`}, {"'", "'"}, {"for=", ""}, {`for="[`, `]"`}, {"", "/32"}, {"", "/128"}}
	for _, w := range around {
		e.text = append(AppendAddr(append(e.text[:0], w[0]...), e.client), w[1]...)
		if e.withAddress(e.text) {
			return true
		}
	}
	return false
}

// integerAddress tries what PHP's ip2long gives, on machines of 64 bits and of 32.
func (e *Examiner) integerAddress() bool {
	a := e.client.Unmap()
	if !a.Is4() {
		return false
	}
	raw := a.As4()
	n := uint32(raw[0])<<24 | uint32(raw[1])<<16 | uint32(raw[2])<<8 | uint32(raw[3])
	e.text = strconv.AppendUint(e.text[:0], uint64(n), 10)
	if e.withAddress(e.text) {
		return true
	}
	e.text = strconv.AppendInt(e.text[:0], int64(int32(n)), 10)
	return e.withAddress(e.text)
}

// How many of the common proxies are tried beside a client in lists of two addresses, and of three.
const proxiesInPairs, proxiesInThrees = 12, 4

// addressList tries lists of two, in both orders, of the client with itself, the other clients and the commonest
// proxies, and lists of three that begin with the client, as proxies append what they see.
func (e *Examiner) addressList() bool {
	if !e.client.IsValid() {
		return false
	}
	for _, others := range [...][]netip.Addr{{e.client}, e.others, e.proxies[:proxiesInPairs]} {
		for _, other := range others {
			for _, comma := range [...]string{", ", ","} {
				if e.listed(comma, e.client, other) || e.listed(comma, other, e.client) {
					return true
				}
			}
		}
	}
	behind := [1 + proxiesInThrees]netip.Addr{e.client}
	copy(behind[1:], e.proxies)
	for _, second := range behind {
		for _, third := range behind {
			if e.listed(", ", e.client, second, third) {
				return true
			}
		}
	}
	return false
}

func (e *Examiner) listed(comma string, list ...netip.Addr) bool {
	e.text = AppendAddr(e.text[:0], list[0])
	for _, a := range list[1:] {
		e.text = AppendAddr(append(e.text, comma...), a)
	}
	return e.withAddress(e.text)
}

func (e *Examiner) placeholder() bool {
	e.found.Client = netip.Addr{}
	for _, word := range [...]string{"unknown", "undefined", "null", "NULL", "None", "nil", "<nil>", "false", "-", "0.0.0.0", "::", "localhost", "Array", "[object Object]", "$remote_addr", "REMOTE_ADDR"} {
		e.text = append(e.text[:0], word...)
		if e.withAddress(e.text) {
			return true
		}
	}
	return false
}

// privateAddress tries [commonProxies], once a key.
func (e *Examiner) privateAddress() bool {
	if !e.first {
		return false
	}
	for _, a := range e.likelyProxies() {
		e.found.Client = a
		e.text = e.appendBound(e.text[:0], a, Binding{})
		if e.withAddress(e.text) {
			return true
		}
	}
	return false
}

// likelyProxies returns those of the common proxies that can be what was hashed: one at most, where the
// SIMD lanes can tell.
func (e *Examiner) likelyProxies() []netip.Addr {
	if !e.laned() || e.scheme.address != nil || e.scheme.ipText {
		return e.proxies
	}
	e.sifted, e.seeks = len(e.proxies), aProxy
	e.withAddress(addressMark)
	if e.seeks == nothing {
		return e.proxies
	}
	e.seeks = nothing
	return e.proxies[e.sifted:min(e.sifted+1, len(e.proxies))]
}
