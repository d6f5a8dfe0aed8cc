package judge

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"ipdrift/detect/addr"
	"ipdrift/detect/finding"
)

// Moves gathers how users change their address, by carrier and family of the
// address left. It keeps a few kilobytes for each carrier, whatever the number
// of users.
type Moves struct {
	t  Thresholds
	of map[mover]*moves
}

// mover is whom moves are counted for: a carrier and family, or all of a family.
type mover struct {
	asn    uint32 // 0: not known
	family int
	all    bool // whatever the carrier; asn is 0
}

// moves is what the users of one carrier, or of all of a family, did.
type moves struct {
	family         int
	users, changes int64
	across         int64
	within         []tally // by [addr.UsualLengths]: one user's changes that stay in the network, of all
	stays          stays
}

// NewMoves starts with no user.
func NewMoves(t Thresholds) *Moves {
	return &Moves{t: t, of: map[mover]*moves{}}
}

// Add adds one user's path.
func (m *Moves) Add(path Path) {
	var all gathering
	for i := range path {
		v, f := &path[i], family(path[i].client)
		all.of(mover{asn: v.asn, family: f}).add(path, i)
		all.of(mover{family: f, all: true}).add(path, i)
	}
	for i := range all.list {
		g := &all.list[i]
		if m.of[g.mover] == nil {
			m.of[g.mover] = newMoves(g.family)
		}
		m.of[g.mover].add(g)
	}
}

// gathered is what one user did.
type gathered struct {
	mover
	within  [3]int64 // by [addr.UsualLengths]
	changes int64
	across  int64
	moved   bool // came here from elsewhere,
	ended   bool // and went away again
	stay    int64
}

// gathering is the same for each it counts for.
type gathering struct {
	list    []gathered
	numbers Numbers[mover]
}

func (g *gathering) of(key mover) *gathered {
	n, fresh := g.numbers.Of(key)
	if fresh {
		g.list = append(g.list, gathered{mover: key})
	}
	return &g.list[n]
}

// add adds a visit.
func (g *gathered) add(path Path, i int) {
	more := i+1 < len(path)
	if i > 0 && !g.moved {
		g.moved, g.ended, g.stay = true, more, path.until(i)
	}
	if !more {
		return
	}
	g.changes++
	common := addr.CommonPrefix(path[i].client, path[i+1].client)
	if common < 0 {
		g.across++
	}
	for n, p := range addr.UsualLengths(g.family) {
		if common >= p {
			g.within[n]++
		}
	}
}

func newMoves(family int) *moves {
	return &moves{family: family, within: make([]tally, len(addr.UsualLengths(family)))}
}

// add adds what one user did.
func (m *moves) add(g *gathered) {
	if g.moved {
		m.stays.add(g.stay, g.ended)
	}
	if g.changes == 0 {
		return
	}
	m.users, m.changes, m.across = m.users+1, m.changes+g.changes, m.across+g.across
	for n := range m.within {
		m.within[n].add(g.within[n], g.changes)
	}
}

func (m *moves) absorb(o *moves) {
	m.users, m.changes, m.across = m.users+o.users, m.changes+o.changes, m.across+o.across
	for i := range m.within {
		for pair, n := range o.within[i].pairs {
			for range n {
				m.within[i].add(pair[0], pair[1])
			}
		}
	}
	m.stays.absorb(o.stays)
}

// Findings are all carriers of a family together, then those with enough users
// whose address changed, then the rest as one (rule 16). A family where nobody
// moved is left out.
func (m *Moves) Findings() []finding.Moves {
	out := []finding.Moves{}
	for _, f := range []int{4, 6} {
		all := m.of[mover{family: f, all: true}]
		if all == nil || all.users == 0 {
			continue
		}
		out = append(out, all.finding(nil, "all", &m.t))
		out = append(out, m.carriers(f)...)
	}
	return out
}

// Median is the time after which half of the users of a family who changed their
// address changed it again; 0 if that is not known.
func (m *Moves) Median(family int) time.Duration {
	all := m.of[mover{family: family, all: true}]
	if all == nil {
		return 0
	}
	median := all.stays.quartiles(m.t.ListedBelow).Median
	if median == nil {
		return 0
	}
	return time.Duration(*median) * time.Second
}

func (m *Moves) carriers(family int) (out []finding.Moves) {
	others := newMoves(family)
	for _, key := range slices.SortedFunc(maps.Keys(m.of), func(a, b mover) int { return cmp.Compare(a.asn, b.asn) }) {
		switch c := m.of[key]; {
		case key.family != family, key.all:
		case key.asn == 0 || c.users < m.t.CarrierUsers:
			others.absorb(c)
		default:
			asn := int64(key.asn)
			out = append(out, c.finding(&asn, "", &m.t))
		}
	}
	slices.SortStableFunc(out, func(a, b finding.Moves) int { return cmp.Compare(b.Users, a.Users) })
	if len(out) > 0 && others.users > 0 {
		out = append(out, others.finding(nil, "others", &m.t))
	}
	return out
}

func (m *moves) finding(asn *int64, pool string, t *Thresholds) finding.Moves {
	f := finding.Moves{ASN: asn, Pool: pool, Family: "ipv" + strconv.Itoa(m.family), Users: m.users, Changes: m.changes, Across: m.across, Between: m.stays.quartiles(t.ListedBelow)}
	for i, p := range addr.UsualLengths(m.family) {
		f.Within = append(f.Within, finding.Within{Prefix: p, Interval: *m.within[i].interval(t)})
	}
	return f
}
