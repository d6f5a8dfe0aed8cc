package token

import (
	"bytes"
	"crypto/subtle"
	"encoding/base64"
	"slices"
)

// digestText is the text of a digest as people write it.
type digestText struct {
	plain                     []byte // without percent-encoding and padding
	based                     []byte // the same in the alphabet of base64url
	standard, escaped, padded bool   // it was in the other alphabet; percent-encoded; padded with a plain =
	whole                     bool   // nothing of that
}

// readDigest decodes the digest from any of its known encodings.
func (e *Examiner) readDigest() bool {
	text, ok := e.digestText(e.link.digits())
	if !ok {
		return false
	}
	first := e.link.digest.algorithm
	if e.decodes(text, first) {
		return true
	}
	for _, a := range e.scheme.also {
		if a.keyed() == first.keyed() && e.decodes(text, a) {
			return true
		}
	}
	return e.takesMD5() && e.readLonger(text)
}

// readLonger takes a digest that is longer than an MD5 for its first 16 bytes, which tell whose it is.
func (e *Examiner) readLonger(text digestText) bool {
	written := e.claim
	for _, a := range [...]algorithm{plainSHA1, plainSHA256} {
		if !e.decodes(text, a) {
			continue
		}
		l := &e.link
		l.digest.algorithm, l.Sum = plainMD5, [16]byte(l.digest.sum[:])
		if len(text.plain) == base64Length(a.size()) {
			e.claim = written // alphabet and padding matter only once it is an MD5
		}
		return true
	}
	return false
}

func (e *Examiner) digestText(text []byte) (d digestText, ok bool) {
	e.text, ok = appendDecoded(e.text[:0], text)
	d.plain = bytes.TrimRight(e.text, "=")
	d.escaped = !bytes.HasPrefix(text, d.plain)
	d.whole = len(d.plain) == len(text)
	d.padded = !d.escaped && bytes.IndexByte(text, '%') < 0
	e.number = append(e.number[:0], d.plain...)
	d.based, d.standard = e.number, urlAlphabet(e.number, e.number)
	return d, ok
}

// decodes takes the digest as one of an algorithm, in the encoding that its length tells.
func (e *Examiner) decodes(d digestText, a algorithm) bool {
	l, ok := &e.link, false
	switch n := a.size(); len(d.plain) {
	case base64Length(n):
		if ok = l.isIn(a, d.based, unbased); ok {
			e.claim.spoil(e.scheme.base64Mistake(d))
			e.claim.takeLower(l, d.based)
		}
	case 2 * n:
		if ok = l.isIn(a, d.plain, unhexed); ok {
			e.claim.spoil(e.scheme.hexMistake(d))
		}
	case base64Length(2 * n):
		e.path = append(e.path[:0], d.based...) // room for less than that
		count, based := unbased(e.path, d.based)
		if ok = based && l.isIn(a, e.path[:count], unhexed); ok {
			e.claim.spoil(mistakeOfHex)
		}
	}
	return ok
}

func base64Length(n int) int { return base64.RawURLEncoding.EncodedLen(n) }

func (s *Scheme) base64Mistake(d digestText) string {
	switch {
	case s.hexed:
		return mistakeBase64
	case d.standard:
		return mistakeStandard
	case d.escaped:
		return mistakeEscaped
	case d.whole:
		return ""
	case d.padded:
		return mistakeKept
	}
	return mistakePadded
}

func (s *Scheme) hexMistake(d digestText) string {
	switch {
	case !s.hexed:
		return mistakeHex
	case d.escaped:
		return mistakeEscaped
	case !hasUpper(d.plain):
		return ""
	}
	return mistakeUpperHex
}

// urlAlphabet copies base64 into the alphabet of base64url and reports whether it was in another one. A
// blank stands for the '+' it was before a form decoded it.
func urlAlphabet(dst, text []byte) (standard bool) {
	for i, b := range text {
		switch b {
		case '+', ' ':
			b, standard = '-', true
		case '/':
			b, standard = '_', true
		}
		dst[i] = b
	}
	return standard
}

// digits returns the text of the digest alone.
func (l *Link) digits() []byte {
	text := bytes.TrimPrefix(l.Token, []byte("HS256-"))
	if l.says == saysHidden {
		text = bytes.TrimPrefix(text, []byte("1-"))
	}
	return text
}

// unhexes takes what looks like a SHA-256 for the MD5 it is where its 32 bytes are nothing but hexadecimal digits.
func (e *Examiner) unhexes() bool {
	d := &e.link.digest
	if d.algorithm != plainSHA256 || !slices.Contains(e.scheme.also, plainMD5) || slices.ContainsFunc(d.sum[:], isNoHex) {
		return false
	}
	e.claim.spoil(mistakeOfHex)
	return e.link.isIn(plainMD5, d.sum[:], unhexed)
}

func isNoHex(c byte) bool { return unhex(c) > 15 }

// isIn reads a digest of an algorithm, and reports whether all of it is there.
func (l *Link) isIn(a algorithm, text []byte, decode func(dst, text []byte) (int, bool)) bool {
	n, ok := decode(l.digest.sum[:], text)
	if !ok || n != a.size() {
		return false
	}
	l.digest.algorithm = a
	if a == plainMD5 {
		l.Sum = [16]byte(l.digest.sum[:])
	}
	return true
}

// takeLower keeps a digest in base64 that has no capitals.
func (c *claim) takeLower(l *Link, text []byte) {
	text, _, _ = bytes.Cut(text, []byte("="))
	if len(text) != base64Length(l.digest.algorithm.size()) || hasUpper(text) {
		return
	}
	c.lower, c.size = true, len(text)
	urlAlphabet(c.text[:], text)
}

// folds compares a digest's text with one in lower-case letters.
func (c *claim) folds(sum []byte) bool {
	var text [64]byte
	base64.RawURLEncoding.Encode(text[:], sum)
	lower(text[:])
	return subtle.ConstantTimeCompare(text[:c.size], c.text[:c.size]) == 1
}
