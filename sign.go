package main

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"ipdrift/token"
)

type signFlags struct {
	keyFlags
	seenFlags
	expires, ip string
	mask        int
	dir         bool
	keyID       string
}

func signCommand() *cobra.Command {
	o := &signFlags{}
	cmd := &cobra.Command{
		Use:   "sign PATH_OR_URL --expires T",
		Short: "Print a signed URL",
		Long: `sign prints the path or URL with its token. The key of the URL's host is used, of
several the first one; a path takes the key that is for every host. What --config states
of the host (scope, mask, bind_ip) holds for the link, unless --dir or --mask says otherwise.`,
		Example: `  ipdrift sign https://cdn.example.com/vod/a.mp4 --expires +2h --ip 203.0.113.9 --key-file secret.key
  ipdrift sign /vod/720p/index.m3u8 --dir --expires 2026-12-01T00:00:00Z --key-file secret.key`,
		Args: want(false, "PATH_OR_URL"),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0]) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.expires, "expires", "", "`TIME` the link lives until: Unix seconds, RFC 3339, or a span from now as in +2h")
	f.StringVar(&o.ip, "ip", "", "bind the link to this client address: `IP` (default: to none)")
	f.IntVar(&o.mask, "mask", 0, "cut the address to this `PREFIX` length before hashing (default: the whole address)")
	f.BoolVar(&o.dir, "dir", false, "hash the directory, so that the token covers the files in it")
	f.StringVar(&o.keyID, "key-id", "", "cloudfront: the Key-Pair-`ID` of the key")
	o.keyFlags.register(f)
	o.seenFlags.register(f)
	o.keyFlags.complete(cmd)
	return cmd
}

func (o *signFlags) run(cmd *cobra.Command, target string) error {
	now := time.Now()
	if o.expires == "" {
		return usage("--expires +2h, or a time", "missing flag: --expires")
	}
	until, err := expiry(o.expires, now)
	if err != nil {
		return err
	}
	var client netip.Addr
	if o.ip != "" {
		if client, err = address(o.ip); err != nil {
			return err
		}
	}
	if err := checkMask(o.mask, client); err != nil {
		return err
	}
	s, err := o.keyFlags.read(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	host := hostOf(target)
	keys, _ := s.keysAt(host, now)
	if len(keys) == 0 {
		return s.lacking(host, now)
	}
	r := s.resources.For([]byte(host))
	p := token.SignParams{
		Target: target, Expires: until.Unix(), Client: client, Prefix: o.mask, Form: s.form, Dir: o.dir || r.Scope == token.ScopeDir,
		Key: keys[0], KeyID: o.keyID, Seen: o.seen(host),
	}
	if b := boundAs(r, client); client.IsValid() && b != nil && o.mask == 0 {
		if b.Kind == token.BindNone {
			say(cmd.ErrOrStderr(), "the configuration binds links of %s to no address: --ip is left out", host)
			p.Client = netip.Addr{}
		}
		if b.Kind == token.BindMask {
			p.Prefix, p.Form = int(b.Prefix), b.Form
		}
	}
	signed, err := token.Sign(r.Scheme, p)
	if err != nil {
		return usage("", "cannot sign: %w", err)
	}
	if until.Before(now) {
		say(cmd.ErrOrStderr(), "the link has expired already: --expires %s is past", o.expires)
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), signed)
	return err
}
