package parallel

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
)

var errStop = errors.New("stop")

// TestOrdered wants results in the order of the items, whatever the number of goroutines, and
// the first error of each part.
func TestOrdered(t *testing.T) {
	for _, threads := range []int{1, 2, 7} {
		for _, fault := range []string{"", "feed", "sink"} {
			var got []int
			err := Ordered(context.Background(), threads, func(emit func(int) error) error {
				for i := range 1000 {
					if fault == "feed" && i == 500 {
						return errStop
					}
					if err := emit(i); err != nil {
						return err
					}
				}
				return nil
			}, func(i int) int { return i * i }, func(n int) error {
				if fault == "sink" && len(got) == 300 {
					return errStop
				}
				got = append(got, n)
				return nil
			})
			if fault != "" {
				if !errors.Is(err, errStop) {
					t.Errorf("%d goroutines, %s fails: %v", threads, fault, err)
				}
				continue
			}
			if err != nil || len(got) != 1000 || !slices.IsSorted(got) {
				t.Errorf("%d goroutines: %d results, in order: %t, %v", threads, len(got), slices.IsSorted(got), err)
			}
		}
	}
}

// TestEach does everything once, and stops at an error.
func TestEach(t *testing.T) {
	var sum atomic.Int64
	if err := Each(t.Context(), 3, 100, func(i int) error { sum.Add(int64(i)); return nil }); err != nil || sum.Load() != 4950 {
		t.Errorf("the numbers below 100 make %d, %v", sum.Load(), err)
	}
	if err := Each(t.Context(), 3, 100, func(i int) error {
		if i == 5 {
			return errStop
		}
		return nil
	}); !errors.Is(err, errStop) {
		t.Errorf("error %v", err)
	}
}
