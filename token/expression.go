package token

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// variable is one of nginx's that an expression may hold.
type variable uint8

const (
	varLiteral variable = iota
	varKey
	varExpires
	varURI
	varRequestURI
	varArgs
	varIsArgs
	varArg
	varAddress
	varBinaryAddress
	varHost
	varHTTPHost
	varUserAgent
	varReferer
	varScheme
)

var variables = map[string]variable{
	"secure_link_expires": varExpires, "uri": varURI, "document_uri": varURI, "request_uri": varRequestURI,
	"args": varArgs, "query_string": varArgs, "is_args": varIsArgs, "remote_addr": varAddress,
	"binary_remote_addr": varBinaryAddress, "host": varHost, "http_host": varHTTPHost,
	"http_user_agent": varUserAgent, "http_referer": varReferer, "scheme": varScheme,
}

// part is a piece of an expression: a literal, or a variable.
type part struct {
	variable variable
	text     string // the literal, or the name of varArg
}

// expression is a value of secure_link_md5.
type expression struct {
	parts   []part
	address int // where the client's address stands, -1 if nowhere
}

// compileExpression reads nginx's notation: $name or ${name}, everything else literal. The word KEY stands for the
// secret.
func compileExpression(text string) (*expression, error) {
	if keyWord(text) < 0 { // first of all, as the secret may stand there, with a $ in it
		return nil, errKeyWord
	}
	e := &expression{address: -1}
	for rest := text; rest != ""; {
		i := strings.IndexByte(rest, '$')
		if i != 0 {
			if i < 0 {
				i = len(rest)
			}
			e.literal(rest[:i])
			rest = rest[i:]
			continue
		}
		name, after := variableName(rest[1:])
		p, err := lookUp(name)
		if err != nil {
			return nil, err
		}
		e.parts, rest = append(e.parts, p), after
	}
	return e, e.check()
}

// literal adds text between variables, with the word KEY in it.
func (e *expression) literal(text string) {
	for {
		i := keyWord(text)
		if i < 0 {
			break
		}
		e.parts = append(e.parts, part{text: text[:i]}, part{variable: varKey})
		text = text[i+len("KEY"):]
	}
	e.parts = append(e.parts, part{text: text})
}

func keyWord(text string) int {
	for from := 0; ; {
		i := strings.Index(text[from:], "KEY")
		if i < 0 {
			return -1
		}
		i += from
		end := i + len("KEY")
		if (i == 0 || !isWord(text[i-1:i])) && (end == len(text) || !isWord(text[end:end+1])) {
			return i
		}
		from = end
	}
}

func variableName(text string) (name, rest string) {
	if inner, ok := strings.CutPrefix(text, "{"); ok {
		name, rest, _ = strings.Cut(inner, "}")
		return name, rest
	}
	n := 0
	for n < len(text) && isWord(text[n:n+1]) {
		n++
	}
	return text[:n], text[n:]
}

func lookUp(name string) (part, error) {
	if v, ok := variables[name]; ok {
		return part{variable: v}, nil
	}
	if arg, ok := strings.CutPrefix(name, "arg_"); ok && isWord(arg) {
		return part{varArg, strings.ToLower(arg)}, nil
	}
	var known []string
	for name := range variables {
		known = append(known, "$"+name)
	}
	slices.Sort(known)
	return part{}, fmt.Errorf("secure_link_md5 holds $%s, whose value no log tells; known are $arg_NAME, %s", name, strings.Join(known, ", "))
}

var errKeyWord = errors.New("the word KEY must stand in secure_link_md5 once, where the secret stands in nginx.conf; the secret itself belongs into the key file")

func (e *expression) check() error {
	keys, addresses := 0, 0
	for i, p := range e.parts {
		switch p.variable {
		case varKey:
			keys++
		case varAddress, varBinaryAddress:
			addresses++
			e.address = i
		}
	}
	switch {
	case keys != 1:
		return errKeyWord
	case addresses > 1:
		return fmt.Errorf("secure_link_md5 holds the client's address %d times, once can be searched for", addresses)
	}
	return nil
}

func (e *expression) uses(v variable) bool {
	return slices.ContainsFunc(e.parts, func(p part) bool { return p.variable == v })
}

// needs names what the expression takes from Seen.
func (e *expression) needs() string {
	var names []string
	if e.uses(varHost) || e.uses(varHTTPHost) || e.uses(varScheme) {
		names = append(names, "host")
	}
	if e.uses(varUserAgent) {
		names = append(names, "user agent")
	}
	if e.uses(varReferer) {
		names = append(names, "referer")
	}
	return strings.Join(names, ", ")
}

func (e *expression) before() []part {
	if e.address < 0 {
		return e.parts
	}
	return e.parts[:e.address]
}

func (e *expression) behind() []part {
	if e.address < 0 {
		return nil
	}
	return e.parts[e.address+1:]
}

// append evaluates parts of the expression for a link.
func (e *expression) append(dst []byte, parts []part, l *Link, path []byte, k Key) []byte {
	for _, p := range parts {
		switch p.variable {
		case varLiteral:
			dst = append(dst, p.text...)
		case varKey:
			dst = k.append(dst)
		case varExpires:
			dst = append(dst, l.Expires...)
		case varURI:
			dst = append(dst, path...)
		case varRequestURI:
			dst = append(dst, l.target...)
		case varArgs:
			dst = append(dst, l.query...)
		case varIsArgs:
			if len(l.query) > 0 {
				dst = append(dst, '?')
			}
		case varArg:
			if at, ok := argument(l.query, span{0, len(l.query)}, p.text); ok {
				dst = append(dst, l.query[at[0]:at[1]]...)
			}
		default:
			dst = l.seenText(dst, p.variable)
		}
	}
	return dst
}

// seenText appends what the request beside its target says.
func (l *Link) seenText(dst []byte, v variable) []byte {
	host := l.seen.Host
	if _, named, ok := bytes.Cut(l.origin, []byte("://")); ok {
		host = named
	}
	switch v {
	case varHost:
		from := len(dst)
		dst = append(dst, bareHost(host)...)
		lower(dst[from:])
		return dst
	case varHTTPHost:
		return append(dst, host...)
	case varUserAgent:
		return append(dst, l.seen.UserAgent...)
	case varReferer:
		return append(dst, l.seen.Referer...)
	case varScheme:
		if l.insecure || bytes.HasPrefix(l.origin, []byte("http:")) {
			return append(dst, "http"...)
		}
		return append(dst, "https"...)
	}
	return dst
}

func lower(text []byte) {
	for i, c := range text {
		if 'A' <= c && c <= 'Z' {
			text[i] = c | 0x20
		}
	}
}
