package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"ipdrift/detect/search"
	"ipdrift/ingest/figure"
	"ipdrift/token"
)

// mostUp is how many directories above the request's own a link may be signed over.
const mostUp = 8

// hunt looks for the address that a link was signed for.
type hunt struct {
	*look
	link  token.Link
	keys  []token.Key
	goals []token.Match // what is hashed beside the address: scope and key
	tried atomic.Uint64

	mu    sync.Mutex
	found aimedAt
}

// aimedAt is an address with what reproduces the hash; the zero value is none.
type aimedAt struct {
	ip netip.Addr
	token.Match
}

func newHunt(l *look, keys []token.Key) *hunt {
	h := &hunt{look: l, keys: keys}
	parser := token.NewParser(l.scheme)
	parser.See(l.seen)
	parser.Parse([]byte(l.url), &h.link)
	return h
}

// near tries the /24 and then the /16 around the client, and as many networks
// where the edge cuts the address, over the paths the edge takes and those of
// the directories above.
func (h *hunt) near() aimedAt {
	ip := h.client.Unmap()
	if !ip.Is4() {
		return aimedAt{}
	}
	h.aim(mostUp)
	around := []int{24, 16}
	if b := h.policy.Binding(ip); b.Kind == token.BindMask {
		around = []int{max(0, int(b.Prefix)-16), 24, 16}
	}
	for _, t := range h.triers() {
		for _, bits := range around {
			if p, err := ip.Prefix(bits); err == nil {
				if h.sweep(t, p); h.found.ip.IsValid() {
					return h.found
				}
			}
		}
	}
	return aimedAt{}
}

// everywhere tries all of IPv4 but what is no client's, over the paths the edge
// takes. It tells how many /8s it has come through.
func (h *hunt) everywhere(ctx context.Context, tell func(done int)) (aimedAt, error) {
	h.aim(0)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			triers := h.triers()
			for ctx.Err() == nil && !h.hit() {
				n := int(next.Add(1)) - 1
				first := n >> 8
				if first >= 224 {
					return
				}
				if n&255 == 0 {
					tell(first)
				}
				if first == 0 || first == 127 {
					continue
				}
				for _, t := range triers {
					h.sweep(t, netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(first), byte(n)}), 16))
				}
			}
		})
	}
	wait.Wait()
	if h.found.ip.IsValid() {
		return h.found, nil
	}
	return aimedAt{}, ctx.Err()
}

func (h *hunt) hit() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.found.ip.IsValid()
}

// aim lists what can be hashed beside the address, each text once.
func (h *hunt) aim(up int) {
	h.goals = nil
	scopes := []token.Match{{Scope: token.ScopeFile}, {Scope: token.ScopeDir}}
	if up == 0 && h.policy.Scope != token.ScopeAuto {
		scopes = []token.Match{{Scope: h.policy.Scope}}
	}
	for n := 1; n <= up; n++ {
		scopes = append(scopes, token.Match{Scope: token.ScopeAncestor, Up: uint8(n)})
	}
	var seen []string
	t := token.NewTrier(h.scheme)
	for _, m := range scopes {
		text := t.HashedText(&h.link, m.Scope, int(m.Up), h.client, token.Binding{})
		if text == "" || slices.Contains(seen, text) {
			continue
		}
		seen = append(seen, text)
		for key := range h.keys {
			m.Key = uint8(key)
			h.goals = append(h.goals, m)
		}
	}
}

func (h *hunt) path(m token.Match) []byte { return token.ScopePath(h.link.Path, m.Scope, int(m.Up)) }

// goal is a trier that is aimed.
type goal struct {
	*token.Trier
	match token.Match
}

// triers makes one for each goal: they are one goroutine's.
func (h *hunt) triers() []goal {
	var out []goal
	for _, m := range h.goals {
		t := token.NewTrier(h.scheme)
		t.Aim(&h.link, h.path(m), h.keys[m.Key])
		out = append(out, goal{t, m})
	}
	return out
}

// sweep tries an IPv4 prefix: its networks where the edge cuts the address, and
// every whole address unless there are more than in a /16.
func (h *hunt) sweep(t goal, p netip.Prefix) {
	if b := h.policy.Binding(p.Addr()); b.Kind == token.BindMask {
		h.networks(t, p, b)
	}
	if p.Bits() < 16 {
		return
	}
	ip, tried, ok := t.Sweep(p)
	h.tried.Add(tried)
	if ok {
		h.keep(t, ip, token.Binding{})
	}
}

func (h *hunt) networks(t goal, p netip.Prefix, b token.Binding) {
	raw := p.Addr().As4()
	base, step := uint64(binary.BigEndian.Uint32(raw[:])), uint64(1)<<(32-b.Prefix)
	for at := (base + step - 1) / step * step; at < base+1<<(32-p.Bits()); at += step {
		binary.BigEndian.PutUint32(raw[:], uint32(at))
		h.tried.Add(1)
		if ip := netip.AddrFrom4(raw); t.Hit(ip, b) {
			h.keep(t, ip, b)
			return
		}
	}
}

// keep keeps the first address, whatever order the goroutines come in: a
// 128-bit hash has one.
func (h *hunt) keep(t goal, ip netip.Addr, b token.Binding) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.found = aimedAt{ip, t.match}
	h.found.OK, h.found.Binding = true, b
}

// search looks for the address as far as it is asked to, and says what it
// tried in vain.
func (h *hunt) search(ctx context.Context, extent search.Recover, w io.Writer) (found aimedAt, vain string, err error) {
	if extent == search.RecoverNone || !h.policy.Bound || h.link.Bound.IsValid() || !h.link.PathOK {
		return aimedAt{}, "", nil
	}
	where := "IPv6 addresses are too many to search"
	if ip := h.client.Unmap(); ip.Is4() {
		where = "the /24 and the /16 around " + ip.String()
		found = h.near()
	}
	if extent == search.RecoverFull && !found.ip.IsValid() {
		where = "all of IPv4"
		found, err = h.everywhere(ctx, showSearch(w))
		clearSearch(w)
	}
	if err != nil {
		return aimedAt{}, "", failed("", "%s", figure.Sentence("interrupted while searching, after %d {address|addresses}", int64(h.tried.Load())))
	}
	if tried := int64(h.tried.Load()); tried > 0 {
		where += figure.Sentence(": signed for none of the %d {address|addresses} tried", tried)
	}
	return found, where, nil
}

// showSearch draws how far a search has come, on a terminal.
func showSearch(w io.Writer) func(int) {
	if !isTerminal(w) {
		return func(int) {}
	}
	return func(done int) { fmt.Fprintf(w, "\rsearching all of IPv4  %d %%\x1b[K", done*100/224) }
}

func clearSearch(w io.Writer) {
	if isTerminal(w) {
		fmt.Fprint(w, eraseLine)
	}
}
