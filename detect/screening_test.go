package detect

import (
	"net/netip"
	"slices"
	"testing"
)

func TestBatches(t *testing.T) {
	hosts := []*host{{requests: 5}, {requests: 5}, {requests: 90}, {requests: 1}, {requests: 10}}
	var got []int
	for _, some := range batches(hosts, 10, func(h *host) int64 { return h.requests }) {
		got = append(got, len(some))
	}
	if !slices.Equal(got, []int{2, 1, 1, 1}) {
		t.Error(got)
	}
}

func TestMajority(t *testing.T) {
	named := func(letter string) netip.Addr { return netip.AddrFrom4([4]byte{10, letter[0]}) }
	for text, want := range map[string]string{"aab": "a", "bbaaa": "a", "ababa": "a", "abcb" + "b": "b", "a": "a"} {
		var m majority
		for _, value := range text {
			m.add(named(string(value)))
		}
		if m.value != named(want) || m.lead < 1 || m.all != int64(len(text)) {
			t.Errorf("%s: %+v", text, m)
		}
	}
}

func TestMedianAndSteps(t *testing.T) {
	for _, c := range []struct {
		values        []int64
		median, steps int64
	}{
		{[]int64{905}, 905, 1},
		{[]int64{1800, 900}, 1350, 1}, // as many: the least
		{[]int64{5, 2}, 4, 0},         // 3.5
		{[]int64{3, 2}, 2, 0},         // 2.5
		{[]int64{3600, 3601, 900, 20}, 2250, 4},
	} {
		if m, s := median(slices.Clone(c.values)), mostSteps(c.values, 900); m != c.median || s != c.steps {
			t.Errorf("%v: %d, %d", c.values, m, s)
		}
	}
}
