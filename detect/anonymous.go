package detect

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"slices"

	"ipdrift/detect/client"
	"ipdrift/detect/finding"
	"ipdrift/ingest/pseudonym"
	"ipdrift/token"
)

// Where the case holds pseudonyms, addresses are turned back as they come out of
// it, in memory alone, and into pseudonyms again as they go back or into the
// report: what is searched and judged are the real ones. SQL sees pseudonyms
// only, of which it may compare prefixes, and no more.

// real reads an address of the case.
func (a *analysis) real(text string) (netip.Addr, error) {
	ip, err := netip.ParseAddr(text)
	return a.Pseudonyms.Real(ip), err
}

// client is the real address of a client.
func (a *analysis) client(s client.Stored) netip.Addr { return a.Pseudonyms.Real(s.Addr()) }

// shown writes an address for the report.
func (a *analysis) shown(ip netip.Addr) string { return a.Pseudonyms.Of(ip).String() }

// address writes one for the case; NULL for none.
func (a *analysis) address(ip netip.Addr) any {
	if !ip.IsValid() {
		return nil
	}
	return string(token.AppendAddr(nil, a.Pseudonyms.Of(ip)))
}

// realNetwork is the network whose addresses have pseudonyms in this one.
func (a *analysis) realNetwork(shown netip.Prefix) netip.Prefix {
	return a.Pseudonyms.RealNetwork(shown).Masked()
}

// byAddress puts visits into the order of their real addresses; those of one
// address stay as they are.
func (a *analysis) byAddress(visits []visit) {
	slices.SortStableFunc(visits, func(x, y visit) int {
		p, q := a.client(x.Stored).As16(), a.client(y.Stored).As16()
		return bytes.Compare(p[:], q[:])
	})
}

// hide puts pseudonyms into what the report lists.
func (a *analysis) hide() {
	if a.Pseudonyms == nil {
		return
	}
	for i := range a.out.Users.Flagged {
		u := &a.out.Users.Flagged[i]
		u.SignedIP = a.shownText(u.SignedIP)
		for j := range u.Timeline {
			u.Timeline[j].IP = a.shownText(u.Timeline[j].IP)
		}
	}
	a.out.Method.Anonymized = true
	a.out.Method.Command = a.Pseudonyms.Text(a.out.Method.Command)
	a.out.Warnings = append(a.out.Warnings, saysPseudonyms)
}

const saysPseudonyms = "client addresses are pseudonyms: each stands for one address, and two have as many leading bits in common as these"

// Anonymize is an analysis with pseudonyms in the place of its addresses,
// wherever in a text they stand: what the analysis of an anonymised case says.
func Anonymize(plain *finding.Analysis, m *pseudonym.Map) (*finding.Analysis, error) {
	text, err := json.Marshal(plain)
	if err != nil {
		return nil, err
	}
	a := &finding.Analysis{}
	if err := json.Unmarshal([]byte(m.Text(string(text))), a); err != nil {
		return nil, err
	}
	for i := range a.Denials.Networks {
		n := &a.Denials.Networks[i]
		if p, err := netip.ParsePrefix(n.Prefix); err == nil {
			n.Prefix = p.Masked().String()
		}
	}
	a.Method.Anonymized = true
	a.Warnings = append(a.Warnings, saysPseudonyms)
	return a, nil
}

// shownText is the pseudonym of an address that was written out.
func (a *analysis) shownText(text string) string {
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return text
	}
	return a.shown(ip)
}
