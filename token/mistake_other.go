package token

import "net/netip"

// examineOther examines a link of a scheme other than gcore's: which key and which local address
// reproduces it. It finds no_address, address, private_address, old_key and other_host_key, at one to
// three hashes a hypothesis.
func (e *Examiner) examineOther(s *Suspect) (Found, bool) {
	e.parser.Parse(s.Target, &e.link)
	if e.link.Shape != Signed || !e.link.PathOK || s.Policy.Bound && s.client().IsValid() && e.fits(s.Keys, s.client(), s.Policy.Binding(s.client())) {
		return Found{}, false
	}
	if name := e.otherMistake(s); name != "" {
		e.found.Mistake = e.named(name)
		return e.found, true
	}
	return Found{}, false
}

func (e *Examiner) otherMistake(s *Suspect) string {
	unbound, whole := Binding{Kind: BindNone}, Binding{}
	b := s.Policy.Binding(s.client())
	switch {
	case e.fits(s.Keys, netip.Addr{}, unbound):
		if s.Policy.Bound {
			return "no_address"
		}
		return ""
	case !s.Policy.Bound && e.fits(s.Keys, s.client(), whole):
		return "address"
	case e.fits(s.OldKeys, s.client(), b):
		return "old_key"
	}
	for host, keys := range s.OtherKeys {
		if (e.found.Host == "" || host < e.found.Host) && e.fits(keys, s.client(), b) {
			e.found.Host = host
		}
	}
	if e.found.Host != "" {
		return "other_host_key"
	}
	for _, a := range e.proxies {
		if e.scheme.Binds && e.fits(s.Keys, a, whole) {
			return mistakePrivate
		}
	}
	return ""
}

// fits tries keys over file and directory.
func (e *Examiner) fits(keys []Key, a netip.Addr, b Binding) bool {
	for i, key := range keys {
		for _, scope := range [...]Scope{ScopeFile, ScopeDir} {
			e.hashes++
			if e.trier.Try(&e.link, scope, 0, key, a, b) {
				e.found.Hashed = e.trier.HashedText(&e.link, scope, 0, a, b)
				e.found.Client, e.found.Scope, e.found.Key = a, scope, i
				return true
			}
		}
	}
	return false
}
