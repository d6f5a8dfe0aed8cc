package ruling

import (
	"ipdrift/detect/judge"
	"ipdrift/detect/policy"
	"ipdrift/ingest"
	"ipdrift/token"
)

// Facts are what like requests of one host have in common: a row of table outcome.
type Facts struct {
	Method                 string
	Status, Code, Upstream uint16
	Shield                 bool
	Shape                  token.Shape
	Detail                 token.Detail
	Late                   ingest.Late
	Denied                 bool // 403, 410, or what the host answers to expired links
	Keyed                  bool // there was a key for the host when the log was read
	Matched                bool
	KeyNumber              uint8 // of what matched, among those given; those of earlier runs alone come behind
	Stale                  bool  // with a key that was not in use at the time
	How                    policy.Hypothesis
	Edge                   uint16 // that logged it, by number; 0: the line does not name it
}

// Served reports whether the viewer got what the link is for.
func (f *Facts) Served() bool {
	return judge.Served(f.Status) && f.Reads()
}

// Reads reports whether the request reads what the link is for.
func (f *Facts) Reads() bool { return judge.Reads(f.Method) }

// Refused reports whether a viewer's request was refused.
func (f *Facts) Refused() bool { return !f.Shield && f.Denied }

// RefusesHash reports whether the outcome may be the refusal of a hash that holds, for its key or its
// binding: the link was in time, and the log names no other rule.
func (f *Facts) RefusesHash() bool {
	_, other := otherPolicies[f.Code]
	return f.Refused() && !other && f.Late < ingest.AtExpiry && f.Code != CodeTokenExpired && f.Upstream != 403 && f.Upstream != 410
}
