package ingest

import (
	"net/netip"
	"slices"

	"ipdrift/token"
)

const memoSlots = 1 << 15

// prover reproduces hashes for the observed address. It remembers its last
// answers, because a player repeats itself, and tries first what held on the
// host before: a hash that is reproduced is a proof whichever hypothesis came
// first, and plain makes one of those that hash the same text.
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
	masks      bool // masks were tried
}

// contextHash names what an answer depends on beside the address.
type contextHash struct{ link, dir, file uint64 }

// hostHabit is what one worker knows of a host.
type hostHabit struct {
	keys []token.Key
	last token.Match
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
func (p *prover) recall(client netip.Addr, served bool, c contextHash) (token.Match, bool) {
	if wide := p.slot(c.link, c.dir, client); wide.holds(c.link, c.dir, client) && wide.match.OK {
		return wide.match, true
	}
	whole := mix(c.dir, c.file)
	narrow := p.slot(c.link, whole, client)
	return narrow.match, narrow.holds(c.link, whole, client) && (narrow.match.OK || narrow.masks || !served)
}

func (m *memo) holds(link, path uint64, client netip.Addr) bool {
	return m.link == link && m.path == path && m.client == client
}

// prove tells how the link verifies for this request, or that it does not:
// over its directory, which is asked once for all files in it, or the file,
// with the address, without it, or under a mask. Masks over single files are
// left to served requests, which are fewer: what fails here is searched into
// later, once for each link.
func (p *prover) prove(l *token.Link, host []byte, client netip.Addr, served bool, c contextHash) token.Match {
	habit := p.habit(host)
	if len(habit.keys) == 0 {
		return token.Match{}
	}
	if h := habit.last; h.OK && fits(h.Binding, client) && (served || h.Scope == token.ScopeDir || h.Binding.Kind != token.BindMask) && p.try(l, habit.keys, &h, client) {
		return p.remember(h, client, true, c)
	}
	var m token.Match
	if wide := p.slot(c.link, c.dir, client); !wide.holds(c.link, c.dir, client) {
		m = p.over(l, token.ScopeDir, habit.keys, client, true)
		*wide = memo{c.link, c.dir, client, m, true}
	}
	if !m.OK {
		m = p.over(l, token.ScopeFile, habit.keys, client, served)
	}
	if m.OK {
		habit.last = m
	}
	return p.remember(m, client, served, c)
}

func (p *prover) remember(m token.Match, client netip.Addr, masks bool, c contextHash) token.Match {
	path := mix(c.dir, c.file)
	if m.OK && m.Scope == token.ScopeDir {
		path = c.dir
	}
	*p.slot(c.link, path, client) = memo{c.link, path, client, m, masks}
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

// over tries what can be signed over one scope of the path.
func (p *prover) over(l *token.Link, scope token.Scope, keys []token.Key, client netip.Addr, masks bool) token.Match {
	lists := [2][]token.Binding{plainBindings}
	if masks {
		lists[1] = Masks(client)
	}
	for key := range keys {
		for _, list := range lists {
			for _, b := range list {
				m := token.Match{OK: true, Scope: scope, Binding: b, Key: uint8(key)}
				if p.try(l, keys, &m, client) {
					return m
				}
			}
		}
	}
	return token.Match{}
}

// fits tells whether a binding is one for this address: a mask that is longer
// than the address would hash all of it.
func fits(b token.Binding, client netip.Addr) bool {
	return b.Kind != token.BindMask || slices.Contains(Masks(client), b)
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
	plainBindings = []token.Binding{{Kind: token.BindAddress}, {Kind: token.BindNone}}

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
