// Package finding holds what an analysis says: plain data, no database, no
// rendering. The JSON report is an [Analysis] marshalled as it stands; every
// other format is a view of the same value. The JSON names are a public
// contract, versioned by [Schema].
package finding

import "time"

// Schema is the version of the JSON report.
const Schema = 1

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

// CalibrationStatus says whether recomputed hashes may be believed on a host.
type CalibrationStatus string

// The calibration states. NotChecked is not a pass: too few tokens, or no key.
const (
	Verified   CalibrationStatus = "verified"
	Failed     CalibrationStatus = "failed"
	NotChecked CalibrationStatus = "not_checked"
)

// Class is how one user's requests behaved.
type Class string

// The classes of users.
const (
	Rotating     Class = "rotating"      // served at one address, refused with a proven mismatch at another
	FirstRequest Class = "first_request" // only refused, with a proven mismatch: the site saw another address
	ManyNetworks Class = "many_networks" // the link was requested from several unrelated networks
	Conflicting  Class = "conflicting"   // evidence for two classes at once
	Unchanged    Class = "unchanged"     // no change of address was refused
	Undetermined Class = "undetermined"  // the log or the identity cannot tell
)

// Rank orders classes by how much their users tell, 0 first.
func (c Class) Rank() int {
	switch c {
	case Rotating:
		return 0
	case FirstRequest:
		return 1
	case ManyNetworks:
		return 2
	}
	return 3
}

// Analysis is everything one run found.
type Analysis struct {
	Schema          int              `json:"schema"` // [Schema]
	Input           Input            `json:"input"`
	Calibration     []Calibration    `json:"calibration"`      // by host; whether its hashes may be believed
	Denials         Denials          `json:"denials"`          // why requests were refused
	Users           Users            `json:"users"`            // who was refused because of an address
	Recommendations []Recommendation `json:"recommendations"`  // one for each host and family with signed requests
	Signer          []Signer         `json:"signer_findings"`  // what signers do wrong
	Trends          []Trend          `json:"trends,omitempty"` // of the hosts and causes with most refusals
	Moves           []Moves          `json:"moves,omitempty"`  // how users change their address
	Warnings        []string         `json:"warnings"`         // what takes away from all of it, a sentence each
	Method          Method           `json:"method"`           // how it was found
}

// Input accounts for every line read: Lines = Parsed + Rejected, in total and
// for each source.
type Input struct {
	Lines    int64      `json:"lines"`
	Parsed   int64      `json:"parsed"`           // lines that are requests
	Rejected int64      `json:"rejected"`         // lines that are none, for the reasons in Rejects
	First    *time.Time `json:"first"`            // start of the earliest request; nil if none parsed
	Last     *time.Time `json:"last"`             // start of the latest request
	Strays   *Strays    `json:"strays,omitempty"` // requests far from all others in time
	Sources  []Source   `json:"sources"`
	Rejects  []Reject   `json:"rejects,omitempty"` // reasons with their number and a first example
}

// Strays are requests more than a year before or after the rest, as where a clock stood
// wrong.
type Strays struct {
	Before int64     `json:"before"`
	After  int64     `json:"after"`
	First  time.Time `json:"first"` // of the rest
	Last   time.Time `json:"last"`
}

// Period is from the first to the last request, but for strays.
func (in *Input) Period() (first, last *time.Time) {
	if s := in.Strays; s != nil {
		return &s.First, &s.Last
	}
	return in.First, in.Last
}

// Source is one input file, or stdin as "-".
type Source struct {
	Path     string   `json:"path"`
	Format   string   `json:"format"`
	Lines    int64    `json:"lines"`
	Parsed   int64    `json:"parsed"`
	Rejected int64    `json:"rejected"`
	Bytes    int64    `json:"bytes,omitempty"` // of text, decompressed; 0: not known
	XXH3     string   `json:"xxh3,omitempty"`  // XXH3, 128 bits, of that text, as xxhsum -H2 prints it
	Notes    []string `json:"notes,omitempty"` // what the lines show that takes away from what they can tell, a sentence each
	Error    string   `json:"error,omitempty"` // damage met on the way; what came before it was kept
}

// Reject is one reason for which lines were rejected.
type Reject struct {
	Reason string `json:"reason"`
	Lines  int64  `json:"lines"`
	Source string `json:"source"` // where the first such line stands
	Line   int64  `json:"line"`
}

// Calibration tells whether the key, the path rule and the address field fit
// a host, counted over distinct tokens.
type Calibration struct {
	Host     string            `json:"host"`
	Tokens   int64             `json:"tokens"`   // distinct ones that were served
	Verified int64             `json:"verified"` // of these, those whose hash was reproduced
	Status   CalibrationStatus `json:"status"`
	Reason   string            `json:"reason"` // a sentence; for a failed host the likely fault and how it is known
	Policy   Policy            `json:"policy"` // what the served requests taught
}

