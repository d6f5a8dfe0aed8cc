package token

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Explanation is all that can be said about one link, as plain data. Sentences begin in lower case and
// have no full stop. Hashed and Signed hold path and address; Target holds the live token.
type Explanation struct {
	Target  string   // the URL after cleaning
	Cleaned []string // what was cleaned off the URL as it was pasted, a phrase each
	Verdict Verdict
	Detail  Detail
	Match   Match        // of the verdict
	Client  netip.Addr   // the address the link was signed for, where one is known: was hashed, or stands in the link; zero where that names a range without the client
	Bound   netip.Prefix // the address or range that the link itself names; the zero Prefix if it names none
	Hashed  []string     // what the edge hashes, key as <key>: one text for each scope it accepts; none where it hashes nothing
	Rule    string       // which rule of the edge failed
	Signed  string       // what was signed instead, where that is proven and differs; "" otherwise
	Found   Found        // the mistake; zero if none was found
	Fix     string       // what to do
	Codes   []Code       // signing code with the line to change marked; none where no line of the signer is at fault
}

// Code is signing code in one language.
type Code struct {
	Lang string // as in [Langs]
	Text string // lines, each with its newline
}

// Explain judges one link and says why it fails: it cleans the target as [CleanURL] does, verifies it,
// tries the other clients of the suspect, and examines the signer. Where the cleaned link bears no
// mistake, the link as pasted is examined too, because what was cleaned off may be what the edge refused.
// It searches no addresses but those given, with every port, and the common proxies. One call allocates an Examiner.
func Explain(s *Scheme, su *Suspect) Explanation {
	url, cleaned := CleanURL(string(su.Target))
	x := Explanation{Target: url, Cleaned: cleaned}
	clean := *su
	clean.Target, clean.Seen = []byte(url), su.seen([]byte(su.Host))
	v := NewVerifier(s)
	r := v.Verify(Request{Target: clean.Target, Client: su.client(), Time: su.Time, Seen: clean.Seen}, su.Policy, su.Keys)
	x.Verdict, x.Detail, x.Match = r.Verdict, r.Detail, r.Match
	t := NewTrier(s)
	x.mismatch(t, v.Link(), &clean)
	x.hashed(t, v.Link(), &clean)
	x.Rule = x.verdictRule(s, v.Link())
	if x.Verdict == Unchecked && su.Time > r.Deadline {
		x.Rule += "; it is late whatever the hash: the request came after the expiry"
	}
	x.examine(NewExaminer(s), &clean, su)
	x.Rule += x.proof()
	x.Fix = x.fix(v.Link())
	if s.Name == gcoreName {
		x.codes()
	}
	return x
}

// mismatch says which address the link was signed for, and tries those that the edge did not see, and the common proxies.
func (x *Explanation) mismatch(t *Trier, l *Link, su *Suspect) {
	x.Bound = l.Bound
	switch {
	case x.Match.OK:
		x.Client = x.stated(l, su.client())
		x.signed(t, l, x.Client)
		return
	case x.Verdict == IPMismatch || x.Verdict == ExpiredIPMismatch: // without a key
		x.Client = l.stated()
		return
	case x.Verdict != UnresolvedSignature:
		return
	}
	for _, a := range slices.Concat(su.Clients, commonProxies()) {
		b := l.binding(su.Policy.Binding(a))
		if b.Kind == BindNone {
			return
		}
		if m := matching(t, l, su.Keys, a, b); m.OK {
			x.Verdict, x.Match, x.Client = IPMismatch, m, a
			if l.Deadline < su.Time {
				x.Verdict = ExpiredIPMismatch
			}
			x.signed(t, l, a)
			return
		}
	}
}

// stated is the address that a link was signed for whose hash holds.
func (x *Explanation) stated(l *Link, client netip.Addr) netip.Addr {
	switch {
	case l.Bound.IsValid() && (l.Bound.IsSingleIP() || !l.Admits(client)):
		return l.stated()
	case x.Match.Binding.Kind == BindNone:
		return netip.Addr{}
	}
	return client
}

