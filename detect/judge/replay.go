package judge

import (
	"net/netip"
	"slices"
	"time"

	"ipdrift/detect/addr"
	"ipdrift/detect/finding"
)

// Eased is a mask that, without a key, seems to be in force since some time: until then viewers who moved within such a network
// were refused, and hardly any is since.
type Eased struct {
	Prefix int   // 0: there is none
	Until  int64 // µs
}

// Asked is the mask question for one host and family, with what the rest of
// the analysis knows about the host.
type Asked struct {
	Scheme            string            // of the tokens, by name; "": gcore
	Slow              bool              // hashes are slow to try: a search through all of IPv4 takes an hour for a link
	Candidates        []int             // prefix lengths that may be advised, in any order
	CurrentPrefix     int               // of the mask today; 0, 32 (IPv4), 128 (IPv6): whole address
	Bound             bool              // the host is known to bind links to addresses
	Unbound           bool              // the host is known not to
	RefusalsOnly      bool              // the log holds refusals only: no rates
	CalibrationFailed bool              // hashes cannot be believed on this host
	Span              time.Duration     // of the host's log; 0: not known
	Refused           map[string]int64  // cause → refused requests of the host, of both families
	Remedies          map[string]string // by cause, where they are another than the usual ones
	Other             *Replay           // of the host's other family, whose refusals are in Refused too; nil: none
	Reproduced        bool              // a hash of the host was reproduced, for whatever address
	Proxy             string            // the one address that most links were signed for, of the signer's own proxy; "" if there is none (rule 3)
	Shifted           int64             // minutes by which the log's or the signer's clock is wrong (rule 7); 0: not known to be
	ServedLate        int64             // links that were served after their expiry, where these are many (rule 7)
	Early             int64             // minutes before their expiry that most links were refused that had been served (rule 7); 0: not so
	Eased             Eased             // a mask that seems to be in force since some time
	Life, Life95      time.Duration     // of links from their first use: the longest, and what 95 % do not exceed; 0: not known
	Between, Session  time.Duration     // median time between changes of address of those who move, and of users' sessions; 0: not known
	Outside           map[int]float64   // prefix length → share of the pairs of clients in one network that are of different carriers; none: not known (rule 17)
	ByAddress         bool              // users are told apart by address: no mask follows (rule 11)
	Group             bool              // these are many hosts, whose masks are settings of their own (rule 16)
	Gaps              bool              // more than a tenth of the requests is missing from the log (rule 11)
	Unread            uint16            // status that seems to be the host's refusal and does not count as one (rule 2); 0: none
	Behind            bool              // most lines name another public address in X-Forwarded-For than the client's
	Masked            bool              // the log's addresses are masked, so that moves within a network are not seen (rule 2)
	Apart             int64             // links that seemed to belong to users with several, but were too many to be joined: each counts as a user
	Addresses         int64             // where most links are for one file each, so that a viewer has many: the addresses they were asked for from, about; else 0
	Unclear           Unclear           // refusals of the host that nobody knows whether other users went on with
	Unverified        bool              // keys are given, but too few tokens to calibrate the host (rule 1)
}

// Replay accumulates the users of one host and family and answers which mask
// would have let them through. It keeps some 40 bytes for each affected user,
// 24 for each distinct signing address and two for each refusal counted.
type Replay struct {
	host     string
	family   int
	t        Thresholds
	affected []member
	lens     []uint8  // of all affected users, end to end
	changes  []uint8  // the same for each change of address; what belongs to whom stands in member too
	aside    []member // bots and users of many-network links with a mismatch: left out (rule 14)

	many, unresolved, interrupted, firstRequest int64
	inferred                                    int64                  // affected users with an inferred mismatch
	onShared                                    int64                  // refused requests with a mismatch on shared links
	uncheckable                                 int64                  // users refused with a token that no key could check
	untold                                      int64                  // users with a mismatch and a class that is no answer
	untimed                                     int64                  // those of them who are it for want of request times
	polls                                       onlooked               // users who only polled a live playlist
	lends                                       onlooked               // users who asked for a file after its download
	unseen                                      int64                  // affected users who may have their link from another viewer, whom the log does not show
	relayed                                     int64                  // users refused in a relay, VPN or hosting network only
	obscured                                    int64                  // users there with a hash that nothing explains
	proxied                                     int64                  // affected users whose signer saw its own proxy
	cut                                         int64                  // affected users whose signer cut their address to a network
	barred                                      int64                  // affected users whose links were refused at their own address, too, and never served
	mended                                      int64                  // users refused under what links were bound to before, whom the present mask lets through
	shared                                      map[uint64][]uint8     // bits in common of each refused attempt, by link
	letIn                                       map[int]*finding.Share // of strangers, by prefix, where it was asked for
	begun, ended                                []moment               // of the affected users, unless they are too many: see persons
	moved                                       []move                 // of the same
	presences                                   []presence             // of the same
	bound                                       crowd
	unserved                                    crowd // of the affected users who were never served
}

// member is one affected user.
type member struct {
	first    int64 // µs
	asn      uint32
	least    int16  // the longest prefix that accepts every mismatch; -1 none
	before   int16  // the same without those that others may have had after this one stopped
	never    bool   // was never served
	proxied  bool   // the signer saw its own proxy
	again    bool   // may be another user who went on with a new link
	named    bool   // an id of its own tells it from others
	inStep   bool   // may be an onlooker,
	lent     bool   // who asked for a file after its download
	unseen   bool   // may have the link from another viewer, whom the log does not show
	from, to int    // in Replay.lens
	moved    [2]int // in Replay.changes
}

