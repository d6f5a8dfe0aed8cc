// Package finding holds what an analysis says: plain data, no database, no
// rendering. The JSON report is an [Analysis] marshalled as it stands; every
// other format is a view of the same value. The JSON names are a public
// contract, versioned by [Schema].
package finding

import "time"

// Schema is the version of the JSON report.
const Schema = 1

// CalibrationStatus says whether recomputed hashes may be believed on a host.
type CalibrationStatus string

// The calibration states. NotChecked is not a pass: too few tokens, or no key.
const (
	Verified   CalibrationStatus = "verified"
	Failed     CalibrationStatus = "failed"
	NotChecked CalibrationStatus = "not_checked"
)

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

// OtherHosts is what the hosts of a log with very many are called that are judged as one. No host has a blank in its name, but for those
// that attackers make up.
const OtherHosts = "(other hosts)"

// Calibration reports whether the key, the path rule and the address field fit
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
	Scheme  string `json:"scheme,omitempty"`  // of the tokens, by name; "" in reports of older versions
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
	Requests      map[string]int64            `json:"requests"`      // host → requests of its viewers, refused or not; of the hosts of ByHost
	ByDetail      map[string]map[string]int64 `json:"by_detail"`     // cause → detail → requests, where a detail is known
	Inferred      map[string]int64            `json:"inferred"`      // cause → requests whose cause rests on inference alone
	Disagreements int64                       `json:"disagreements"` // requests whose logged reason code and recomputed verdict differ
	Networks      []Network                   `json:"networks"`      // where most refusals with a proven mismatch came from
	OverTime      *OverTime                   `json:"over_time,omitempty"`
	Common        []Common                    `json:"common,omitempty"` // what tells of refusals that address and expiry do not explain
}

// Common is what nearly all refusals of one cause on a host have, and few other requests.
type Common struct {
	Host     string `json:"host"`
	Cause    string `json:"cause"`
	Trait    string `json:"trait"`    // one of the Trait constants
	Value    string `json:"value"`    // of the trait, as the log has it; of a key its number among those given
	Requests int64  `json:"requests"` // refused so, that have it
	Refused  int64  `json:"refused"`  // refused so, all
	Says     string `json:"says"`     // a sentence, and what to look at
}

// What refusals have in common.
const (
	TraitEdge    = "edge"
	TraitMethod  = "method"
	TraitCountry = "country"
	TraitOldKey  = "old_key" // the edge has another one since
)

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

// Signer is a mistake of the signer, proven by hashes that it reproduces.
type Signer struct {
	Host     string `json:"host"`
	Mistake  string `json:"mistake"` // as in detail, behind "signer:"
	Says     string `json:"says"`    // what was hashed instead, in a sentence
	Fix      string `json:"fix"`
	Links    int64  `json:"links"`    // links that verify under it
	Examined int64  `json:"examined"` // links that were asked
	Among    string `json:"among"`    // which links these are: "failing links", "malformed links", "signed links"
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

// MalformedLinks is the word of Among for those whose shape already fails.
const MalformedLinks = "malformed links"

// Stamp writes a time, µs since 1970, as reports do: RFC 3339 in UTC.
func Stamp(us int64) string { return time.UnixMicro(us).UTC().Format(time.RFC3339Nano) }
