package token

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
)

const nginxDefault = "$arg_md5,$arg_expires;$secure_link_expires$uri$remote_addr KEY"

// nginx is nginx's secure_link with the expressions of its configuration (nginx manual and source,
// ngx_http_secure_link_module): "nginx:" and the value of secure_link, a semicolon, and the value of
// secure_link_md5, in which the word KEY stands for the secret. The directives' names and quotes may stand there, too.
// "nginx:secure_link_secret KEY" is the old form, /prefix/<md5>/link.
func nginx() *Scheme {
	s, _ := nginxOptions(nginxDefault) // which can be read
	return s
}

func nginxScheme() *Scheme {
	return &Scheme{
		Name:    "nginx",
		Doc:     "nginx secure_link: 'nginx:$arg_st,$arg_e;$secure_link_expires$uri$remote_addr KEY'",
		Params:  "as secure_link says",
		Hash:    "MD5 of what secure_link_md5 says",
		KeyForm: keyText,
		Vectors: "published",
		Source:  "nginx manual, ngx_http_secure_link_module; nginx-tests, secure_link.t",
		options: nginxOptions,
	}
}

func nginxOptions(text string) (*Scheme, error) {
	if rest, ok := strings.CutPrefix(text, "secure_link_secret "); ok {
		if strings.Trim(rest, " ;") != "KEY" {
			return nil, errors.New("write secure_link_secret KEY: the secret itself stands in the key file")
		}
		return nginxSecret(), nil
	}
	link, md5, ok := cutUnquoted(text)
	if !ok {
		return nil, errors.New("give nginx both expressions, as in 'nginx:" + nginxDefault + "'")
	}
	token, expires, err := readLinkExpression(directive(link, "secure_link"))
	if err != nil {
		return nil, err
	}
	e, err := compileExpression(directive(md5, "secure_link_md5"))
	if err != nil {
		return nil, err
	}
	return e.scheme(token, expires), nil
}

// cutUnquoted splits at the first semicolon outside quotes.
func cutUnquoted(text string) (before, after string, ok bool) {
	quote := byte(0)
	for i := range len(text) {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == ';':
			return text[:i], text[i+1:], true
		}
	}
	return text, "", false
}

// directive takes name, quotes and semicolon off a value.
func directive(text, name string) string {
	text = strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(text, name+" "); ok {
		text = strings.TrimSpace(rest)
	}
	bare := strings.TrimRight(text, "; ")
	if n := len(bare); n >= 2 && (bare[0] == '"' || bare[0] == '\'') && bare[n-1] == bare[0] {
		return bare[1 : n-1]
	}
	return text
}

// readLinkExpression takes the value of secure_link: one parameter, or two with a comma between.
func readLinkExpression(text string) (token, expires string, err error) {
	first, second, dated := strings.Cut(text, ",")
	token, ok := strings.CutPrefix(first, "$arg_")
	expires, ok2 := strings.CutPrefix(second, "$arg_")
	if !ok || !isWord(token) || dated && (!ok2 || !isWord(expires)) {
		return "", "", errors.New("secure_link is not of the form $arg_NAME or $arg_NAME,$arg_NAME, which is what can be read from a log")
	}
	return strings.ToLower(token), strings.ToLower(expires), nil
}

func isWord(text string) bool {
	for _, c := range []byte(text) {
		if !isLetter(c) && !isDigit(c) && c != '_' {
			return false
		}
	}
	return text != ""
}

func (e *expression) scheme(token, expires string) *Scheme {
	s := nginxScheme()
	s.Binds, s.Needs, s.schemed = e.address >= 0, e.needs(), e.uses(varScheme)
	s.whole = !e.uses(varURI) && !e.uses(varRequestURI)
	s.tail = func(dst []byte, l *Link, path []byte, k Key) []byte { return e.append(dst, e.behind(), l, path, k) }
	s.head = func(dst []byte, l *Link, path []byte, k Key) []byte { return e.append(dst, e.before(), l, path, k) }
	switch {
	case e.address < 0:
		s.address = noAddress
	case e.parts[e.address].variable == varBinaryAddress:
		s.address = binaryAddress
	}
	unbound := e.address < 0
	s.read = func(l *Link, target []byte, path, query span) {
		if unbound {
			l.says = saysNone
		}
		l.target, l.query = target[path[0]:query[1]], target[query[0]:query[1]]
		l.Params = l.query
		if expires != "" {
			l.readNamed(target, query, token, expires)
			return
		}
		l.readOne(target, query, token)
	}
	s.draft = func(_ *Scheme, p SignParams, _ *Link, sum []byte) (string, error) {
		text := token + "=" + base64URL(sum)
		if expires == "" {
			return withQuery(p.Target, []string{token}, text), nil
		}
		return withQuery(p.Target, []string{token, expires}, text+"&"+expires+"="+p.expires()), nil
	}
	return s
}

// readOne reads a single parameter, in which an expiry may stand behind a comma.
func (l *Link) readOne(target []byte, query span, name string) {
	at, ok := argument(target, query, name)
	if !ok {
		return
	}
	sum, expires, dated := bytes.Cut(target[at[0]:at[1]], []byte(","))
	l.Token, l.TokenAt = sum, at
	l.settle(DetailBadMD5, l.isMD5(sum), l.until(expires, dated))
}

func binaryAddress(dst []byte, _ algorithm, a netip.Addr, b Binding) []byte {
	switch {
	case b.Kind == BindNone || !a.IsValid():
		return dst
	case b.Kind == BindMask:
		a = maskOf(a, int(b.Prefix)).Addr()
	}
	return append(dst, a.AsSlice()...)
}

// nginxSecret is the old form, with the directive secure_link_secret: MD5 in hexadecimal digits, the second segment
// of the undecoded URI, over what follows it, query included, and the secret.
func nginxSecret() *Scheme {
	s := nginxScheme()
	s.Params, s.Hash = "path: /<prefix>/<md5>/", "MD5 of the link behind it, key"
	s.inPath, s.fileOnly, s.hexed, s.bare, s.address, s.tail = true, true, true, true, noAddress, noTail
	s.read = func(l *Link, target []byte, path, query span) {
		l.says = saysNone
		if len(l.RawPath) == 0 || l.RawPath[0] != '/' {
			return
		}
		_, rest := segment(l.RawPath)
		sum, link := segment(rest)
		n, ok := unhexed(l.Sum[:], sum)
		if !ok || n != md5.Size || len(link) < 2 {
			return
		}
		from := path[1] - len(rest) + 1
		l.Token, l.TokenAt = sum, span{from, from + len(sum)}
		l.raw, l.written = true, link
		if l.PathOK {
			l.Path = link
		}
		l.Params = l.query
		l.settle(DetailBadMD5, true, l.until(nil, false))
	}
	s.head = func(dst []byte, l *Link, path []byte, k Key) []byte {
		return k.append(append(append(dst, bytes.TrimPrefix(path, []byte("/"))...), l.query...))
	}
	s.draft = func(_ *Scheme, p SignParams, l *Link, sum []byte) (string, error) {
		bare := withoutSegment(p.Target, l)
		path, _, _ := split([]byte(bare))
		prefix, rest := segment([]byte(bare[path[0]:]))
		if len(rest) < 2 {
			return "", errors.New("the path needs a prefix and a link behind it, as in /prefix/file")
		}
		return bare[:path[0]] + "/" + string(prefix) + "/" + hex.EncodeToString(sum) + string(rest), nil
	}
	return s
}
