package token

import (
	"crypto/md5"
	"net/netip"
	"testing"
)

func lines(b *testing.B, target []byte, each func()) {
	b.SetBytes(int64(len(target)))
	b.ReportAllocs()
	for b.Loop() {
		each()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

func benchTargets() map[string][]byte {
	const path = "/live/133529_2/hd/segment-000001.ts"
	query := "?md5=" + seal("1893456000/live/133529_2/hd/"+testClient+" "+testKey) + "&expires=1893456000"
	return map[string][]byte{
		"plain":   []byte(path + query),
		"encoded": []byte("/live/./133529%5F2//hd/segment-000001.ts" + query),
		"refused": []byte("/live/133529_2/sd/segment-000001.ts" + query),
	}
}

func BenchmarkParse(b *testing.B) {
	for _, name := range []string{"plain", "encoded"} {
		b.Run(name, func(b *testing.B) {
			target, p, l := benchTargets()[name], NewParser(scheme(b, "gcore")), new(Link)
			lines(b, target, func() { p.Parse(target, l) })
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	client, keys := netip.MustParseAddr(testClient), []Key{mustKey(b, testKey)}
	for _, name := range []string{"plain", "encoded", "refused"} {
		b.Run(name, func(b *testing.B) {
			target, v := benchTargets()[name], NewVerifier(scheme(b, "gcore"))
			lines(b, target, func() {
				v.Verify(Request{Target: target, Client: client, Time: testTime}, Policy{Scope: ScopeDir, Bound: true}, keys)
			})
		})
	}
}

// BenchmarkSweep searches a /16 that does not hold the address; the md5 runs hash messages of the same
// length and nothing else, as the bound.
func BenchmarkSweep(b *testing.B) {
	for name, path := range map[string]string{"short": "/live/1/", "long": "/live/133529_2/a/rather/long/path/of/eighty/characters/in/all/segment-000001.m4s"} {
		trier, l := aimed(b, path, path+testClient)
		prefix := netip.MustParsePrefix("10.20.0.0/16")
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, tried, ok := trier.Sweep(prefix); ok || tried != 1<<16 {
					b.Fatal("the sweep found or skipped something")
				}
			}
			b.ReportMetric(float64(b.N)*(1<<16)/b.Elapsed().Seconds(), "candidates/s")
		})
		message := []byte(string(l.Expires) + path + "10.20.100.100 " + testKey)
		b.Run(name+"/md5", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				md5.Sum(message)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "candidates/s")
		})
	}
}

func BenchmarkExamine(b *testing.B) {
	inVain := seal("nothing of that")
	for name, c := range map[string]struct{ scheme, target string }{
		"in vain":       {"gcore", "/live/seg-1.ts?md5=" + inVain + "&expires=1893456000"},
		"no space":      {"gcore", "/live/seg-1.ts?md5=" + seal("1893456000/live/seg-1.ts203.0.113.9"+testKey) + "&expires=1893456000"},
		"bunny in vain": {"bunny", "/live/seg-1.ts?token=HS256-1-" + inVain + inVain[1:] + "&expires=1893456000"},
		"cdn77 in vain": {"cdn77", "/" + inVain + "==,1893456000/vod/2026/a/seg-1.ts"},
	} {
		b.Run(name, func(b *testing.B) {
			s := suspectOf(b, c.target, "203.0.113.9", "auto,bound,0")
			e := NewExaminer(scheme(b, c.scheme))
			lines(b, s.Target, func() { e.Examine(&s) })
			b.ReportMetric(float64(e.hashes), "hashes/op")
		})
	}
}
