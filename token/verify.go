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
	Seen   Seen       // what else the edge saw, for the schemes that hash it
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
// (late if the deadline lies before the request's time; a link that is not valid yet is [Expired] with
// [DetailEarly]). It never searches for addresses: [IPMismatch] comes from it only for links that name their address
// (Link.Bound), for these without keys, too. Otherwise without keys, and without a client address where one is bound, the verdict is
// [Unchecked]. Keys beyond the 256th are not tried. For the MD5 schemes it
// allocates nothing after warm-up, IPv6 addresses in links excepted. It costs one or
// two hashes per key for links that verify, for others some thirty and one per directory above, of
// which at most 32 are tried.
func (v *Verifier) Verify(r Request, p Policy, keys []Key) Result {
	v.parser.See(r.Seen)
	v.parser.Parse(r.Target, &v.link)
	switch v.link.Shape {
	case NoToken:
		return Result{Verdict: Unsigned}
	case BadShape:
		return Result{Verdict: Malformed, Detail: v.link.Detail}
	}
	result := Result{Deadline: v.link.Deadline}
	if len(keys) == 0 {
		return v.keyless(r, result)
	}
	if !v.link.PathOK {
		result.Verdict, result.Detail = UnresolvedSignature, DetailBadPath
		return result
	}
	v.client, v.keys = r.Client, keys[:min(len(keys), maxKeys)]
	result.Verdict, result.Detail, result.Match = v.judge(p)
	return v.timed(r.Time, result)
}

// keyless judges what no key is needed for: whether the client is the one that the link itself names.
func (v *Verifier) keyless(r Request, result Result) Result {
	if !r.Client.IsValid() || v.link.Admits(r.Client) {
		return result
	}
	result.Verdict = IPMismatch
	return v.timed(r.Time, result)
}

// timed looks at the time, which counts only where the hash holds.
func (v *Verifier) timed(now int64, result Result) Result {
	late, early := result.Deadline < now, v.link.Start > now
	switch {
	case result.Verdict == Valid && late:
		result.Verdict = Expired
	case result.Verdict == Valid && early:
		result.Verdict, result.Detail = Expired, DetailEarly
	case result.Verdict == IPMismatch && late:
		result.Verdict = ExpiredIPMismatch
	}
	return result
}

func (v *Verifier) judge(p Policy) (Verdict, Detail, Match) {
	b := v.link.binding(p.Binding(v.client))
	if m := v.inScope(p.Scope, b); m.OK {
		return Valid, "", m
	}
	if m := v.outside(p.Scope); m.OK {
		return IPMismatch, "", m
	}
	if m := v.elsewhere(b); m.OK {
		return WrongPath, "", m
	}
	if d, m := v.mistaken(b); m.OK {
		return UnresolvedSignature, d, m
	}
	if (p.Bound && v.link.says == saysNothing || v.link.says > saysNone) && !v.client.IsValid() {
		return Unchecked, DetailNoClient, Match{}
	}
	return UnresolvedSignature, "", Match{}
}

// inScope tries the scopes a policy accepts.
func (v *Verifier) inScope(s Scope, b Binding) Match {
	if v.wholeLink() {
		if m := v.try(Match{Scope: ScopeWhole, Binding: b}); m.OK {
			return m
		}
		return v.try(Match{Scope: ScopeFile, Binding: b})
	}
	if s == ScopeAuto && v.parser.scheme.fileOnly {
		s = ScopeFile
	}
	if s != ScopeAuto && !v.link.below {
		return v.try(Match{Scope: s, Binding: b})
	}
	if m := v.fileOrDir(b); m.OK || !v.link.below {
		return m
	}
	return v.above(b)
}

func (v *Verifier) fileOrDir(b Binding) Match {
	if m := v.try(Match{Scope: ScopeFile, Binding: b}); m.OK {
		return m
	}
	return v.try(Match{Scope: ScopeDir, Binding: b})
}

// wholeLink reports whether the hash does not depend on the path that a scope names.
func (v *Verifier) wholeLink() bool { return v.parser.scheme.whole || v.link.whole }

// outside tries a link that names its address for that address, where the client is another.
func (v *Verifier) outside(s Scope) Match {
	if v.link.says != saysBound || !v.client.IsValid() || v.link.Admits(v.client) {
		return Match{}
	}
	client := v.client
	v.client = v.link.Bound.Addr()
	m := v.inScope(s, Binding{})
	v.client = client
	return m
}

// elsewhere tries file, directory and the directories above.
func (v *Verifier) elsewhere(b Binding) Match {
	if v.wholeLink() {
		return v.try(Match{Scope: ScopeAncestor, Up: 1, Binding: b})
	}
	if m := v.fileOrDir(b); m.OK {
		return m
	}
	return v.above(b)
}

// above tries the directories above the request's own.
func (v *Verifier) above(b Binding) Match {
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
