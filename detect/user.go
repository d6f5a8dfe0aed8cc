package detect

import "cmp"

// userKey names a user: a link and a user agent, the first of several, and
// what tells those apart whose first are the same.
type userKey struct {
	link, agent uint32
	salt        int64
}

// number is the user as one number, which other users may have too.
func (k userKey) number() uint64 {
	if k.salt != 0 {
		return uint64(k.salt)
	}
	return uint64(k.link)<<32 | uint64(k.agent)
}

func (k userKey) compare(o userKey) int {
	return cmp.Or(cmp.Compare(k.link, o.link), cmp.Compare(k.agent, o.agent), cmp.Compare(k.salt, o.salt))
}
