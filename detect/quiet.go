package detect

import (
	"slices"

	"ipdrift/detect/finding"
	"ipdrift/ingest"
	"ipdrift/token"
)

// quiet tells a link whose every request needs no thought: the hash held for the
// one address that asked, signed in the one way that the host takes, in time, and
// nothing was refused. On most logs, hostile ones above all, these are most links.
// Their requests are valid, and table judged says nothing about them.
func (l *visited) quiet() bool {
	first := &l.visits[0]
	for i := range l.visits {
		v := &l.visits[i]
		if !v.plain(int(v.family)) || v.client != first.client || v.how.scope != first.how.scope || v.how.up != first.how.up {
			return false
		}
	}
	return true
}

// plain tells whether requests of an outcome from a family's addresses are valid
// whatever else is known of their link, as long as all of it is plain.
func (o *outcome) plain(family int) bool {
	p := &o.host.policy
	return o.matched && o.keyed && !o.stale && !o.shield && !o.denied && o.shape == token.Signed && o.late <= ingest.NearExpiry && o.how.binding.Kind == token.BindAddress &&
		o.host.status != finding.Failed && len(p.dirs) == 0 && slices.ContainsFunc(p.common[at(family)], func(r rule) bool { return r.hypothesis == o.how })
}
