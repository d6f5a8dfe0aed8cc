package token

import (
	"fmt"
	"io"
	"net/netip"

	"ipdrift/token/lanes"
)

// Suspect is what is known of a failing link when its signer is examined.
type Suspect struct {
	Target    []byte           // as requested, untouched: a path with its query, or an absolute URL
	Host      string           // the host that was asked, "" if not known
	Seen      Seen             // what else the edge saw, for the schemes that hash it; where its Host is nil, Host stands for it
	Clients   []netip.Addr     // the observed address, then others worth trying; the caller bounds them
	Time      int64            // Unix seconds of the request's start, 0 if not known
	Policy    Policy           // what the edge demands
	Keys      []Key            // the keys of the host
	OldKeys   []Key            // keys it had before
	OtherKeys map[string][]Key // keys of other hosts, by host
	Ports     bool             // all ports are tried that can stand behind an address, over the path that the policy demands
}

// client returns the observed address, the zero Addr if it is not known.
func (s *Suspect) client() netip.Addr {
	if len(s.Clients) == 0 {
		return netip.Addr{}
	}
	return s.Clients[0]
}

// seen is what the edge saw beside the target, host being s.Host.
func (s *Suspect) seen(host []byte) Seen {
	seen := s.Seen
	if seen.Host == nil && len(host) > 0 {
		seen.Host = host
	}
	return seen
}

// Found is a proven mistake: a full digest was reproduced, or for [Mistake] lowercased_url a full token
// but for the case of its letters.
type Found struct {
	Mistake Mistake
	Also    Mistake    // a second mistake the same link bears, one of how it is written; zero if none
	Hashed  string     // what was hashed, printable as in [Trier.HashedText], key as <key>; it holds path, query and address
	Client  netip.Addr // the address whose text was hashed, zero if none
	Scope   Scope      // which part of the path was hashed, in whatever spelling
	Up      int        // levels above the directory, for [ScopeAncestor]
	Key     int        // index into Keys, for old_key into OldKeys, for other_host_key into those of Host
	Host    string     // whose key it was, for other_host_key
}

// Examiner searches what a signer did wrong, by every hypothesis of [Mistakes] that the scheme leaves room for:
// expiry, path, address and key are varied, and the scheme makes its message of them. RSA signatures are tried with
// other keys only. It owns scratch memory that holds keys: one per goroutine.
type Examiner struct {
	scheme  *Scheme
	parser  *Parser
	engine  engine
	table   []hypothesis
	proxies []netip.Addr
	keys    map[respelled]Key // those a signer may have made of the given ones
	none    Key               // of no characters

	suspect  *Suspect
	link     Link
	varied   Link // the link as a recipe changes it
	claim    claim
	query    []byte
	binding  Binding
	right    recipe // what the edge hashes for the key and client whose turn it is
	client   netip.Addr
	observed netip.Addr   // the client the edge saw
	others   []netip.Addr // clients behind the observed one
	first    bool         // the turn of the observed client
	lead     bool         // the turn of a client's first key
	found    Found
	hit      recipe
	hashes   int
	search   lanes.Search
	seeks    sought // messages hold addressMark, and are searched for this
	sifted   int    // of the common proxies, the first that can be it
	port     int    // that was found, -1 for none

	target, message, bound, text, path, number, params, spaced, host, uri []byte
}

// NewExaminer returns an examiner for a scheme, one of [Schemes].
func NewExaminer(s *Scheme) *Examiner {
	return &Examiner{scheme: s, parser: NewParser(s), table: hypotheses(), proxies: commonProxies(), keys: map[respelled]Key{}, none: Key{new(string)}}
}

// Format writes the type's name for every verb: the scratch memory holds keys.
func (e *Examiner) Format(f fmt.State, _ rune) { io.WriteString(f, "token.Examiner") }

// Examine tries the known mistakes, each alone but for spoiled links (see [Found].Also), and returns the
// first that reproduces the token. False for links that bear no mistake (a hash that holds as it should
// for the observed or another client is none), that cannot be read, or that nothing explains; what it
// returns is a proof.
//
// With one key and one client a search in vain costs at most 4,300 hashes, under 0.5 ms where they are MD5 and under 5 ms
// where they are HMACs, 2,658 of them for private addresses and 600 for expiries sent as a duration; up to five times that
// for tokens that are good for all that lies below a directory. Every further client costs at most 1,600 and
// eight for each other client, every further key as much as the first, every old key and key of another
// host two a client. Suspect.Ports costs up to 2,000,000 more in the lanes, of MD5, and 260,000 one by one where they are none.
// For the MD5 schemes it allocates only what it returns. Keys and addresses beyond what the
// caller needs are the caller's to leave out.
func (e *Examiner) Examine(s *Suspect) (Found, bool) {
	e.suspect, e.found, e.hashes = s, Found{}, 0
	e.host = append(e.host[:0], s.Host...)
	e.parser.See(s.seen(e.host))
	if !e.read(s.Target) {
		return Found{}, false
	}
	e.observed, e.others = s.client(), s.Clients[min(len(s.Clients), 1):]
	for i := range e.turns() {
		e.client, e.first, e.lead = netip.Addr{}, i == 0, true
		if i < len(s.Clients) {
			e.client = s.Clients[i]
		}
		if e.link.says == saysBound {
			e.client = e.link.stated()
		}
		for k, key := range s.Keys {
			e.found.Key = k
			if m, done := e.turn(key); done {
				return e.report(m)
			}
		}
	}
	return Found{}, false
}

