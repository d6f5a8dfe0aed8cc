package token

import (
	"bytes"
	"errors"
	"net/netip"
	"net/url"
	"slices"
)

// bunny is bunny.net's token authentication, all three forms of it, told apart by the token:
//
//	MD5 (basic)        key path expires address
//	SHA-256 (advanced) key path expires address parameters
//	HMAC-SHA-256       path expires address parameters, keyed; HS256-…, or HS256-1-… where an address is bound
//
// The parameters are all others of the query, or of the token's segment of the path, decoded, sorted by name and
// joined as in a query; token_path stands for the path where it is there, and the token is then good for all paths that
// begin so. The address is text in the first two forms; in the third it is 4 or 16 bytes, of an IPv6 address
// the first 8. Sources: docs.bunny.net, "Token authentication" (basic and advanced); github.com/BunnyWay/
// BunnyCDN.TokenAuthentication.
func bunny() *Scheme {
	return &Scheme{
		Name:    "bunny",
		Doc:     "bunny.net token authentication: ?token=…&expires=… or /bcdn_token=…&expires=…/path",
		Params:  "token, expires, token_path, token_countries, …, or path: /bcdn_token=…&expires=…/",
		Hash:    "HMAC-SHA-256, SHA-256 or MD5 of path, expires, address, parameters",
		Binds:   true,
		Tells:   true,
		KeyForm: keyText,
		Vectors: "published",
		Source:  "github.com/BunnyWay/BunnyCDN.TokenAuthentication, e2e/vectors.json (HMAC) and nodejs/token.js of 2020 (SHA-256); MD5: own",
		inPath:  true,
		signs:   hmacSHA256,
		also:    []algorithm{plainMD5, plainSHA256},
		options: bunnyOptions,
		read:    readBunny,
		address: bunnyAddress,
		head: func(dst []byte, l *Link, path []byte, k Key) []byte {
			if l.whole {
				path, _ = find(l.fields, "token_path")
			}
			if l.digest.algorithm != hmacSHA256 {
				dst = k.append(dst)
			}
			return append(append(dst, path...), l.Expires...)
		},
		tail: func(dst []byte, l *Link, _ []byte, _ Key) []byte {
			for i, f := range l.fields {
				if l.digest.algorithm == plainMD5 {
					break
				}
				if i > 0 {
					dst = append(dst, '&')
				}
				dst = append(append(append(dst, f.name...), '='), f.value...)
			}
			return dst
		},
		draft: draftBunny,
	}
}

// bunnyOptions takes the form that Sign writes.
func bunnyOptions(text string) (*Scheme, error) {
	s := bunny()
	switch text {
	case "hmac":
	case "sha256":
		s.signs = plainSHA256
	case "md5":
		s.signs = plainMD5
	default:
		return nil, errors.New("bunny has the options hmac, sha256 and md5 (what sign writes; every form is read), and no others")
	}
	return s, nil
}

func readBunny(l *Link, target []byte, path, query span) {
	l.hashRaw()
	text := target[query[0]:query[1]]
	first, rest := segment(l.RawPath)
	inPath := bytes.HasPrefix(first, []byte("bcdn_token=")) && len(rest) > 0
	if inPath {
		text = first
		at := path[0] + bytes.Index(l.RawPath, first)
		l.TokenAt = span{at, at + len(first)}
		l.written = rest
		if l.PathOK {
			l.Path = rest
		}
	} else if at, ok := exact(target, query, "token"); ok {
		l.TokenAt = at
	}
	l.Params = text
	token, expires := l.bunnyFields(text)
	switch {
	case token == nil && expires == nil || token == nil && !inPath:
		l.Params = nil
	case expires == nil:
		l.Token = token
		l.spoil(DetailMissingExpires)
	default:
		l.Token = token
		l.settle(DetailBadToken, l.bunnyDigest(), l.until(expires, true))
	}
	if allowed, ok := find(l.fields, "token_path"); ok && l.PathOK {
		l.whole, l.reach = true, prefixReach(allowed, l.Path)
	}
}

