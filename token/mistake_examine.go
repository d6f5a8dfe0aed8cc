package token

import (
	"crypto/md5"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"net/netip"
)

// Suspect is what is known of a failing link when its signer is examined.
type Suspect struct {
	Target    []byte           // as requested, untouched: a path with its query, or an absolute URL
	Host      string           // the host that was asked, "" if not known
	Scheme    string           // http or https, "" if not known
	Clients   []netip.Addr     // the observed address, then others worth trying; the caller bounds them
	Time      int64            // Unix seconds of the request's start, 0 if not known
	Policy    Policy           // what the edge demands
	Keys      []Key            // the keys of the host
	OldKeys   []Key            // keys it had before
	OtherKeys map[string][]Key // keys of other hosts, by host
}

// client returns the observed address, the zero Addr if it is not known.
func (s *Suspect) client() netip.Addr {
	if len(s.Clients) == 0 {
		return netip.Addr{}
	}
	return s.Clients[0]
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

// Examiner searches what a signer did wrong, for links of the gcore scheme by every hypothesis of
// [Mistakes], for other schemes by those about keys and addresses. It owns scratch memory that holds
// keys: one per goroutine.
type Examiner struct {
	scheme  *Scheme
	parser  *Parser
	trier   *Trier
	table   []hypothesis
	proxies []netip.Addr

	suspect *Suspect
	link    Link
	claim   claim
	query   []byte
	right   recipe // what the edge hashes for the key and client whose turn it is
	client  netip.Addr
	others  []netip.Addr // clients behind the observed one
	first   bool         // the turn of the observed client
	lead    bool         // the turn of a client's first key
	found   Found
	hit     recipe
	hashes  int

	message, bound, text, path, number []byte
}

// NewExaminer returns an examiner for a scheme, one of [Schemes].
func NewExaminer(s *Scheme) *Examiner {
	return &Examiner{scheme: s, parser: NewParser(s), trier: NewTrier(s), table: hypotheses(), proxies: commonProxies()}
}

// Format writes the type's name for every verb: the scratch memory holds keys.
func (e *Examiner) Format(f fmt.State, _ rune) { io.WriteString(f, "token.Examiner") }

// recipe is one text that may have been hashed, part by part in gcore's order.
type recipe struct {
	expires, path, address []byte
	space                  string
	key                    Key
	after                  string // behind the key
}

func (r recipe) append(dst []byte) []byte {
	dst = append(append(append(dst, r.expires...), r.path...), r.address...)
	return append(r.key.append(append(dst, r.space...)), r.after...)
}

// shown is the text for people. An empty key stays empty.
func (r recipe) shown() string {
	shown := keyShown
	if !r.key.IsZero() {
		r.key = Key{&shown}
	}
	return string(appendPrintable(nil, r.append(nil)))
}

// Examine tries the known mistakes, each alone but for spoiled links (see [Found].Also), and returns the
// first that reproduces the token. False for links that bear no mistake (a hash that holds as it should
// for the observed or another client is none), that cannot be read, or that nothing explains; what it
// returns is a proof.
//
// With one key and one client a search in vain costs at most 4,000 hashes, under 1 ms, 2,658 of them for
// private addresses and 600 for expiries sent as a duration. Every further client costs at most 1,300 and
// eight for each other client, every further key as much as the first, every old key and key of another
// host two a client. It allocates only what it returns. Keys and addresses beyond what the
// caller needs are the caller's to leave out.
func (e *Examiner) Examine(s *Suspect) (Found, bool) {
	e.suspect, e.found, e.hashes = s, Found{}, 0
	if e.scheme.Name != gcoreName {
		return e.examineOther(s)
	}
	if !e.read(s.Target) {
		return Found{}, false
	}
	e.others = s.Clients[min(len(s.Clients), 1):]
	for i := range max(len(s.Clients), 1) {
		e.client, e.first, e.lead = netip.Addr{}, i == 0, true
		if i < len(s.Clients) {
			e.client = s.Clients[i]
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

// gcoreName is the scheme whose recipe the hypotheses vary.
const gcoreName = "gcore"

// turn tries everything for one key and one client. It is done where a hash was reproduced; the mistake
// is zero where that hash is as it should be.
func (e *Examiner) turn(key Key) (m Mistake, done bool) {
	if key.IsZero() {
		return Mistake{}, false
	}
	e.bound = AppendBound(e.bound[:0], e.client, e.suspect.Policy.Binding(e.client))
	e.right = recipe{expires: e.claim.expires, path: e.link.Path, address: e.bound, space: " ", key: key}
	e.found.Client, e.found.Up = e.client, 0
	if !e.suspect.Policy.Bound {
		e.found.Client = netip.Addr{}
	}
	blind := e.suspect.Policy.Bound && !e.client.IsValid()
	if !blind && e.holdsRight() {
		return e.named(e.ownMistake()), true
	}
	for i := range e.table {
		h := &e.table[i]
		if h.try == nil || blind && h.place != placeAddress {
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

// holdsRight tries what the policy demands.
func (e *Examiner) holdsRight() bool {
	switch e.suspect.Policy.Scope {
	case ScopeFile:
		return e.over(e.right, ScopeFile, e.link.Path)
	case ScopeDir:
		return e.over(e.right, ScopeDir, parent(e.link.Path))
	}
	return e.either(e.right)
}

// ownMistake names what is wrong with a link whose hash is as it should be.
func (e *Examiner) ownMistake() string {
	switch {
	case e.claim.deadline >= fineExpiry:
		return mistakeMillis
	case e.claim.plain && e.claim.deadline < longestDuration:
		return mistakeRelative
	case !e.first && isLocal(e.client):
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
	f.Mistake, f.Hashed = m, e.hit.shown()
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

// holds hashes a recipe and compares the digest with the link's.
func (e *Examiner) holds(r recipe) bool {
	e.message = r.append(e.message[:0])
	e.hashes++
	sum := md5.Sum(e.message)
	if e.claim.exact && subtle.ConstantTimeCompare(sum[:], e.claim.sum[:]) == 1 {
		e.hit = r
		return true
	}
	if e.claim.lower && e.claim.folds(sum) {
		e.claim.spoil(mistakeLowered)
		e.hit = r
		return true
	}
	return false
}

// folds compares a digest's token with one in lower-case letters.
func (c *claim) folds(sum [16]byte) bool {
	var text [sumChars]byte
	base64.RawURLEncoding.Encode(text[:], sum[:])
	for i, b := range text {
		if 'A' <= b && b <= 'Z' {
			text[i] = b | 0x20
		}
	}
	return subtle.ConstantTimeCompare(text[:], c.text[:]) == 1
}

// over tries a recipe with a path, which is what the scope names in whatever spelling.
func (e *Examiner) over(r recipe, s Scope, path []byte) bool {
	if len(path) == 0 {
		return false
	}
	r.path = path
	if !e.holds(r) {
		return false
	}
	e.found.Scope = s
	return true
}

// either tries a recipe over the file and over its directory.
func (e *Examiner) either(r recipe) bool {
	return e.over(r, ScopeFile, e.link.Path) || e.over(r, ScopeDir, parent(e.link.Path))
}

func (e *Examiner) fileSigned() bool {
	return e.suspect.Policy.Scope == ScopeDir && e.over(e.right, ScopeFile, e.link.Path)
}

func (e *Examiner) dirSigned() bool {
	return e.suspect.Policy.Scope == ScopeFile && e.over(e.right, ScopeDir, parent(e.link.Path))
}

func (e *Examiner) parentDir() bool {
	path := parent(e.link.Path)
	for up := 1; up <= maxUp && len(path) > 1; up++ {
		path = parent(path[:len(path)-1])
		e.found.Up = up
		if e.over(e.right, ScopeAncestor, path) {
			return true
		}
	}
	return false
}
