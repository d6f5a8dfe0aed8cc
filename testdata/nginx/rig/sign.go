package rig

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"
)

// Token signs expires, path, address text, one space and key as Gcore documents it.
func Token(expires, path, address, key string) string {
	sum := md5.Sum([]byte(expires + path + address + " " + key))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Sign signs a decoded path for a client of this host.
func (h Host) Sign(path, expires string, client netip.Addr) string {
	return Token(expires, h.Hashed(path), h.Address(client), h.Key)
}

// Hashed is the part of a decoded path that this host hashes.
func (h Host) Hashed(path string) string {
	if h.Dir {
		return path[:strings.LastIndexByte(path, '/')+1]
	}
	return path
}

// Address is the text of a client address that this host hashes.
func (h Host) Address(a netip.Addr) string {
	switch {
	case !h.Bound:
		return ""
	case a.Is4() && h.Prefix4 > 0:
		p, err := a.Prefix(h.Prefix4)
		if err != nil {
			return err.Error()
		}
		return h.cutText(p)
	}
	for _, n := range h.Networks6 {
		if n.Contains(a) {
			return h.cutText(n)
		}
	}
	return addressText(a)
}

func (h Host) cutText(p netip.Prefix) string {
	text := addressText(p.Addr())
	kept := p.Addr().Is4() && (h.Form == FormOctets || h.Form == FormOctetsDot)
	switch {
	case h.Form == FormCIDR:
		return fmt.Sprintf("%s/%d", text, p.Bits())
	case kept && h.Form == FormOctets:
		return strings.Join(strings.Split(text, ".")[:p.Bits()/8], ".")
	case kept:
		return strings.Join(strings.Split(text, ".")[:p.Bits()/8], ".") + "."
	}
	return text
}

// addressText is a client address as nginx prints it (ngx_inet6_ntop): as RFC
// 5952, but with a dotted quad at the end below ::/96.
func addressText(a netip.Addr) string {
	b := a.As16()
	if a.Is4() || a.Is4In6() || [12]byte(b[:12]) != [12]byte{} {
		return a.String()
	}
	oneGroup := b[12] == 0 && b[13] == 0
	if oneGroup && (b[14] == 0 || b[15] == 1) {
		return a.String()
	}
	return fmt.Sprintf("::%d.%d.%d.%d", b[12], b[13], b[14], b[15])
}
