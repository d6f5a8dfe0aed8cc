package ingest

import (
	"net/netip"

	"ipdrift/token"
)

const (
	memoSlots   = 1 << 15
	giveUpMasks = 256 // served links of a host that fail under every mask, before a worker stops trying masks there
)

// prover reproduces hashes for the observed address. It remembers its last
// answers, because a player repeats itself, and tries first what held on the
// host before. The outcome does not depend on the order: a hash that is
// reproduced is a proof whichever hypothesis came first.
type prover struct {
	*load
	trier *token.Trier
	memo  []memo
	hosts map[string]*hostHabit
}

// memo is one remembered answer.
type memo struct {
	link, path uint64
	client     netip.Addr
	match      token.Match
}

// contextHash names what an answer depends on beside the address.
type contextHash struct{ link, dir, file uint64 }

// hostHabit is what one worker knows of a host.
type hostHabit struct {
	keys    []token.Key
	last    token.Match
	masks   int // masks that failed on served links since the last one that held
	masking bool
}

func newProver(l *load) *prover {
	return &prover{load: l, trier: token.NewTrier(l.Scheme), memo: make([]memo, memoSlots), hosts: map[string]*hostHabit{}}
}

func (p *prover) habit(host []byte) *hostHabit {
	if h := p.hosts[string(host)]; h != nil {
		return h
	}
	if len(p.hosts) > maxHosts {
		clear(p.hosts)
	}
	h := &hostHabit{keys: p.Keys.For(host)}
	p.hosts[string(host)] = h
	return h
}

// maxHosts caps a worker's memory of hosts: a hostile log can invent them.
const maxHosts = 4096

// recall returns what was found before for the same link, path and address. A
// directory token gives the same answer for every file, so the directory is
// asked for before the file.
func (p *prover) recall(client netip.Addr, c contextHash) (token.Match, bool) {
	wide := p.slot(c.link, c.dir, client)
	if wide.link == c.link && wide.path == c.dir && wide.client == client {
		return wide.match, true
	}
	whole := mix(c.dir, c.file)
	narrow := p.slot(c.link, whole, client)
	return narrow.match, narrow.link == c.link && narrow.path == whole && narrow.client == client
}

// prove tells how the link verifies for this request, or that it does not.
func (p *prover) prove(l *token.Link, host []byte, client netip.Addr, served bool, c contextHash) token.Match {
	habit := p.habit(host)
	if len(habit.keys) == 0 {
		return token.Match{}
	}
	m := p.hypotheses(l, habit, client, served)
	path := mix(c.dir, c.file)
	if m.OK && m.Scope == token.ScopeDir {
		path = c.dir
	}
	*p.slot(c.link, path, client) = memo{c.link, path, client, m}
	return m
}

func (p *prover) slot(link, path uint64, client netip.Addr) *memo {
	raw := client.As16()
	h := mix(link, path)
	for _, b := range raw[8:] {
		h = h*31 + uint64(b)
	}
	return &p.memo[(h^h>>29)&(memoSlots-1)]
}

// hypotheses tries what is likely at the door: the two scopes, with the
// address and without, and masks where served links ask for them. What fails
// here is searched into later, once for each link.
func (p *prover) hypotheses(l *token.Link, h *hostHabit, client netip.Addr, served bool) token.Match {
	if h.last.OK && p.try(l, h.keys, &h.last, client) {
		return h.last
	}
	for key := range h.keys {
		for _, scope := range []token.Scope{token.ScopeDir, token.ScopeFile} {
			for _, kind := range []token.BindKind{token.BindAddress, token.BindNone} {
				m := token.Match{OK: true, Scope: scope, Binding: token.Binding{Kind: kind}, Key: uint8(key)}
				if p.try(l, h.keys, &m, client) {
					h.last = m
					return m
				}
			}
		}
	}
	if !h.masking && (!served || h.masks >= giveUpMasks) {
		return token.Match{}
	}
	return p.masked(l, h, client)
}

func (p *prover) masked(l *token.Link, h *hostHabit, client netip.Addr) token.Match {
	for key := range h.keys {
		for _, scope := range []token.Scope{token.ScopeDir, token.ScopeFile} {
			for _, b := range Masks(client) {
				m := token.Match{OK: true, Scope: scope, Binding: b, Key: uint8(key)}
				if p.try(l, h.keys, &m, client) {
					h.last, h.masking = m, true
					return m
				}
			}
		}
	}
	h.masks++
	return token.Match{}
}

func (p *prover) try(l *token.Link, keys []token.Key, m *token.Match, client netip.Addr) bool {
	return int(m.Key) < len(keys) && p.trier.Try(l, m.Scope, int(m.Up), keys[m.Key], client, m.Binding)
}

// Masks lists the masks worth trying for an address: the prefixes vendors
// speak of, in every text form.
func Masks(a netip.Addr) []token.Binding {
	if a.Is4() {
		return masks4
	}
	return masks6
}

var (
	masks4 = bindings([]uint8{24, 16}, token.FormNetwork, token.FormCIDR, token.FormOctets, token.FormOctetsDot)
	masks6 = bindings([]uint8{64, 56, 48}, token.FormNetwork, token.FormCIDR)
)

func bindings(prefixes []uint8, forms ...token.Form) []token.Binding {
	var out []token.Binding
	for _, p := range prefixes {
		for _, f := range forms {
			out = append(out, token.Binding{Kind: token.BindMask, Prefix: p, Form: f})
		}
	}
	return out
}
