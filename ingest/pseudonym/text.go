package pseudonym

import (
	"bytes"
	"net/netip"
	"strings"
)

// cut stands for what could be part of an address.
const cut = "…"

// Text returns text with pseudonyms in the place of the addresses in it: IPv4 as
// four numbers, with zeros before them or not, IPv6 in every spelling, and either
// with its dots and colons percent-encoded. What a browser or player calls its
// version, as in Chrome/120.0.0.0, stays.
func (m *Map) Text(text string) string {
	if m == nil || !suspicious(text) {
		return text
	}
	return replace(text, m.Of, false)
}

// Line is Text for what did not parse: parts of addresses, as of masked ones, are
// cut out.
func (m *Map) Line(text string) string {
	if m == nil {
		return text
	}
	return replace(text, m.Of, true)
}

// RealText undoes Text where all addresses in a text were replaced.
func (m *Map) RealText(text string) string {
	if m == nil || !suspicious(text) {
		return text
	}
	return replace(text, m.Real, false)
}

// suspicious reports whether a text can hold an address.
func suspicious(text string) bool {
	return strings.Count(text, ".") > 2 || strings.Count(text, ":") > 1 || strings.Count(text, "%") > 1
}

// replace goes through a text from the left and takes the longest address that
// begins at a place.
func replace(text string, other func(netip.Addr) netip.Addr, parts bool) string {
	var out strings.Builder
	done := 0
	for i := 0; i < len(text); {
		if !begins(text[i]) {
			i++
			continue
		}
		r := readRun(text[i:])
		a, n := r.address()
		switch {
		case n == 0 && parts && (i == 0 || !begins(text[i-1]) && text[i-1] != '.') && r.partial():
			out.WriteString(text[done:i] + cut)
			i += int(r.end[r.n-1])
			done = i
		case n == 0:
			i++
		case !parts && version(text, i, r.text[:n]):
			i += int(r.end[n-1])
		default:
			out.WriteString(text[done:i] + other(a).String())
			i += int(r.end[n-1])
			done = i
		}
	}
	out.WriteString(text[done:])
	return out.String()
}

func begins(c byte) bool { return hexDigit(c) || c == ':' || c == '%' }

func hexDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// longest is more than the longest spelling of an address has: of IPv6 39, with
// IPv4 in it 45.
const longest = 48

// run is a stretch of text with nothing in it but what addresses are written
// with.
type run struct {
	text [longest]byte  // decoded
	end  [longest]uint8 // where each byte of it ends in the text
	n    int
}

func readRun(text string) (r run) {
	for i := 0; i < len(text) && r.n < longest; r.n++ {
		c, size := text[i], 1
		if c == '%' && i+2 < len(text) {
			switch strings.ToLower(text[i+1 : i+3]) {
			case "3a":
				c, size = ':', 3
			case "2e":
				c, size = '.', 3
			}
		}
		if !hexDigit(c) && c != ':' && c != '.' {
			break
		}
		i += size
		r.text[r.n], r.end[r.n] = c, uint8(i)
	}
	return r
}

// address is the longest address that the run begins with, and its length in the
// decoded text; 0 where there is none.
func (r *run) address() (a netip.Addr, n int) {
	if text := r.text[:r.n]; bytes.Count(text, []byte{'.'}) < 3 && bytes.Count(text, []byte{':'}) < 2 {
		return a, 0
	}
	for n = r.n; n > 1; n-- {
		text := r.text[:n]
		if !hexDigit(text[n-1]) && text[n-1] != ':' {
			continue
		}
		if a, ok := parse4(text); ok {
			return a, n
		}
		if a, ok := parse6(text); ok {
			return a, n
		}
	}
	return netip.Addr{}, 0
}

// parse4 reads four numbers of up to three digits.
func parse4(text []byte) (netip.Addr, bool) {
	var octets [4]byte
	at, digits, value := 0, 0, 0
	for i := 0; i <= len(text); i++ {
		if i == len(text) || text[i] == '.' {
			if digits == 0 || digits > 3 || value > 255 || at == len(octets) {
				return netip.Addr{}, false
			}
			octets[at] = byte(value)
			at, digits, value = at+1, 0, 0
			continue
		}
		if text[i] < '0' || text[i] > '9' {
			return netip.Addr{}, false
		}
		digits, value = digits+1, min(10*value+int(text[i]-'0'), 1000)
	}
	return netip.AddrFrom4(octets), at == len(octets)
}

// parse6 reads an address of IPv6, unless it is so short that it must be
// something else, as in "std::bad": that of a client has its first group whole,
// or three groups.
func parse6(text []byte) (netip.Addr, bool) {
	groups, digits, first := 0, 0, 0
	for i, c := range text {
		if c == ':' || c == '.' {
			digits = 0
			continue
		}
		if digits++; digits == 1 {
			groups++
		}
		if groups == 1 && i == first {
			first++
		}
	}
	if groups < 3 && first != 4 {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(string(text))
	return a, err == nil && a.Is6()
}

// version reports whether what looks like an address is the version of a browser or player behind its name
// and a slash: number and zeros, or one of 1.0.0.0/24, as AppleCoreMedia writes it, where nobody views
// (the network is APNIC's and Cloudflare's, for research).
func version(text string, at int, number []byte) bool {
	n := string(number)
	return at > 0 && text[at-1] == '/' && (strings.HasSuffix(n, ".0.0.0") || strings.HasPrefix(n, "1.0.0.")) && strings.Count(n, ".") == 3
}

// partial reports whether a run looks like the beginning of an address, and is neither a time nor a
// version with one dot.
func (r *run) partial() bool {
	dots, colons, letters, longer := 0, 0, false, false
	digits := 0
	for _, c := range r.text[:r.n] {
		switch {
		case c == '.':
			dots, digits = dots+1, 0
		case c == ':':
			colons, digits = colons+1, 0
		default:
			digits++
			letters = letters || c > '9'
			longer = longer || digits > 2 && colons > 0
		}
	}
	return dots > 1 || colons > 1 && letters || colons > 2 && longer || colons > 3
}
