package report

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// Request explains one request in words: what the edge answered and why, what
// was signed for which address, which masks would have accepted it, what to do,
// and where it stands in the log. The analysis is that of its case.
func Request(w io.Writer, q finding.Request, a *finding.Analysis, o Options) error {
	out := &stickyWriter{w: w}
	p := &paper{screen: newScreen(out, o), a: a, o: o}
	e := &explained{paper: p, q: q}
	for _, h := range hosts(a) {
		if h.name == q.Host {
			e.h = h
		}
	}
	e.write()
	return out.err
}

// explained is one request, with its host where the analysis knows it.
type explained struct {
	*paper
	q finding.Request
	h *host
}

const momentLayout = "2006-01-02 15:04:05.000"

func (e *explained) write() {
	q := e.q
	t := served
	if q.Cause != "" {
		t = refused
	}
	e.para(0, as(strong, q.Time.UTC().Format(momentLayout)+" UTC  "), as(t, strconv.Itoa(q.Status)), say("  "+q.Method+" "+q.Path))
	e.blank()
	e.row("answer", as(t, e.answer()), say(e.because()))
	e.row("client", say(joined("  ", q.Client, asn(q.ASN), q.Country)))
	e.link()
	e.hashed()
	e.reach()
	if how := restsOn(q.Basis); how != "" {
		e.row("known by", say(how))
	}
	if fix := e.fix(); fix != "" {
		e.row("do", as(act, fix))
	}
	e.blank()
	e.row("host", say(q.Host))
	e.row("player", say(orNone(q.UserAgent)))
	e.row("referer", say(orNone(q.Referer)))
	if q.Bytes != nil {
		e.row("bytes", say(figure.Count(*q.Bytes)))
	}
	e.row("line", say(q.Source+":"+strconv.FormatInt(q.Line, 10)))
	if e.o.Case != "" {
		e.row("sql", say("ipdrift query "+Quoted(Clean(e.o.Case))+` "FROM requests WHERE source = '`+strings.ReplaceAll(q.Source, "'", "''")+`' AND line = `+strconv.FormatInt(q.Line, 10)+`"`))
	}
}

func joined(gap string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), gap)
}

func asn(n *int64) string {
	if n == nil {
		return ""
	}
	return network(n)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// link tells about the token and its expiry.
func (e *explained) link() {
	q := e.q
	if q.Token == "" {
		e.row("link", say("no well-formed token"))
		return
	}
	text := q.Token + "..."
	if q.Expires != nil {
		left := q.Expires.Sub(q.Time)
		side := "after the request"
		if left < 0 {
			left, side = -left, "before the request"
		}
		text += ", expires " + q.Expires.Format(time.DateTime) + " UTC, " + figure.Lasting(left) + " " + side
	}
	e.row("link", say(text))
}

// hashed says what the hash that was reproduced is made of.
func (e *explained) hashed() {
	q := e.q
	with := "the key, the expiry, " + scope(q.Scope)
	switch {
	case q.Token == "":
	case q.SignedIP != "" && q.SignedBasis != "inferred":
		e.row("hashed", say(with+" and the address "), as(strong, q.SignedIP))
	case q.SignedIP != "":
		e.row("signed for", as(strong, q.SignedIP), say(", since the same token was served there"))
	case q.SignedBasis != "" || q.Reproduced && !e.bound():
		e.row("hashed", say(with+"; no address"))
	case q.Verdict == "unresolved_signature" && !strings.HasPrefix(q.Detail, "signer:"):
		e.row("hashed", say("not known: no address that was tried gives this hash, nor does a known mistake of signers"))
	}
}

// bound reports whether this host binds links to addresses.
func (e *explained) bound() bool {
	b := e.h.policy().Binding
	return b == "address" || b == "mask"
}

func scope(word string) string {
	switch word {
	case "file":
		return "the whole path"
	case "dir":
		return "the directory of the path"
	case "ancestor":
		return "a directory above that of the path"
	}
	return "the path"
}

// reach says which masks make the two addresses one.
func (e *explained) reach() {
	q := e.q
	signed, err1 := netip.ParseAddr(q.SignedIP)
	client, err2 := netip.ParseAddr(q.Client)
	if err1 != nil || err2 != nil || q.Verdict != "ip_mismatch" && q.Verdict != "expired_ip_mismatch" {
		return
	}
	signed, client = signed.Unmap(), client.Unmap()
	if signed.BitLen() != client.BitLen() {
		e.row("masks", say("none would have accepted it: site and CDN were reached over different address families"))
		return
	}
	n := inCommon(signed, client)
	var yes, no []string
	for _, m := range e.candidates(signed) {
		if m <= n {
			yes = append(yes, prefix(m))
		} else {
			no = append(no, prefix(m))
		}
	}
	text := fmt.Sprintf("the addresses share their first %d of %d bits: ", n, signed.BitLen())
	switch {
	case len(yes) == 0:
		text += "none of " + strings.Join(no, ", ") + " would have accepted it"
	case len(no) == 0:
		text += strings.Join(yes, ", ") + " would have accepted it"
	default:
		text += strings.Join(yes, ", ") + " would have accepted it, " + strings.Join(no, ", ") + " not"
	}
	if q.Verdict == "expired_ip_mismatch" {
		text += "; but the link had expired, so that no mask would have helped"
	}
	e.row("masks", say(text))
}

// inCommon counts the bits that two addresses of a family begin with alike.
func inCommon(a, b netip.Addr) int {
	n := 0
	for n < a.BitLen() {
		network, err := a.Prefix(n + 1)
		if err != nil || !network.Contains(b) {
			break
		}
		n++
	}
	return n
}

// candidates are the masks worth a mention for the family, narrowest first.
func (e *explained) candidates(ip netip.Addr) []int {
	name := "ipv4"
	if ip.Is6() {
		name = "ipv6"
	}
	var list []int
	if e.h != nil {
		for _, r := range e.h.recs {
			for _, st := range steps(r) {
				if r.Family == name {
					list = append(list, st.Prefix)
				}
			}
		}
	}
	if len(list) == 0 {
		list = candidates(name)
	}
	return list
}
