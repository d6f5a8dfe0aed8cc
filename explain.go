package main

import (
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ipdrift/report"
	"ipdrift/token"
)

type explainFlags struct {
	linkFlags
	try []string
}

func explainCommand() *cobra.Command {
	o := &explainFlags{}
	cmd := &cobra.Command{
		Use:   "explain URL --ip IP",
		Short: "Tell what a link was signed for, which rule fails, and what to do",
		Long: `explain tells of one link which string is hashed, which rule fails, which address and
path it was signed for as far as that can be found, and what to do. The address is
searched in the /24 and then the /16 around --ip, among the --try addresses, and by
the known mistakes of signers. A URL may be pasted as it stands in a ticket.`,
		Example: `  ipdrift explain 'https://cdn.example.com/a.mp4?md5=...&expires=...' --ip 203.0.113.9 --at 2026-11-20T14:03:00Z --key-file secret.key`,
		Args:    want(false, "URL"),
		RunE:    func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0]) },
	}
	cmd.Flags().SortFlags = false
	o.register(cmd.Flags())
	cmd.Flags().StringArrayVar(&o.try, "try", nil, "another address the link may be signed for: `IP`; repeatable")
	return cmd
}

func (o *explainFlags) run(cmd *cobra.Command, raw string) error {
	if o.ip == "" {
		return usage("the address the edge saw; any will do for a link that is bound to none", "missing flag: --ip")
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
	keys := l.ring.For([]byte(l.host))
	v := token.NewVerifier(l.scheme)
	e := &explanation{look: l, keys: keys, result: v.Verify(l.request(), l.policy, keys), link: v.Link(), trier: token.NewTrier(l.scheme)}
	if e.result.Verdict == token.UnresolvedSignature && e.result.Detail == "" {
		if err := e.search(cmd.Context(), also); err != nil {
			return err
		}
	}
	return e.write(cmd.OutOrStdout())
}

// explanation is what was found out about one link.
type explanation struct {
	*look
	keys   []token.Key
	result token.Result
	link   *token.Link
	trier  *token.Trier
	signed netip.Addr // the address found by searching
	tried  uint64     // addresses tried
}

func (e *explanation) write(w io.Writer) error {
	p := &paragraphs{w: w}
	p.line("link", "%s", cutTarget([]byte(e.url)))
	for _, n := range e.notes {
		p.line("cleaned", "%s", n)
	}
	p.line("scheme", "%s: %s", e.scheme.Name, e.scheme.Doc)
	p.line("client", "%s at %s", e.client, e.when.UTC().Format(time.RFC3339))
	e.shape(p)
	e.hashed(p)
	p.line("verdict", "%s", strings.TrimSpace(e.result.Verdict.String()+" "+string(e.result.Detail)))
	why, do := e.why()
	p.line("why", "%s", why)
	e.signing(p)
	p.line("do", "%s", do)
	return p.err
}

// shape tells about the token and its expiry.
func (e *explanation) shape(p *paragraphs) {
	if len(e.link.Token) > 0 {
		p.line("token", "%s", shortToken(e.link.Token))
	}
	if e.link.Expires == nil {
		return
	}
	if e.link.Shape != token.Signed {
		p.line("expires", "%s", e.link.Expires)
		return
	}
	left := time.Duration(e.link.Deadline-e.when.Unix()) * time.Second
	side := "after the request"
	if left < 0 {
		side = "before the request"
	}
	if e.link.Deadline > 253402300799 || left.Abs() > 100*365*24*time.Hour {
		p.line("expires", "%s, far away: milliseconds instead of seconds?", e.link.Expires)
		return
	}
	p.line("expires", "%s is %s, %s %s", e.link.Expires, time.Unix(e.link.Deadline, 0).UTC().Format(time.RFC3339), left.Abs(), side)
}

// hashed shows the strings that the edge hashes for this request.
func (e *explanation) hashed(p *paragraphs) {
	if e.link.Shape != token.Signed || !e.link.PathOK {
		return
	}
	b := e.policy.Binding(e.client)
	scopes := []token.Scope{token.ScopeFile, token.ScopeDir}
	if e.policy.Scope != token.ScopeAuto {
		scopes = []token.Scope{e.policy.Scope}
	}
	if m := e.result.Match; m.OK && e.result.Verdict != token.WrongPath && e.result.Detail == "" {
		scopes = []token.Scope{m.Scope}
	}
	seen := ""
	for _, s := range scopes {
		text := e.trier.HashedText(e.link, s, 0, e.client, b)
		if text != "" && text != seen {
			p.line("edge hashes", "%s   (%s)", text, s)
		}
		seen = text
	}
}

// signing shows what the link turned out to be signed over, where that is not
// what the edge hashes.
func (e *explanation) signing(p *paragraphs) {
	m, ip := e.result.Match, e.client
	if !m.OK {
		return
	}
	if e.signed.IsValid() {
		ip = e.signed
	}
	if v := e.result.Verdict; v != token.Valid && v != token.Expired {
		p.line("signed over", "%s", e.trier.HashedText(e.link, m.Scope, int(m.Up), ip, m.Binding))
	}
	where := m.Scope.String()
	if m.Scope == token.ScopeAncestor {
		where = fmt.Sprintf("directory %d above", m.Up)
	}
	p.line("that is", "path: %s, address: %s, key number %d", where, bindingWords(m.Binding, ip), int(m.Key)+1)
	if e.result.Verdict == token.IPMismatch && ip.BitLen() == e.client.BitLen() {
		p.line("mask", "the two addresses share %s", sharedWords(ip, e.client))
	}
}

func bindingWords(b token.Binding, ip netip.Addr) string {
	switch b.Kind {
	case token.BindNone:
		return "none"
	case token.BindMask:
		return fmt.Sprintf("%s (%s)", token.AppendBound(nil, ip, b), b)
	}
	return ip.String()
}

// sharedWords says which masks would make two addresses one.
func sharedWords(a, b netip.Addr) string {
	n := 0
	for bits := 1; bits <= a.BitLen(); bits++ {
		if pa, _ := a.Prefix(bits); !pa.Contains(b) {
			break
		}
		n = bits
	}
	candidates := []int{24, 16}
	if a.Is6() {
		candidates = []int{64, 56, 48}
	}
	for _, c := range candidates {
		if c <= n {
			return fmt.Sprintf("their first %d bits, so a mask of /%d would accept this request", n, c)
		}
	}
	return fmt.Sprintf("their first %d bits only: neither /%d nor a narrower mask would accept this request", n, candidates[len(candidates)-1])
}

// paragraphs prints labelled lines until an error of w.
type paragraphs struct {
	w     io.Writer
	width int // of the labels; 0 is 12
	err   error
}

func (p *paragraphs) line(label, format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, "%-*s %s\n", max(p.width, 12), label, report.Clean(fmt.Sprintf(format, args...)))
	}
}
