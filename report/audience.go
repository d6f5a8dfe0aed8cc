package report

import (
	"net/netip"
	"strings"
)

// Audience is whom a document is for; it chooses wording and depth.
type Audience string

// The audiences.
const (
	ForEngineer Audience = "engineer" // everything
	ForSupport  Audience = "support"  // what the CDN's support needs to change the setting
	ForCustomer Audience = "customer" // plain words: no address, no token
)

// Audiences lists the audiences, the default one first. The caller owns the
// slice.
func Audiences() []string {
	return []string{string(ForEngineer), string(ForSupport), string(ForCustomer)}
}

// unnamed takes every address out of a text, whoever wrote it: hosts and file
// names may be one. Networks are addresses, too.
func unnamed(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		n := strings.IndexFunc(text, inAddress)
		if n < 0 {
			n = len(text)
		}
		b.WriteString(text[:n])
		text = text[n:]
		end := strings.IndexFunc(text, func(r rune) bool { return !inAddress(r) })
		if end < 0 {
			end = len(text)
		}
		b.WriteString(withoutAddress(text[:end]))
		text = text[end:]
	}
	return b.String()
}

func inAddress(r rune) bool {
	return '0' <= r && r <= '9' || 'a' <= r && r <= 'f' || 'A' <= r && r <= 'F' || r == '.' || r == ':'
}

// longestAddress is the length of the longest text of an address: IPv6 with an IPv4 tail.
const longestAddress = 45

// withoutAddress replaces the addresses in a run of their characters, from the
// left, each the longest that begins there. It costs O(n).
func withoutAddress(run string) string {
	if strings.Count(run, ".") < 3 && strings.Count(run, ":") < 2 {
		return run
	}
	var b strings.Builder
	for at := 0; at < len(run); {
		size := min(len(run)-at, longestAddress)
		for ; size > 2; size-- {
			if _, err := netip.ParseAddr(run[at : at+size]); err == nil {
				break
			}
		}
		if size > 2 {
			b.WriteString("(address)")
			at += size
			continue
		}
		b.WriteByte(run[at])
		at++
	}
	return b.String()
}
