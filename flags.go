package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ipdrift/token"
)

// keyVariable is the environment variable that can hold the key.
const keyVariable = "IPDRIFT_KEY"

const keyHint = "give the key with --key-file FILE, --key-file HOST=FILE, --config FILE or in " + keyVariable

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
	f.StringVar(&k.scheme, "scheme", "", "token scheme: `NAME` is "+schemeNames()+" (default "+token.Schemes()[0].Name+")")
	f.StringVar(&k.form, "mask-form", "network", "text of a cut address in the hash: network, cidr, octets or octets-dot")
}

func schemeNames() string {
	var names []string
	for _, s := range token.Schemes() {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

// secrets is what the key flags amount to.
type secrets struct {
	scheme *token.Scheme
	ring   *token.Keyring
	form   token.Form
}

// read finds the keys. Warnings about them go to w.
func (k *keyFlags) read(w io.Writer) (*secrets, error) {
	s := &secrets{ring: &token.Keyring{}}
	var ok bool
	if s.form, ok = token.ParseForm(k.form); !ok {
		return nil, usage("choose one of network, cidr, octets, octets-dot", "unknown --mask-form %q", k.form)
	}
	for i, arg := range k.keyFiles {
		if err := addKeyFile(s.ring, fmt.Sprintf("--key-file number %d", i+1), arg, w); err != nil {
			return nil, err
		}
	}
	if k.config != "" {
		scheme, err := readConfig(k.config, s.ring, w)
		if err != nil {
			return nil, err
		}
		if k.scheme == "" {
			k.scheme = scheme
		}
	}
	if text := os.Getenv(keyVariable); text != "" {
		if err := addKey(s.ring, "", keyVariable, []byte(text), w); err != nil {
			return nil, err
		}
	}
	if k.scheme == "" {
		s.scheme = token.Schemes()[0]
		return s, nil
	}
	var err error
	if s.scheme, err = token.SchemeNamed(k.scheme); err != nil {
		return nil, usage("", "--scheme: %w", err)
	}
	return s, nil
}

// forHost returns the keys of the host of a link.
func (s *secrets) forHost(host string) ([]token.Key, error) {
	if keys := s.ring.For([]byte(host)); len(keys) > 0 {
		return keys, nil
	}
	if s.ring.Len() == 0 {
		return nil, usage(keyHint, "no key")
	}
	return nil, usage(keyHint, "no key for host %q", host)
}

// addKeyFile reads a key from FILE or HOST=FILE. The value itself is never
// shown: it might be a key that was put there by mistake.
func addKeyFile(ring *token.Keyring, where, arg string, w io.Writer) error {
	host, path := "", arg
	if _, err := os.Stat(arg); err != nil {
		if h, p, ok := strings.Cut(arg, "="); ok && !strings.Contains(h, "/") {
			host, path = h, p
		}
	}
	text, err := readKeyFile(path)
	if err != nil {
		return failed("the flag names a file that holds the key; its value is not shown, for it could be the key itself", "%s: %w", where, err)
	}
	return addKey(ring, host, where, text, w)
}

// readKeyFile reads no more than a key file can hold. Its error does not name
// the file.
func readKeyFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 4096))
	return text, withoutPath(err)
}

func withoutPath(err error) error {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

func addKey(ring *token.Keyring, host, where string, text []byte, w io.Writer) error {
	key, warning, err := token.ParseKey(text)
	if err != nil {
		return failed("a key file holds one line of 1 to 255 bytes", "%s: %w", where, err)
	}
	if warning != "" {
		say(w, "%s: %s", where, warning)
	}
	ring.Add(host, key)
	return nil
}

const timeHint = "a time is Unix seconds (1795469621) or RFC 3339 (2026-11-20T14:03:00Z)"

// instant reads a time as Unix seconds or RFC 3339.
func instant(flag, text string) (time.Time, error) {
	if s, err := strconv.ParseInt(text, 10, 64); err == nil && s >= 0 && s <= 253402300799 {
		return time.Unix(s, 0).UTC(), nil
	}
	t, err := time.Parse(time.RFC3339, strings.Replace(text, " ", "T", 1))
	if err != nil {
		return time.Time{}, usage(timeHint, "--%s: %q is not a time", flag, text)
	}
	return t.UTC(), nil
}

// expiry reads a time, or a span from now as in +2h or +7d.
func expiry(text string, now time.Time) (time.Time, error) {
	span, ok := strings.CutPrefix(text, "+")
	if !ok {
		return instant("expires", text)
	}
	if days, ok := strings.CutSuffix(span, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil && n > 0 {
			return now.AddDate(0, 0, int(n)), nil
		}
	}
	d, err := time.ParseDuration(span)
	if err != nil || d <= 0 {
		return time.Time{}, usage("a span is +90s, +30m, +2h or +7d; "+timeHint, "--expires: %q is not a span", text)
	}
	return now.Add(d), nil
}

// address reads --ip.
func address(text string) (netip.Addr, error) {
	a, err := netip.ParseAddr(strings.Trim(strings.TrimSpace(text), "[]"))
	if err != nil {
		return netip.Addr{}, usage("an address is 203.0.113.9 or 2001:db8::9, without a port", "--ip: %q is not an address", text)
	}
	return a.WithZone(""), nil
}

// prefixes reads a list such as 24,16 and sorts it, narrowest network first.
func prefixes(flag, text string, whole int) ([]int, error) {
	var out []int
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimPrefix(strings.TrimSpace(part), "/"))
		if err != nil || n < 1 || n >= whole {
			return nil, usage(fmt.Sprintf("a list of prefix lengths from 1 to %d, such as --%s 24,16", whole-1, flag), "--%s: %q is not a prefix length", flag, part)
		}
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b int) int { return b - a })
	return slices.Compact(out), nil
}

// size reads bytes, as in 1GiB, 512MiB or 2G.
func size(flag, text string) (int64, error) {
	digits := strings.TrimRight(text, "KMGTiB")
	shift, ok := map[string]uint{"": 0, "B": 0, "K": 10, "KiB": 10, "KB": 10, "M": 20, "MiB": 20, "MB": 20,
		"G": 30, "GiB": 30, "GB": 30, "T": 40, "TiB": 40, "TB": 40}[text[len(digits):]]
	n, err := strconv.ParseFloat(digits, 64)
	n *= float64(int64(1) << shift)
	if !ok || err != nil || strings.Trim(digits, "0123456789.") != "" || n < 1 || n > 1<<60 {
		return 0, usage("a size is 512MiB, 1GiB or 1.5G", "--%s: %q is not a size", flag, text)
	}
	return int64(n), nil
}

// oneOf checks a flag that takes one of a few words.
func oneOf(flag, word string, words ...string) error {
	if slices.Contains(words, word) {
		return nil
	}
	return usage("choose one of "+strings.Join(words, ", "), "unknown --%s %q", flag, word)
}

// wordsFor completes the value of a flag in the shell.
func wordsFor(cmd *cobra.Command, flag string, words ...string) {
	// The only error there is: a flag of that name does not exist.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}
