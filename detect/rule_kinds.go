package detect

import (
	"net/netip"
	"slices"

	"ipdrift/detect/policy"
	"ipdrift/detect/search"
	"ipdrift/token"
)

// naming is the range that a link names itself, on a host without a key.
func (a *analysis) naming(parser *token.Parser, k *kind) netip.Prefix {
	if !k.host.Stated.Scheme.Visible || len(k.host.Keys) > 0 {
		return netip.Prefix{}
	}
	var l token.Link
	for _, at := range a.loaded.Unproven.Attempts(k.link) {
		parser.Parse(at.Target, &l)
		return l.Bound
	}
	return netip.Prefix{}
}

// listKinds lists the visits of a link, those together that differ in the user alone.
func (b *rulingBatch) listKinds(r *ruled) error {
	if b.Pseudonyms != nil {
		b.byAddress(r.visits)
	}
	from := len(b.kinds)
	for i := range r.visits {
		v := &r.visits[i]
		if i > 0 && v.sameKind(&r.visits[i-1]) {
			k := &b.kinds[len(b.kinds)-1]
			k.n, k.first = k.n+v.n, min(k.first, v.first)
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
		b.kinds = append(b.kinds, kind{
			id: v.id, link: r.ID, client: v.client, dir: v.dir, file: v.file, n: v.n, first: v.first,
			ip: b.client(v.Stored), outcome: v.outcome, rawDir: dir, rawFile: file,
		})
	}
	r.kinds = b.kinds[from:len(b.kinds):len(b.kinds)]
	return nil
}

// parser is the one of a scheme.
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

// proof tells what a link was signed with: by a request of its own that
// verifies, else by what the search found. witness says that the former
// explains a request that failed.
func (a *analysis) proof(kinds []kind) (best *search.Proof, witness bool) {
	failed := false
	for i := range kinds {
		k := &kinds[i]
		if !k.matched {
			failed = failed || k.shape == token.Signed
			continue
		}
		if best != nil && !k.host.Policy.Accepts(k.asked(), k.how) {
			continue
		}
		best = &search.Proof{Host: &k.host.Host, Key: int(k.keyNumber) + 1, How: k.how, Path: string(token.ScopePath(k.path, k.how.Scope, int(k.how.Up))), Addr: policy.Hashed(k.how.Binding, k.ip)}
	}
	if best == nil {
		return a.proofs[kinds[0].link], false
	}
	return best, failed
}

// servedTo lists the addresses a link was served to.
func servedTo(kinds []kind) []netip.Addr {
	var out []netip.Addr
	for i := range kinds {
		if k := &kinds[i]; k.served() && !slices.Contains(out, k.ip) && len(out) < 64 {
			out = append(out, k.ip)
		}
	}
	return out
}
