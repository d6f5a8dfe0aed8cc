package format

import (
	"bytes"
	"net/netip"
	"strings"
	"unsafe"
)

// Address reads the address that b holds, as the lines of a log have it: bare, with a zone, with a port, bracketed or (where it can be
// told) not. Of a list, as in X-Forwarded-For, it is the first public one, which is the client's where the proxies are honest; the
// first of all where none is public. Words such as "unknown" are passed over. Zones are dropped, IPv4-mapped addresses kept.
func Address(b []byte) (netip.Addr, bool) {
	if a, ok := quad(b); ok {
		return a, true
	}
	if a, ok := bareIPv6(b); ok {
		return a, true
	}
	if bytes.IndexByte(b, ',') < 0 {
		return oneAddress(b)
	}
	var first netip.Addr
	for len(b) > 0 {
		part := b
		if i := bytes.IndexByte(b, ','); i >= 0 {
			part, b = b[:i], b[i+1:]
		} else {
			b = nil
		}
		a, ok := oneAddress(part)
		switch {
		case ok && !private(a):
			return a, true
		case ok && !first.IsValid():
			first = a
		}
	}
	return first, first.IsValid()
}

// private reports whether no client on the public internet has an address (RFC 1918, RFC 4193, loopback,
// link-local). Shared carrier addresses (RFC 6598) are not counted: a carrier's own servers see them.
func private(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast()
}

func oneAddress(b []byte) (netip.Addr, bool) {
	b = loneAddress(b)
	if a, ok := quad(b); ok {
		return a, true
	}
	if len(b) < 2 || len(b) > 45 || bytes.IndexByte(b, ':') < 0 {
		return netip.Addr{}, false
	}
	if a, ok := parseAddr(b); ok {
		return a, true
	}
	return gluedIPv6(b)
}

// gluedIPv6 reads an IPv6 address that a port follows without brackets, as AWS has it: 2001:db8:1:2:3:4:5:6:50718. Where the port might
// be the last part of a shorter address (2001:db8::7:443), it was taken for that, unless the log's other addresses tell (portSeen).
func gluedIPv6(b []byte) (netip.Addr, bool) {
	colon := bytes.LastIndexByte(b, ':')
	port, ok := number(b[colon+1:])
	if !ok || port > 1<<16-1 || colon < 2 {
		return netip.Addr{}, false
	}
	a, ok := parseAddr(b[:colon])
	return a, ok && a.Is6()
}

// unglued cuts the port off an IPv6 address without brackets, in a log whose addresses all bear one.
func unglued(b []byte) []byte {
	colon := bytes.LastIndexByte(b, ':')
	if _, ok := gluedIPv6(b); ok {
		return b[:colon]
	}
	return b
}

// portSeen counts the addresses of a sample that bear a port, and those that bear none; those of which nothing tells are in neither.
type portSeen struct{ with, without int }

func (s *portSeen) note(b []byte) {
	dot, colon := bytes.IndexByte(b, '.'), bytes.IndexByte(b, ':')
	switch {
	case bytes.IndexByte(b, ',') >= 0:
	case dot < 0:
		_, bare := bareIPv6(b)
		_, glued := gluedIPv6(b)
		switch {
		case glued && !bare:
			s.with++
		case bare && !glued: // 2001:db8::beef ends with no port
			s.without++
		}
	case colon < 0:
		s.without++
	case dot < colon:
		s.with++
	}
}

// all reports whether IPv6 addresses without brackets bear a port, too, whose digits alone do not tell it:
// 2001:db8::7:443.
func (s *portSeen) all() bool { return s.with > 0 && s.without == 0 }

// bareIPv6 reads an address of hexadecimal digits and colons alone.
func bareIPv6(b []byte) (netip.Addr, bool) {
	if len(b) < 2 || len(b) > 39 {
		return netip.Addr{}, false
	}
	colons := 0
	for _, c := range b {
		switch {
		case c == ':':
			colons++
		case '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f':
		default:
			return netip.Addr{}, false
		}
	}
	if colons < 2 {
		return netip.Addr{}, false
	}
	return parseAddr(b)
}

func parseAddr(b []byte) (netip.Addr, bool) {
	// The string lives no longer than this call: an Addr without a zone keeps no text, and the error is dropped.
	a, err := netip.ParseAddr(unsafe.String(&b[0], len(b)))
	return a, err == nil
}

// loneAddress cuts away what may surround an address: brackets, a port, a zone.
func loneAddress(b []byte) []byte {
	b = bytes.TrimSpace(b)
	if len(b) > 0 && b[0] == '[' {
		end := bytes.IndexByte(b, ']')
		if end < 0 || end+1 < len(b) && b[end+1] != ':' {
			return nil
		}
		b = b[1:end]
	} else if i := bytes.IndexByte(b, ':'); i >= 0 && bytes.IndexByte(b[i+1:], ':') < 0 {
		if _, ok := number(b[i+1:]); !ok {
			return nil
		}
		b = b[:i]
	}
	if i := bytes.IndexByte(b, '%'); i >= 0 {
		b = b[:i]
	}
	return b
}

// quad reads a dotted IPv4 address, with the strictness of netip.ParseAddr.
func quad(b []byte) (netip.Addr, bool) {
	if len(b) < 7 || len(b) > 15 {
		return netip.Addr{}, false
	}
	if cap(b) >= 16 {
		return shortQuad(b)
	}
	var four [4]byte
	part, digits, value := 0, 0, 0
	for _, c := range b {
		switch {
		case c == '.':
			if digits == 0 || part == 3 {
				return netip.Addr{}, false
			}
			four[part] = byte(value)
			part, digits, value = part+1, 0, 0
		case '0' <= c && c <= '9':
			if digits > 0 && value == 0 {
				return netip.Addr{}, false
			}
			value = value*10 + int(c-'0')
			digits++
			if value > 255 {
				return netip.Addr{}, false
			}
		default:
			return netip.Addr{}, false
		}
	}
	four[3] = byte(value)
	return netip.AddrFrom4(four), part == 3 && digits > 0
}

// masked reports whether what is no address is a pseudonym rather than broken: Gcore's masked_remote_addr
// ("<version>.<sha256 hex>"), a bare hash in hex (MD5, SHA-1, SHA-256), or a number replaced by x or *.
func masked(b []byte) bool {
	if n := len(b); (n == 32 || n == 40 || n == 64) && allIn(b, "0123456789abcdefABCDEF") {
		return true
	}
	if dot := bytes.IndexByte(b, '.'); dot > 0 && len(b)-dot-1 == 64 {
		_, ok := number(b[:dot])
		return ok && allIn(b[dot+1:], "0123456789abcdefABCDEF")
	}
	return len(b) >= 4 && len(b) <= 45 && allIn(b, "0123456789abcdefABCDEF.:xX*") &&
		bytes.ContainsAny(b, "xX*") && bytes.ContainsAny(b, ".:")
}

// allIn reports whether b holds no byte outside set.
func allIn(b []byte, set string) bool {
	for _, c := range b {
		if strings.IndexByte(set, c) < 0 {
			return false
		}
	}
	return true
}
