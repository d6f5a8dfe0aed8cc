package main

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ipdrift/detect/addr"
	"ipdrift/detect/search"
	"ipdrift/ingest/figure"
	"ipdrift/ingest/redact"
	"ipdrift/token"
)

type explainFlags struct {
	linkFlags
	try, oldKeys []string
	extent, lang string
}

func explainCommand() *cobra.Command {
	o := &explainFlags{}
	cmd := &cobra.Command{
		Use:   "explain URL --ip IP",
		Short: "Tell what a link was signed for, which rule fails, and what to do",
		Long: `explain tells of one link which string the edge hashes, which rule fails, what was
signed instead and for which address, as far as that can be proven, what to do, and
which line of the signer to change. It tries the --try addresses and the known mistakes
of signers, then searches the /24 and the /16 around --ip; --recover full goes on to all
of IPv4, which takes up to some minutes. A URL may be pasted as it stands in a ticket,
with the text around it.`,
		Example: `  ipdrift explain 'https://cdn.example.com/a.mp4?md5=...&expires=...' --ip 203.0.113.9 --at 2026-11-20T14:03:00Z --key-file secret.key`,
		Args:    want(false, "URL"),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0]) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	o.register(f)
	f.StringArrayVar(&o.try, "try", nil, "another address the link may be signed for: `IP`; repeatable")
	f.StringArrayVar(&o.oldKeys, "old-key-file", nil, "`[HOST=]FILE` that holds a key the host had before; repeatable")
	f.StringVar(&o.extent, "recover", "near", "`EXTENT` of the search for the address the link was signed for: none, near (the /16 around) or full (all of IPv4)")
	f.StringVar(&o.lang, "lang", "python", "`LANGUAGE` of the signing code to change: "+strings.Join(token.Langs(), ", ")+" or all")
	o.complete(cmd)
	wordsFor(cmd, "recover", extents()...)
	wordsFor(cmd, "lang", append(token.Langs(), "all")...)
	return cmd
}

func extents() []string {
	return []string{string(search.RecoverNone), string(search.RecoverNear), string(search.RecoverFull)}
}

