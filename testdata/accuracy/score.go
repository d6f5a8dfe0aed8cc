package main

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"ipdrift/detect/finding"
	"ipdrift/ingest/synth/scenario"
)

// part is so many of so many.
type part struct{ n, of int64 }

func (p *part) count(yes bool) {
	p.of++
	if yes {
		p.n++
	}
}

func (p *part) add(o part) { p.n, p.of = p.n+o.n, p.of+o.of }

// share is 1 where nothing was counted: no goal is missed by it.
func (p part) share() float64 {
	if p.of == 0 {
		return 1
	}
	return float64(p.n) / float64(p.of)
}

// score is how well some logs were understood.
type score struct {
	worlds, lines int64
	causes        part     // refused requests with the right cause
	provable      part     // the same, of those whose cause a hash can prove
	precision     part     // users found to be rotating who are
	recall        part     // persons who rotate and are found to
	persons       part     // of the latter those who are one user, and no more
	clear         decision // where the rules leave no doubt
	close         decision // near a threshold, or with few affected users
	wide          part     // advice to widen that goes too far: the truth is a narrower mask, or none
}

// decision is how many decisions were right, and how many of the others said
// that the evidence is not enough.
type decision struct {
	right part
	open  int64
}

func (d *decision) add(o decision) {
	d.right.add(o.right)
	d.open += o.open
}

func (s *score) add(o *score) {
	s.worlds, s.lines = s.worlds+o.worlds, s.lines+o.lines
	for _, p := range [][2]*part{
		{&s.causes, &o.causes}, {&s.provable, &o.provable}, {&s.precision, &o.precision}, {&s.recall, &o.recall}, {&s.persons, &o.persons}, {&s.wide, &o.wide},
	} {
		p[0].add(*p[1])
	}
	s.clear.add(o.clear)
	s.close.add(o.close)
}

// marks gives a trial its score.
func (t *trial) marks() *score {
	s := &score{worlds: 1, lines: int64(len(t.requests))}
	t.markCauses(s)
	t.markUsers(s)
	t.markDecisions(s)
	return s
}

// markCauses compares the causes request by request. Requests of nodes have
// none: they are left out of everything (rule 3).
func (t *trial) markCauses(s *score) {
	seen := map[string]bool{}
	for i := range t.requests {
		seen[t.requests[i].from] = true
	}
	for i := range t.requests {
		r := &t.requests[i]
		if r.cause == "" && r.gotCause == "" || r.gotCause == "" && t.classes[r.person] == string(finding.Undetermined) {
			continue
		}
		right := r.cause == r.gotCause
		s.causes.count(right)
		if !t.noKey && r.reachable(seen) && !(t.masks() && r.twoWays()) {
			s.provable.count(right)
		}
	}
}

// reachable reports whether the search of --recover near comes to the signing
// address: it is in the log, in the /16 of the request, or private.
func (r *request) reachable(seen map[string]bool) bool {
	if r.cause != "ip_mismatch" && r.cause != "expired_ip_mismatch" || seen[r.signed] {
		return true
	}
	signed, err := netip.ParseAddr(r.signed)
	if err != nil || !signed.Is4() {
		return false
	}
	from, err := netip.ParseAddr(r.from)
	if err != nil {
		return false
	}
	return signed.IsPrivate() || from.Is4() && netip.PrefixFrom(signed, 16).Masked().Contains(from)
}

// masks reports whether an edge of this world binds to a mask.
func (t *trial) masks() bool {
	return slices.ContainsFunc(t.truth.World.Hosts, func(h scenario.Host) bool { return h.Bind == "mask" })
}

// twoWays reports whether the hash proves two things where networks are hashed: the
// /24 of the signing address, a.b.0.0, is the /16 of the request as well.
func (r *request) twoWays() bool {
	signed, err := netip.ParseAddr(r.signed)
	from, bad := netip.ParseAddr(r.from)
	if err != nil || bad != nil || !signed.Is4() || !from.Is4() {
		return false
	}
	return signed.As4()[2] == 0 && netip.PrefixFrom(signed, 16).Masked().Contains(from)
}

// markUsers compares the users with the persons that made their requests. A user
// is the person with most of its requests.
func (t *trial) markUsers(s *score) {
	requests := map[string]map[string]int{} // by user and person
	for i := range t.requests {
		r := &t.requests[i]
		if r.user == "" {
			continue
		}
		if requests[r.user] == nil {
			requests[r.user] = map[string]int{}
		}
		requests[r.user][r.person]++
	}
	found, users := map[string]bool{}, map[string]int{}
	for user, by := range requests {
		person := most(by)
		users[person]++
		if t.users[user] == string(finding.Rotating) {
			found[person] = true
			s.precision.count(t.classes[person] == string(finding.Rotating))
		}
	}
	for person, class := range t.classes {
		if class == string(finding.Rotating) && users[person] > 0 {
			s.recall.count(found[person])
			s.persons.count(users[person] == 1)
		}
	}
}

func most(counts map[string]int) (best string) {
	for name, n := range counts {
		if m := counts[best]; n > m || n == m && name < best {
			best = name
		}
	}
	return best
}

// A decision is clear where the true share is so far from every threshold, with
// so many affected users.
const (
	clearMargin = 0.05
	clearUsers  = 100
)

func (t *trial) markDecisions(s *score) {
	for i := range t.truth.Masks {
		m := &t.truth.Masks[i]
		to := &s.close
		if beyondDoubt(m) {
			to = &s.clear
		}
		found := t.advice(m)
		to.right.count(found == expected(m))
		if prefix, ok := strings.CutPrefix(found, string(finding.Widen)+" /"); ok {
			n, _ := strconv.Atoi(prefix)
			s.wide.count(m.Expected.Decision != string(finding.Widen) || n < m.Expected.Prefix)
		}
		if found == string(finding.InsufficientEvidence) && found != expected(m) {
			to.open++
		}
	}
}

// beyondDoubt reports whether the rules leave no doubt: nobody is affected or looks like it,
// or many are and no threshold is near.
func beyondDoubt(m *scenario.Mask) bool {
	return m.AffectedUsers == 0 && m.Neighbours == 0 || m.AffectedUsers >= clearUsers && m.Expected.Margin >= clearMargin-1e-9
}

// advice is what was decided for a host and family.
func (t *trial) advice(m *scenario.Mask) string {
	for i := range t.found.Recommendations {
		if r := &t.found.Recommendations[i]; r.Host == m.Host && r.Family == m.Family {
			return worded(string(r.Decision), r.Prefix)
		}
	}
	return "nothing"
}

func expected(m *scenario.Mask) string {
	if m.Expected.Prefix == 0 {
		return m.Expected.Decision
	}
	return worded(m.Expected.Decision, &m.Expected.Prefix)
}

func worded(decision string, prefix *int) string {
	if prefix == nil {
		return decision
	}
	return decision + " /" + strconv.Itoa(*prefix)
}
