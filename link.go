package main

import (
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ipdrift/report"
	"ipdrift/token"
)

// linkFlags say how an edge looks at one link.
type linkFlags struct {
	keyFlags
	seenFlags
	scope, ip, at string
	mask          int
}

// seenFlags say what an edge sees of a request beside target and address.
type seenFlags struct{ userAgent, referer string }

func (o *seenFlags) register(f *pflag.FlagSet) {
	f.StringVar(&o.userAgent, "user-agent", "", "`TEXT` of the request's User-Agent, for schemes that hash it")
	f.StringVar(&o.referer, "referer", "", "`TEXT` of the request's Referer, for schemes that hash it")
}

func (o *seenFlags) seen(host string) token.Seen {
	return token.Seen{Host: []byte(host), UserAgent: []byte(o.userAgent), Referer: []byte(o.referer)}
}

func (o *linkFlags) register(f *pflag.FlagSet) {
	f.StringVar(&o.ip, "ip", "", "client address: `IP` the edge saw")
	f.StringVar(&o.at, "at", "", "`TIME` of the request, Unix seconds, RFC 3339 or as a log has it (default: now)")
	f.IntVar(&o.mask, "mask", 0, "the edge cuts the address to this `PREFIX` length before hashing (default: whole address)")
	f.StringVar(&o.scope, "scope", "auto", "`SCOPE` of the path that was hashed: auto (file or directory), file or dir")
	o.keyFlags.register(f)
	o.seenFlags.register(f)
}

func (o *linkFlags) complete(cmd *cobra.Command) {
	wordsFor(cmd, "scope", scopeWords()...)
	o.keyFlags.complete(cmd)
}

// look is one link as an edge looks at it.
type look struct {
	*secrets
	url    string
	notes  []string // what was cleaned off the URL
	host   string
	seen   token.Seen
	scheme *token.Scheme
	client netip.Addr
	when   time.Time
	policy token.Policy
}

// read checks the flags and the URL.
func (o *linkFlags) read(raw string, w io.Writer) (l *look, err error) {
	if err := oneOf("scope", o.scope, scopeWords()...); err != nil {
		return nil, err
	}
	l = &look{when: time.Now()}
	l.url, l.notes = token.CleanURL(raw)
	if !strings.Contains(l.url, "/") {
		return nil, usage("a URL is https://cdn.example.com/film.ts?md5=...&expires=..., or its path and query", "what was given is no URL")
	}
	l.host = hostOf(l.url)
	if o.at != "" {
		if l.when, err = instant("at", o.at); err != nil {
			return nil, err
		}
	}
	if o.ip != "" {
		if l.client, err = address(o.ip); err != nil {
			return nil, err
		}
	}
	if err := checkMask(o.mask, l.client); err != nil {
		return nil, err
	}
	if l.secrets, err = o.keyFlags.read(w); err != nil {
		return nil, err
	}
	l.seen = o.seen(l.host)
	l.edge(l.resources.For([]byte(l.host)), o)
	return l, nil
}

// wantURL refuses a file in the place of a URL.
func wantURL(text string) error {
	if _, err := os.Stat(text); err != nil || strings.Contains(text, "?") {
		return nil
	}
	name := report.Quoted(report.Clean(text))
	return usage(fmt.Sprintf("of one viewer in a log tells: ipdrift ticket %s --ip IP --at TIME; of all that is in it: ipdrift %s %s", name, commandFor(text), name),
		"a URL is wanted, and this is a file: %s", name)
}

// edge sets how the edge looks at the link: as the flags say, else as the
// configuration does, else in the plain way.
func (l *look) edge(r token.Resource, o *linkFlags) {
	l.scheme = r.Scheme
	l.policy = token.Policy{Scope: r.Scope, Bound: l.client.IsValid() && l.scheme.Binds, Form: l.form}
	if scope, _ := token.ParseScope(o.scope); scope != token.ScopeAuto {
		l.policy.Scope = scope
	}
	stated, prefix := boundAs(r, l.client), &l.policy.Prefix6
	if l.client.Unmap().Is4() {
		prefix = &l.policy.Prefix4
	}
	switch {
	case o.mask != 0:
		*prefix = uint8(o.mask)
	case stated != nil && stated.Kind == token.BindNone:
		l.policy.Bound = false
	case stated != nil && stated.Kind == token.BindMask:
		*prefix, l.policy.Form = stated.Prefix, stated.Form
	}
}

// boundAs is what the configuration states of links for an address; nil: nothing.
func boundAs(r token.Resource, client netip.Addr) *token.Binding {
	if client.Unmap().Is4() {
		return r.Bind4
	}
	return r.Bind6
}

// keys returns the keys of the link's host: those in use at its time, and the
// others.
func (l *look) keys() (now, other []token.Key) { return l.keysAt(l.host, l.when) }

// request is the link as a request at its time.
func (l *look) request() token.Request {
	return token.Request{Target: []byte(l.url), Client: l.client, Time: l.when.Unix(), Seen: l.seen}
}

// checkMask checks --mask against the family of --ip.
func checkMask(mask int, ip netip.Addr) error {
	switch {
	case mask == 0:
		return nil
	case !ip.IsValid():
		return usage("add --ip IP", "--mask cuts an address, and there is none")
	case mask < 0 || mask > ip.Unmap().BitLen():
		return usage("", "--mask: %d is no prefix length of an %s address", mask, family(ip))
	}
	return nil
}

func family(ip netip.Addr) string {
	if ip.Unmap().Is4() {
		return "IPv4"
	}
	return "IPv6"
}

// hostOf returns the host of an absolute URL, "" for a path.
func hostOf(url string) string {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		return ""
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	return rest[strings.LastIndexByte(rest, '@')+1:]
}
