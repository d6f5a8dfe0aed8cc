package ingest

import (
	"bytes"
	"net/netip"

	"ipdrift/token"
)

// judge reports whether the hash of a well-formed link holds, and whether the
// request came late, as of its own start.
func (w *worker) judge(o *outcome, s *site, t *aimed, l *linkMemo, source int, line int64) {
	r := &w.record
	if o.shape != token.Signed {
		if o.shape == token.BadShape {
			w.unproven.noteBroken(o.host, Attempt{Source: source, Line: line, Target: r.Target, Client: r.Client, Start: r.Start})
		}
		return
	}
	from, until := r.Start, r.Start+r.Resolution-1
	switch {
	case o.refused || atOnce(o.status): // answered at once: the edge looked at its clock between start and log time; a start within the log's resolution of the expiry counts as at it
		until = max(until, r.Logged+r.Resolution-1) + r.Resolution
	case !r.HasStart: // logged at the end of a response that began before, at a time not known
		from = min(from, max(l.deadline*1e6, from-longestAnswer(r.Bytes)))
	}
	o.late = lateness(from, until, l.deadline)
	c := contextHash{link: l.hash, dir: t.signedDir, file: t.signedFile}
	if s.personal {
		c.link = mix(c.link, mix(w.hash(r.UserAgent), w.hash(r.Referer)))
	}
	match, served := l.proof.match, served(o.status, o.method)
	if !l.proof.holds(c.link, c.dir, r.Client) {
		match = w.match(s, l, served, c)
	}
	if served && len(s.keys) > 0 {
		w.tokens.served++
		w.tokens.proven += int64(b2i(match.OK))
	}
	o.match, o.stale = match, s.stale(match, r.Start, r.Start+r.Resolution-1)
	if match.OK && (t.index || match.Binding.Kind == token.BindMask) {
		o.match = plain(match, t.index, r.Client, &s.stated)
	}
	if !match.OK {
		at := Attempt{Source: source, Line: line, Target: r.Target, Client: r.Client, Start: r.Start}
		if s.personal {
			at.UserAgent, at.Referer = r.UserAgent, r.Referer
		}
		w.unproven.note(l.id, func() uint64 { return stableID(o.host, w.readLink(s)) }, at)
	}
}

// match verifies the link of the record.
func (w *worker) match(s *site, l *linkMemo, served bool, c contextHash) token.Match {
	r := &w.record
	var match token.Match
	known := false
	if !l.fresh {
		match, known = w.prover.recall(r.Client, served, c)
	}
	if l.fresh = false; !known {
		match = w.prover.prove(w.readLink(s), s, r.Client, served, c, &l.proof, w.issued.vain == 0)
	}
	if match.OK && match.Scope != token.ScopeFile {
		l.proof = memo{c.link, c.dir, r.Client, match, true}
	}
	return match
}

// plain is the first of the ways to sign that hash the same text: the order in
// which requests come must not matter. A path that ends in a slash is its own
// directory, an address that ends in zeros its own network.
func plain(m token.Match, index bool, client netip.Addr, stated *token.Resource) token.Match {
	if m.OK && index && m.Scope == token.ScopeDir {
		m.Scope = token.ScopeFile
	}
	if !m.OK || m.Binding.Kind != token.BindMask || m.Binding.Form != token.FormNetwork {
		return m
	}
	text := token.AppendBound(nil, client, m.Binding)
	for _, b := range append([]token.Binding{{}}, Masks(client, stated)...) {
		if bytes.Equal(token.AppendBound(nil, client, b), text) {
			m.Binding = b
			break
		}
	}
	return m
}

func refused(status uint16) bool { return status == 403 || status == 410 }

// atOnce tells the statuses that no body of any length follows: redirects, and errors of
// the client but for those of one that was slow or gone.
func atOnce(status uint16) bool {
	return status/100 == 3 && status != 304 || status/100 == 4 && status != 408 && status != 499
}

func served(status uint16, method []byte) bool {
	return (status == 200 || status == 206 || status == 304) && (string(method) == "GET" || string(method) == "HEAD" || len(method) == 0)
}
