package identity

import "cmp"

// Key names a user: a link and a user agent, the first of several, and
// what tells those apart whose first are the same.
type Key struct {
	Link, Agent uint32
	Salt        int64
}

// Number is the user as one number, which other users may have too.
func (k Key) Number() uint64 {
	if k.Salt != 0 {
		return uint64(k.Salt)
	}
	return uint64(k.Link)<<32 | uint64(k.Agent)
}

// Compare orders by link, user agent and salt.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Link, o.Link), cmp.Compare(k.Agent, o.Agent), cmp.Compare(k.Salt, o.Salt))
}
