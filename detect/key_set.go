package detect

import (
	"slices"

	"ipdrift/token"
)

// mostKeySets is how many sets of keys that other hosts have are tried.
const mostKeySets = 1000

// keySet is the keys that some hosts have in common.
type keySet struct {
	host string // the first of them, by name
	keys []token.Key
}

// keySets lists the keys of some hosts, each set once: most often one key is for
// all hosts, of which there may be thousands.
func (a *analysis) keySets(some func(*host) bool) (sets []keySet) {
	first := map[token.Key][]int{}
	for _, name := range a.names {
		h := a.hosts[name]
		if len(h.keys) == 0 || len(sets) == mostKeySets || !some(h) {
			continue
		}
		like := first[h.keys[0]]
		if slices.ContainsFunc(like, func(i int) bool { return slices.Equal(sets[i].keys, h.keys) }) {
			continue
		}
		first[h.keys[0]] = append(like, len(sets))
		sets = append(sets, keySet{host: name, keys: h.keys})
	}
	return sets
}

// foreignTo tells whether a host has other keys.
func (s *keySet) foreignTo(h *host) bool { return !slices.EqualFunc(s.keys, h.keys, token.Key.Equal) }