// bunnyFields sorts the parameters that are signed, decoded, and returns those that are not.
func (l *Link) bunnyFields(text []byte) (token, expires []byte) {
	l.fields = cutParams(l.fields, text, '&')
	kept := l.fields[:0]
	for _, f := range l.fields {
		switch string(f.name) {
		case "token", "bcdn_token":
			token = f.value
		case "expires":
			expires = f.value
		default:
			kept = append(kept, param{l.decoded(f.name), l.decoded(f.value)})
		}
	}
	l.fields = kept
	slices.SortStableFunc(l.fields, func(a, b param) int { return bytes.Compare(a.name, b.name) })
	if _, ok := find(l.fields, "token_ignore_params"); ok {
		l.fields = slices.DeleteFunc(l.fields, func(f param) bool {
			return string(f.name) != "token_ignore_params" && string(f.name) != "token_path"
		})
	}
	return token, expires
}

// decoded is form-decoded text; where there is something to decode it stands in the scratch.
func (l *Link) decoded(text []byte) []byte {
	if !bytes.ContainsAny(text, "%+") {
		return text
	}
	return l.unescaped(text, true)
}

// decodedPercent is decoded for text in which "+" stands for itself.
func (l *Link) decodedPercent(text []byte) []byte {
	if bytes.IndexByte(text, '%') < 0 {
		return text
	}
	return l.unescaped(text, false)
}

func (l *Link) unescaped(text []byte, plusIsBlank bool) []byte {
	from := len(*l.scratch)
	*l.scratch = unescape(*l.scratch, text, plusIsBlank)
	return (*l.scratch)[from:]
}

func (l *Link) bunnyDigest() bool {
	text, keyed := bytes.CutPrefix(l.Token, []byte("HS256-"))
	if !keyed {
		if len(text) == sumChars {
			return l.isMD5(text)
		}
		return l.isBase64(text, plainSHA256)
	}
	l.says = saysNone
	if bare, ok := bytes.CutPrefix(text, []byte("1-")); ok && len(bare) >= macChars {
		text, l.says = bare, saysHidden
	}
	return l.isBase64(text, hmacSHA256)
}

// Telling is a token, or the beginning of one, without what all tokens of its form begin with: it tells tokens apart by their
// first characters.
func Telling(text []byte) []byte {
	rest, keyed := bytes.CutPrefix(text, []byte("HS256-"))
	if bare, bound := bytes.CutPrefix(rest, []byte("1-")); keyed && bound && (len(rest) < macChars || len(bare) >= macChars) {
		return bare
	}
	return rest
}

// macChars is how many characters of base64 an HMAC-SHA-256 has, without padding.
const macChars = 43

// prefixReach tells how far a token for all paths that begin with a text goes.
func prefixReach(begin, path []byte) reach {
	switch {
	case !bytes.HasPrefix(path, begin):
		return reachAstray
	case len(begin) > len(parent(path)):
		return reachFile
	}
	return reachDir
}

func bunnyAddress(dst []byte, a algorithm, ip netip.Addr, b Binding) []byte {
	switch {
	case a != hmacSHA256:
		return AppendBound(dst, ip, b)
	case b.Kind == BindNone:
		return dst
	case ip.Is4():
		raw := ip.As4()
		return append(dst, raw[:]...)
	}
	raw := ip.As16()
	return append(append(dst, raw[:8]...), 0, 0, 0, 0, 0, 0, 0, 0)
}

func draftBunny(s *Scheme, p SignParams, l *Link, sum []byte) (string, error) {
	token := base64URL(sum)
	if s.signs == hmacSHA256 {
		if err := p.wholeAddress(); err != nil {
			return "", err
		}
		if p.Client.IsValid() {
			token = "1-" + token
		}
		token = "HS256-" + token
	}
	bare := withoutSegment(p.Target, l)
	if !p.Dir {
		return withQuery(bare, []string{"token", "expires"}, "token="+token+"&expires="+p.expires()), nil
	}
	if s.signs == plainMD5 {
		return "", errors.New("the MD5 form of bunny has no directory tokens, sign each file")
	}
	allowed := string(parent(l.Path))
	text := "bcdn_token=" + token + "&expires=" + p.expires() + "&token_path=" + url.QueryEscape(allowed)
	return withSegment(withoutParams(bare, "token", "expires"), text), nil
}
