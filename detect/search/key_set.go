package search

import (
	"slices"

	"ipdrift/token"
)

// mostKeySets is how many sets of keys that other hosts have are tried.
const mostKeySets = 1000

// KeySet is the keys that some hosts have in common.
type KeySet struct {
	Host string // the first of them, by name
	Keys []token.Key
}

// KeySets lists the keys of some hosts, each set once: most often one key is for
// all hosts, of which there may be thousands.
func KeySets(hosts []*Host) (sets []KeySet) {
	first := map[token.Key][]int{}
	for _, h := range hosts {
		if len(h.Keys) == 0 || len(sets) == mostKeySets {
			continue
		}
		like := first[h.Keys[0]]
		if slices.ContainsFunc(like, func(i int) bool { return slices.Equal(sets[i].Keys, h.Keys) }) {
			continue
		}
		first[h.Keys[0]] = append(like, len(sets))
		sets = append(sets, KeySet{Host: h.Name, Keys: h.Keys})
	}
	return sets
}

// ForeignTo reports whether a host has other keys.
func (s *KeySet) ForeignTo(h *Host) bool { return !slices.EqualFunc(s.Keys, h.Keys, token.Key.Equal) }
