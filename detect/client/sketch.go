package client

import (
	"math"
	"slices"
)

// sketchSize is how many of the least hashes a sketch keeps: its count is within a quarter of the truth in 19 of 20 cases.
const sketchSize = 64

// Sketch counts distinct addresses, about, by the least of their hashes (Bar-Yossef et al. 2002).
type Sketch []uint64

// Add adds an address, of which the bits are given.
func (s *Sketch) Add(hi, lo uint64) {
	h := scatter(lo ^ scatter(hi))
	if len(*s) == sketchSize && h >= (*s)[sketchSize-1] {
		return
	}
	i, known := slices.BinarySearch(*s, h)
	if known {
		return
	}
	*s = slices.Insert(*s, i, h)
	*s = (*s)[:min(len(*s), sketchSize)]
}

// Count is how many there are, about; exactly where they are fewer than are kept.
func (s Sketch) Count() float64 {
	if len(s) < sketchSize {
		return float64(len(s))
	}
	return (sketchSize - 1) / (float64(s[sketchSize-1]) / math.MaxUint64)
}

// scatter spreads numbers over all of 64 bits (the finalizer of SplitMix64).
func scatter(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
