package token

import (
	"fmt"
	"io"
	"net/netip"
)

// Request is what the edge saw of one request.
type Request struct {
	Target []byte     // as in the request line: path and query, or an absolute URL
	Client netip.Addr // the address the edge saw; the zero Addr if that is not known
	Time   int64      // Unix seconds of the request's start
}

// Result is what a request's token amounts to.
type Result struct {
	Verdict  Verdict
	Detail   Detail
	Match    Match // what the hash was reproduced with, where it was, whatever the verdict
	Deadline int64 // Unix seconds; 0 for Malformed and Unsigned
}

// maxUp bounds the ancestors tried for WrongPath, and with them the cost of a hostile path; maxKeys is
// how many keys Match.Key can tell apart.
const maxUp, maxKeys = 32, 256

// Verifier judges whole requests of one scheme as the edge does, and names the signer's mistake where a
// known one explains a failing hash. One per goroutine.
type Verifier struct {
	parser *Parser
	trier  *Trier
	link   Link
	// of the request being judged
	client netip.Addr
	keys   []Key
}

// NewVerifier returns a verifier for a scheme, one of [Schemes].
func NewVerifier(s *Scheme) *Verifier {
	return &Verifier{parser: NewParser(s), trier: NewTrier(s)}
}

// Format writes the type's name for every verb: the scratch memory holds the key.
func (v *Verifier) Format(f fmt.State, _ rune) { io.WriteString(f, "token.Verifier") }

// Link returns what the last Verify read, valid until the next one.
func (v *Verifier) Link() *Link { return &v.link }

// Verify judges a request under a policy: shape, then hash for the observed address, then expiry
// (late if the deadline lies before the request's time). It never searches for addresses: [IPMismatch]
// cannot come from it. Without keys, and without a client address where one is bound, the verdict is
// [Unchecked]. Keys beyond the 256th are not tried. It allocates nothing after warm-up and costs one or
// two hashes per key for links that verify, for others some thirty and one per directory above, of
// which at most 32 are tried.
func (v *Verifier) Verify(r Request, p Policy, keys []Key) Result {
	v.parser.Parse(r.Target, &v.link)
	switch v.link.Shape {
	case NoToken:
		return Result{Verdict: Unsigned}
	case BadShape:
		return Result{Verdict: Malformed, Detail: v.link.Detail}
	}
	result := Result{Deadline: v.link.Deadline}
	if len(keys) == 0 {
		return result
	}
	if !v.link.PathOK {
		result.Verdict, result.Detail = UnresolvedSignature, DetailBadPath
		return result
	}
	v.client, v.keys = r.Client, keys[:min(len(keys), maxKeys)]
	result.Verdict, result.Detail, result.Match = v.judge(p)
	if result.Verdict == Valid && result.Deadline < r.Time {
		result.Verdict = Expired
	}
	return result
}

func (v *Verifier) judge(p Policy) (Verdict, Detail, Match) {
	b := p.Binding(v.client)
	if m := v.inScope(p.Scope, b); m.OK {
		return Valid, "", m
	}
	if m := v.elsewhere(b); m.OK {
		return WrongPath, "", m
	}
	if d, m := v.mistaken(b); m.OK {
		return UnresolvedSignature, d, m
	}
	if p.Bound && !v.client.IsValid() {
		return Unchecked, DetailNoClient, Match{}
	}
	return UnresolvedSignature, "", Match{}
}

// inScope tries the scopes a policy accepts.
func (v *Verifier) inScope(s Scope, b Binding) Match {
	if v.parser.scheme.whole {
		return v.try(Match{Scope: ScopeWhole, Binding: b})
	}
	if s != ScopeAuto {
		return v.try(Match{Scope: s, Binding: b})
	}
	if m := v.try(Match{Scope: ScopeFile, Binding: b}); m.OK {
		return m
	}
	return v.try(Match{Scope: ScopeDir, Binding: b})
}

// elsewhere tries file, directory and the directories above.
func (v *Verifier) elsewhere(b Binding) Match {
	if v.parser.scheme.whole {
		return Match{}
	}
	if m := v.inScope(ScopeAuto, b); m.OK {
		return m
	}
	for up := 1; up <= maxUp && ScopePath(v.link.Path, ScopeAncestor, up) != nil; up++ {
		if m := v.try(Match{Scope: ScopeAncestor, Up: uint8(up), Binding: b}); m.OK {
			return m
		}
	}
	return Match{}
}

// try tests a hypothesis with every key.
func (v *Verifier) try(m Match) Match {
	path, ok := v.parser.scheme.path(&v.link, m.Scope, int(m.Up))
	if !ok {
		return Match{}
	}
	return v.tryPath(path, m)
}

func (v *Verifier) tryPath(path []byte, m Match) Match {
	for i, key := range v.keys {
		v.trier.Aim(&v.link, path, key)
		if v.trier.Hit(v.client, m.Binding) {
			m.OK, m.Key = true, uint8(i)
			return m
		}
	}
	return Match{}
}