// Policy is how a host's edge checks links, as learned from its log.
type Policy struct {
	Scope   string `json:"scope"`             // "file", "dir", "both" or "" where nothing verified
	Binding string `json:"binding"`           // "address", "mask", "none" or ""
	Prefix4 int    `json:"prefix4,omitempty"` // IPv4 prefix length of a mask; 0: none learned
	Prefix6 int    `json:"prefix6,omitempty"`
	Form    string `json:"mask_form,omitempty"`
	Expired []int  `json:"expired_status,omitempty"` // statuses that expired links were answered with
}

// Denials counts requests that were refused, by cause.
type Denials struct {
	Total         int64                       `json:"total"`         // requests
	ByCause       map[string]int64            `json:"by_cause"`      // requests by cause
	ByHost        map[string]map[string]int64 `json:"by_host"`       // host → cause → requests
	ByDetail      map[string]map[string]int64 `json:"by_detail"`     // cause → detail → requests, where a detail is known
	Inferred      map[string]int64            `json:"inferred"`      // cause → requests whose cause rests on inference alone
	Disagreements int64                       `json:"disagreements"` // requests whose logged reason code and recomputed verdict differ
	Networks      []Network                   `json:"networks"`      // where most refusals with a proven mismatch came from
	OverTime      *OverTime                   `json:"over_time,omitempty"`
}

// OverTime counts refused requests in steps of equal length, by host and cause,
// of the hosts with most of them. Every list is as long as there are steps.
type OverTime struct {
	From   time.Time                     `json:"from"`   // beginning of the first step
	Step   int64                         `json:"step_s"` // seconds
	ByHost map[string]map[string][]int64 `json:"by_host"`
}

// Network is a client network with its refusals.
type Network struct {
	Host       string `json:"host"`
	Prefix     string `json:"prefix"` // a /16, or a /32 of IPv6
	ASN        *int64 `json:"asn"`
	Name       string `json:"name,omitempty"` // of the operator
	Country    string `json:"country,omitempty"`
	Refusals   int64  `json:"refusals"`
	Mismatches int64  `json:"ip_mismatches"`
	Addresses  int64  `json:"addresses"`
}

// Trend is one cause of refusals on one host over time, in steps of equal
// length.
type Trend struct {
	Host     string     `json:"host"`
	Cause    string     `json:"cause"`
	From     time.Time  `json:"from"`     // beginning of the first step
	Step     int64      `json:"step_s"`   // seconds
	Refused  []int64    `json:"refused"`  // by step
	Requests []int64    `json:"requests"` // by step, of the host
	Began    *Beginning `json:"began"`    // nil: no step from which on they are more frequent
}

// Beginning is when refusals became more frequent for good.
type Beginning struct {
	At       time.Time `json:"at"`
	Low      time.Time `json:"low"` // no earlier than this, and no later than High
	High     time.Time `json:"high"`
	Before   float64   `json:"before"` // share of the requests refused
	After    float64   `json:"after"`
	Carriers int64     `json:"carriers"`         // network operators seen since, where the log tells them
	Affected int64     `json:"carriers_refused"` // of them, those with such a refusal
	Says     string    `json:"says"`             // a sentence
}

// Moves is how the users of one carrier and family change their address, from
// one request to the next. Bots, nodes and users of many-network links are left
// out.
type Moves struct {
	ASN     *int64    `json:"asn"` // of the address left; nil: of several carriers, or not known
	Name    string    `json:"name,omitempty"`
	Pool    string    `json:"pool,omitempty"`  // "all" carriers, or the "others", with few such users each
	Family  string    `json:"family"`          // "ipv4" or "ipv6", of the address left
	Users   int64     `json:"users"`           // whose address changed
	Changes int64     `json:"changes"`         // at least; requests of one time have no order
	Across  int64     `json:"across_families"` // changes to the other family
	Within  []Within  `json:"within"`          // narrowest network first
	Between Quartiles `json:"between_s"`       // time from a user's first change to the next
}

// Within is the share of changes after which the next address lies in the same
// network, bounded with the user as the unit.
type Within struct {
	Prefix int `json:"prefix"`
	Interval
}

// Quartiles are seconds; nil: longer than users were followed.
type Quartiles struct {
	Lower  *int64 `json:"lower"`
	Median *int64 `json:"median"`
	Upper  *int64 `json:"upper"`
}

// Users counts users by class and lists those that matter.
type Users struct {
	Total   int64           `json:"total"` // of all classes
	ByClass map[Class]int64 `json:"by_class"`
	Flagged []User          `json:"flagged"`                   // all but unchanged and undetermined, the most telling first
	Omitted int64           `json:"flagged_omitted,omitempty"` // flagged users beyond the listed ones
}

