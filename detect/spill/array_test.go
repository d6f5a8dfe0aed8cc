package spill

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// value has no pointers.
type value struct {
	word, asn uint32
	country   uint16
	kind      uint8
}

// TestArray holds values in an array, in memory and in a file, to a slice: put in order, in
// pieces and where they are, read at random by several goroutines, a page at a time.
func TestArray(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	want := make([]value, 3*mostPages*pageValues/2)
	for i := range want {
		if r.IntN(10) > 0 {
			want[i] = value{word: r.Uint32(), asn: r.Uint32(), country: uint16(i), kind: uint8(i)}
		}
	}
	for _, most := range []int64{0, 1 << 30} {
		t.Run(fmt.Sprint(most, " bytes"), func(t *testing.T) {
			s, err := New[value](len(want), most)
			if err != nil {
				t.Fatal(err)
			}
			if (s.all == nil) != (most == 0) {
				t.Fatalf("in memory: %t", s.all != nil)
			}
			f := s.Filler()
			for i, v := range want[:len(want)/2] {
				if v != (value{}) {
					if err := f.Put(i, v); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := f.Done(); err != nil {
				t.Fatal(err)
			}
			for from := len(want) / 2; from < len(want); from += 1000 {
				if err := s.Put(from, want[from:min(from+1000, len(want))]); err != nil {
					t.Fatal(err)
				}
			}
			var wait sync.WaitGroup
			for seed := range uint64(3) {
				wait.Go(func() {
					r := rand.New(rand.NewPCG(seed, 3))
					for range 100_000 {
						n := r.IntN(len(want))
						if n%2 == 0 {
							n /= pageValues // many on one page
						}
						if got := *s.At(uint32(n)); got != want[n] {
							t.Errorf("value %d is %v, want %v", n, got, want[n])
							return
						}
					}
				})
			}
			wait.Wait()
			got := make([]value, 999)
			if err := s.Get(12345, got); err != nil || !slices.Equal(got, want[12345:12345+999]) {
				t.Errorf("some values are others (%v)", err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestArrayUnreadable wants it said that a value could not be read.
func TestArrayUnreadable(t *testing.T) {
	s, err := New[value](100, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.file.Close()
	if got := *s.At(7); got != (value{}) {
		t.Errorf("a value is %v", got)
	}
	if s.Close() == nil {
		t.Error("no error")
	}
}
