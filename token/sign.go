package token

import (
	"crypto/md5"
	"crypto/sha256"
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
	KeyID         string // cloudfront only: the Key-Pair-Id
	Seen          Seen   // what the request will show beside its target, for the schemes that hash it
}

// Sign returns the target with its token. Token parameters the target already has are replaced, all
// else of it stays as written. What is hashed is the path as the edge decodes it, so the target must
// be one the edge can read. Errors hold neither key nor target.
// Of schemes with several forms Sign writes the current one, or the one that the scheme's option names. A target whose
// scheme and host are hashed (cloudfront, mediavault) must be an absolute URL.
func Sign(s *Scheme, p SignParams) (string, error) {
	if err := p.check(s); err != nil {
		return "", err
	}
	var l Link
	NewParser(s).Parse([]byte(p.Target), &l)
	if err := signable(s, &l); err != nil {
		return "", err
	}
	if s.draft != nil {
		return s.fill(p, &l)
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
	case (s.Name == "gcore-mp4" || s.fileOnly) && p.Dir:
		return fmt.Errorf("%s has no directory tokens, sign each file", s.Name)
	case !s.Binds && p.Client.IsValid():
		return fmt.Errorf("%s links cannot be bound to an address, leave the address out", s.Name)
	case s.Name == "cloudfront" && p.KeyID == "":
		return errors.New("a cloudfront link names its key, give the Key-Pair-Id")
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
	case s.Name == "gcore-video" && l.asset == nil:
		return errors.New("the path names no asset, it must begin with /videos/<client>_<video>/, /cmaf/…, /mpegts/… or /streams/…")
	}
	return nil
}

// fill signs a target whose token holds more than a digest: it writes the target with an empty digest, reads that
// as the edge will, and puts the digest of what was read in.
func (s *Scheme) fill(p SignParams, before *Link) (string, error) {
	draft, err := s.draft(s, p, before, make([]byte, max(s.signs.size(), 1)))
	if err != nil {
		return "", err
	}
	var l Link
	parser := NewParser(s)
	parser.See(p.Seen)
	parser.Parse([]byte(draft), &l)
	if l.Shape != Signed {
		return "", fmt.Errorf("the scheme cannot write this link: %s", l.Detail)
	}
	if l.reach == reachAstray {
		return "", errors.New("the token would not cover the path it is for")
	}
	path := l.Path
	if p.Dir && !l.whole {
		path = ScopePath(path, ScopeDir, 0)
	}
	sum, err := s.digestOf(&l, path, p)
	if err != nil {
		return "", err
	}
	return s.draft(s, p, before, sum)
}

func (s *Scheme) digestOf(l *Link, path []byte, p SignParams) ([]byte, error) {
	text := s.message(l, path, p.Key, p.Client, p.binding())
	a := l.digest.algorithm
	switch a {
	case plainMD5:
		sum := md5.Sum(text)
		return sum[:], nil
	case rsaSHA1, rsaSHA256:
		return signRSA(*p.Key.secret, a, text)
	case plainSHA256:
		sum := sha256.Sum256(text)
		return sum[:], nil
	}
	secret, err := s.keyBytes(p.Key)
	if err != nil {
		return nil, err
	}
	mac := a.newMAC(secret)
	mac.Write(text)
	return mac.Sum(nil), nil
}
