package finding

import "time"

// Ticket is what a log tells of one viewer who complained. Its JSON names are
// as public as those of [Analysis].
type Ticket struct {
	Schema    int         `json:"schema"`
	Asked     Asked       `json:"asked"`
	Log       Log         `json:"log"`
	Found     bool        `json:"found"`
	Search    []string    `json:"search"` // how the viewer was found, or how near the log came, a sentence each
	Viewer    *Subject    `json:"viewer"` // nil: nobody
	Others    []Candidate `json:"others"` // who else it could be, the most telling first
	More      int64       `json:"others_omitted,omitempty"`
	Neighbour bool        `json:"neighbour,omitempty"` // found by its network alone: this may be another viewer than the one who complained
	From      *time.Time  `json:"from"`                // what was looked at; nil: all of the log
	To        *time.Time  `json:"to"`
	Timeline  []Step      `json:"timeline"`
	Omitted   int64       `json:"timeline_omitted,omitempty"` // steps beyond those listed
	Refusals  []Refused   `json:"refusals"`                   // in the timeline, by cause, the most frequent first
	Cause     string      `json:"cause"`                      // of the complaint, in the contract's words; "" where nothing was refused
	Detail    string      `json:"detail,omitempty"`           // of the cause, where one is known
	Basis     string      `json:"basis"`                      // what the cause rests on: recomputed, edge_code, inferred or ""
	Mistake   string      `json:"mistake,omitempty"`          // of the signer, where one is proven, in words
	Answer    string      `json:"answer"`                     // the cause in a sentence
	Mask      string      `json:"mask"`                       // what a mask would have done, a sentence; "" where no address was the cause
	Prefix    *int        `json:"mask_prefix"`                // the narrowest candidate that would have let all of the cause through; nil: none
	Common    *Common     `json:"common,omitempty"`           // what nearly all refusals of the host with this cause have, and the complaint's, too
	Outcome   Outcome     `json:"outcome"`
	Cannot    []string    `json:"cannot_tell"`      // a sentence each
	Ask       []string    `json:"ask_for"`          // what would tell more, a sentence each
	Host      *Setting    `json:"recommendation"`   // for all viewers of the host; nil where there is none
	Scheme    string      `json:"scheme,omitempty"` // of the host's tokens, or of all hosts that have one, where it is one
}

// Asked is what was looked for.
type Asked struct {
	IP      string     `json:"ip,omitempty"`
	At      *time.Time `json:"at"`                 // nil: at any time
	Window  int64      `json:"window_s,omitempty"` // seconds before and after
	Token   string     `json:"token,omitempty"`    // first characters
	UserID  string     `json:"user_id,omitempty"`
	Trace   bool       `json:"trace,omitempty"`       // a trace id, which is not repeated
	Session bool       `json:"tls_session,omitempty"` // a TLS session, which is not repeated
}

// Log is what was looked through.
type Log struct {
	Lines   int64      `json:"lines"`
	First   *time.Time `json:"first"`
	Last    *time.Time `json:"last"`
	Version string     `json:"version,omitempty"`
}

// Subject is whom the ticket is about.
type Subject struct {
	ID          string   `json:"user_id"` // "" for requests without a well-formed token
	Host        string   `json:"host"`
	UserAgent   string   `json:"user_agent,omitempty"`
	ASN         *int64   `json:"asn"`
	Class       Class    `json:"class,omitempty"`
	Reason      string   `json:"reason,omitempty"`    // the evidence of the class, over all of the log
	Addresses   []string `json:"addresses"`           // in the timeline, in the order of their first request
	SignedIP    string   `json:"signed_ip,omitempty"` // of the link that was refused; where nothing was, of one of the viewer's
	Requests    int64    `json:"requests"`            // over all of the log
	Refusals    int64    `json:"refusals"`            // the same, retries merged
	Interrupted bool     `json:"interrupted"`
	First       string   `json:"first"` // RFC 3339, UTC
	Last        string   `json:"last"`
}

// Candidate is another viewer who fits the complaint.
type Candidate struct {
	ID        string `json:"user_id"`
	Host      string `json:"host"`
	UserAgent string `json:"user_agent,omitempty"`
	Class     Class  `json:"class,omitempty"`
	Requests  int64  `json:"requests"` // of what was looked at
	Refused   int64  `json:"refused"`
}

