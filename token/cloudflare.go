package token

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

const cloudflareTTL = 10800 // of the example in the documentation

// cloudflare is what the function is_timed_hmac_valid_v0 of Cloudflare's rules checks (Cloudflare docs, "HMAC
// validation" and "Configure token authentication"): HMAC-SHA-256 over the URI before the token's parameter, which is
// the last one, and the time of issue. How long a link lives is said by the rule: cloudflare:NAME,SECONDS names
// parameter and lifetime, verify,10800 as in the documentation otherwise. No address is bound.
func cloudflare() *Scheme { return cloudflareOf("verify", cloudflareTTL) }

func cloudflareOf(name string, ttl int64) *Scheme {
	return &Scheme{
		Name:     "cloudflare",
		Doc:      "Cloudflare timed HMAC, is_timed_hmac_valid_v0: ?verify=<issued>-<hmac>",
		Params:   name + " (cloudflare:NAME,LIFETIME), the last of the query",
		Hash:     "HMAC-SHA-256 of URI before the token, time of issue",
		KeyForm:  keyText,
		Vectors:  "published",
		Source:   "statements of the Python 3.8 sample of Cloudflare docs, \"Configure token authentication\", with the time fixed (the printed token does not follow from the printed key)",
		signs:    hmacSHA256,
		fileOnly: true,
		issues:   true,
		address:  noAddress,
		options:  cloudflareOptions,
		read:     func(l *Link, target []byte, _, query span) { readCloudflare(l, target, query, name, ttl) },
		head: func(dst []byte, l *Link, path []byte, _ Key) []byte {
			return append(append(append(dst, path...), l.Params...), l.Expires...)
		},
		tail: noTail,
		draft: func(_ *Scheme, p SignParams, _ *Link, sum []byte) (string, error) {
			issued := p.Expires - ttl + 1
			if issued < 1e9 || issued >= 1e10 {
				return "", fmt.Errorf("the link would be issued at %d, and ten digits are needed: it expires %d seconds after that", issued, ttl)
			}
			bare, _, _ := strings.Cut(p.Target, "#")
			text := strconv.FormatInt(issued, 10) + "-" + url.QueryEscape(base64Std(sum))
			return withQuery(bare, []string{name}, name+"="+text), nil
		},
	}
}

func cloudflareOptions(text string) (*Scheme, error) {
	name, lifetime, dated := strings.Cut(text, ",")
	ttl, err := int64(cloudflareTTL), error(nil)
	if dated {
		ttl, err = strconv.ParseInt(lifetime, 10, 32)
	}
	if name == "" || strings.ContainsAny(name, "&=?# ") || err != nil || ttl <= 0 {
		return nil, errors.New("cloudflare:NAME,SECONDS names parameter and lifetime, as in cloudflare:verify,10800")
	}
	return cloudflareOf(name, ttl), nil
}

func readCloudflare(l *Link, target []byte, query span, name string, ttl int64) {
	l.says = saysNone
	l.hashRaw()
	at, ok := exact(target, query, name)
	if !ok {
		return
	}
	at[1] = query[1] // whatever follows is taken for the digest, and spoils it
	l.TokenAt = at
	issued, sum, ok := bytes.Cut(target[at[0]:at[1]], []byte("-"))
	l.Token, l.Expires = sum, issued
	begin := at[0] - len(name) - 1 // of the parameter, behind ? or &
	if begin > query[0] {
		l.Params = target[query[0]-1 : begin-1]
	}
	start, isTime := parseExpires(issued)
	l.Deadline = start + ttl - 1
	l.settle(DetailBadToken, ok && l.isBase64(l.decodedPercent(sum), hmacSHA256), isTime && len(issued) == 10)
}
