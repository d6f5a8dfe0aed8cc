package token

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
)

// SignParams says what link [Sign] makes.
type SignParams struct {
	Target        string     // path or URL as the client will request it, percent-encoded; its query is kept
	Expires       int64      // Unix seconds, positive
	Client        netip.Addr // the address the link is bound to; the zero Addr binds none
	Prefix        int        // bits of the address that are hashed, 0 for all
	Form          Form       // text of a cut address
	Dir           bool       // hash the directory: the link's token covers the files directly inside
	Key           Key
	Speed, Buffer string // gcore-mp4 only: as in "1000k"; "" leaves them out
}

// Sign returns the target with its token. Token parameters the target already has are replaced, all
// else of it stays as written. What is hashed is the path as the edge decodes it, so the target must
// be one the edge can read. Errors hold neither key nor target.
func Sign(s *Scheme, p SignParams) (string, error) {
	if err := p.check(s); err != nil {
		return "", err
	}
	var l Link
	NewParser(s).Parse([]byte(p.Target), &l)
	if err := signable(s, &l); err != nil {
		return "", err
	}
	l.Shape = Signed
	l.Expires = strconv.AppendInt(nil, p.Expires, 10)
	l.speed, l.buffer = []byte(p.Speed), []byte(p.Buffer)
	t := NewTrier(s)
	t.Aim(&l, p.path(l.Path), p.Key)
	sum := t.sum(p.Client, p.binding())
	return s.write(p, &l, base64.RawURLEncoding.EncodeToString(sum[:])), nil
}

func (p SignParams) path(path []byte) []byte {
	if p.Dir {
		return ScopePath(path, ScopeDir, 0)
	}
	return path
}

func (p SignParams) binding() Binding {
	switch {
	case !p.Client.IsValid():
		return Binding{Kind: BindNone}
	case p.Prefix == 0:
		return Binding{}
	}
	return Binding{Kind: BindMask, Prefix: uint8(p.Prefix), Form: p.Form}
}

func (p SignParams) check(s *Scheme) error {
	switch bits := p.Client.Unmap().BitLen(); {
	case p.Key.IsZero():
		return errors.New("no key to sign with")
	case p.Expires <= 0:
		return fmt.Errorf("expiry %d is not after 1970, give Unix seconds", p.Expires)
	case p.Prefix != 0 && !p.Client.IsValid():
		return errors.New("a prefix needs a client address to cut")
	case p.Prefix < 0 || p.Prefix > bits:
		return fmt.Errorf("prefix /%d is outside 0 to %d, the bits of the client address", p.Prefix, bits)
	case s.Name != "gcore-mp4" && (p.Speed != "" || p.Buffer != ""):
		return fmt.Errorf("speed and buffer belong to gcore-mp4, not to %s", s.Name)
	case s.Name == "gcore-mp4" && p.Dir:
		return errors.New("gcore-mp4 has no directory tokens, sign each file")
	case !isRate(p.Speed) || !isRate(p.Buffer):
		return errors.New("speed and buffer are letters and digits, as in 1000k")
	}
	return nil
}

func isRate(text string) bool {
	for _, c := range []byte(text) {
		if !isLetter(c) && !isDigit(c) {
			return false
		}
	}
	return true
}

func signable(s *Scheme, l *Link) error {
	switch {
	case !l.PathOK:
		return errors.New("the target is not one a server accepts: begin with / or https://host, percent-encode blanks, and stay below the root")
	case s.whole && l.asset == nil:
		return errors.New("the path names no asset, it must begin with /videos/<client>_<video>/, /cmaf/…, /mpegts/… or /streams/…")
	}
	return nil
}