func matching(t *Trier, l *Link, keys []Key, a netip.Addr, b Binding) Match {
	for i, key := range keys[:min(len(keys), maxKeys)] {
		for _, at := range t.scheme.places(l, ScopeAuto) {
			if t.Try(l, at.scope, at.up, key, a, b) {
				return Match{OK: true, Scope: at.scope, Up: uint8(at.up), Binding: b, Key: uint8(i)}
			}
		}
	}
	return Match{}
}

// pathPlace is a part of a path that an edge may hash.
type pathPlace struct {
	scope Scope
	up    int
}

// shownUp is how many directories above its own are listed for links that may be signed over any of them.
const shownUp = 8

// places lists what an edge may hash of the path.
func (s *Scheme) places(l *Link, scope Scope) []pathPlace {
	switch {
	case scope != ScopeAuto:
		return []pathPlace{{scope, 0}}
	case s.fileOnly:
		return []pathPlace{{ScopeFile, 0}}
	}
	out := []pathPlace{{ScopeFile, 0}, {ScopeDir, 0}}
	for up := 1; l.below && up <= shownUp && ScopePath(l.Path, ScopeAncestor, up) != nil; up++ {
		out = append(out, pathPlace{ScopeAncestor, up})
	}
	return out
}

func (x *Explanation) signed(t *Trier, l *Link, a netip.Addr) {
	if x.Verdict != Valid && x.Verdict != Expired {
		x.Signed = t.HashedText(l, x.Match.Scope, int(x.Match.Up), a, x.Match.Binding)
	}
}

// hashed lists what the edge hashes.
func (x *Explanation) hashed(t *Trier, l *Link, su *Suspect) {
	b := l.binding(su.Policy.Binding(su.client()))
	if l.Shape != Signed || !l.PathOK || l.says != saysBound && b.Kind != BindNone && !su.client().IsValid() {
		return
	}
	for _, at := range t.scheme.places(l, su.Policy.Scope) {
		text := t.HashedText(l, at.scope, at.up, su.client(), b)
		if text != "" && !slices.Contains(x.Hashed, text) {
			x.Hashed = append(x.Hashed, text)
		}
	}
}

func (x *Explanation) examine(e *Examiner, clean, pasted *Suspect) {
	ports := *clean
	ports.Ports = true
	f, ok := e.Examine(clean)
	for _, s := range [...]*Suspect{pasted, &ports} {
		if !ok {
			f, ok = e.Examine(s)
		}
	}
	if !ok {
		return
	}
	x.Found, x.Client = f, f.Client
	if x.Verdict != Valid && x.Verdict != Expired {
		x.Signed, x.Detail = f.Hashed, f.Mistake.Detail()
	}
}

// proof is what the mistake found adds to the rule.
func (x *Explanation) proof() string {
	f := x.Found
	if f.Mistake.Name == "" {
		return ""
	}
	proof := "; proven: " + f.Mistake.Says
	if x.Verdict == Valid && len(x.Cleaned) > 0 {
		proof = "; as it was pasted it would be refused: " + f.Mistake.Says
	}
	if f.Also.Name != "" {
		proof += ", and " + f.Also.Says
	}
	return proof
}

// verdictRule says which of the edge's tests fails, and on what.
func (x *Explanation) verdictRule(s *Scheme, l *Link) string {
	switch {
	case x.Verdict == Expired && x.Detail == DetailEarly:
		return "start: the hash holds, and the request came before the time from which the link is valid"
	case x.Verdict == WrongPath && l.reach == reachAstray:
		return "path: the hash holds, and what the token is for does not cover this path"
	}
	switch x.Verdict {
	case Valid:
		return "no rule of the token fails: the hash holds and the link is in time"
	case Expired:
		return "expiry: the hash holds, and the request came after the expiry"
	case Malformed:
		return "shape: " + shapeRule(x.Detail, s, l)
	case IPMismatch:
		return "address: " + x.mismatchRule()
	case ExpiredIPMismatch:
		return "address and expiry: " + x.mismatchRule() + ", and it was late"
	case WrongPath:
		return "path: the hash holds for another part of the path than the one the edge hashes"
	case UnresolvedSignature:
		return "hash: what the edge hashes does not give the link's token"
	case Unsigned:
		switch {
		case !x.hidden(s):
		case strings.Contains(x.Target, "?"):
			return tokenHidden + "its = is percent-encoded (%3D), which makes it a part of a name"
		default:
			return tokenHidden + "the ? before it is percent-encoded (%3F), which makes it a part of the path"
		}
		return "token: the link has none"
	}
	if x.Detail == DetailNoClient {
		return "not checked: the link may be bound to an address, and none is known"
	}
	return "not checked: there is no key for this host"
}

