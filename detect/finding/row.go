package finding

import (
	"context"
	"time"
)

// The rows of a kept case, for those who go down to one user and one request.
// They are no part of the JSON report.

// Refusals counts what was refused on one host for one cause.
type Refusals struct {
	Host     string
	Cause    string // "" stands for all causes together
	Requests int64
	Viewers  int64
}

// Scope narrows the viewers that are asked for. The zero value is everybody.
type Scope struct {
	Refused bool   // only who was refused
	Cause   string // for this cause; with Refused
	Host    string
	Search  string // only who has this in an address, token, user agent, path or in the user's id or class
}

// Viewer is a user; or what came from one address with one user agent, where
// requests had no link to tell users by.
type Viewer struct {
	Key         ViewerKey
	ID          string // "" without a link
	Address     string // without a link
	Class       Class
	Reason      string
	UserAgent   string
	Matching    int64 // requests in the scope that was asked for
	Requests    int64
	Refusals    int64 // retries merged, where the viewer is a user
	Addresses   int64
	Switches    int64
	Interrupted bool
	First, Last time.Time
}

// ViewerKey names a viewer in the case.
type ViewerKey struct {
	Host        string
	Link, Agent uint32 // the first, of a user with several
	Salt        int64
	Client      uint32 // 0 where a user is known by a link
}

// Request is one request with all that is known about it.
type Request struct {
	Source    string
	Line      int64 // 1-based
	Time      time.Time
	Client    string
	Moved     bool // not the address of the request before
	ASN       *int64
	Country   string
	Host      string
	Method    string
	Path      string
	Status    int
	Bytes     *int64
	UserAgent string
	Referer   string
	EdgeCode  int // reason code of the edge, 0 none
	Upstream  int // status of the origin, 0 none

	Verdict string
	Cause   string // "" where the request was not refused
	Detail  string
	Basis   string

	Token       string // first six characters; "" where the request had no well-formed token
	Expires     *time.Time
	Reproduced  bool   // the hash, for the address of the request
	Scope       string // of the path that was hashed, where a hash was reproduced: a word of Policy.Scope, or "ancestor"
	SignedIP    string // the address the link was signed for, where known
	SignedBasis string // how that is known, a word of basis; "" where nothing is known
}

// Lanes is a picture of a timeline: a lane for each address, or for each network
// where there are too many addresses, in the order of their first requests.
type Lanes struct {
	From, To time.Time
	Lanes    []Lane
	More     int64 // networks beyond those with most requests
}

// Lane is what came from one address or network over time.
type Lane struct {
	Network  string // an address; or a /24, a /64 of IPv6
	Requests int64
	Served   []int64 // by step of time, as many as were asked for
	Refused  []int64
}

// List is rows that are read piece by piece. Each call may take a while, ends
// when its context does, and is safe to repeat.
type List[T any] struct {
	Len int64
	// Page gives the rows from a place on, at most n.
	Page func(ctx context.Context, from, n int64) ([]T, error)
}

// Timeline is the requests of one viewer in the order of time.
type Timeline struct {
	List[Request]
	// Refused finds the nearest refused request behind a place, or before it; -1
	// where there is none.
	Refused func(ctx context.Context, place int64, back bool) (int64, error)
	// Lanes shows the requests in steps of equal length, at most so many lanes.
	Lanes func(ctx context.Context, steps, most int) (Lanes, error)
}
