package token

import "bytes"

// cdn77 is the secure token of CDN77 (client.cdn77.com, "How do I set up Signed URLs?"): MD5 over expiry, path and
// key, written as <digest>,<expiry> with the digest's padding. It stands in the parameter secure, and is then good for
// one file; or it is the first segment of the path, and then the directory without its last slash is hashed and
// the token is good for all that lies below. An expiry is not needed. No address can be bound.
func cdn77() *Scheme {
	return &Scheme{
		Name:    "cdn77",
		Doc:     "CDN77 signed URLs: ?secure=…,<expires> or /…,<expires>/path",
		Params:  "secure, or path: /<token>,<expires>/",
		Hash:    "MD5 of expires, path, key",
		KeyForm: keyText,
		Vectors: "published",
		Source:  `CDN77 knowledge base, "How do I set up Signed URLs?"; the key of its example stands in Limestone Networks' copy of the text`,
		inPath:  true,
		address: noAddress,
		read:    readCDN77,
		head: func(dst []byte, l *Link, path []byte, k Key) []byte {
			if l.below {
				path = bytes.TrimSuffix(path, []byte("/"))
			}
			return k.append(append(append(dst, l.Expires...), path...))
		},
		tail:  noTail,
		draft: draftCDN77,
	}
}

func readCDN77(l *Link, target []byte, path, query span) {
	l.says = saysNone
	if at, ok := argument(target, query, "secure"); ok {
		l.TokenAt = at
		l.readSecure(target[at[0]:at[1]])
		return
	}
	first, rest := segment(l.Path)
	sum, _, dated := bytes.Cut(first, []byte(","))
	if _, ok := decodeSum(sum); !ok || len(rest) == 0 || !dated && len(sum) != 24 {
		return
	}
	l.TokenAt = whereIs(target, path, first)
	l.Path, l.below = rest, true
	_, l.written = segment(l.RawPath)
	l.readSecure(first)
}

func (l *Link) readSecure(text []byte) {
	sum, expires, dated := bytes.Cut(text, []byte(","))
	l.Token = sum
	l.settle(DetailBadMD5, l.isMD5(sum), l.until(expires, dated))
}

func draftCDN77(_ *Scheme, p SignParams, l *Link, sum []byte) (string, error) {
	text := padded64URL(sum) + "," + p.expires()
	bare := withoutSegment(p.Target, l)
	if !p.Dir {
		return withQuery(bare, []string{"secure"}, "secure="+text), nil
	}
	return withSegment(withoutParams(bare, "secure"), text), nil
}
