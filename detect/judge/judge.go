// Package judge decides what a link's requests say: who rotated, who was only
// ever refused, which links were requested from several networks, and which
// mask would have helped. It is pure: no database, no clock, no I/O. The rule
// numbers in its comments are those of the rules of evidence.
package judge

import (
	"net/netip"

	"ipdrift/detect/finding"
	"ipdrift/token"
)

// Event is one request. Events come sorted by time, then source and
// line; events whose times lie less than a Grain apart have no order, nor have
// those of two edges less than EdgeClocks apart (rule 8),
// and no result depends on the one they come in.
type Event struct {
	Time      int64         // start of the request, µs since 1970, UTC
	End       int64         // of the request, as far as the log tells: Time or later
	Began     bool          // Time is its start; else it is when it was logged, most often its end, and nothing tells the start
	Client    netip.Addr    // as the edge saw it
	ASN       uint32        // 0: not known
	Country   string        // "": not known
	Served    bool          // 200, 206 or 304 on GET or HEAD
	Refused   bool          // 403, 410, or this host's status for expiry
	Status    uint16        // HTTP status
	Verdict   token.Verdict // of the token, at the start of the request
	Elsewhere bool          // the cause is refused_elsewhere: no mask would have changed it
	Inferred  bool          // the verdict rests on inference, not on a reproduced hash
	Mistaken  bool          // the hash was reproduced, with a known mistake of the signer: no address is in doubt; of a mismatch that the signer saw its own proxy
	Admitted  bool          // the link itself names this address, or none: it is not why its hash fails, or nobody could check it
	Bot       bool          // link preview, relay, VPN or hosting network: taken out first (rules 10 and 14)
	Who       uint32        // number of the user, as the identity in force tells them apart
	Kin       uint32        // number of the viewer whom a cookie or TLS session tells, whatever the user agent; 0: none does
	Cookie    uint32        // number of the id cookie, where one link's user agent came with several; 0: not known
	Link      uint32        // number of the link, in Group.Signed
	UA        uint32        // id of the user agent
	Dir, File uint32        // ids of the directory and the file name
	Name      string        // file name without query
	Grain     int64         // resolution of Time, µs; 0: exact
	Edge      uint32        // number of the edge that logged it: clocks differ (rule 8)
}

// Served reports whether a status means that the viewer got what was asked for, or has it already.
func Served(status uint16) bool { return status == 200 || status == 206 || status == 304 }

// Reads reports whether a method reads what a link is for; not every log has methods.
func Reads(method string) bool { return method == "GET" || method == "HEAD" || method == "" }

// Group is all requests of the links that some users share: most often one
// link, and several where one user had more.
type Group struct {
	Signed       []netip.Addr // the address that each link was signed for; zero: not known
	Events       []Event      // read only
	Truncated    bool         // Events holds only the first requests of the links
	RefusalsOnly bool         // the host's log holds refusals only
	Stated       bool         // an id that the log states tells users apart: none of them is split
	Gaps         bool         // more than 10 % of the requests are missing: no class that needs order (rule 11)

	order, places []int32           // of the events, and where each stands in it; see around
	links         map[uint32]*uses  // see around; nil: it was not asked
	firsts        map[target]*Event // see got; nil: it was not asked
	serves        map[uint32]bool   // see taken; nil: it was not asked
}

// User is what was found about one user. One who was split is several, each
// with a link and a user agent of its own.
type User struct {
	Who    uint32
	UA     uint32 // of the first request
	Link   uint32 // of the first request
	Links  int    // links, and user agents, that the requests came with
	Agents int
	Split  bool // was taken for one user with others, wrongly
	Class  finding.Class
	Reason string // the evidence, in words

	Requests   int // as logged
	Refusals   int // retries merged (rule 8)
	Mismatches int // refusals with a proven, unexpired mismatch, retries merged
	Served     int // served requests

	MismatchRequests int // refused requests with the cause ip_mismatch, as logged

	Addresses  int
	Prefixes24 int  // distinct /24s of the addresses; 0 unless Family4
	Prefixes16 int  // distinct /16s; 0 unless Family4
	Switches   int  // at least this many changes of address (rule 8)
	Family4    bool // every address is IPv4

	Interrupted bool       // refused, and not served within 10 s after the last refusal (rule 12)
	First, Last int64      // µs, of the first and last request
	Begin, End  netip.Addr // where these came from
	Away        netip.Addr // where the first mismatch was refused; zero: there is none
	AwayAt      int64      // µs, when it was
	ASN         uint32
	Signed      netip.Addr // that Family and MismatchLens are about, or of the first link; zero: not known

	MinCommon    int     // least of MismatchLens; -1 none, -2 one lies across families
	Family       int     // 4 or 6, of the signing address; 0 not known
	MismatchLens []uint8 // bits in common with the signing address, per merged unexpired proven mismatch; 255 across families
	Attempts     []uint8 // those of MismatchLens, of a user of many networks, that may be others' than of the viewer who was served
	ChangeLens   []uint8 // the same, one for each change of address that was refused, however much was asked for there

	Later      bool    // a mismatch that another viewer may have had, after this one stopped, has fewer bits in common than all others
	Before     int     // MinCommon without such
	Inferred   bool    // a mismatch counted here was inferred
	Proxied    bool    // a mismatch counted here is of a link signed for the signer's own proxy
	Unresolved bool    // unresolved signatures that may hide a mismatch, and none is proven (rule 18)
	Unchecked  bool    // refused with a token that no key could check and that may hide a mismatch, and none is proven
	Barred     bool    // nothing was served, and a link was refused at the address that it holds for, too
	Begins     bool    // first_request, and refused where viewing begins
	Unseen     bool    // so, with a link that may have been served to another viewer, which the log cannot show; set by who knows since when links are in use
	Untimed    bool    // undetermined, as the log does not tell when a download elsewhere began
	Astray     bool    // a refused poll was out of step with those that were served elsewhere; see facts.onlooking
	Onlooking  float64 // chance that it would have been in step, had another player made it; 0 where it is not known
	Lent       bool    // both are about a file that had been downloaded elsewhere; see afterDownload
	Named      bool    // an id of its own shows who this is, so that no other user is the same person; set by who tells users apart
	Again      bool    // began after another user's refusal, who may have gone on so; set by who tells users apart
	Bot        bool    // every request came from a bot, relay or hosting network

	idx []int32 // the requests, in order of time, among those of the group
}

func (g *Group) signed(link uint32) netip.Addr {
	if int(link) >= len(g.Signed) {
		return netip.Addr{}
	}
	return g.Signed[link]
}

// signedFor is the address that a link was signed for or, without a key, the one it was served to first, whoever asked.
func (g *Group) signedFor(link uint32) netip.Addr {
	if a := g.signed(link); a.IsValid() {
		return a
	}
	for i := range g.Events {
		if e := &g.Events[i]; e.Served && e.Link == link {
			return e.Client
		}
	}
	return netip.Addr{}
}

// acrossFamilies stands in MismatchLens for a mismatch no mask can mend.
const acrossFamilies = 255

// Affected reports whether the mask question is about this user: rotating or
// first_request (rule 9), many-network links and bots left out (rule 14).
func Affected(u *User) bool {
	return !u.Bot && (u.Class == finding.Rotating || u.Class == finding.FirstRequest)
}
