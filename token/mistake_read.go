package token

import (
	"bytes"
	"slices"
)

// claim is what a target says about its token beside the link, read as leniently as people write.
type claim struct {
	text     [64]byte  // the token's digits in lower case, if lower
	size     int       // of text
	lower    bool      // the token has no capitals: it may have lost them
	expires  []byte    // as written, without what was glued to it; nil for none
	dated    int       // where the expiry stands in Link.Params; 0 for nowhere
	deadline int64     // its number, or the number it begins with; 0 for none
	plain    bool      // expires is a positive decimal
	spoiled  [4]string // names of mistakes in how the link is written
	n        int
}

func (c *claim) spoil(name string) {
	if name == "" {
		return
	}
	if slices.Contains(c.spoiled[:c.n], name) {
		return
	}
	if c.n < len(c.spoiled) {
		c.spoiled[c.n] = name
		c.n++
	}
}

// repairs are what is known to happen to links on their way, bits of a set.
const (
	repairHTML = 1 << iota
	repairQuestion
	repairGlue
	allRepairs = repairHTML | repairQuestion | repairGlue
)

// leniency is how much of a token need not be as the scheme writes it.
type leniency int

const (
	strictly leniency = iota
	anyDigest
	anyExpiry // and any digest
)

// read finds token and expiry in a target, repairing what is known to happen to links. False where there
// is nothing to prove: no path, no digest in any encoding, no expiry where the scheme needs one. What needs the least
// leniency and the fewest repairs wins.
func (e *Examiner) read(target []byte) bool {
	for l := strictly; l <= anyExpiry; l++ {
		for set := 0; set <= allRepairs; set++ {
			e.claim = claim{}
			text, ok := e.repaired(target, set)
			if ok && e.readAs(text, l) {
				_, query, _ := split(text)
				e.query = text[query[0]:query[1]]
				return true
			}
		}
	}
	return false
}

// repaired returns the target after a set of repairs; false where one of them changes nothing.
func (e *Examiner) repaired(target []byte, set int) ([]byte, bool) {
	if set == 0 {
		return target, true
	}
	_, at, _ := split(target)
	query := append(e.target[:0], target[at[0]:at[1]]...)
	if set&repairHTML != 0 {
		if !bytes.Contains(query, []byte("&amp;")) {
			return nil, false
		}
		query = withoutEscapes(query)
		e.claim.spoil(mistakeHTML)
	}
	if set&repairQuestion != 0 {
		if bytes.IndexByte(query, '?') < 0 {
			return nil, false
		}
		ampersands(query)
		e.claim.spoil(mistakeQuestion)
	}
	if set&repairGlue != 0 {
		bare := unglue(query)
		if len(bare) == len(query) {
			return nil, false
		}
		query = bare
		e.claim.spoil(mistakePunctuated)
	}
	n := len(query)
	e.target = append(query, target[:at[0]]...)
	e.target = append(e.target, e.target[:n]...)
	return e.target[n:], true
}

// withoutEscapes turns &amp; into &, in place.
func withoutEscapes(query []byte) []byte {
	n := 0
	for i := 0; i < len(query); i++ {
		query[n] = query[i]
		n++
		if bytes.HasPrefix(query[i:], []byte("&amp;")) {
			i += len("amp;")
		}
	}
	return query[:n]
}

// ampersands turns question marks into what joins parameters.
func ampersands(query []byte) {
	for i, c := range query {
		if c == '?' {
			query[i] = '&'
		}
	}
}

// unglue cuts punctuation off the end of a target.
func unglue(query []byte) []byte {
	for {
		n := gluedLength(query)
		if n == 0 {
			return query
		}
		query = query[:len(query)-n]
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

// readAs reads a link with some leniency.
func (e *Examiner) readAs(target []byte, allowed leniency) bool {
	e.parser.Parse(target, &e.link)
	l := &e.link
	if !l.PathOK || l.Shape == NoToken {
		return false
	}
	if l.Shape == BadShape {
		if !e.mend(allowed) {
			return false
		}
		l.Shape, l.Detail = Signed, ""
	} else if !e.unhexes() {
		e.claim.takeLower(l, l.digits())
	}
	e.readExpires()
	return true
}

// mend reads what the scheme does not.
func (e *Examiner) mend(allowed leniency) bool {
	switch e.link.Detail {
	case DetailBadMD5, DetailBadToken:
		_, plain := parseExpires(e.link.Expires)
		dated := plain || e.link.Expires == nil || allowed == anyExpiry
		return allowed >= anyDigest && dated && e.readDigest()
	case DetailBadExpires:
		e.claim.takeLower(&e.link, e.link.digits())
		return allowed == anyExpiry
	}
	return false
}

// readExpires takes the expiry as it is written.
func (e *Examiner) readExpires() {
	c, text := &e.claim, e.link.Expires
	if c.expires = text; text == nil {
		return
	}
	if i := bytes.Index(e.link.Params, text); i > 0 && e.link.Params[i-1] == '=' {
		c.dated = i
	}
	if c.deadline, c.plain = parseExpires(text); !c.plain {
		c.spoil(mistakeExpiryText)
		n := 0
		for n < len(text) && isDigit(text[n]) {
			n++
		}
		c.deadline, _ = parseExpires(text[:n])
	}
}