const tokenHidden = "token: the link has none for the edge, as "

// hidden reports whether an unsigned link has a token once its encoding is undone.
func (x *Explanation) hidden(s *Scheme) bool {
	plain, err := url.PathUnescape(x.Target)
	if err != nil || plain == x.Target {
		return false
	}
	var l Link
	NewParser(s).Parse([]byte(plain), &l)
	return l.Shape == Signed
}

func (x *Explanation) mismatchRule() string {
	if x.Bound.IsValid() {
		return "the address the edge saw lies outside what the link names"
	}
	return fmt.Sprintf("the link was signed for %s, which is not the address the edge saw", x.Client)
}

func shapeRule(d Detail, s *Scheme, l *Link) string {
	switch d {
	case DetailMissingMD5:
		return "there is an expires, and no md5"
	case DetailMissingExpires:
		return "there is an md5, and no expires"
	case DetailBadMD5:
		if s.hexed {
			return "the digest is not 16 bytes in hexadecimal digits"
		}
		return "the md5 is not 16 bytes of base64url"
	case DetailBadExpires:
		if _, ok := parseExpires(l.Expires); ok {
			return fmt.Sprintf("the time has %d digits, and the scheme takes ten", len(l.Expires))
		}
		return "the expires is not a positive decimal number"
	case DetailMissingToken:
		return "there is an expiry, and no digest"
	case DetailBadToken:
		return "the digest is not written as the scheme does"
	case DetailBadAddress:
		return "the address that the link names cannot be read"
	case DetailBadPolicy:
		return "the policy is no base64 of JSON with one statement"
	}
	return "token and expiry cannot be read"
}

func (x *Explanation) fix(l *Link) string {
	switch {
	case x.Found.Mistake.Name != "":
		return withAlso(x.Found)
	case x.Verdict == Expired && x.Detail == DetailEarly:
		return "request the link later; if that is now, look at the signer's clock"
	case x.Verdict == WrongPath && l.reach == reachAstray:
		return "give the token a path or pattern that covers the files it is for"
	}
	if others := SchemesOf([]byte(x.Target)); len(others) > 0 && (x.Verdict == Malformed || x.Verdict == Unsigned) {
		return "say --scheme " + strings.Join(others, " or ") + " if the link is of that scheme, as it looks; else see how it was built and passed on"
	}
	switch x.Verdict {
	case Valid:
		return "nothing in the link; look at the other rules of the edge (country, referer, user agent, address list) and at the origin"
	case Expired:
		return "use a fresh link; for long playback give links a longer lifetime, or let the player renew them"
	case Malformed:
		return "look at how the link was built and passed on: it was cut or rewritten"
	case IPMismatch, ExpiredIPMismatch:
		return "sign for the address that the edge will see; where viewers change their address, sign with a mask or without an address"
	case WrongPath:
		return "hash the part of the path that the edge hashes: the file, or its directory with the slash at the end"
	case Unsigned:
		if strings.HasPrefix(x.Rule, tokenHidden) {
			return "pass the link on as it was made: what put it into a page, a mail or another link encoded it once too often"
		}
		return "sign the link; if the page's link had a token, the player or a proxy does not forward the query string"
	case UnresolvedSignature:
		return "check the key of this host first; then ask the signer for the text it hashes and compare it byte by byte"
	}
	if x.Detail == DetailNoClient {
		return "give the address the edge saw"
	}
	return "give the key of this host"
}

func withAlso(f Found) string {
	if f.Also.Name == "" {
		return f.Mistake.Fix
	}
	return f.Mistake.Fix + "; then " + f.Also.Fix
}

func (x *Explanation) codes() {
	for _, lang := range Langs() {
		if text := Snippet(x.Found.Mistake, lang); text != "" {
			x.Codes = append(x.Codes, Code{lang, text})
		}
	}
}
