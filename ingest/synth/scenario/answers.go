package scenario

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// Answers is the truth about a log in sums: what a perfect analysis says.
type Answers struct {
	World    World            `json:"world"`
	Lines    int64            `json:"lines"`
	First    time.Time        `json:"first"`
	Last     time.Time        `json:"last"`
	Verdicts map[string]int64 `json:"verdicts"` // of every request
	Causes   map[string]int64 `json:"causes"`   // of the refused ones
	Classes  map[string]int64 `json:"classes"`  // of viewers
	Users    int64            `json:"users"`
	Masks    []Mask           `json:"masks"`
}

// Mask is the true answer to the mask question for one host and family.
type Mask struct {
	Host          string          `json:"host"`
	Family        string          `json:"family"` // of the signing address of the first mismatch
	BoundUsers    int64           `json:"bound_users"`
	AffectedUsers int64           `json:"affected_users"` // rotating or first_request
	FirstRequest  int64           `json:"first_request_users"`
	ManyNetworks  int64           `json:"many_networks_users"`
	Neighbours    int64           `json:"neighbour_users"`   // who were refused with a link lent to them: little tells them from one who moved
	Interrupted   int64           `json:"interrupted_users"` // of the affected
	Shares        []Share         `json:"shares"`
	SharedLinks   int64           `json:"shared_links"`
	Carriers      []CarrierAnswer `json:"carriers"`
	Expected      Decision        `json:"expected"`
}

// Share is what one prefix length would have done.
type Share struct {
	Prefix    int     `json:"prefix"`
	Users     int64   `json:"accepted_users"` // affected ones, all of whose refusals it would have let in
	Share     float64 `json:"accepted_share"` // of the affected users
	Strangers float64 `json:"strangers_let_in"`
}

// CarrierAnswer is the share of one carrier's affected users.
type CarrierAnswer struct {
	ASN           uint32        `json:"asn"`
	AffectedUsers int64         `json:"affected_users"`
	Accepted      map[int]int64 `json:"accepted_users"` // by prefix
}

// sums adds the truth up.
type sums struct {
	hosts            []string
	unbound          []bool // by host: no address is hashed
	verdicts, causes map[string]int64
	classes          map[string]int64
	users            int64
	first, last      int64
	masks            map[place]*tally
}

type place struct{ host, family int }

// tally is one Mask in the making.
type tally struct {
	Mask
	accepted map[int]int64
	let      map[int]int64
	attempts int64
	groups   uint64 // the last group that was counted
	carriers map[uint32]*CarrierAnswer
}

func newSums(w *World) *sums {
	s := &sums{verdicts: map[string]int64{}, causes: map[string]int64{}, classes: map[string]int64{}, masks: map[place]*tally{}}
	for i := range w.Hosts {
		s.hosts = append(s.hosts, w.Hosts[i].Name)
		s.unbound = append(s.unbound, w.Hosts[i].Bind == "none")
	}
	return s
}

func (s *sums) note(o *outcome) {
	s.verdicts[o.verdict]++
	if o.cause != "" {
		s.causes[o.cause]++
	}
}

// settle adds a viewer who has left.
func (s *sums) settle(v *viewer, class string) {
	t := &v.story
	s.users++
	s.classes[class]++
	if s.first == 0 || t.first < s.first {
		s.first = t.first
	}
	s.last = max(s.last, t.last)
	unbound := v.link.signed.IsValid() && s.unbound[v.host]
	if !t.signed && !unbound {
		return
	}
	at := place{v.host, t.family}
	if unbound {
		at.family = family(v.link.signed)
	}
	m := s.masks[at]
	if m == nil {
		m = &tally{accepted: map[int]int64{}, let: map[int]int64{}, carriers: map[uint32]*CarrierAnswer{}}
		s.masks[at] = m
	}
	if unbound {
		return
	}
	m.BoundUsers++
	switch class {
	case "many_networks":
		m.strange(v)
	case "rotating", "first_request":
		m.affect(v, class)
	case "undetermined":
		if v.role == neighbour && v.story.mismatches > 0 {
			m.Neighbours++
		}
	}
}

func (m *tally) strange(v *viewer) {
	m.ManyNetworks++
	if v.group.id != m.groups {
		m.groups = v.group.id
		m.SharedLinks++
	}
	for _, n := range v.story.lengths {
		m.attempts++
		for _, prefix := range candidates(v.story.family) {
			if n >= prefix {
				m.let[prefix]++
			}
		}
	}
}

func (m *tally) affect(v *viewer, class string) {
	t := &v.story
	m.AffectedUsers++
	if class == "first_request" {
		m.FirstRequest++
	}
	if t.fell > 0 {
		m.Interrupted++
	}
	c := m.carriers[v.carrier.ASN]
	if c == nil {
		c = &CarrierAnswer{ASN: v.carrier.ASN, Accepted: map[int]int64{}}
		m.carriers[v.carrier.ASN] = c
	}
	c.AffectedUsers++
	for _, prefix := range candidates(t.family) {
		if t.common >= prefix {
			m.accepted[prefix]++
			c.Accepted[prefix]++
		}
	}
}

func (out *output) answers(w *World) *Answers {
	s := out.sums
	a := &Answers{
		World: *w, Users: s.users, First: time.UnixMilli(s.first).UTC(), Last: time.UnixMilli(s.last).UTC(),
		Verdicts: s.verdicts, Causes: s.causes, Classes: s.classes, Masks: []Mask{},
	}
	for _, n := range s.verdicts {
		a.Lines += n
	}
	for i := range w.Hosts {
		for _, family := range []int{4, 6} {
			if m := s.masks[place{i, family}]; m != nil {
				a.Masks = append(a.Masks, m.mask(&w.Hosts[i], family))
			}
		}
	}
	return a
}

func (m *tally) mask(h *Host, family int) Mask {
	m.Host, m.Family = h.Name, "ipv"+strconv.Itoa(family)
	for _, prefix := range candidates(family) {
		s := Share{Prefix: prefix, Users: m.accepted[prefix]}
		s.Share, s.Strangers = part(s.Users, m.AffectedUsers), part(m.let[prefix], m.attempts)
		m.Shares = append(m.Shares, s)
	}
	m.Mask.Carriers = []CarrierAnswer{}
	for _, asn := range slices.Sorted(maps.Keys(m.carriers)) {
		m.Mask.Carriers = append(m.Mask.Carriers, *m.carriers[asn])
	}
	m.Expected = decide(h, family, &m.Mask)
	return m.Mask
}

func part(n, of int64) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}
