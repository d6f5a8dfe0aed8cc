package finding

import "time"

// Comparison sets two cases side by side: whether a change between them worked.
// Its JSON names are as public as those of [Analysis].
type Comparison struct {
	Schema        int              `json:"schema"`
	Before        Side             `json:"before"`
	After         Side             `json:"after"`
	Hosts         []HostComparison `json:"hosts"`          // in both cases, most users first
	NotComparable []string         `json:"not_comparable"` // what bears on all hosts, a sentence each
}

// Side is one of the two cases.
type Side struct {
	Case     string     `json:"case"`
	Lines    int64      `json:"lines"`
	First    *time.Time `json:"first"`
	Last     *time.Time `json:"last"`
	Identity string     `json:"identity"` // who was taken for one user
	Version  string     `json:"version"`
}

// HostComparison is one host in both cases.
type HostComparison struct {
	Host          string             `json:"host"`
	Requests      Pair               `json:"requests"`
	Refused       Pair               `json:"refused"`
	Causes        []CauseComparison  `json:"causes"` // most frequent before first
	Families      []FamilyComparison `json:"families"`
	NotComparable []string           `json:"not_comparable"`
}

// Pair is a number before and after.
type Pair struct {
	Before int64 `json:"before"`
	After  int64 `json:"after"`
}

// CauseComparison is how often requests were refused for one cause. Requests of
// one user are not independent, so the shares have no interval.
type CauseComparison struct {
	Cause   string  `json:"cause"`
	Refused Pair    `json:"refused"`
	Before  float64 `json:"before_share"` // of the host's requests
	After   float64 `json:"after_share"`
}

// Effect says whether a change worked.
type Effect string

// The effects.
const (
	Worked       Effect = "worked"        // fewer users were affected, and no more were interrupted
	WorkedPartly Effect = "worked_partly" // fewer were affected, more were interrupted
	NoEffect     Effect = "no_effect"     // no difference can be told from chance
	Worse        Effect = "worse"         // more were affected
	NotTold      Effect = "not_told"      // too few users, or not comparable
)

// FamilyComparison is one address family of a host. Users are those with signed
// links; their family is that of the address their first link was signed for.
type FamilyComparison struct {
	Family      string `json:"family"`
	Effect      Effect `json:"effect"`
	Answer      string `json:"answer"`       // a sentence to be read aloud
	BoundBefore string `json:"bound_before"` // what links were bound to: "address", "/24", "none" or ""
	BoundAfter  string `json:"bound_after"`
	Affected    Change `json:"affected"`    // refused because of an address: rotating and first_request
	Interrupted Change `json:"interrupted"` // refused for any cause, and did not recover
}

// Change is a share of users before and after.
type Change struct {
	Before     Rate       `json:"before"`
	After      Rate       `json:"after"`
	Difference Difference `json:"difference"`
}

// Rate is a share of users with one-sided 95 % bounds on either side (Wilson).
type Rate struct {
	Users int64   `json:"users"`
	Of    int64   `json:"of"`    // users in all; 0: not known, as in a log of refusals only
	Share float64 `json:"share"` // 0 to 1, as Low and High
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Difference is the share after minus the share before, with one-sided 95 %
// bounds on either side (Newcombe's hybrid score method).
type Difference struct {
	Share float64 `json:"share"` // -1 to 1, as Low and High
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}
