package detect

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"net/netip"
	"net/url"
	"slices"

	"ipdrift/detect/addr"
	"ipdrift/detect/ruling"
	"ipdrift/detect/search"
	"ipdrift/ingest"
	"ipdrift/ingest/fetch"
	"ipdrift/token"
)

// learned is what was found out about a link with its token in hand. No later
// run has that token, so it is kept in table proof.
type learned struct {
	examined bool          // for mistakes of its signer
	proof    *search.Proof // nil: not known what it was signed with
	named    ruling.Named  // where there is no proof
}

// grown reports whether the case holds sources of earlier runs.
func (a *analysis) grown() bool {
	return slices.ContainsFunc(a.loaded.Sources, func(s ingest.SourceStats) bool { return s.Earlier })
}

// note adds to what is known of a link.
func (a *analysis) note(link uint32, add func(*learned)) {
	if !a.store.Kept() {
		return
	}
	l, ok := a.learned[link]
	if !ok {
		l = a.before[link]
	}
	add(&l)
	a.learned[link] = l
}

// recall reads what earlier runs found out.
func (a *analysis) recall(ctx context.Context) error {
	return fetch.Each(ctx, a.conn, `SELECT p.link, l.host, p.examined, p.found, p.scope, p.up, p.bind, p.prefix, p.form, p.family, p.path, coalesce(p.signed_ip, ''), coalesce(p.mistake, '')
		FROM proof p JOIN link l ON l.id = p.link`, func(scan fetch.Scan) error {
		var link uint32
		var host, path, signed, mistake string
		var found bool
		var scope, bind, form, family uint8
		var l learned
		p := &search.Proof{}
		if err := scan(&link, &host, &l.examined, &found, &scope, &p.How.Up, &bind, &p.How.Binding.Prefix, &form, &family, &path, &signed, &mistake); err != nil {
			return err
		}
		var err error
		if p.Path, err = url.PathUnescape(path); err != nil {
			return err
		}
		p.Host, p.Family, p.Mistake = &a.host(host).Host, int(family), token.MistakeNamed(mistake)
		p.How.Scope, p.How.Binding.Kind, p.How.Binding.Form = token.Scope(scope), token.BindKind(bind), token.Form(form)
		p.Addr, _ = a.real(signed)
		p.Private = addr.Private(p.Addr)
		if found {
			l.proof = p
		}
		network, _ := netip.ParsePrefix(signed)
		l.named = ruling.Named{Network: a.Pseudonyms.RealNetwork(network), None: !found && p.How.Binding.Kind == token.BindNone}
		a.before[link] = l
		return nil
	})
}

// keepLearned writes down what this run and those before it found out.
func (a *analysis) keepLearned(ctx context.Context) error {
	if _, err := a.conn.ExecContext(ctx, `DELETE FROM proof`); err != nil {
		return err
	}
	rows, err := a.store.Rows("proof")
	if err != nil {
		return err
	}
	maps.Copy(a.before, a.learned)
	for _, link := range slices.Sorted(maps.Keys(a.before)) {
		l := a.before[link]
		p := cmp.Or(l.proof, &search.Proof{})
		signed := a.address(p.Addr)
		if l.named.Network.IsValid() {
			signed = a.Pseudonyms.OfNetwork(l.named.Network).String()
		}
		b := p.How.Binding
		if l.named.None {
			b.Kind = token.BindNone
		}
		path := url.PathEscape(string(a.Keys.Cut([]byte(p.Path), "…")))
		if err := rows.Append(ctx, link, l.examined, l.proof != nil, uint8(p.How.Scope), p.How.Up, uint8(b.Kind), b.Prefix, uint8(b.Form), uint8(p.Family),
			path, signed, orNull(p.Mistake.Name)); err != nil {
			return err
		}
	}
	return rows.Flush(ctx)
}

// flaw is a malformed link that was examined.
type flaw struct {
	source  int
	line    int64
	mistake token.Mistake // zero: none is proven
}

// mostBroken is how many malformed links of a host are examined, the first of
// the case.
const mostBroken = 100

// examineBroken adds the malformed links of this run to those of earlier ones.
func (a *analysis) examineBroken(f *search.Finder, h *host, before []flaw) []flaw {
	all := slices.Clone(before)
	if len(h.Keys) > 0 {
		for _, at := range a.loaded.Unproven.Broken(h.Asked) {
			b := flaw{source: at.Source, line: at.Line, mistake: f.Mistake(&h.Host, &at)}
			all = append(all, b)
		}
	}
	slices.SortFunc(all, func(x, y flaw) int { return cmp.Or(cmp.Compare(x.source, y.source), cmp.Compare(x.line, y.line)) })
	return all[:min(len(all), mostBroken)]
}

// recallFlaws reads the malformed links that earlier runs examined, by host.
func (a *analysis) recallFlaws(ctx context.Context, conn *sql.Conn) (map[string][]flaw, error) {
	out := map[string][]flaw{}
	err := fetch.Each(ctx, conn, `SELECT host, source, line, coalesce(mistake, '') FROM broken ORDER BY source, line`, func(scan fetch.Scan) error {
		var host, mistake string
		var b flaw
		err := scan(&host, &b.source, &b.line, &mistake)
		b.mistake = token.MistakeNamed(mistake)
		out[host] = append(out[host], b)
		return err
	})
	return out, err
}

func (a *analysis) keepFlaws(ctx context.Context, conn *sql.Conn, all map[string][]flaw) error {
	if _, err := conn.ExecContext(ctx, `DELETE FROM broken`); err != nil {
		return err
	}
	rows, err := a.store.Rows("broken")
	if err != nil {
		return err
	}
	for _, host := range slices.Sorted(maps.Keys(all)) {
		for _, b := range all[host] {
			if err := rows.Append(ctx, uint32(b.source), b.line, host, orNull(b.mistake.Name)); err != nil {
				return err
			}
		}
	}
	return rows.Flush(ctx)
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