// User is one user who was refused because of an address, or whose link was
// requested from several networks.
type User struct {
	ID          string  `json:"user_id"` // unique over all hosts
	Class       Class   `json:"class"`
	Reason      string  `json:"reason"` // the evidence, in words
	Host        string  `json:"host"`
	ASN         *int64  `json:"asn"`
	UserAgent   string  `json:"user_agent,omitempty"`
	Requests    int64   `json:"requests"`            // as logged
	Refusals    int64   `json:"refusals"`            // retries merged
	Mismatches  int64   `json:"mismatches"`          // refusals with a proven mismatch, retries merged
	Addresses   int64   `json:"addresses"`           // distinct client addresses
	Prefixes24  *int64  `json:"prefixes24"`          // distinct /24; nil for IPv6
	Prefixes16  *int64  `json:"prefixes16"`          // distinct /16; nil for IPv6
	Switches    int64   `json:"switches"`            // at least this many changes of address
	Interrupted bool    `json:"interrupted"`         // refused, and not served again in time
	Token       string  `json:"token,omitempty"`     // first characters, of the first link
	SignedIP    string  `json:"signed_ip,omitempty"` // the address the link was signed for, where known
	First       string  `json:"first"`               // RFC 3339, UTC
	Last        string  `json:"last"`
	Timeline    []Event `json:"timeline"`

	Began int64  `json:"-"` // First, in µs
	Crowd int    `json:"-"` // users of the same link, where it is used from many networks
	Link  uint32 `json:"-"` // ids in the case
	Agent uint32 `json:"-"`
	Salt  int64  `json:"-"`
}

// Event is one step of a user's timeline.
type Event struct {
	Time    string `json:"time"` // RFC 3339, UTC
	IP      string `json:"ip"`
	Status  int    `json:"status"`
	Verdict string `json:"verdict"`
	Path    string `json:"path"`
	Count   int64  `json:"count"`          // requests merged into this step
	Last    string `json:"last,omitempty"` // time of the last of them, where it is another one
}

// Signer is a mistake of the signer, proven by hashes that it reproduces.
type Signer struct {
	Host     string `json:"host"`
	Mistake  string `json:"mistake"` // as in detail, behind "signer:"
	Says     string `json:"says"`    // what was hashed instead, in a sentence
	Fix      string `json:"fix"`
	Links    int64  `json:"links"`    // links that verify under it
	Examined int64  `json:"examined"` // links that were asked
	Among    string `json:"among"`    // which links these are: "unexplained links", "malformed links", "signed links"
}

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
	AcceptedRequests int64    `json:"accepted_requests"` // refused requests that the mask would have let through
	AcceptedShare    float64  `json:"accepted_share"`    // of the affected users, 0 to 1; Low and High bound it
	Low              float64  `json:"low"`
	High             float64  `json:"high"`
	StrangersLetIn   *float64 `json:"strangers_let_in"` // share of the shared links that the mask would have opened to a refused attempt; nil: not measured
	Exposure         float64  `json:"exposure"`         // see Recommendation
	// IfUnresolvedCount is the share if every user with an unresolved failure
	// were one that no mask helps; nil where there is none.
	IfUnresolvedCount *Bound `json:"if_unresolved_count,omitempty"`
}

// Method records what a reader needs to judge the result.
type Method struct {
	Version  string `json:"version"`
	Command  string `json:"command,omitempty"` // as a shell would run it again; no flag takes a key
	Identity string `json:"identity"`          // who was taken for one user, as --user says it
	// IdentityUsers counts the users that are more than one link under one user
	// agent by what they rest on; a user may rest on several things.
	IdentityUsers map[string]int64   `json:"identity_users,omitempty"`
	Thresholds    map[string]float64 `json:"thresholds"` // name → value in force
	Search        Search             `json:"search"`
	Anonymized    bool               `json:"anonymized,omitempty"` // client addresses are pseudonyms
}

// Search accounts for the search of signing addresses.
type Search struct {
	Links      int64 `json:"links"`      // links whose hash failed for every observed address
	Witnessed  int64 `json:"witnessed"`  // explained by another request with the same token
	Found      int64 `json:"found"`      // explained by trying addresses and known mistakes
	Unresolved int64 `json:"unresolved"` // left over
	Candidates int64 `json:"candidates"` // hashes tried
	Skipped    int64 `json:"skipped"`    // links left over that were not searched deeply: the budget was used up
	Each       int64 `json:"each"`       // hashes tried for the median link left over that was
	Full       int64 `json:"full"`       // links searched through all of IPv4

	Sampled     int64 `json:"sampled"`      // links drawn at random and searched through all of IPv4
	SampleFound int64 `json:"sample_found"` // of these, signed for another address
}
