package token

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
)

// akamai is Akamai's EdgeAuth token 2.0 (github.com/akamai/EdgeAuth-Token-Python): fields joined by "~", the last of
// which is an HMAC over the others, keyed by the bytes that the key's hexadecimal digits stand for. A token for a
// URL has the path at the end of the message, one for an access list says in acl which paths it is good for ("!"
// between patterns). The address stands in the field ip. A salt is not supported.
func akamai() *Scheme { return akamaiNamed("hdnts", "hdnea", "__token__") }

func akamaiNamed(names ...string) *Scheme {
	return &Scheme{
		Name:    "akamai",
		Doc:     "Akamai EdgeAuth 2.0: ?hdnts=ip=…~exp=…~acl=…~hmac=…",
		Params:  "hdnts, hdnea or __token__ (or akamai:NAME)",
		Hash:    "HMAC-SHA-256, -SHA-1 or -MD5 of ip, st, exp, acl or url, id, data",
		Binds:   true,
		Visible: true,
		Tells:   true,
		KeyForm: "the secret in hexadecimal digits",
		Vectors: "published",
		Source:  "made by github.com/akamai/EdgeAuth-Token-Python",
		signs:   hmacSHA256,
		also:    []algorithm{hmacMD5, hmacSHA1},
		hexed:   true,
		address: noAddress,
		unlock:  hexKey,
		lock:    hex.EncodeToString,
		options: func(text string) (*Scheme, error) {
			if text == "" || bytes.ContainsAny([]byte(text), "&=?# ") {
				return nil, errors.New("akamai:NAME names the query parameter of the token, and what stands there is none")
			}
			return akamaiNamed(text), nil
		},
		read: func(l *Link, target []byte, _, query span) {
			l.says = saysNone
			l.hashRaw()
			for _, name := range names {
				if at, ok := exact(target, query, name); ok {
					l.TokenAt = at
					l.readAkamai(target[at[0]:at[1]])
					return
				}
			}
		},
		head: func(dst []byte, l *Link, path []byte, _ Key) []byte {
			dst = append(dst, l.Params...)
			if !l.whole {
				dst = append(append(dst, "~url="...), path...)
			}
			return dst
		},
		tail: noTail,
		draft: func(_ *Scheme, p SignParams, l *Link, sum []byte) (string, error) {
			text := "exp=" + p.expires()
			if p.Client.IsValid() {
				text = "ip=" + string(AppendAddr(nil, p.Client)) + "~" + text
			}
			if p.Dir {
				text += "~acl=" + string(parent(l.Path)) + "*"
			}
			return withQuery(p.Target, names, names[0]+"="+text+"~hmac="+hex.EncodeToString(sum)), p.wholeAddress()
		},
	}
}

func hexKey(text string) ([]byte, error) {
	key, err := hex.DecodeString(text)
	if err != nil || len(key) == 0 {
		return nil, fmt.Errorf("the key is %d characters, not an even number of hexadecimal digits: copy it as the Akamai property shows it", len(text))
	}
	return key, nil
}

func (l *Link) readAkamai(text []byte) {
	if bytes.IndexByte(text, '~') < 0 {
		text = l.decoded(text)
	}
	l.fields = cutParams(l.fields, text, '~')
	sum, hasSum := find(l.fields, "hmac")
	end := bytes.LastIndex(text, []byte("~hmac="))
	if !hasSum || end < 0 {
		l.spoil(DetailMissingToken)
		return
	}
	l.Token, l.Params = sum, text[:end]
	bound := true
	if ip, ok := find(l.fields, "ip"); ok {
		bound = l.bind(l.decoded(ip))
	}
	exp, ok := find(l.fields, "exp")
	if !ok {
		l.spoil(DetailMissingExpires)
		return
	}
	l.settle(DetailBadToken, l.isHex(sum, macOfLength(len(sum))), l.until(exp, true))
	l.bounded(bound)
	if st, ok := find(l.fields, "st"); ok {
		l.Start, _ = parseExpires(st) // what is no number is signed all the same, and the edge ignores it
	}
	if acl, ok := find(l.fields, "acl"); ok {
		l.whole, l.reach = true, l.reachOfACL(l.decoded(acl))
	}
}

// macOfLength is the algorithm of a digest of so many hexadecimal digits.
func macOfLength(digits int) algorithm {
	switch digits {
	case 32:
		return hmacMD5
	case 40:
		return hmacSHA1
	}
	return hmacSHA256
}

// mostPatterns bounds how many patterns of an access list are compared with the path: a client can write any number.
const mostPatterns = 64

func (l *Link) reachOfACL(acl []byte) reach {
	if !l.PathOK {
		return reachAstray
	}
	return reachOf(func(path []byte) bool {
		tried := 0
		for pattern := range bytes.SplitSeq(acl, []byte("!")) {
			if tried++; tried > mostPatterns {
				break
			}
			if glob(pattern, path) {
				return true
			}
		}
		return false
	}, nil, l.Path, l.scratch)
}
