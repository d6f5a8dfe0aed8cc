package trend

import "testing"

// TestCeased: links that are taken before and refused after, with a few exceptions; and refusals at a rate that
// does not change, few ones, or ones that some get round.
func TestCeased(t *testing.T) {
	for name, c := range map[string]struct {
		taken, refused []int64
		at             int
		ok             bool
	}{
		"given up":                   {[]int64{20, 20, 20, 0, 0}, []int64{0, 0, 0, 9, 8}, 3, true},
		"some refused before":        {[]int64{20, 20, 20, 0, 0}, []int64{2, 0, 1, 9, 8}, 3, true},
		"one of 200 taken after":     {[]int64{90, 90, 90, 0, 1}, []int64{0, 0, 0, 99, 100}, 3, true},
		"one of 20 taken after":      {[]int64{90, 90, 90, 0, 1}, []int64{0, 0, 0, 9, 10}, 0, false},
		"four refused after":         {[]int64{90, 90, 90, 0, 0}, []int64{0, 0, 0, 2, 2}, 0, false},
		"a rule refuses half of all": {[]int64{10, 10, 10, 0, 0}, []int64{10, 10, 10, 3, 2}, 0, false},
		"all the time":               {[]int64{0, 0, 0, 0}, []int64{9, 9, 9, 9}, 0, false},
		"never":                      {[]int64{9, 9, 9, 9}, []int64{0, 0, 0, 0}, 0, false},
		"no step":                    {nil, nil, 0, false},
	} {
		if at, ok := Ceased(c.taken, c.refused); ok != c.ok || ok && at != c.at {
			t.Errorf("%s: from step %d on, %v, want %d, %v", name, at, ok, c.at, c.ok)
		}
	}
}
