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

// withoutAddress replaces the longest address that a run of its characters is,
// or begins or ends with.
func withoutAddress(run string) string {
	if strings.Count(run, ".") < 3 && strings.Count(run, ":") < 2 {
		return run
	}
	for size := len(run); size >= 3; size-- {
		for at := 0; at+size <= len(run); at++ {
			if _, err := netip.ParseAddr(run[at : at+size]); err == nil {
				return run[:at] + "(address)" + withoutAddress(run[at+size:])
			}
		}
	}
	return run
}
