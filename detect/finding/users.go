package finding

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
