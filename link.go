package main

import (
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ipdrift/token"
)

// linkFlags say how an edge looks at one link.
type linkFlags struct {
	keyFlags
	scope, ip, at string
	mask          int
}

func (o *linkFlags) register(f *pflag.FlagSet) {
	f.StringVar(&o.ip, "ip", "", "client address: `IP` the edge saw")
	f.StringVar(&o.at, "at", "", "`TIME` of the request, Unix seconds or RFC 3339 (default: now)")
	f.IntVar(&o.mask, "mask", 0, "the edge cuts the address to this `PREFIX` length before hashing (default: whole address)")
	f.StringVar(&o.scope, "scope", "auto", "path that was hashed: auto (file or directory), file or dir")
	o.keyFlags.register(f)
}

func (o *linkFlags) complete(cmd *cobra.Command) {
	wordsFor(cmd, "scope", "auto", "file", "dir")
	o.keyFlags.complete(cmd)
}

// look is one link as an edge looks at it.
type look struct {
	*secrets
	url    string
	notes  []string // what was cleaned off the URL
	host   string
	client netip.Addr
	when   time.Time
	policy token.Policy
}

// read checks the flags and the URL.
func (o *linkFlags) read(raw string, w io.Writer) (l *look, err error) {
	if err := oneOf("scope", o.scope, "auto", "file", "dir"); err != nil {
		return nil, err
	}
	l = &look{when: time.Now()}
	l.url, l.notes = token.CleanURL(raw)
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
	scope, _ := token.ParseScope(o.scope)
	l.policy = token.Policy{Scope: scope, Bound: l.client.IsValid() && l.scheme.Binds, Form: l.form}
	if l.client.Unmap().Is4() {
		l.policy.Prefix4 = uint8(o.mask)
	} else {
		l.policy.Prefix6 = uint8(o.mask)
	}
	return l, nil
}

// request is the link as a request at its time.
func (l *look) request() token.Request {
	return token.Request{Target: []byte(l.url), Client: l.client, Time: l.when.Unix()}
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
