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
	now     frame // of what is hashed
	other   frame // the same where the URL began with http://, of a twofold link
	twofold bool
	want    [16]byte
	aimed   bool
	says    says         // of the aimed-at link
	bound   netip.Prefix // likewise
	engine  engine       // for digests other than MD5
	search  lanes.Search
}

// frame is what stands around the address.
type frame struct {
	message []byte // the head, then address and tail of the last try
	head    int    // length of the head
	tail    []byte
}

func (f *frame) lay(s *Scheme, l *Link, path []byte, key Key) {
	f.message = s.head(f.message[:0], l, path, key)
	f.head = len(f.message)
	f.tail = s.tail(f.tail[:0], l, path, key)
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
	if t.twofold = t.scheme.twofold(l); t.twofold {
		insecure := *l
		insecure.insecure = true
		t.other.lay(t.scheme, &insecure, path, key)
	}
	t.now.lay(t.scheme, l, path, key)
}

// Hit reports whether the aimed-at link verifies for this address and binding.
func (t *Trier) Hit(a netip.Addr, b Binding) bool {
	if !t.aimed || b.Kind != BindNone && !a.IsValid() || !t.admits(a, b) {
		return false
	}
	return t.holds(a, b) || t.turn() && t.holds(a, b)
}

// turn goes to the other frame; false where there is one alone.
func (t *Trier) turn() bool {
	if t.twofold {
		t.now, t.other = t.other, t.now
	}
	return t.twofold
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
	if t.twofold {
		t.other.dropSpace()
	}
	return t.now.dropSpace()
}

func (f *frame) dropSpace() bool {
	if len(f.tail) == 0 || f.tail[0] != ' ' {
		return false
	}
	f.tail = append(f.tail[:0], f.tail[1:]...)
	return true
}

func (t *Trier) sum(a netip.Addr, b Binding) [16]byte { return md5.Sum(t.text(a, b)) }

// text is what is hashed.
func (t *Trier) text(a netip.Addr, b Binding) []byte {
	f := &t.now
	if t.scheme.address == nil {
		f.message = AppendBound(f.message[:f.head], a, b)
	} else {
		f.message = t.scheme.address(f.message[:f.head], t.engine.want.algorithm, a, b)
	}
	f.message = append(f.message, f.tail...)
	return f.message
}
