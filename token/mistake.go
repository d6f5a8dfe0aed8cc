package token

import "bytes"

// mistaken tries the known mistakes of signers, each alone: first with the address, then with the path,
// then with the space.
func (v *Verifier) mistaken(b Binding) (Detail, Match) {
	if v.link.says == saysNothing {
		if d, m := v.misbound(b); m.OK {
			return d, m
		}
	}
	if v.wholeLink() {
		return "", Match{}
	}
	file, dir := Match{Scope: ScopeFile, Binding: b}, Match{Scope: ScopeDir, Binding: b}
	if !bytes.Equal(v.link.RawPath, v.link.Path) {
		if m := v.tryPath(v.link.RawPath, file); m.OK {
			return DetailEncodedPath, m
		}
		if m := v.tryPath(parent(v.link.RawPath), dir); m.OK {
			return DetailEncodedPath, m
		}
	}
	if bare := parent(v.link.Path); len(bare) > 1 {
		if m := v.tryPath(bare[:len(bare)-1], dir); m.OK {
			return DetailNoSlash, m
		}
	}
	return DetailNoSpace, v.spaceless(b)
}

// misbound tries other address texts than the policy's, over file and directory.
func (v *Verifier) misbound(b Binding) (Detail, Match) {
	if b.Kind != BindNone {
		if m := v.inScope(ScopeAuto, Binding{Kind: BindNone}); m.OK {
			return DetailNoAddress, m
		}
	}
	if b.Kind != BindAddress {
		if m := v.inScope(ScopeAuto, Binding{}); m.OK {
			return unmaskedDetail(b), m
		}
	}
	return DetailMasked, v.masked(b)
}

func unmaskedDetail(b Binding) Detail {
	if b.Kind == BindNone {
		return DetailAddress
	}
	return DetailNoMask
}

// masked tries the usual masks, except the policy's own.
func (v *Verifier) masked(policy Binding) Match {
	for _, b := range UsualMasks(v.client.Unmap().Is4()) {
		if b == policy {
			continue
		}
		if m := v.inScope(ScopeAuto, b); m.OK {
			return m
		}
	}
	return Match{}
}

// spaceless tries hashes without the space before the key, which the vendor's prose leaves out.
func (v *Verifier) spaceless(b Binding) Match {
	for _, scope := range [...]Scope{ScopeFile, ScopeDir} {
		path := ScopePath(v.link.Path, scope, 0)
		for i, key := range v.keys {
			v.trier.Aim(&v.link, path, key)
			if v.trier.dropSpace() && v.trier.Hit(v.client, b) {
				return Match{OK: true, Scope: scope, Binding: b, Key: uint8(i)}
			}
		}
	}
	return Match{}
}
