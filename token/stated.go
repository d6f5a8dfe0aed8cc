package token

import (
	"bytes"
	"net/netip"
)

// Seen is what an edge sees of a request beside target and address. Some schemes hash it: Scheme.Needs
// says which. What is not known stays nil, and hashes as nothing.
type Seen struct {
	Host      []byte // of the Host header; that of an absolute target goes first
	UserAgent []byte
	Referer   []byte
	TLS       bool // https; where a scheme hashes the URL and the target is not absolute, both are tried
}

// Never is the deadline of links that do not expire: the last second of the year 9999.
const Never = 253402300799

// says is what a link itself tells of its binding.
type says uint8

const (
	saysNothing says = iota // the edge's configuration decides
	saysNone                // not bound, or the scheme binds no addresses
	saysHidden              // bound to an address that stands in the hash alone
	saysBound               // bound to Link.Bound
)

// reach is how far a token goes whose hash covers a pattern and not the request's path.
type reach uint8

const (
	reachHash   reach = iota // the path is hashed: reproducing it tells
	reachAstray              // not even this file
	reachFile                // this file, not all of its directory
	reachDir                 // this file's directory
)

// binding is the one that decides for this link where the edge's policy says b.
func (l *Link) binding(b Binding) Binding {
	switch l.says {
	case saysNone:
		return Binding{Kind: BindNone}
	case saysHidden, saysBound:
		return Binding{}
	}
	return b
}

// Admits reports whether the address lies in the range that the link itself names. It is true for links that
// name none, and false for the zero Addr.
func (l *Link) Admits(a netip.Addr) bool {
	return !l.Bound.IsValid() || contains(l.Bound, a)
}

// Below reports whether a token for a directory is good for all that lies below it, however deep, as a path token of CDN77 is:
// such a link may be signed over any of the directories above its own (see [ScopeAncestor]).
func (l *Link) Below() bool { return l.below }

// Unbound reports whether the link itself, or its scheme, tells that it is bound to no address.
func (l *Link) Unbound() bool { return l.says == saysNone }

// stated returns the address that the link itself names, the zero Addr where that is a range or none.
func (l *Link) stated() netip.Addr {
	if !l.Bound.IsSingleIP() {
		return netip.Addr{}
	}
	return l.Bound.Addr()
}

// contains is Prefix.Contains where IPv4-mapped addresses are IPv4 ones.
func contains(p netip.Prefix, a netip.Addr) bool { return p.Contains(a.WithZone("").Unmap()) }

// admits reports whether a binding is possible at all for the aimed-at link.
func (t *Trier) admits(a netip.Addr, b Binding) bool {
	switch t.says {
	case saysNone:
		return b.Kind == BindNone
	case saysHidden:
		return b.Kind == BindAddress
	case saysBound:
		return contains(t.bound, a) && (b.Kind == BindAddress || b.Kind == BindMask && int(b.Prefix) == t.bound.Bits())
	}
	return true
}

// Quick reports whether the SIMD lanes can search for the aimed-at link: [Trier.Sweep] and
// [Trier.Among] cost many times as much where they cannot.
func (t *Trier) Quick() bool {
	return t.engine.want.algorithm == plainMD5 && t.says == saysNothing && t.scheme.address == nil
}

// sweep is Sweep for digests other than MD5 and for links that name their address.
func (t *Trier) sweep(p netip.Prefix) (a netip.Addr, tried uint64, ok bool) {
	if !p.IsValid() || !p.Addr().Is4() || t.says == saysNone {
		return netip.Addr{}, 0, false
	}
	p = p.Masked()
	if t.says == saysBound {
		return t.sweepBound(p)
	}
	for a = p.Addr(); a.IsValid() && p.Contains(a); a = a.Next() {
		tried++
		if t.Hit(a, Binding{}) {
			return a, tried, true
		}
	}
	return netip.Addr{}, tried, false
}

// sweepBound needs one try: the link says which addresses there are.
func (t *Trier) sweepBound(p netip.Prefix) (netip.Addr, uint64, bool) {
	if !p.Overlaps(t.bound) {
		return netip.Addr{}, 0, false
	}
	a := p.Addr()
	if t.bound.Bits() > p.Bits() {
		a = t.bound.Masked().Addr()
	}
	if !t.Hit(a, Binding{}) {
		return netip.Addr{}, 1, false
	}
	return a, 1, true
}

func (t *Trier) among(list []netip.Addr, from, to int) (i int, ok bool) {
	for i = from; i < to; i++ {
		if t.Hit(list[i], Binding{}) {
			return i, true
		}
	}
	return 0, false
}

// parsePrefix reads an address or a range in CIDR form. It allocates for IPv6 only.
func parsePrefix(text []byte) (netip.Prefix, bool) {
	text, length, ranged := bytes.Cut(text, []byte("/"))
	a, ok := parse4(text)
	if !ok {
		var err error
		if a, err = netip.ParseAddr(string(text)); err != nil || a.Zone() != "" {
			return netip.Prefix{}, false
		}
	}
	a = a.Unmap()
	bits := int64(a.BitLen())
	if ranged {
		if len(length) == 0 || len(length) > 3 {
			return netip.Prefix{}, false
		}
		bits, ok = parseExpires(length)
		if !ok && string(length) != "0" {
			return netip.Prefix{}, false
		}
	}
	p, err := a.Prefix(int(bits))
	return p, err == nil
}

// parse4 reads a dotted quad.
func parse4(text []byte) (netip.Addr, bool) {
	var octets [4]byte
	for i := range octets {
		part, rest, more := bytes.Cut(text, []byte("."))
		if more != (i < 3) {
			return netip.Addr{}, false
		}
		text = rest
		n, ok := parseExpires(part)
		if !ok && string(part) != "0" || len(part) > 3 || part[0] == '0' && len(part) > 1 || n > 255 {
			return netip.Addr{}, false
		}
		octets[i] = byte(n)
	}
	return netip.AddrFrom4(octets), true
}

// bind takes the address that the link names.
func (l *Link) bind(text []byte) bool {
	p, ok := parsePrefix(text)
	l.Bound, l.says = p, saysBound
	return ok
}

// reaches reports whether a token whose hash does not depend on the scope's path is good for that scope. One that
// does not cover the request's file counts as one for a directory above.
func (l *Link) reaches(scope Scope) bool {
	switch l.reach {
	case reachAstray:
		return scope == ScopeAncestor
	case reachFile:
		return scope == ScopeFile
	}
	return scope == ScopeFile || scope == ScopeDir
}

// covers is reaches for a path that a scope has named; nil for the schemes that hash none.
func (l *Link) covers(path []byte) bool {
	switch {
	case path == nil || !l.whole:
		return true
	case l.reach == reachAstray:
		return len(path) < len(parent(l.Path))
	}
	return l.reach != reachFile || len(path) == len(l.Path)
}

// message is what a scheme hashes under one hypothesis.
func (s *Scheme) message(l *Link, path []byte, k Key, a netip.Addr, b Binding) []byte {
	text := s.head(nil, l, path, k)
	if s.address == nil {
		text = AppendBound(text, a, b)
	} else {
		text = s.address(text, l.digest.algorithm, a, b)
	}
	return s.tail(text, l, path, k)
}
