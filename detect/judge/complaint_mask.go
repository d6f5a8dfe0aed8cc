package judge

import (
	"fmt"

	"ipdrift/detect/addr"
	"ipdrift/ingest/figure"
	"ipdrift/token"
)

// mask says what a mask would have done about the refusals, where an address was
// the only cause.
func (l *looked) mask() string {
	if l.out.Cause != token.IPMismatch.String() {
		return ""
	}
	least, across, known := 128, 0, 0
	var common []int
	for i := range l.mine {
		signed := l.signedFor(l.mine[i].link)
		if !signed.IsValid() {
			continue
		}
		known++
		n := addr.CommonPrefix(signed, l.mine[i].client)
		if common = append(common, n); n < 0 {
			across++
		}
		least = min(least, n)
	}
	switch {
	case known == 0:
		return ""
	case across == known:
		return "No mask helps between IPv4 and IPv6: site and CDN have to be reached over the same family."
	}
	return l.replay(common, least)
}

// replay says which of the refusals each candidate would have accepted.
func (l *looked) replay(common []int, least int) string {
	candidates, now := l.Masks4, l.CurrentPrefix4
	if l.signedFor(l.key.Link).Unmap().Is6() {
		candidates, now = l.Masks6, l.CurrentPrefix6
	}
	all := len(common)
	var parts []string
	before := 0
	for _, p := range candidates {
		if now != 0 && p >= now {
			continue
		}
		in := 0
		for _, n := range common {
			if n >= p {
				in++
			}
		}
		switch {
		case in == all && len(parts) == 0:
			l.out.Prefix = &p
			return fmt.Sprintf("A /%d would have let %s through.", p, figure.Either(all == 1, "it", "all of them"))
		case in == all:
			l.out.Prefix = &p
			return listed(append(parts, fmt.Sprintf("a /%d all of them", p))) + "."
		case in > before:
			parts = append(parts, fmt.Sprintf("A /%d would have let %s of %s through", p, figure.Count(in), figure.Count(all)))
		}
		before = in
	}
	if len(parts) > 0 {
		return listed(parts[len(parts)-1:]) + ", no wider candidate more."
	}
	if least < 0 {
		return "No mask would have let all of them through: some crossed from IPv4 to IPv6."
	}
	return fmt.Sprintf("No candidate mask would have let %s through: the addresses have %s in common.", figure.Either(all == 1, "it", "any of them"), figure.Either(least == 0, "no bit", "only "+figure.Plural(least, "bit", "bits")))
}
