package token

import (
	"fmt"
	"strings"
)

// Scheme is one recipe of token: how a target is read, what is hashed, how a link is written. Get one
// from [Schemes] or [SchemeNamed].
type Scheme struct {
	Name string // as in --scheme
	Doc  string // one line

	whole bool                                                 // the hash does not depend on the file
	read  func(l *Link, target []byte, path, query span)       // fills in the token's part of a link
	head  func(dst []byte, l *Link, path []byte, k Key) []byte // what is hashed before the address
	tail  func(dst []byte, k Key) []byte                       // and behind it
	write func(p SignParams, l *Link, token string) string     // the signed target
}

// Schemes lists all schemes, the default (gcore) first. Every call makes new values.
func Schemes() []*Scheme { return []*Scheme{gcore(), gcoreVideo(), gcoreMP4()} }

// SchemeNamed returns the scheme of that name; the error lists the names there are.
func SchemeNamed(name string) (*Scheme, error) {
	var names []string
	for _, s := range Schemes() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return nil, fmt.Errorf("no token scheme %q, there are %s", name, strings.Join(names, ", "))
}

// InQuery tells whether the token stands in the query alone, so that all
// targets with the same query carry the same link.
func (s *Scheme) InQuery() bool { return !s.whole }
