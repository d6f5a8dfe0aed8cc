package detect

import (
	"math/rand/v2"
	"testing"
)

// TestPending holds what is skipped to looking at each.
func TestPending(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 100 {
		n := 1 + r.IntN(60)
		p, gone := newPending(n), make([]bool, n+1)
		for range 3 * n {
			from := r.IntN(n + 1)
			want := from
			for gone[want] {
				want++
			}
			got := p.next(int32(from))
			if int(got) != want {
				t.Fatalf("the next from %d is %d, want %d", from, got, want)
			}
			if want < n && r.IntN(2) == 0 {
				p.settle(got)
				gone[want] = true
			}
		}
		for i := range n {
			if (p.after[i] > int32(i)) != gone[i] {
				t.Fatalf("%d is settled: %t, want %t", i, !gone[i], gone[i])
			}
		}
	}
}
