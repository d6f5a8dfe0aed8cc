package finding

// Decision is what a recommendation says about the mask of one host.
type Decision string

// The decisions, from "change it" to "the log cannot tell".
const (
	Widen                Decision = "widen"                 // bind to Prefix instead
	KeepCurrent          Decision = "keep_current"          // a wider mask would change nothing worth its price
	HelpsPartly          Decision = "helps_partly"          // the widest candidate mends some, not most
	MaskNotEnough        Decision = "mask_not_enough"       // addresses move further than any candidate reaches
	InsufficientEvidence Decision = "insufficient_evidence" // too few affected users, or the key does not fit
)

// Recommendation is the answer to the mask question for one host and family.
type Recommendation struct {
	Host              string      `json:"host"`
	Family            string      `json:"family"` // "ipv4" or "ipv6"
	Decision          Decision    `json:"decision"`
	Prefix            *int        `json:"prefix"`                         // the prefix to bind to, for widen and helps_partly
	CurrentPrefix     *int        `json:"current_prefix"`                 // the prefix bound to today; nil if not known or not bound
	Reason            string      `json:"reason"`                         // one sentence to be read aloud; a second one only for what would change the decision
	Caveats           []string    `json:"caveats"`                        // what else bears on it, most decision-relevant first, a sentence each
	Change            []string    `json:"change,omitempty"`               // what has to be changed, in order
	Snippets          []Snippet   `json:"snippets,omitempty"`             // signing code for what is recommended, in the usual languages; of schemes that there is code for
	AffectedUsers     int64       `json:"affected_users"`                 // rotating and first_request: refused because their address changed
	FirstRequestUsers int64       `json:"first_request_users"`            // of the affected users, those never served
	ManyNetworksUsers int64       `json:"many_networks_users"`            // left out of the affected users
	Interrupted       int64       `json:"interrupted_users"`              // of the affected users, those not served again in time
	Recovered         *int64      `json:"recovered_users,omitempty"`      // the other affected users: served with a new link within 10 s of the last refusal, or with any where the token was not why; nil where only refusals are logged
	BoundUsers        *int64      `json:"bound_users"`                    // users with address-bound links; nil where only refusals are logged
	Accepted          Share       `json:"accepted"`                       // of the affected users, those whose refusals with a proven, unexpired mismatch the mask would all have let through: Prefix, or the one that Reason speaks of
	IfUnresolvedCount Bound       `json:"if_unresolved_count"`            // Accepted, if no mask helped any user with an unresolved failure
	UnresolvedUsers   int64       `json:"unresolved_users"`               // refused with a hash that nothing explains; not among the affected users
	UncheckedUsers    int64       `json:"unchecked_users,omitempty"`      // refused with a link that no key could check; IfUnresolvedCount counts these, too
	UntoldUsers       int64       `json:"untold_users,omitempty"`         // refused at another address, where it is not known whether they came there or others had the link; not among the affected users
	RelayedUsers      int64       `json:"relayed_users,omitempty"`        // refused in relay, VPN and hosting networks only, for which no mask is widened; not among the affected users
	MendedUsers       int64       `json:"mended_users,omitempty"`         // refused under what links were bound to before, and let through by what they are bound to now; not among the affected users
	Remedy            Remedy      `json:"remedy,omitempty"`               // what helps instead, where no mask is enough or the signer is at fault
	LeftOutUsers      int64       `json:"left_out_users,omitempty"`       // with a mismatch too, but bots or on many-network links
	IfLeftOutCount    *Share      `json:"if_left_out_count,omitempty"`    // Accepted, had they been counted; nil: there are none
	PerChange         *Interval   `json:"accepted_per_change,omitempty"`  // share of the changes of address that the mask accepts; nil: no signing address is known
	Parts             []Part      `json:"parts,omitempty"`                // the answer for a part of the affected users
	StrangersLetIn    *Share      `json:"strangers_let_in"`               // nil: not measured
	SharedLinks       int64       `json:"shared_links"`                   // links requested from many networks
	Exposure          float64     `json:"exposure"`                       // chance that two users drawn at random share a network of that mask, 0 to 1
	ExposureNow       float64     `json:"exposure_now"`                   // the same of the prefix bound to today
	OutsideShare      *float64    `json:"other_carriers_share,omitempty"` // share of the pairs of clients in one network that are of different carriers; nil: the log does not tell
	Carriers          []Carrier   `json:"carriers"`                       // most affected users first
	Curve             []CurveStep `json:"curve"`                          // what each prefix length would have done, widest first
}

