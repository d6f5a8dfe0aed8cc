package scenario

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// story is what happened to a viewer, as far as the log holds it.
type story struct {
	requests, served, refusals int64
	mismatches                 int64 // refused for the address, with a link still alive
	links, moves               int
	common                     int // bits of the signing address in the worst mismatch; -1 across families
	family                     int // of the signing address of the first mismatch, else of the first link; 0: none is bound
	first, last                int64
	fell                       int64    // when it was refused last; 0: it was not, or has recovered
	faulty                     bool     // the token was why
	stale                      []uint64 // links whose tokens were refused, ever
	addr                       netip.Addr
	signed                     bool // had an address-bound link

	lengths []int // bits in common of each of a stranger's mismatches
}

const anything = 200 // more bits than addresses have

func newStory() story { return story{common: anything} }

// recovery is the time within which a refused viewer who is served again was
// not interrupted, if it is with a link that was never refused, or the token was not at
// fault (rules of evidence, 12).
const recovery = 10 * time.Second

func (t *story) note(now int64, v *viewer, o *outcome) {
	if t.requests++; t.requests == 1 {
		t.first = now
	} else if t.addr != v.addr {
		t.moves++
	}
	t.addr, t.last = v.addr, now
	if o.signed.IsValid() && !t.signed {
		t.signed, t.family = true, family(o.signed)
	}
	switch {
	case o.cause != "":
		t.refusals++
		if t.fell, t.faulty = now, o.cause != elsewhere; t.faulty && !slices.Contains(t.stale, v.link.id) {
			t.stale = append(t.stale, v.link.id)
		}
	default:
		if t.served++; now-t.fell <= recovery.Milliseconds() && !(t.faulty && slices.Contains(t.stale, v.link.id)) {
			t.fell = 0
		}
	}
	if o.verdict == mismatched {
		t.miss(v, o)
	}
}

func (t *story) miss(v *viewer, o *outcome) {
	if t.mismatches++; t.mismatches == 1 {
		t.family = family(o.signed)
	}
	n := common(o.signed, v.addr)
	t.common = min(t.common, n)
	if v.role == stranger {
		t.lengths = append(t.lengths, n)
	}
}

func family(a netip.Addr) int {
	if a.Is4() {
		return 4
	}
	return 6
}

// class is the viewer's, in the product's words.
func (v *viewer) class(shared string) string {
	switch t := &v.story; {
	case v.role == preview || v.role == crawler || v.carrier.Kind == "hosting":
		return "undetermined"
	case shared != "":
		return shared
	case t.mismatches > 0 && (v.carrier.Kind == "relay" || v.role == neighbour):
		return "undetermined"
	case t.mismatches > 0 && t.served > 0:
		return "rotating"
	case t.mismatches > 0:
		return "first_request"
	}
	return "unchanged"
}

// candidates are the prefix lengths that the truth is told for.
func candidates(family int) []int {
	switch family {
	case 4:
		return []int{24, 16}
	case 6:
		return []int{64, 56, 48}
	}
	return nil
}

const usersHead = "user,host,role,class,carrier,network,family,requests,served,refusals,ip_mismatches,links,moves,common_bits,saved24,saved16,saved64,saved56,saved48,interrupted,group,first,last\n"

// settle writes the truth about a viewer, and adds it up.
func (out *output) settle(v *viewer, shared string) error {
	t := &v.story
	if t.requests == 0 {
		return nil
	}
	class := v.class(shared)
	out.sums.settle(v, class)
	if out.users == nil {
		return nil
	}
	b := strconv.AppendUint(append(out.buf[:0], 'u'), v.id, 10)
	b = fmt.Appendf(b, ",%s,%s,%s,%d,%s,", out.sums.hosts[v.host], v.role, class, v.carrier.ASN, v.carrier.Kind)
	if t.family > 0 {
		b = fmt.Appendf(b, "ipv%d", t.family)
	}
	for _, n := range []int64{t.requests, t.served, t.refusals, t.mismatches, int64(t.links), int64(t.moves)} {
		b = strconv.AppendInt(append(b, ','), n, 10)
	}
	b = append(t.appendSaved(append(b, ',')), ',')
	b = append(strconv.AppendBool(b, t.fell > 0), ',')
	if v.group != nil {
		b = strconv.AppendUint(append(b, 'g'), v.group.id, 10)
	}
	for _, ms := range []int64{t.first, t.last} {
		b = time.UnixMilli(ms).UTC().AppendFormat(append(b, ','), "2006-01-02T15:04:05.000Z")
	}
	out.buf = append(b, '\n')
	if _, err := out.users.Write(out.buf); err != nil {
		return fmt.Errorf("writing the truth about users: %w", err)
	}
	return nil
}

// appendSaved reports whether each candidate would have let in every refused
// request of a viewer with mismatches.
func (t *story) appendSaved(b []byte) []byte {
	if t.mismatches > 0 {
		b = strconv.AppendInt(b, int64(t.common), 10)
	}
	for _, f := range []int{4, 6} {
		for _, prefix := range candidates(f) {
			b = append(b, ',')
			if t.mismatches > 0 && t.family == f {
				b = strconv.AppendBool(b, t.common >= prefix)
			}
		}
	}
	return b
}