// turns is how many clients have a turn: one where the link itself names its address.
func (e *Examiner) turns() int {
	if e.link.says == saysBound {
		return 1
	}
	return max(len(e.suspect.Clients), 1)
}

// gcoreName is the scheme whose signing code is known.
const gcoreName = "gcore"

// turn tries everything for one key and one client. It is done where a hash was reproduced; the mistake
// is zero where that hash is as it should be.
func (e *Examiner) turn(key Key) (m Mistake, done bool) {
	if key.IsZero() {
		return Mistake{}, false
	}
	e.binding = e.link.binding(e.suspect.Policy.Binding(e.client))
	e.bound = e.appendBound(e.bound[:0], e.client, e.binding)
	if e.statesAddress() {
		e.bound = append(e.bound[:0], e.link.Params...)
	}
	e.right = recipe{expires: e.claim.expires, path: e.link.Path, address: e.bound, key: key}
	e.found.Client, e.found.Up = e.client, 0
	if e.binding.Kind == BindNone {
		e.found.Client = netip.Addr{}
	}
	blind := e.link.says != saysBound && e.binding.Kind != BindNone && !e.client.IsValid()
	if !blind && e.asEdge(e.right) {
		return e.named(e.ownMistake()), true
	}
	for i := range e.table {
		h := &e.table[i]
		if h.try == nil || blind && h.place != placeAddress || !e.leavesRoom(h.place) {
			continue
		}
		client := e.found.Client
		if h.try(e) {
			return h.Mistake, true
		}
		e.found.Client, e.found.Up = client, 0
	}
	e.lead = false
	return Mistake{}, false
}

// appendBound appends what the edge hashes of an address.
func (e *Examiner) appendBound(dst []byte, a netip.Addr, b Binding) []byte {
	switch {
	case e.scheme.ipText:
		return AppendAddr(dst, a)
	case e.scheme.address != nil:
		return e.scheme.address(dst, e.link.digest.algorithm, a, b)
	}
	return AppendBound(dst, a, b)
}

// statesAddress reports whether the text of the address in the link is a part of what is hashed.
func (e *Examiner) statesAddress() bool { return e.scheme.ipText && e.link.says == saysBound }

// leavesRoom reports whether what is hashed holds what the hypotheses about a place vary.
func (e *Examiner) leavesRoom(at place) bool {
	switch {
	case e.link.digest.algorithm >= rsaSHA1:
		return at == placeKey
	case at == placeAddress:
		return e.scheme.Binds && !e.scheme.Visible || e.statesAddress()
	case at == placePath:
		return !e.whole()
	case at == placeExpires:
		return e.claim.expires != nil
	}
	return true
}

// asEdge tries a recipe over the path that the policy demands.
func (e *Examiner) asEdge(r recipe) bool {
	if e.whole() || e.link.below {
		return e.either(r)
	}
	switch e.suspect.Policy.Scope {
	case ScopeFile:
		return e.over(r, ScopeFile, e.link.Path)
	case ScopeDir:
		return e.over(r, ScopeDir, parent(e.link.Path))
	}
	return e.either(r)
}

// ownMistake names what is wrong with a link whose hash is as it should be.
func (e *Examiner) ownMistake() string {
	elsewhere := !e.first
	if e.link.says == saysBound {
		elsewhere = e.observed.IsValid() && !e.link.Admits(e.observed)
	}
	switch {
	case e.claim.deadline >= fineExpiry:
		return mistakeMillis
	case e.claim.plain && e.claim.deadline < longestDuration && !e.scheme.issues:
		return mistakeRelative
	case elsewhere && isLocal(e.client):
		return mistakePrivate
	}
	return ""
}

// report makes the Found of a reproduced hash. What spoiled the link comes second, or first where it is all.
func (e *Examiner) report(m Mistake) (Found, bool) {
	spoiled := e.claim.spoiled[:e.claim.n]
	if m.Name == "" && len(spoiled) > 0 {
		m, spoiled = e.named(spoiled[0]), spoiled[1:]
	}
	if m.Name == "" {
		return Found{}, false
	}
	f := e.found
	f.Mistake, f.Hashed = m, e.shown(e.hit)
	for _, name := range spoiled {
		if name != m.Name {
			f.Also = e.named(name)
			break
		}
	}
	return f, true
}

// named returns a mistake of the table, the zero Mistake for "".
func (e *Examiner) named(name string) Mistake {
	for _, h := range e.table {
		if h.Name == name {
			return h.Mistake
		}
	}
	return Mistake{}
}