func (o *explainFlags) run(cmd *cobra.Command, raw string) error {
	if err := wantURL(raw); err != nil {
		return err
	}
	if o.ip == "" {
		hint := "the address the edge saw; any will do for a link that is bound to none"
		if unquoted(raw) {
			hint = quoteURL
		}
		return usage(hint, "missing flag: --ip")
	}
	if err := oneOf("recover", o.extent, extents()...); err != nil {
		return err
	}
	if err := oneOf("lang", o.lang, append(token.Langs(), "all")...); err != nil {
		return err
	}
	var also []netip.Addr
	for _, text := range o.try {
		ip, err := address(text)
		if err != nil {
			return err
		}
		also = append(also, ip)
	}
	l, err := o.linkFlags.read(raw, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	found, err := keyFilesOf("old-key-file", o.oldKeys)
	if err != nil {
		return err
	}
	older, _, err := keyring(l.resources, found, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	keys, old := l.keys()
	e := &explanation{look: l, pasted: raw, also: also, old: append(old, older.For([]byte(l.host))...), hunt: newHunt(l, keys)}
	if err := e.find(cmd, search.Recover(o.extent)); err != nil {
		return err
	}
	return e.write(cmd.OutOrStdout(), o.lang)
}

// quoteURL is what a shell does to a URL that stands on the command line as it is.
const quoteURL = "put the URL in quotes if it goes on after an &, where the shell ends a command"

// unquoted reports whether a URL may be what a shell left of a longer one.
func unquoted(url string) bool { return strings.Contains(url, "?") && !strings.Contains(url, "&") }

// explanation is what was found out about one link.
type explanation struct {
	*look
	token.Explanation
	pasted string
	also   []netip.Addr // addresses beside the client's
	old    []token.Key
	hunt   *hunt
	vain   string // what was searched in vain
	wider  bool   // there is more to search
}

// find explains the link; where nothing does, it searches for the address, and
// explains the link again with that.
func (e *explanation) find(cmd *cobra.Command, extent search.Recover) error {
	e.explain()
	if e.Verdict != token.UnresolvedSignature || e.Detail != "" {
		return nil
	}
	found, vain, err := e.hunt.search(cmd.Context(), extent, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	if e.vain = vain; !found.ip.IsValid() {
		e.wider = vain != "" && extent == search.RecoverNear
		return nil
	}
	e.also, e.vain = append(e.also, found.ip), ""
	if e.explain(); !e.Client.IsValid() { // no single rule fails
		t := token.NewTrier(e.scheme)
		e.Match, e.Client = found.Match, found.ip
		e.Signed = t.HashedText(&e.hunt.link, found.Scope, int(found.Up), found.ip, found.Binding)
	}
	return nil
}

func (e *explanation) explain() {
	e.Explanation = token.Explain(e.scheme, &token.Suspect{
		Target: []byte(e.pasted), Host: e.host, Clients: append([]netip.Addr{e.client}, e.also...), Time: e.when.Unix(),
		Policy: e.policy, Keys: e.hunt.keys, OldKeys: e.old, OtherKeys: e.others(e.host), Seen: e.seen,
	})
}

func (e *explanation) write(w io.Writer, lang string) error {
	p := &paragraphs{w: w}
	p.line("link", "%s", cutTarget([]byte(e.Target), e.scheme))
	for _, n := range e.Cleaned {
		p.line("cleaned", "%s", n)
	}
	p.line("scheme", "%s: %s", e.scheme.Name, e.scheme.Doc)
	p.line("client", "%s at %s", e.client, e.when.UTC().Format(time.RFC3339))
	e.shape(p)
	label := "edge hashes"
	for _, text := range e.Hashed {
		p.exact(label, e.cut(text))
		label = "or"
	}
	p.line("verdict", "%s", strings.TrimSpace(e.Verdict.String()+" "+string(e.Detail)))
	p.line("rule", "%s", e.Rule)
	e.signing(p)
	if e.vain != "" {
		p.line("searched", "%s", e.vain)
	}
	fix := e.Fix
	if e.Verdict == token.Unchecked && len(e.hunt.keys) == 0 {
		fix = keyHint
	}
	p.line("fix", "%s", fix)
	if e.wider {
		p.line("or", "--recover full searches all of IPv4, which takes up to some minutes; --try IP tries an address that you know of")
	}
	if e.Detail == token.DetailMissingExpires && unquoted(e.Target) {
		p.line("or", "%s", quoteURL)
	}
	e.code(p, lang)
	return p.err
}

// cut takes tokens out of a text, for edges and signers that hash the query.
func (e *explanation) cut(text string) string {
	for _, s := range append([]*token.Scheme{e.scheme}, token.Schemes()...) {
		var l token.Link
		token.NewParser(s).Parse([]byte(e.Target), &l)
		if len(l.Token) > redact.Shown {
			text = strings.ReplaceAll(text, string(l.Token), shortToken(l.Token))
		}
	}
	return text
}

// shape tells about the token and its expiry, and the address it names.
func (e *explanation) shape(p *paragraphs) {
	link := &e.hunt.link
	if len(link.Token) > 0 {
		p.line("token", "%s", shortToken(link.Token))
	}
	if link.Bound.IsValid() {
		p.line("names", "%s", link.Bound)
	}
	switch {
	case link.Shape != token.Signed && link.Expires != nil:
		p.line("expires", "%s", shownExpires(string(link.Expires)))
	case link.Shape == token.Signed:
		p.line("expires", "%s", expiryWords(link.Deadline, e.when))
	}
}

// expiryWords says how a deadline lies to the request.
func expiryWords(deadline int64, when time.Time) string {
	const longest = 100 * 365 * 24 * 3600
	left := deadline - when.Unix()
	switch {
	case deadline == token.Never:
		return "never"
	case deadline > token.Never || left > longest || left < -longest:
		return fmt.Sprintf("%d, far from the request's time", deadline)
	}
	side := "after the request"
	if left < 0 {
		side = "before the request"
	}
	return fmt.Sprintf("%d is %s, %s %s", deadline, time.Unix(deadline, 0).UTC().Format(time.RFC3339), lasting((time.Duration(left) * time.Second).Abs()), side)
}

// lasting writes a span; from two days on, hours tell nothing.
func lasting(d time.Duration) string {
	if d >= 48*time.Hour {
		return fmt.Sprintf("%d days", d/(24*time.Hour))
	}
	return figure.Lasting(d)
}

// signing shows what the link turned out to be signed over.
func (e *explanation) signing(p *paragraphs) {
	m, key := e.Match, fmt.Sprintf("key number %d", int(e.Match.Key)+1)
	if f := e.Found; f.Mistake.Name != "" {
		m = token.Match{OK: true, Scope: f.Scope, Up: uint8(f.Up), Binding: m.Binding}
		key = foundKey(f)
	}
	if e.Signed != "" {
		p.exact("signed over", e.cut(e.Signed))
	}
	if !m.OK {
		return
	}
	where := m.Scope.String()
	if m.Scope == token.ScopeAncestor {
		where = fmt.Sprintf("directory %d above", m.Up)
	}
	p.line("that is", "path: %s, address: %s, %s", where, e.boundTo(m.Binding), key)
	if e.Verdict == token.IPMismatch && e.Client.IsValid() && !e.scheme.Visible {
		p.line("mask", "%s", sharedWords(e.Client, e.client))
	}
}

// foundKey says which key a mistake was found with.
func foundKey(f token.Found) string {
	switch {
	case f.Host != "":
		return fmt.Sprintf("key number %d of %s", f.Key+1, f.Host)
	case f.Mistake.Name == "empty_key":
		return "no key"
	case f.Mistake.Name == "old_key":
		return fmt.Sprintf("old key number %d", f.Key+1)
	}
	return fmt.Sprintf("key number %d", f.Key+1)
}

func (e *explanation) boundTo(b token.Binding) string {
	switch {
	case !e.Client.IsValid() && e.Bound.IsValid():
		return e.Bound.String()
	case !e.Client.IsValid():
		return "none"
	case b.Kind == token.BindMask:
		return fmt.Sprintf("%s (%s)", token.AppendBound(nil, e.Client, b), b)
	}
	return e.Client.String()
}

// sharedWords says which masks would make two addresses one.
func sharedWords(a, b netip.Addr) string {
	n := addr.CommonPrefix(a, b)
	if n < 0 {
		return "none would help: site and CDN were reached over different address families; offer the same ones on both, or sign without an address"
	}
	candidates := addr.UsualLengths(addr.Family(a))
	if i := slices.IndexFunc(candidates, func(c int) bool { return c <= n }); i >= 0 {
		return fmt.Sprintf("the two addresses share their first %d bits, so a mask of /%d would accept this request", n, candidates[i])
	}
	return fmt.Sprintf("the two addresses share their first %d bits only: neither /%d nor a narrower mask would accept this request", n, candidates[len(candidates)-1])
}

// code shows the signing code to change.
func (e *explanation) code(p *paragraphs, lang string) {
	for _, c := range e.Codes {
		if lang != "all" && c.Lang != lang {
			continue
		}
		p.title("\n" + c.Lang + ", with the line to change marked:")
		for line := range strings.Lines(c.Text) {
			p.title("  " + strings.TrimSuffix(line, "\n"))
		}
	}
}
