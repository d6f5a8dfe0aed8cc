package token

import (
	"crypto/md5"
	"crypto/subtle"
	"fmt"
	"io"
	"net/netip"

	"ipdrift/token/lanes"
)

// Match is a reproduced hash: what a link turned out to be signed over. It counts only if OK.
type Match struct {
	OK      bool
	Scope   Scope   // never ScopeAuto
	Up      uint8   // levels above the request's directory, for ScopeAncestor: 1 or more
	Binding Binding // the address text that was hashed
	Key     uint8   // index into the keys
}

// Trier reproduces hashes of one scheme. It owns scratch memory that holds the key: one per goroutine.
type Trier struct {
	scheme  *Scheme
	message []byte // the head of what is hashed, then address and tail of the last try
	head    int    // length of the head
	tail    []byte
	want    [16]byte
	other   []byte // another head, where the URL's scheme is not known
	aimed   bool
	says    says         // of the aimed-at link
	bound   netip.Prefix // likewise
	engine  engine       // for digests other than MD5
	search  lanes.Search
}

// NewTrier returns a trier for a scheme, one of [Schemes].
func NewTrier(s *Scheme) *Trier { return &Trier{scheme: s} }

// Format writes the type's name for every verb: the scratch memory holds the key.
func (t *Trier) Format(f fmt.State, _ rune) { io.WriteString(f, "token.Trier") }

// Try tests exactly one hypothesis at the price of one MD5: is the link signed over this scope of its
// path (up levels above the directory for [ScopeAncestor]), for this address and with this key. False
// too where there is no such path, no digest, no key, or no address to bind. Digests are compared in
// constant time. For schemes that do not hash the file, file and directory scope are the same.
func (t *Trier) Try(l *Link, scope Scope, up int, key Key, a netip.Addr, b Binding) bool {
	path, ok := t.scheme.path(l, scope, up)
	if !ok {
		return false
	}
	t.Aim(l, path, key)
	return t.Hit(a, b)
}

// path returns what a scope hashes of the link's path.
func (s *Scheme) path(l *Link, scope Scope, up int) ([]byte, bool) {
	if s.whole || l.whole {
		return nil, l.PathOK && l.reaches(scope)
	}
	path := ScopePath(l.Path, scope, up)
	return path, len(path) > 0
}

// Aim fixes link, decoded path to hash and key, so that [Trier.Hit], [Trier.Sweep] and [Trier.Among]
// try many addresses at the price of one hash each, or less. Nothing is kept of the link's slices. The
// path does not matter for schemes that do not hash the file.
func (t *Trier) Aim(l *Link, path []byte, key Key) {
	t.aimed = l.Shape == Signed && !key.IsZero() && l.covers(path)
	t.want = l.Sum
	t.says, t.bound = l.says, l.Bound
	t.engine.want.algorithm = l.digest.algorithm
	if !t.aimed {
		return
	}
	if l.digest.algorithm != plainMD5 {
		t.aimed = t.engine.aim(t.scheme, l.digest, key)
	}
	t.other = t.other[:0]
	if t.scheme.origins && l.ambiguous() {
		insecure := *l
		insecure.insecure = true
		t.other = t.scheme.head(t.other, &insecure, path, key)
	}
	t.message = t.scheme.head(t.message[:0], l, path, key)
	t.head = len(t.message)
	t.tail = t.scheme.tail(t.tail[:0], l, path, key)
}

// Hit reports whether the aimed-at link verifies for this address and binding.
func (t *Trier) Hit(a netip.Addr, b Binding) bool {
	if !t.aimed || b.Kind != BindNone && !a.IsValid() || !t.admits(a, b) {
		return false
	}
	if t.holds(a, b) {
		return true
	}
	if len(t.other) == 0 {
		return false
	}
	t.message, t.other = append(t.message[:0], t.other...), t.other[:0]
	t.head = len(t.message)
	return t.holds(a, b)
}

func (t *Trier) holds(a netip.Addr, b Binding) bool {
	if t.engine.want.algorithm != plainMD5 {
		return t.engine.holds(t.text(a, b))
	}
	sum := t.sum(a, b)
	return subtle.ConstantTimeCompare(sum[:], t.want[:]) == 1
}

// dropSpace takes the space before the key out of what is hashed; false where the scheme has none.
func (t *Trier) dropSpace() bool {
	if len(t.tail) == 0 || t.tail[0] != ' ' {
		return false
	}
	t.tail = append(t.tail[:0], t.tail[1:]...)
	return true
}

func (t *Trier) sum(a netip.Addr, b Binding) [16]byte { return md5.Sum(t.text(a, b)) }

// text is what is hashed.
func (t *Trier) text(a netip.Addr, b Binding) []byte {
	if t.scheme.address == nil {
		t.message = AppendBound(t.message[:t.head], a, b)
	} else {
		t.message = t.scheme.address(t.message[:t.head], t.engine.want.algorithm, a, b)
	}
	t.message = append(t.message, t.tail...)
	return t.message
}
