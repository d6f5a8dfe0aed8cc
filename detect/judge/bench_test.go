package judge

import (
	"fmt"
	"net/netip"
	"testing"

	"ipdrift/detect/finding"
	"ipdrift/token"
)

func BenchmarkUsers(b *testing.B) {
	stable, moving := newScene(), newScene()
	for n := range 20 {
		name := fmt.Sprintf("seg%d.ts", n)
		stable.ok(int64(n*4), home, name)
		if moving.ok(int64(n*4), home, name); n > 10 {
			moving.no(int64(n*4+1), far, name, token.IPMismatch)
		}
	}
	for name, s := range map[string]*scene{"stable": stable, "moving": moving, "shared": parallel(4)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Users(&s.Group, Default())
			}
			b.ReportMetric(float64(b.N*len(s.Events))/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

func BenchmarkRecommend(b *testing.B) {
	for _, users := range []int{1000, 20000, 500000} {
		b.Run(fmt.Sprint(users), func(b *testing.B) {
			r := NewReplay("h", 4, Default())
			for i := range users {
				u := User{Class: finding.Rotating, MinCommon: -1, ASN: uint32(i % 50)}
				for j := range i%3 + 1 {
					u.measure(14 + (i+j)%16)
				}
				r.Add(&u, netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), uint64(i))
			}
			b.ReportAllocs()
			for b.Loop() {
				r.Recommend(Asked{Candidates: []int{24, 16}, Bound: true})
			}
		})
	}
}

func BenchmarkResample(b *testing.B) {
	t := Default()
	for _, users := range []int{100, t.BootstrapUsers, 100 * t.BootstrapUsers} {
		b.Run(fmt.Sprint(users), func(b *testing.B) {
			var s tally
			for i := range users {
				s.add(int64(i%7), int64(i%7+i%5+1))
			}
			b.ReportAllocs()
			for b.Loop() {
				s.interval(&t)
			}
		})
	}
}
