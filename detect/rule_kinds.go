package detect

import (
	"net/netip"
	"slices"

	"ipdrift/detect/policy"
	"ipdrift/detect/ruling"
	"ipdrift/detect/search"
	"ipdrift/token"
)

// naming returns what a link itself tells of its binding, of this run's or an earlier one's reading.
func (a *analysis) naming(parser *token.Parser, h *host, k *ruling.Kind) ruling.Named {
	switch s := h.Stated.Scheme; {
	case !s.Binds:
		return ruling.Named{None: true}
	case !s.Tells:
		return ruling.Named{}
	}
	var l token.Link
	for _, at := range a.loaded.Unproven.Attempts(k.Link) {
		parser.Parse(at.Target, &l)
		return ruling.Named{Network: l.Bound, None: l.Unbound()}
	}
	return a.before[k.Link].named
}

// listKinds lists the kinds of a link's visits: those that differ only in the user are one.
func (b *rulingBatch) listKinds(r *ruled) error {
	if b.Pseudonyms != nil {
		b.byAddress(r.visits)
	}
	from := len(b.kinds)
	for i := range r.visits {
		v := &r.visits[i]
		if i > 0 && v.sameKind(&r.visits[i-1]) {
			k := &b.kinds[len(b.kinds)-1]
			k.N, k.First = k.N+v.n, min(k.First, v.first)
			continue
		}
		dir, err := b.texts.Dirs.Text(v.dir)
		if err != nil {
			return err
		}
		file, err := b.texts.Files.Text(v.file)
		if err != nil {
			return err
		}
		b.kinds = append(b.kinds, ruling.Kind{
			ID: v.id, Link: r.ID, Client: v.client, Dir: v.dir, File: v.file, N: v.n, First: v.first,
			IP: b.client(v.Stored), Facts: &v.outcome.Facts, DirText: dir, FileText: file,
		})
	}
	r.kinds = b.kinds[from:len(b.kinds):len(b.kinds)]
	return nil
}

// parser returns the parser of a scheme, which is made once.
func (b *rulingBatch) parser(s *token.Scheme) *token.Parser {
	if b.parsers[s] == nil {
		b.parsers[s] = token.NewParser(s)
	}
	return b.parsers[s]
}

// keepPath copies a path for as long as the links last.
func (b *rulingBatch) keepPath(path []byte) []byte {
	if path == nil {
		return nil
	}
	from := len(b.paths)
	b.paths = append(b.paths, path...)
	return b.paths[from:len(b.paths):len(b.paths)]
}

// proof finds what a link was signed with: by a request of its own that verifies, else by what the search
// found. witness says that the former explains a request that failed.
func (a *analysis) proof(h *host, kinds []ruling.Kind) (best *search.Proof, witness bool) {
	failed := false
	for i := range kinds {
		k := &kinds[i]
		if !k.Matched {
			failed = failed || k.Shape == token.Signed
			continue
		}
		if best != nil && !h.Policy.Accepts(k.Asked(), k.How) {
			continue
		}
		best = &search.Proof{Host: &h.Host, Key: int(k.KeyNumber) + 1, How: k.How, Path: string(token.ScopePath(k.Path, k.How.Scope, int(k.How.Up))), Addr: policy.Hashed(k.How.Binding, k.IP)}
	}
	if best == nil {
		return a.proofs[kinds[0].Link], false
	}
	return best, failed
}

// servedTo lists the addresses a link was served to.
func servedTo(kinds []ruling.Kind) []netip.Addr {
	var out []netip.Addr
	for i := range kinds {
		if k := &kinds[i]; k.Served() && !slices.Contains(out, k.IP) && len(out) < 64 {
			out = append(out, k.IP)
		}
	}
	return out
}
