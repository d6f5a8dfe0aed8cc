package token

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// cloudFront is Amazon CloudFront's signed URL (Developer Guide, "Create a signed URL using a custom policy" and "…
// canned policy"): an RSA signature over a policy in JSON, with SHA-1, or SHA-256 where Hash-Algorithm says so. A
// custom policy stands in the URL and can name a range of addresses; the canned one is made of URL and Expires, so the
// request's host must be known. Verifying needs the public key, signing the private one.
func cloudFront() *Scheme {
	return &Scheme{
		Name:    "cloudfront",
		Doc:     "Amazon CloudFront signed URLs: ?Policy=…&Signature=…&Key-Pair-Id=… or ?Expires=…&Signature=…",
		Params:  "Policy or Expires, Signature, Key-Pair-Id, Hash-Algorithm",
		Hash:    "RSA signature with SHA-1 or SHA-256 of the policy",
		Binds:   true,
		Visible: true,
		Tells:   true,
		Needs:   "host, for canned policies",
		KeyForm: "an RSA key in PEM, public or (to sign) private",
		Vectors: "published",
		Source:  "github.com/boto/boto, tests/unit/cloudfront/test_signed_urls.py",
		origins: true,
		signs:   rsaSHA1,
		address: noAddress,
		read:    readCloudFront,
		head:    policyText,
		tail:    noTail,
		draft:   draftCloudFront,
	}
}

var cloudFrontParams = [...]string{"Policy", "Signature", "Key-Pair-Id", "Expires", "Hash-Algorithm"}

// policyText is the policy that is signed: the URL's own, or the canned one.
func policyText(dst []byte, l *Link, _ []byte, _ Key) []byte {
	if l.policy != nil {
		return append(dst, l.policy...)
	}
	dst = append(dst, `{"Statement":[{"Resource":"`...)
	dst = append(append(l.base(dst), l.RawPath...), l.Params...)
	dst = append(append(dst, `","Condition":{"DateLessThan":{"AWS:EpochTime":`...), l.Expires...)
	return append(dst, `}}}]}`...)
}

func readCloudFront(l *Link, target []byte, _, query span) {
	l.hashRaw()
	l.says, l.whole = saysNone, true
	signature, signed := exact(target, query, "Signature")
	policy, custom := exact(target, query, "Policy")
	expires, dated := exact(target, query, "Expires")
	if !signed {
		if custom || dated {
			l.spoil(DetailMissingToken)
		}
		return
	}
	l.Token, l.TokenAt = target[signature[0]:signature[1]], signature
	l.digest.algorithm = rsaSHA1
	if at, ok := exact(target, query, "Hash-Algorithm"); ok && string(target[at[0]:at[1]]) == "SHA256" {
		l.digest.algorithm = rsaSHA256
	}
	var ok bool
	l.digest.signature, ok = l.cloudFrontBase64(l.Token)
	from := len(*l.scratch)
	*l.scratch = dropExact(append(*l.scratch, '?'), target[query[0]:query[1]])
	if rest := (*l.scratch)[from:]; len(rest) > 1 {
		l.Params = rest
	}
	switch {
	case custom:
		l.readPolicy(ok, target[policy[0]:policy[1]])
	case dated:
		l.reach = reachFile
		l.settle(DetailBadToken, ok, l.until(target[expires[0]:expires[1]], true))
	default:
		l.spoil(DetailMissingExpires)
	}
}

// dropExact appends a query without CloudFront's own parameters.
func dropExact(dst, query []byte) []byte {
	at := len(dst)
next:
	for part := range bytes.SplitSeq(query, []byte("&")) {
		name, _, _ := bytes.Cut(part, []byte("="))
		for _, own := range cloudFrontParams {
			if string(name) == own {
				continue next
			}
		}
		if len(dst) > at {
			dst = append(dst, '&')
		}
		dst = append(dst, part...)
	}
	return dst
}

// cloudFrontBase64 decodes base64 whose "+", "=" and "/" are written "-", "_" and "~".
func (l *Link) cloudFrontBase64(text []byte) ([]byte, bool) {
	out := make([]byte, 0, len(text))
	for _, c := range text {
		switch c {
		case '-':
			c = '+'
		case '_':
			c = '='
		case '~':
			c = '/'
		}
		out = append(out, c)
	}
	n, err := base64.StdEncoding.Decode(out, out)
	return out[:n], err == nil && n > 0
}