// lensOf are the bits in common of a member's mismatches.
func (r *Replay) lensOf(m *member) []uint8 { return r.lens[m.from:m.to] }

// changesOf are those of its changes of address.
func (r *Replay) changesOf(m *member) []uint8 { return r.changes[m.moved[0]:m.moved[1]] }

// NewReplay starts a replay for one host and family, 4 or 6.
func NewReplay(host string, family int, t Thresholds) *Replay {
	return &Replay{host: host, family: family, t: t, shared: map[uint64][]uint8{}}
}

// Add adds a user with an address-bound link of this host and family; linkID
// tells links apart. signed may be zero where it is not known; one of the other
// family is ignored, and so are bots. Users of many-network links are counted,
// and left out of everything but the figure that counts them (rule 14).
func (r *Replay) Add(u *User, signed netip.Addr, linkID uint64) {
	if signed.IsValid() && family(signed) != r.family {
		return
	}
	if (u.Bot || u.Class == finding.ManyNetworks) && len(u.MismatchLens) > 0 {
		r.aside = append(r.aside, memberOf(u))
	}
	if u.Bot {
		switch {
		case u.Mismatches > 0:
			r.relayed++
		case u.Unresolved:
			r.obscured++
		}
		return
	}
	if u.Class == finding.ManyNetworks {
		r.many++
		r.onShared += int64(u.MismatchRequests)
		r.AddStranger(linkID, nil) // counts as a shared link, whatever was refused on it
		return
	}
	r.bound.add(signed, 1)
	switch {
	case Affected(u):
		r.addAffected(u)
	case u.Unresolved:
		r.unresolved++
	case u.Unchecked:
		r.uncheckable++
	case u.Mismatches > 0:
		r.untold++
		if u.Untimed {
			r.untimed++
		}
		if u.Astray {
			r.onlooking(u).add(u.Onlooking)
		}
	}
}

func (r *Replay) addAffected(u *User) {
	m := memberOf(u)
	if u.Proxied {
		r.proxied++
	}
	if signedForNetwork(u) {
		r.cut++
	}
	if m.inStep = u.Onlooking > 1-r.t.Confidence; m.inStep {
		r.onlooking(u).inStep++
		if u.Astray && u.Lent {
			r.lends.add(u.Onlooking) // others came later, too
		}
	}
	if m.unseen = u.Unseen; m.unseen {
		r.unseen++
	}
	if u.Barred {
		r.barred++
	}
	m.from, m.moved[0] = len(r.lens), len(r.changes)
	r.lens, r.changes = append(r.lens, u.MismatchLens...), append(r.changes, u.ChangeLens...)
	m.to, m.moved[1] = len(r.lens), len(r.changes)
	r.affected = append(r.affected, m)
	r.note(u)
	if u.Inferred {
		r.inferred++
	}
	if u.Interrupted {
		r.interrupted++
	}
	if u.Class == finding.FirstRequest {
		r.firstRequest++
		r.unserved.add(u.Signed, 1)
	}
}

// signedForNetwork reports whether a user was never served, with a link for the first address of the network that it came
// from: few viewers have such an address, but all have who signs as for a mask.
func signedForNetwork(u *User) bool {
	if u.Class != finding.FirstRequest || !u.Away.IsValid() {
		return false
	}
	return u.Away != u.Signed && slices.ContainsFunc(addr.UsualLengths(u.Family), func(n int) bool { return addr.Cut(u.Away, n) == u.Signed })
}

func memberOf(u *User) member {
	m := member{first: u.First, asn: u.ASN, least: -1, never: u.Class == finding.FirstRequest, proxied: u.Proxied, again: u.Again, named: u.Named, lent: u.Lent}
	if u.MinCommon >= 0 {
		m.least = int16(u.MinCommon)
	}
	if m.before = m.least; u.Later {
		m.before = int16(max(-1, u.Before))
	}
	return m
}

// AddBound adds users nobody refused, by the address their link was signed for
// (or, where that is not known, the only one seen).
func (r *Replay) AddBound(signed netip.Addr, users int64) {
	if !signed.IsValid() || family(signed) == r.family {
		r.bound.add(signed, users)
	}
}

// AddUnchecked adds a user who was refused with a token that no key could check.
func (r *Replay) AddUnchecked(signed netip.Addr) {
	r.AddBound(signed, 1)
	r.uncheckable++
}

// AddMended adds a user who was refused because of what links were bound to before; what they
// are bound to now would have let it through.
func (r *Replay) AddMended(signed netip.Addr) {
	r.AddBound(signed, 1)
	r.mended++
}

// AddStranger adds refused attempts on a link that was requested from many
// networks, by the bits each has in common with the signing address (255:
// other family). lens is not kept.
func (r *Replay) AddStranger(linkID uint64, lens []uint8) {
	r.shared[linkID] = append(r.shared[linkID], lens...)
	r.letIn = nil
}

// AffectedUsers is how many users the mask question is about.
func (r *Replay) AffectedUsers() int64 { return int64(len(r.affected)) }

// width is the length of a whole address.
func (r *Replay) width() int { return addr.Length(r.family) }

// open is how many users were refused with a token of which nobody knows what it was signed for.
func (r *Replay) open() int64 { return r.unresolved + r.uncheckable }
