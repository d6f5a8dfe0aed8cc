package lanes

import (
	"crypto/md5"
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
)

func cases() map[string]string {
	return map[string]string{
		"1 block":           "1893456000/live/1/",
		"2 blocks":          "1893456000/live/133529_2/hd/segment-000001",
		"1 block, 1 before": "1893456000" + strings.Repeat("/directory", 6) + "/s.ts",
	}
}

func candidates(b *testing.B, n int, each func()) {
	b.ReportAllocs()
	for b.Loop() {
		each()
	}
	b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "candidates/s")
}

// BenchmarkPrefix searches a /16 that does not hold the address; the md5 runs hash a message as long
// and nothing else, as the bound of a search in plain crypto/md5.
func BenchmarkPrefix(b *testing.B) {
	const tail = " " + testKey
	for name, head := range cases() {
		for _, path := range paths() {
			b.Run(name+"/"+path.String(), func(b *testing.B) {
				s, prefix := forced(path, head, tail, [16]byte{}), netip.MustParsePrefix("100.120.0.0/16")
				candidates(b, 1<<16, func() {
					if _, tried, ok := s.Prefix(prefix); ok || tried != 1<<16 {
						b.Fatal("the search found or skipped something")
					}
				})
			})
		}
		b.Run(name+"/md5", func(b *testing.B) {
			message := []byte(head + "100.120.100.100" + tail)
			candidates(b, 1, func() { md5.Sum(message) })
		})
	}
}

// BenchmarkNetwork aims at a message and searches one /24, as a search near the request does.
func BenchmarkNetwork(b *testing.B) {
	for _, path := range paths() {
		b.Run(path.String(), func(b *testing.B) {
			head, tail := []byte(cases()["1 block"]), []byte(" "+testKey)
			s, prefix, sum := forced(path, "", "", [16]byte{}), netip.MustParsePrefix("100.120.30.0/24"), [16]byte{}
			candidates(b, 256, func() {
				sum[0]++
				s.Aim(head, tail, sum)
				s.Prefix(prefix)
			})
		})
	}
}

// BenchmarkAmong searches lists from all over; the md5 run writes and hashes each address of the list.
func BenchmarkAmong(b *testing.B) {
	for family, list := range map[string][]netip.Addr{"ipv4": scattered4(), "ipv6": scattered6()} {
		for name, head := range cases() {
			for _, path := range paths() {
				b.Run(family+"/"+name+"/"+path.String(), func(b *testing.B) {
					s := forced(path, head, " "+testKey, [16]byte{})
					laid := NewList(list, plain)
					candidates(b, len(list), func() { s.Among(laid, 0, len(list)) })
				})
			}
			b.Run(family+"/"+name+"/md5", func(b *testing.B) {
				message := make([]byte, len(head), 256)
				copy(message, head)
				candidates(b, len(list), func() {
					for _, a := range list {
						md5.Sum(append(a.AppendTo(message[:len(head)]), " "+testKey...))
					}
				})
			})
		}
	}
}

func scattered4() []netip.Addr {
	list := make([]netip.Addr, 1<<14)
	for i := range list {
		list[i] = address4(uint32(i) * 2654435761)
	}
	return list
}

func scattered6() []netip.Addr {
	list := make([]netip.Addr, 1<<14)
	for i := range list {
		n := uint64(i) * 0x9e3779b97f4a7c15
		raw := [16]byte{0x20, 0x01, 0xd, 0xb8}
		binary.BigEndian.PutUint64(raw[8:], n)
		list[i] = netip.AddrFrom16(raw)
	}
	return list
}