// policy is a custom policy, as far as it is read.
type policy struct {
	Statement []struct {
		Resource  string
		Condition struct {
			DateLessThan, DateGreaterThan struct {
				Time int64 `json:"AWS:EpochTime"`
			}
			IpAddress struct {
				Range string `json:"AWS:SourceIp"`
			}
		}
	}
}

func (l *Link) readPolicy(signed bool, text []byte) {
	var p policy
	var ok bool
	l.policy, ok = l.cloudFrontBase64(text)
	if !ok || json.Unmarshal(l.policy, &p) != nil || len(p.Statement) != 1 {
		l.spoil(DetailBadPolicy)
		return
	}
	l.Params = text
	s := p.Statement[0]
	l.Deadline, l.Start = s.Condition.DateLessThan.Time, max(s.Condition.DateGreaterThan.Time, 0)
	l.settle(DetailBadToken, signed, l.Deadline > 0)
	if text := s.Condition.IpAddress.Range; text != "" {
		l.bounded(l.bind([]byte(text)))
		if l.Bound.IsValid() && l.Bound.Bits() == 0 {
			l.says = saysNone
		}
	}
	if l.PathOK {
		l.reach = l.reachOfResource([]byte(s.Resource))
	}
}

// reachOfResource compares the policy's pattern with the URL, or where the host is not known what follows it.
func (l *Link) reachOfResource(pattern []byte) reach {
	base := l.base(nil)
	fits := func(text []byte) bool { return glob(pattern, text) || glob(pattern, append(text, l.query...)) }
	if len(base) == 0 {
		pattern = behindHost(pattern)
	}
	r := reachOf(fits, base, l.Path, l.scratch)
	if r == reachAstray && l.ambiguous() && len(base) > 0 {
		l.insecure = true
		r = reachOf(fits, l.base(nil), l.Path, l.scratch)
		l.insecure = false
	}
	return r
}

// behindHost cuts scheme and host off a pattern.
func behindHost(pattern []byte) []byte {
	_, rest, ok := bytes.Cut(pattern, []byte("://"))
	if !ok {
		return pattern
	}
	if i := bytes.IndexByte(rest, '/'); i >= 0 {
		return rest[i:]
	}
	return []byte("*")
}

func draftCloudFront(_ *Scheme, p SignParams, l *Link, sum []byte) (string, error) {
	if len(l.origin) == 0 {
		return "", errors.New("cloudfront signs the whole URL, give it with https:// and host")
	}
	names := make([]string, len(cloudFrontParams))
	for i, name := range cloudFrontParams {
		names[i] = strings.ToLower(name)
	}
	target, _, _ := strings.Cut(p.Target, "#")
	bare := withoutParams(target, names...)
	added := "Expires=" + p.expires()
	if p.Dir || p.Client.IsValid() {
		added = "Policy=" + cloudFrontText([]byte(p.policy(bare, l)))
	}
	return withQuery(bare, names, added+"&Signature="+cloudFrontText(sum)+"&Key-Pair-Id="+p.KeyID), nil
}

// policy writes a custom policy for a URL, or for all that lies below its directory.
func (p SignParams) policy(bare string, l *Link) string {
	resource := bare
	if p.Dir {
		resource = string(l.origin) + string(parent(l.Path)) + "*"
	}
	quoted, _ := json.Marshal(resource) // a string can always be marshalled
	conditions := fmt.Sprintf(`"DateLessThan":{"AWS:EpochTime":%d}`, p.Expires)
	if p.Client.IsValid() {
		conditions += fmt.Sprintf(`,"IpAddress":{"AWS:SourceIp":%q}`, maskOf(p.Client.Unmap(), p.bits()))
	}
	return fmt.Sprintf(`{"Statement":[{"Resource":%s,"Condition":{%s}}]}`, quoted, conditions)
}

func cloudFrontText(data []byte) string {
	return strings.NewReplacer("+", "-", "=", "_", "/", "~").Replace(base64.StdEncoding.EncodeToString(data))
}
