package judge

import "slices"

// Numbers numbers keys in the order in which they come: few, most often one or two. The zero
// value is ready.
type Numbers[K comparable] struct {
	Keys []K // by number
	at   map[K]uint32
}

// Of gives a key its number; fresh tells that it came for the first time.
func (m *Numbers[K]) Of(key K) (n int, fresh bool) {
	const few = 16
	if m.at == nil {
		if n := slices.Index(m.Keys, key); n >= 0 {
			return n, false
		}
	} else if n, ok := m.at[key]; ok {
		return int(n), false
	}
	n = len(m.Keys)
	if m.Keys = append(m.Keys, key); m.at != nil {
		m.at[key] = uint32(n)
	} else if n >= few {
		m.at = map[K]uint32{}
		for i, key := range m.Keys {
			m.at[key] = uint32(i)
		}
	}
	return n, true
}
