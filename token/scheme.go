package token

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Scheme is one recipe of token: how a target is read, what is hashed, how a link is written. Get one
// from [Schemes] or [SchemeNamed]. It is not changed after that, so goroutines may share it.
type Scheme struct {
	Name    string   // as in --scheme, without options
	Aliases []string // other names of the same recipe
	Doc     string   // one line
	Params  string   // where the token stands, for people
	Hash    string   // what is computed, for people
	Binds   bool     // a link can be bound to a client address; where false, no address is worth searching
	Visible bool     // the address of a bound link stands in the link itself: see Link.Bound
	Tells   bool     // a link itself tells whether it is bound: see Link.Unbound
	Needs   string   // what of Seen is hashed, for people; "" for none
	KeyForm string   // what the key file holds, for people
	Vectors string   // where the test vectors are from: "published" by the vendor or its library, or "own"
	Source  string   // of recipe and vectors

	whole    bool        // the hash never depends on the file
	inPath   bool        // the token stands, or can stand, in the path
	origins  bool        // the URL's scheme and host are hashed
	schemed  bool        // http or https is hashed, as the variable $scheme of nginx
	signs    algorithm   // of the digest that Sign makes
	fileOnly bool        // the edge accepts no directory tokens
	ipText   bool        // what of the target is hashed is the text of the address, as the link names it
	issues   bool        // the time in the token is that of its issue
	hexed    bool        // the digest is written in hexadecimal digits
	bare     bool        // the path is hashed without its first slash
	also     []algorithm // of digests that are read beside those of signs; what a token bears is told by its length

	options func(text string) (*Scheme, error)                                 // the scheme with the options behind "name:"; nil: there are none
	read    func(l *Link, target []byte, path, query span)                     // fills in the token's part of a link
	head    func(dst []byte, l *Link, path []byte, k Key) []byte               // what is hashed before the address
	address func(dst []byte, l algorithm, a netip.Addr, b Binding) []byte      // nil: AppendBound
	tail    func(dst []byte, l *Link, path []byte, k Key) []byte               // and behind it
	unlock  func(text string) ([]byte, error)                                  // the bytes that a key's text stands for; nil: itself
	lock    func(key []byte) string                                            // the reverse
	write   func(p SignParams, l *Link, token string) string                   // the signed target, of a scheme without draft
	draft   func(s *Scheme, p SignParams, l *Link, sum []byte) (string, error) // the target with any digest, or with room for one
}

// Schemes lists all schemes, the default (gcore) first, each with its default options. Every call makes
// new values.
func Schemes() []*Scheme {
	return []*Scheme{gcore(), gcoreVideo(), gcoreMP4(), nginx(), bunny(), keyCDN(), cdn77(), cdnSun(), akamai(), cloudFront(), fastly(), cloudflare(), mediaVault()}
}

// SchemeNamed returns the scheme of that name or alias, with the options that stand behind a colon, as in
// "cloudflare:verify,10800" and "nginx:$arg_st,$arg_e;$secure_link_expires$uri$remote_addr KEY". The error
// lists the names there are, or says which options the scheme has; it quotes nothing, as a secret may stand there.
func SchemeNamed(name string) (*Scheme, error) {
	base, options, given := strings.Cut(name, ":")
	var names []string
	for _, s := range Schemes() {
		names = append(names, s.Name)
		switch {
		case s.Name != base && !slices.Contains(s.Aliases, base):
			continue
		case !given:
			return s, nil
		case s.options == nil:
			return nil, fmt.Errorf("token scheme %s has no options, leave out what follows the colon", s.Name)
		}
		return s.options(options)
	}
	return nil, fmt.Errorf("no such token scheme, there are %s", strings.Join(names, ", "))
}

// SchemesOf names the schemes, each with its default options, that read a well-formed token in a
// request target, as [Parser.Parse] takes it. It is the look of the link; no hash is tried.
func SchemesOf(target []byte) (names []string) {
	var l Link
	for _, s := range Schemes() {
		if NewParser(s).Parse(target, &l); l.Shape == Signed {
			names = append(names, s.Name)
		}
	}
	return names
}

// InQuery reports whether the token stands in the query alone, so that all
// targets with the same query carry the same link.
func (s *Scheme) InQuery() bool { return !s.whole && !s.inPath }

// Textual reports whether an MD5 of the text that [AppendBound] gives of the client's address is all that binds a link to
// it: a link that is signed over one text is signed over no other.
func (s *Scheme) Textual() bool { return s.signs == plainMD5 && len(s.also) == 0 && s.address == nil }

func noTail(dst []byte, _ *Link, _ []byte, _ Key) []byte { return dst }

// noAddress is for schemes whose message does not hold the client's address, or holds what the link itself says.
func noAddress(dst []byte, _ algorithm, _ netip.Addr, _ Binding) []byte { return dst }

// keyText describes the key file of most schemes.
const keyText = "the secret"