// Unsettled reports whether a wider mask would not be advised if no mask helped any user whose hash
// nothing explains (rules of evidence, 18).
func (r *Recommendation) Unsettled(m Method) bool {
	return r.Decision == Widen && r.UnresolvedUsers > 0 && r.IfUnresolvedCount.Low < m.Thresholds["accepted_low"]
}

// Remedy is what helps where no mask is enough, or where the signer is at fault.
type Remedy string

// The remedies.
const (
	MendSigner   Remedy = "mend_signer"   // it signs for its own proxy's address
	AlignSigner  Remedy = "align_signer"  // it cuts addresses as for a mask, while the host binds to whole ones
	AlignEdge    Remedy = "align_edge"    // nothing is accepted: the edge seems to hash something else than the signer
	SameFamilies Remedy = "same_families" // site and CDN host answer over different address families
	RenewLinks   Remedy = "renew_links"   // a new link when one is refused
	UnbindLinks  Remedy = "unbind_links"  // no address in the hash: the site sees another one than the edge
)

// Snippet is signing code, to be shown as it stands. It holds no key.
type Snippet struct {
	Lang string `json:"lang"` // "php", "python", "node" or "go"
	Code string `json:"code"`
	Form string `json:"mask_form"` // text of a cut address that it makes; the CDN has to confirm it
}

// Share is a proportion with a one-sided 95 % bound on either side.
type Share struct {
	Share    float64 `json:"share"` // 0 to 1, as Low and High
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Users    int64   `json:"users"`           // accepted
	Requests int64   `json:"requests"`        // let through
	Links    int64   `json:"links,omitempty"` // shared links that the share is of; of strangers
	// RequestShare is the share of refused requests, resampled by user.
	RequestShare *Interval `json:"request_share,omitempty"`
}

// Part is the answer for a part of the affected users: half of the time, or all
// but those of the largest carrier.
type Part struct {
	Part          string   `json:"part"` // "first half", "second half" or "without AS…"
	AffectedUsers int64    `json:"affected_users"`
	Decision      Decision `json:"decision"`
	Prefix        *int     `json:"prefix"`
	AcceptedShare float64  `json:"accepted_share"` // with the mask that the whole answer is about
	Low           float64  `json:"low"`
	High          float64  `json:"high"`
	Contradicts   bool     `json:"contradicts"` // beyond chance
}

// Interval is a proportion with its bounds.
type Interval struct {
	Share float64 `json:"share"` // 0 to 1, as Low and High
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Bound is a proportion with its lower bound.
type Bound struct {
	Share float64 `json:"share"` // 0 to 1, as Low
	Low   float64 `json:"low"`
}

// Carrier is a finding about one network operator, never a decision.
type Carrier struct {
	ASN           *int64  `json:"asn"` // nil: pooled as others, or not known
	Name          string  `json:"name,omitempty"`
	AffectedUsers int64   `json:"affected_users"`
	Prefix        int     `json:"prefix"` // the mask that AcceptedShare, Low and High are about
	AcceptedShare float64 `json:"accepted_share"`
	Low           float64 `json:"low"`
	High          float64 `json:"high"`
	// Curve replays the candidate prefixes, widest first. Strangers and
	// exposure are the host's: a mask is set for all carriers at once.
	Curve []CurveStep `json:"curve,omitempty"`
}

// CurveStep is one prefix length of the replay.
type CurveStep struct {
	Prefix           int      `json:"prefix"`
	AcceptedUsers    int64    `json:"accepted_users"`    // users the mask would have let through with all that was refused
	AcceptedRequests int64    `json:"accepted_requests"` // refusals, retries merged, that the mask would have let through
	AcceptedShare    float64  `json:"accepted_share"`    // of the affected users, 0 to 1; Low and High bound it
	Low              float64  `json:"low"`
	High             float64  `json:"high"`
	StrangersLetIn   *float64 `json:"strangers_let_in"` // share of the refused attempts on shared links that the mask would have accepted; nil: not measured
	Exposure         float64  `json:"exposure"`         // see Recommendation
	// IfUnresolvedCount is the share if every user with an unresolved failure
	// were one that no mask helps; nil where there is none.
	IfUnresolvedCount *Bound `json:"if_unresolved_count,omitempty"`
}
