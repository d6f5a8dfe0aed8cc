package token

import (
	"net/netip"
	"slices"
	"strconv"
)

// Form is the text of an address that is cut to a prefix. No vendor has published which one the edge
// hashes, so it is an option. The zero value is [FormNetwork].
type Form uint8

// The forms, shown for 198.51.100.23 and /24. The octet forms exist for IPv4 and /8, /16 and /24;
// any other prefix falls back to the network address.
const (
	FormNetwork   Form = iota // 198.51.100.0
	FormCIDR                  // 198.51.100.0/24
	FormOctets                // 198.51.100
	FormOctetsDot             // 198.51.100.
)

var formWords = [4]string{"network", "cidr", "octets", "octets-dot"}

// String returns the form's word: "network", "cidr", "octets" or "octets-dot".
func (f Form) String() string {
	if int(f) >= len(formWords) {
		return "unknown"
	}
	return formWords[f]
}

// ParseForm is the inverse of [Form.String]; false for any other word.
func ParseForm(word string) (Form, bool) {
	i := slices.Index(formWords[:], word)
	return Form(max(i, 0)), i >= 0
}

// BindKind says how much of the client address goes into a hash.
type BindKind uint8

// The kinds of binding.
const (
	BindAddress BindKind = iota // the whole address
	BindNone                    // nothing: the link works anywhere
	BindMask                    // the address cut to a prefix
)

// Binding says which address text goes into a hash. Prefix and Form count for [BindMask] only. The
// zero value binds the whole address.
type Binding struct {
	Kind   BindKind
	Prefix uint8 // leading bits kept, 0 to 32 or 128; of an IPv4-mapped address those of its IPv4 part
	Form   Form
}

// String returns "address", "none", or prefix and form as in "/24 network".
func (b Binding) String() string {
	switch b.Kind {
	case BindAddress:
		return "address"
	case BindNone:
		return "none"
	}
	return "/" + strconv.Itoa(int(b.Prefix)) + " " + b.Form.String()
}

// UsualMasks are the masks that vendors speak of, in every form: /24 and /16 of IPv4 (four), /64, /56
// and /48 of IPv6. The slice is not to be changed.
func UsualMasks(four bool) []Binding {
	if four {
		return masks4
	}
	return masks6
}

var masks4, masks6 = masks([]uint8{24, 16}, FormOctetsDot), masks([]uint8{64, 56, 48}, FormCIDR)

func masks(prefixes []uint8, last Form) (list []Binding) {
	for _, prefix := range prefixes {
		for form := FormNetwork; form <= last; form++ {
			list = append(list, Binding{Kind: BindMask, Prefix: prefix, Form: form})
		}
	}
	return list
}

// AppendAddr appends the address as nginx prints it in $remote_addr (ngx_inet6_ntop in ngx_inet.c):
// RFC 5952 text, IPv4-mapped addresses as ::ffff:203.0.113.9, and the low 32 bits in dotted form where
// all before them is zero, as in ::203.0.113.9. Zones are dropped. The zero Addr appends nothing.
func AppendAddr(dst []byte, a netip.Addr) []byte {
	if !a.IsValid() {
		return dst
	}
	if a.Is4() {
		return a.AppendTo(dst)
	}
	if raw := a.As16(); dottedTail(raw) {
		return netip.AddrFrom4([4]byte(raw[12:])).AppendTo(append(dst, "::"...))
	}
	return a.WithZone("").AppendTo(dst)
}

// dottedTail reports whether nginx prints the last four bytes dotted behind "::". Its condition for
// seven zero groups, byte 14 not 0 and byte 15 not 1, is kept to the letter.
func dottedTail(raw [16]byte) bool {
	if [12]byte(raw[:12]) != [12]byte{} {
		return false
	}
	if raw[12] != 0 || raw[13] != 0 {
		return true
	}
	return raw[14] != 0 && raw[15] != 1
}

// AppendBound appends the address text a binding puts into the hash: nothing for [BindNone] and for
// the zero Addr. Bits beyond the address's length count as its length.
func AppendBound(dst []byte, a netip.Addr, b Binding) []byte {
	switch {
	case b.Kind == BindNone || !a.IsValid():
		return dst
	case b.Kind == BindAddress:
		return AppendAddr(dst, a)
	case a.Is4() && b.Form >= FormOctets && b.Prefix%8 == 0 && b.Prefix/8-1 < 3:
		return appendOctets(dst, a.As4(), b)
	}
	cut := maskOf(a, int(b.Prefix))
	dst = AppendAddr(dst, cut.Addr())
	if b.Form == FormCIDR {
		dst = strconv.AppendInt(append(dst, '/'), int64(cut.Bits()), 10)
	}
	return dst
}

func maskOf(a netip.Addr, bits int) netip.Prefix {
	a = a.WithZone("")
	if a.Is4In6() && bits <= 32 {
		bits += 96
	}
	cut, _ := a.Prefix(min(bits, a.BitLen())) // the error is for lengths out of range
	return cut
}

func appendOctets(dst []byte, octets [4]byte, b Binding) []byte {
	for i := range b.Prefix / 8 {
		if i > 0 {
			dst = append(dst, '.')
		}
		dst = strconv.AppendUint(dst, uint64(octets[i]), 10)
	}
	if b.Form == FormOctetsDot {
		dst = append(dst, '.')
	}
	return dst
}
