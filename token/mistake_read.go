package token

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
)

// claim is what a target says about its token, read as leniently as people write.
type claim struct {
	sum      [16]byte
	exact    bool           // sum is known
	text     [sumChars]byte // the token in lower case, if lower
	lower    bool           // the token has no capitals: it may have lost them
	expires  []byte         // as written, without what was glued to it
	deadline int64          // its number, or the number it begins with; 0 for none
	plain    bool           // expires is a positive decimal
	spoiled  [4]string      // names of mistakes in how the link is written
	n        int
}

func (c *claim) spoil(name string) {
	for _, have := range c.spoiled[:c.n] {
		if have == name {
			return
		}
	}
	if c.n < len(c.spoiled) {
		c.spoiled[c.n] = name
		c.n++
	}
}

// read finds token and expiry in a target, repairing what is known to happen to links. False where there
// is nothing to prove: no path, no digest in any encoding, no expiry.
func (e *Examiner) read(target []byte) bool {
	e.claim = claim{}
	e.parser.Parse(target, &e.link)
	if !e.link.PathOK {
		return false
	}
	_, query, _ := split(target)
	e.query = target[query[0]:query[1]]
	token, tokenOK := e.claim.parameter(target, query, "md5", "amp;md5")
	expires, expiresOK := e.claim.parameter(target, query, "expires", "amp;expires")
	return tokenOK && expiresOK && e.readToken(token) && e.readExpires(expires)
}

// parameter finds a value by its name, by the name that "&amp;" gives it, and behind a second '?', and
// takes off it what was glued to it.
func (c *claim) parameter(target []byte, query span, name, escaped string) ([]byte, bool) {
	at, ok := argument(target, query, name)
	if !ok {
		if at, ok = argument(target, query, escaped); ok {
			c.spoil(mistakeHTML)
		}
	}
	if !ok {
		i := bytes.IndexByte(target[query[0]:query[1]], '?')
		if i < 0 {
			return nil, false
		}
		c.spoil(mistakeQuestion)
		return c.parameter(target, span{query[0] + i + 1, query[1]}, name, escaped)
	}
	value := target[at[0]:at[1]]
	if first, _, two := bytes.Cut(value, []byte("?")); two {
		c.spoil(mistakeQuestion)
		return first, true
	}
	if at[1] == query[1] {
		value = c.unglue(value)
	}
	return value, true
}

// unglue cuts punctuation off the end of a target.
func (c *claim) unglue(value []byte) []byte {
	for {
		n := gluedLength(value)
		if n == 0 {
			return value
		}
		c.spoil(mistakePunctuated)
		value = value[:len(value)-n]
	}
}

// gluedLength returns how many bytes at the end are a punctuation mark, percent-encoded or not. None of
// them can end a token or an expiry.
func gluedLength(value []byte) int {
	n := len(value)
	if n == 0 {
		return 0
	}
	if isGlue(value[n-1]) {
		return 1
	}
	if n >= 3 && value[n-3] == '%' {
		high, low := unhex(value[n-2]), unhex(value[n-1])
		if high|low <= 15 && (isGlue(high<<4|low) || high >= 8 || high < 2) { // other letters' quotes, and controls
			return 3
		}
	}
	if value[n-1] >= 0x80 {
		return 1
	}
	return 0
}

func isGlue(c byte) bool { return bytes.IndexByte([]byte(".,;:!)>]}\"'`*|\\ "), c) >= 0 }

// readToken decodes the digest from any of its known encodings.
func (e *Examiner) readToken(text []byte) bool {
	c := &e.claim
	if c.digest(text) {
		return true
	}
	escaped := bytes.IndexByte(text, '%') >= 0 // more of it than the padding
	if escaped {
		escaped = !padded(text)
		plain, ok := appendDecoded(e.text[:0], text)
		e.text = plain
		if !ok {
			return false
		}
		text = plain
	}
	text = bytes.TrimRight(text, "=")
	var url [43]byte
	if len(text) > len(url) {
		return false
	}
	standard := urlAlphabet(url[:len(text)], text)
	switch len(text) {
	case sumChars:
		c.spoil(tokenMistake(standard, escaped))
		return c.digest(url[:sumChars])
	case 32:
		c.spoil(mistakeHex)
		_, err := hex.Decode(c.sum[:], text)
		c.exact = err == nil
	case len(url):
		c.spoil(mistakeOfHex)
		var digits [32]byte
		if _, err := base64.RawURLEncoding.Decode(digits[:], url[:]); err == nil {
			_, err = hex.Decode(c.sum[:], digits[:])
			c.exact = err == nil
		}
	}
	return c.exact
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

// padded reports whether a token has no percent-encoding but that of '=' behind its characters.
func padded(text []byte) bool {
	return len(text) > sumChars && bytes.IndexByte(text[:sumChars], '%') < 0 && bytes.IndexByte([]byte("%="), text[sumChars]) >= 0
}

func tokenMistake(standard, escaped bool) string {
	switch {
	case standard:
		return mistakeStandard
	case escaped:
		return mistakeEscaped
	}
	return mistakePadded
}

// digest takes a token as the edge reads it.
func (c *claim) digest(text []byte) bool {
	sum, ok := decodeSum(text)
	if !ok {
		return false
	}
	c.sum, c.exact = sum, true
	c.lower = !hasUpper(text[:sumChars])
	copy(c.text[:], text)
	return true
}

// readExpires takes the expiry as it is written.
func (e *Examiner) readExpires(text []byte) bool {
	c := &e.claim
	c.expires = text
	if c.deadline, c.plain = parseExpires(text); !c.plain {
		c.spoil(mistakeExpiryText)
		n := 0
		for n < len(text) && isDigit(text[n]) {
			n++
		}
		c.deadline, _ = parseExpires(text[:n])
	}
	return true
}
