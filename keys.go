package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ipdrift/ingest"
	"ipdrift/ingest/format"
	"ipdrift/token"
)

// keyVariable is the environment variable that can hold the key.
const keyVariable = "IPDRIFT_KEY"

const keyHint = "give the key with --key-file FILE, --key-file HOST=FILE, --config FILE or in " + keyVariable

const keyFileHint = "the flag names a file that holds the key; its value is not shown, for it could be the key itself"

// keyBytes is the most of a key file that is read: an RSA key in PEM fits.
const keyBytes = 16 << 10

// keyFlags say which keys there are and what is hashed with them.
type keyFlags struct {
	config   string
	keyFiles []string
	scheme   string
	form     string
}

func (k *keyFlags) register(f *pflag.FlagSet) {
	f.StringVar(&k.config, "config", "", "YAML `FILE` with resources and where their keys are")
	f.StringArrayVar(&k.keyFiles, "key-file", nil, "`[HOST=]FILE` that holds the secret key; repeatable; "+keyVariable+" does the same")
	f.StringVar(&k.scheme, "scheme", "", "token scheme: `NAME` is "+strings.Join(schemeNames(), ", ")+
		"; \"ipdrift formats\" tells what each is (default "+token.Schemes()[0].Name+")")
	f.StringVar(&k.form, "mask-form", "network", "`FORM` of the text of a cut address in the hash: network, cidr, octets or octets-dot")
}

func (k *keyFlags) complete(cmd *cobra.Command) {
	wordsFor(cmd, "scheme", schemeNames()...)
	wordsFor(cmd, "mask-form", formWords()...)
}

func schemeNames() []string {
	return each(token.Schemes(), func(s *token.Scheme) string { return s.Name })
}

// keyText is a key as it was found: what it stands for depends on the scheme.
type keyText struct {
	host, where string
	path        string // of its file, where a flag names it
	text        []byte
	span        token.Span
}

// secrets is what the key flags amount to.
type secrets struct {
	resources *token.Resources
	ring      *token.Keyring
	hosts     []string // that have keys of their own; "" has those of all others
	form      token.Form
	columns   format.Map // what the log calls our fields
	user      string     // who is one user, as the configuration says; "": it does not
	privacy   privacy
	files     []string // that were read for it
}

// read finds the keys. Warnings about them go to w.
func (k *keyFlags) read(w io.Writer) (*secrets, error) {
	s := &secrets{}
	if err := oneOf("mask-form", k.form, formWords()...); err != nil {
		return nil, err
	}
	s.form, _ = token.ParseForm(k.form)
	found, err := keyFilesOf("key-file", k.keyFiles)
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		s.files = append(s.files, f.path)
	}
	scheme := token.Schemes()[0]
	if k.scheme != "" {
		if scheme, err = token.SchemeNamed(k.scheme); err != nil {
			return nil, usage(`"ipdrift formats" lists the schemes`, "--scheme: %w", err)
		}
	}
	s.resources = token.NewResources(scheme)
	if k.config != "" {
		c, err := readConfig(k.config, s.form)
		if err != nil {
			return nil, err
		}
		s.columns, s.user, s.privacy = c.columns, c.user, c.privacy
		found, s.files = append(found, c.keys...), append(append(s.files, k.config), c.files...)
		for _, r := range c.resources {
			if k.scheme != "" {
				r.Scheme = scheme
			}
			s.resources.Set(r.host, r.Resource)
		}
	}
	if text := os.Getenv(keyVariable); text != "" {
		found = append(found, keyText{where: keyVariable, text: []byte(text)})
	}
	s.ring, s.hosts, err = keyring(s.resources, found, w)
	return s, err
}

// keyring reads keys as the schemes of their hosts write them, and lists these
// hosts.
func keyring(resources *token.Resources, found []keyText, w io.Writer) (*token.Keyring, []string, error) {
	ring, hosts := &token.Keyring{}, []string(nil)
	for _, k := range found {
		scheme := resources.For([]byte(k.host)).Scheme
		key, warning, err := scheme.ParseKey(k.text)
		if err != nil {
			return nil, nil, failed(fmt.Sprintf("a key file for %s holds %s", scheme.Name, scheme.KeyForm), "%s: %w", k.where, err)
		}
		if warning != "" {
			say(w, "%s: %s", k.where, warning)
		}
		ring.AddDuring(k.host, key, k.span)
		if len(ring.For([]byte(k.host))) > ingest.NoKey { // which a request would be noted with
			return nil, nil, failed("leave out keys that no link is signed with any more", "%s: more than %d keys of one host", k.where, ingest.NoKey)
		}
		if !slices.Contains(hosts, k.host) {
			hosts = append(hosts, k.host)
		}
	}
	return ring, hosts, nil
}

// keysAt returns the keys of a host: those in use at a time, and the others.
func (s *secrets) keysAt(host string, when time.Time) (now, other []token.Key) {
	return token.InUse(s.ring.For([]byte(host)), s.ring.Spans([]byte(host)), when.Unix())
}

// lacking is the error where a host has no key in use at a time.
func (s *secrets) lacking(host string, when time.Time) error {
	switch {
	case s.ring.Len() == 0:
		return usage(keyHint, "no key")
	case len(s.ring.For([]byte(host))) > 0:
		of := fmt.Sprintf("of host %q", host)
		if host == "" {
			of = "for every host"
		}
		return usage("look at not_before and not_after of its keys in the configuration, and at --at", "no key %s is in use at %s", of, when.UTC().Format(time.RFC3339))
	}
	if host == "" {
		return usage("give the URL with its host, or a key for every host: --key-file FILE", "no key for a path alone: those given are of named hosts")
	}
	return usage(keyHint, "no key for host %q", host)
}

// others returns the keys of all hosts that have other keys than this one.
func (s *secrets) others(host string) map[string][]token.Key {
	own, out := s.ring.For([]byte(host)), map[string][]token.Key{}
	for _, name := range s.hosts {
		keys := s.ring.For([]byte(name))
		if slices.EqualFunc(keys, own, token.Key.Equal) {
			continue
		}
		if name == "" {
			name = "*"
		}
		out[name] = keys
	}
	return out
}

// keyFilesOf reads keys from FILE or HOST=FILE. A value that names no file is
// never shown: it might be a key that was put there by mistake.
func keyFilesOf(flag string, args []string) ([]keyText, error) {
	var out []keyText
	for i, arg := range args {
		host, path := "", arg
		if _, err := os.Stat(arg); err != nil {
			if h, p, ok := strings.Cut(arg, "="); ok && !strings.Contains(h, "/") {
				host, path = h, p
			}
		}
		where := fmt.Sprintf("--%s number %d", flag, i+1)
		text, err := readKeyFile(path)
		if err != nil {
			return nil, failed(keyFileHint, "%s: %w", where, err)
		}
		out = append(out, keyText{host: host, where: where + ", " + path, path: path, text: text})
	}
	return out, nil
}

// readKeyFile reads no more than a key file can hold. Its error does not name
// the file.
func readKeyFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, keyBytes))
	return text, withoutPath(err)
}

func withoutPath(err error) error {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
