package token

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
)

// fastly is the recipe that Fastly publishes for custom VCL ("Enabling URL token validation"): HMAC-SHA-1 over the
// URL without the parameter token, and expiry, keyed by the bytes that the key's base64 stands for. The
// older VCL hashes the path alone: fastly:path. Capital letters in the digest are refused. Neither binds an address; customers' own VCL may.
func fastly() *Scheme { return fastlyOver(true) }

func fastlyOver(query bool) *Scheme {
	return &Scheme{
		Name:     "fastly",
		Doc:      "Fastly, the published VCL: ?token=<expires>_<hmac>",
		Params:   "token",
		Hash:     "HMAC-SHA-1 of URL without token (fastly:path: of path), expires",
		KeyForm:  "the secret in base64, as in the VCL",
		Vectors:  "published",
		Source:   "statements of the Python sample of github.com/fastly/token-functions, with the time fixed (the key of the printed token is not published)",
		signs:    hmacSHA1,
		fileOnly: true,
		hexed:    true,
		address:  noAddress,
		unlock:   base64Key,
		lock:     base64Std,
		options: func(text string) (*Scheme, error) {
			if text != "path" {
				return nil, errors.New("fastly has the option path (the query is not hashed), and no other")
			}
			return fastlyOver(false), nil
		},
		read: func(l *Link, target []byte, _, at span) { readFastly(l, target, at, query) },
		head: func(dst []byte, l *Link, path []byte, _ Key) []byte {
			dst = append(dst, path...)
			if len(l.Params) > 0 {
				dst = append(append(dst, '?'), l.Params...)
			}
			return append(dst, l.Expires...)
		},
		tail: noTail,
		draft: func(_ *Scheme, p SignParams, _ *Link, sum []byte) (string, error) {
			return withQuery(p.Target, []string{"token"}, "token="+p.expires()+"_"+hex.EncodeToString(sum)), nil
		},
	}
}

func base64Key(text string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) == 0 {
		return nil, fmt.Errorf("the key is not base64: the VCL decodes it, so the file holds what stands there in quotes")
	}
	return key, nil
}

func readFastly(l *Link, target []byte, query span, hashesQuery bool) {
	l.says = saysNone
	l.hashRaw()
	at, ok := exact(target, query, "token")
	if !ok {
		return
	}
	l.TokenAt = at
	expires, sum, ok := bytes.Cut(target[at[0]:at[1]], []byte("_"))
	if !ok {
		l.spoil(DetailBadToken)
		return
	}
	l.Token = sum
	if hashesQuery {
		from := len(*l.scratch)
		*l.scratch = dropParams(*l.scratch, target[query[0]:query[1]], "token")
		l.Params = (*l.scratch)[from:]
	}
	expiry := l.until(expires, true) && (len(expires) == 10 || len(expires) == 11)
	digest := l.isHex(sum, hmacSHA1) && !hasUpper(sum)
	l.settle(DetailBadToken, digest, expiry)
}