// Step is a run of like requests.
type Step struct {
	Time     string `json:"time"`          // of the first, RFC 3339, UTC
	Until    string `json:"until"`         // of the last
	End      string `json:"end,omitempty"` // of whichever ended last, where that is 2 s or more after the last began
	IP       string `json:"ip"`
	Outcome  string `json:"outcome"` // served, refused or other
	Status   int    `json:"status"`  // of the first
	Verdict  string `json:"verdict"`
	Cause    string `json:"cause,omitempty"`
	Detail   string `json:"detail,omitempty"`
	Path     string `json:"path"`     // of the first
	Last     string `json:"last"`     // file name of the last
	Requests int64  `json:"requests"` // as logged
	Refusals int64  `json:"refusals"` // retries merged
}

// Refused counts refusals of one cause.
type Refused struct {
	Cause    string `json:"cause"`
	Refusals int64  `json:"refusals"` // retries merged
	Requests int64  `json:"requests"` // as logged
}

// Outcome is how it went for the viewer, in the timeline.
type Outcome struct {
	Served      int64   `json:"served"` // requests
	Refusals    int64   `json:"refusals"`
	Other       int64   `json:"other"` // answers that neither serve nor refuse
	Addresses   int64   `json:"addresses"`
	Switches    int64   `json:"switches"`        // at least this many changes of address
	Interrupted *bool   `json:"interrupted"`     // nil: the log cannot tell
	Resumed     float64 `json:"resumed_after_s"` // seconds from the last refusal to the next served request; 0: none seen
}

// Setting is the answer to the mask question for the host, as the analysis has
// it: fields of the same names are those of its [Recommendation].
type Setting struct {
	Scheme        string   `json:"scheme,omitempty"` // of the host's tokens
	Family        string   `json:"family"`
	Decision      Decision `json:"decision"`
	Prefix        *int     `json:"prefix"`
	CurrentPrefix *int     `json:"current_prefix"`
	Reason        string   `json:"reason"`
	AffectedUsers int64    `json:"affected_users"`
	BoundUsers    *int64   `json:"bound_users"`
	Accepted      Share    `json:"accepted"`
	Unresolved    int64    `json:"unresolved_users,omitempty"`    // as in a report
	Unchecked     int64    `json:"unchecked_users,omitempty"`     // as in a report
	IfUnresolved  *Bound   `json:"if_unresolved_count,omitempty"` // as in a report; nil where Unresolved is 0
	Unsettled     bool     `json:"unsettled,omitempty"`           // see [Recommendation.Unsettled]
	Exposure      float64  `json:"exposure"`
	ExposureNow   float64  `json:"exposure_now"`
	Strangers     *Share   `json:"strangers_let_in"`
	RelayedUsers  int64    `json:"relayed_users,omitempty"` // as in a report
	UntoldUsers   int64    `json:"untold_users,omitempty"`  // as in a report
	MendedUsers   int64    `json:"mended_users,omitempty"`  // as in a report
	Remedy        Remedy   `json:"remedy,omitempty"`
	Binding       string   `json:"binding"`                 // of the host today: address, mask, none or ""
	Form          string   `json:"mask_form"`               // text of a cut address, where one was learned
	BothFamilies  bool     `json:"both_families,omitempty"` // the host has viewers of the other family, too, who have an answer of their own
}

// Setting is what a ticket says of the recommendation, given the policy that was
// learned of its host, and how the answer was found.
func (r *Recommendation) Setting(p Policy, m Method) Setting {
	s := Setting{
		Scheme: p.Scheme, Family: r.Family, Decision: r.Decision, Prefix: r.Prefix, CurrentPrefix: r.CurrentPrefix, Reason: r.Reason, AffectedUsers: r.AffectedUsers,
		BoundUsers: r.BoundUsers, Accepted: r.Accepted, Exposure: r.Exposure, ExposureNow: r.ExposureNow, Strangers: r.StrangersLetIn,
		RelayedUsers: r.RelayedUsers, UntoldUsers: r.UntoldUsers, MendedUsers: r.MendedUsers, Remedy: r.Remedy, Binding: p.Binding, Form: p.Form,
		Unresolved: r.UnresolvedUsers, Unchecked: r.UncheckedUsers, Unsettled: r.Unsettled(m),
	}
	if r.UnresolvedUsers > 0 {
		s.IfUnresolved = &r.IfUnresolvedCount
	}
	return s
}
