package token

import "net/netip"

// Policy is how an edge checks links. The zero value: file or directory, no address bound.
type Policy struct {
	Scope            Scope // which does not matter for links that are good for all that lies below a directory
	Bound            bool  // the client address is part of the hash
	Prefix4, Prefix6 uint8 // bits of it that are hashed, 0 for all; an IPv4-mapped address follows Prefix4
	Form             Form  // text of a cut address
}

// Binding returns the binding this policy demands of a client address.
func (p Policy) Binding(a netip.Addr) Binding {
	if !p.Bound {
		return Binding{Kind: BindNone}
	}
	prefix := p.Prefix6
	if a.Unmap().Is4() {
		prefix = p.Prefix4
	}
	if prefix == 0 {
		return Binding{}
	}
	return Binding{Kind: BindMask, Prefix: prefix, Form: p.Form}
}
