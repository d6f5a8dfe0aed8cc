package search

import (
	"bytes"
	"net/netip"
	"slices"

	"ipdrift/token"
)

// Suspect is a link that verifies for no request of the log.
type Suspect struct {
	Link     uint32
	Hash     uint64 // of the link
	Unserved bool   // it was only refused
	Life     int64  // from its first use, s
	Host     *Host
	Clients  []netip.Addr // distinct, in order
	Ids      []uint32     // of some of them
	Issued   bool         // the first of them is what the signer saw
	Found    *Proof
	Examined bool           // for mistakes of its signer
	Deep     bool           // has been searched deeply
	Skipped  bool           // no request with its token is known
	unshown  bool           // it is the turn of the scope that nothing the host served shows
	Tried    uint64         // hashes
	nets     []netip.Prefix // where its clients' operators have addresses
}

// open reports whether nothing explains the suspect yet, and something may.
func (s *Suspect) open() bool { return s.Found == nil && !s.Skipped }

// InOrderOfText puts the clients of a suspect into the order that the case has
// them in where it holds addresses.
func (s *Suspect) InOrderOfText(most int) {
	rest := s.Clients
	if s.Issued {
		rest = s.Clients[1:]
	}
	slices.SortFunc(rest, func(x, y netip.Addr) int {
		return bytes.Compare(token.AppendAddr(nil, x), token.AppendAddr(nil, y))
	})
	s.Clients = s.Clients[:min(len(s.Clients), most)]
}
