package lanes

import (
	"crypto/md5"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

const testKey = "lanes-test-key"

// aimed is a search that is aimed at a message.
func aimed(head, tail []byte, sum [16]byte) *Search {
	s := new(Search)
	s.Aim(head, tail, sum)
	return s
}

// paths are those this processor can run.
func paths() (all []path) {
	for p := generic; p <= fastest(); p++ {
		all = append(all, p)
	}
	return all
}

// forced is a search on a path.
func forced(p path, head, tail string, sum [16]byte) *Search {
	s := aimed([]byte(head), []byte(tail), sum)
	s.path = p
	return s
}

// plain writes an address as RFC 5952 has it.
func plain(dst []byte, a netip.Addr) []byte { return a.WithZone("").AppendTo(dst) }

// among searches all of a list.
func among(s *Search, list []netip.Addr) (int, bool) {
	return s.Among(NewList(list, plain), 0, len(list))
}

func sign(head, address, tail string) [16]byte { return md5.Sum([]byte(head + address + tail)) }

// The kernel of the operating system has asked the processor too.
func TestPathIsWhatTheProcessorHas(t *testing.T) {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil || runtime.GOARCH != "amd64" {
		t.Skip("no /proc/cpuinfo of an amd64 processor")
	}
	want := "generic"
	for _, flag := range [][2]string{{"avx2", "avx2"}, {"avx512f", "avx512"}} {
		if slices.Contains(strings.Fields(string(info)), flag[0]) {
			want = flag[1]
		}
	}
	if got := aimed(nil, nil, [16]byte{}).Path(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Every head length puts the address elsewhere in its block, and some tails move the padding into a
// block of its own.
func TestEveryPlaceOfTheAddress(t *testing.T) {
	for _, path := range paths() {
		for n := range 200 {
			head := strings.Repeat("h", n)
			for _, m := range []int{0, 1, 17, 33, 60, 119, 200} {
				tail := strings.Repeat("t", m)
				octet := (n*7 + m) % 256
				planted := fmt.Sprintf("%d.%d.%d.%d", n, 9+m, 99+n%2, octet)
				s := forced(path, head, tail, sign(head, planted, tail))
				want := netip.MustParseAddr(planted)
				network := netip.PrefixFrom(want, 24).Masked()
				if a, tried, ok := s.Prefix(network); !ok || a != want || tried != uint64(octet)+1 {
					t.Fatalf("%s, head of %d, tail of %d: got %v after %d, want %v", path, n, m, a, tried, want)
				}
				list := []netip.Addr{network.Addr(), {}, netip.MustParseAddr("2001:db8::1"), want.Next(), want, want}
				if i, ok := among(s, list); !ok || list[i] != want {
					t.Fatalf("%s, head of %d, tail of %d: got %d in the list", path, n, m, i)
				}
			}
		}
	}
}

// Lists of addresses whose texts are equally long fill the lanes, wherever the text begins.
func TestListsOfEveryLength(t *testing.T) {
	byLength := map[int][]netip.Addr{}
	r := rand.New(rand.NewPCG(3, 4))
	for range 200_000 {
		a := addressOf(r)
		if n := len(a.WithZone("").String()); a.IsValid() && len(byLength[n]) < 2*width+fewest {
			byLength[n] = append(byLength[n], a)
		}
	}
	filled := 0
	for length, list := range byLength {
		if len(list) < fewest {
			continue
		}
		filled++
		for n := range 130 {
			head, tail, at := strings.Repeat("h", n), strings.Repeat("t", 31*n%90), r.IntN(len(list))
			want, _ := slowAmong(head, tail, sign(head, list[at].String(), tail), list)
			for _, path := range paths() {
				s := forced(path, head, tail, sign(head, list[at].String(), tail))
				if i, ok := among(s, list); !ok || i != want {
					t.Fatalf("%s, head of %d, text of %d: got %d %v, want %d of %d", path, n, length, i, ok, want, len(list))
				}
			}
		}
	}
	if filled < 30 {
		t.Errorf("only %d lengths of text were tried", filled)
	}
}

// A part of a list is searched up to its last address, and not beyond.
func TestPartsOfAList(t *testing.T) {
	var list []netip.Addr
	for i := range 2*width + fewest {
		list = append(list, netip.AddrFrom4([4]byte{203, 0, byte(100 + i/100), byte(100 + i%100)})) // texts of one length
	}
	for _, path := range paths() {
		for _, head := range []string{"/live/", strings.Repeat("h", 58)} { // one block, and two
			laid := NewList(list, plain)
			for i, a := range list {
				s := forced(path, head, "t", sign(head, a.String(), "t"))
				if got, ok := s.Among(laid, 0, i+1); !ok || got != i {
					t.Errorf("%s, head of %d: got %d %v in the first %d", path, len(head), got, ok, i+1)
				}
				if got, ok := s.Among(laid, 0, i); ok {
					t.Errorf("%s, head of %d: got %d in the first %d, without it", path, len(head), got, i)
				}
			}
		}
	}
}

// Texts that no plan holds are hashed alone.
func TestOddTexts(t *testing.T) {
	address := netip.MustParseAddr("2001:db8::1")
	for _, text := range []string{"", "x", strings.Repeat("x", longest), strings.Repeat("x", longest+1), strings.Repeat("x", 300)} {
		s := aimed([]byte("/a"), []byte(" "+testKey), sign("/a", text, " "+testKey))
		list := NewList([]netip.Addr{{}, address, address, address, address, address}, func(dst []byte, _ netip.Addr) []byte { return append(dst, text...) })
		if i, ok := s.Among(list, 0, 6); !ok || i != 1 {
			t.Errorf("text of %d: got %d %v", len(text), i, ok)
		}
	}
}

func TestBoundaries(t *testing.T) {
	const head, tail = "1893456000/live/133529_2/hd/", " " + testKey
	for _, path := range paths() {
		for _, network := range []string{"0.0.0.", "9.9.9.", "10.10.10.", "99.100.99.", "100.99.100.", "255.255.255."} {
			for _, octet := range []int{0, 1, 9, 10, 31, 32, 41, 42, 73, 74, 99, 100, 131, 132, 227, 228, 254, 255} {
				planted := fmt.Sprint(network, octet)
				want := netip.MustParseAddr(planted)
				s := forced(path, head, tail, sign(head, planted, tail))
				for bits := 20; bits <= 32; bits++ {
					p := netip.PrefixFrom(want, bits)
					if a, tried, ok := s.Prefix(p); !ok || a != want || tried != 1+number(want)-number(p.Masked().Addr()) {
						t.Fatalf("%s %v: got %v after %d, %v", path, p, a, tried, ok)
					}
				}
				if other := netip.PrefixFrom(want.Next(), 32); other.IsValid() {
					if _, tried, ok := s.Prefix(other); ok || tried != 1 {
						t.Fatalf("%s %v: found beside the prefix, tried %d", path, other, tried)
					}
				}
			}
		}
	}
}

// A prefix wider than a /16 is searched piece by piece.
func TestWidePrefix(t *testing.T) {
	const head, tail = "1893456000/live/", " " + testKey
	for _, planted := range []string{"198.50.0.0", "198.50.255.255", "198.51.0.0", "198.51.255.255"} {
		want := netip.MustParseAddr(planted)
		p := netip.MustParsePrefix("198.50.0.0/15")
		s := aimed([]byte(head), []byte(tail), sign(head, planted, tail))
		if a, tried, ok := s.Prefix(p); !ok || a != want || tried != 1+number(want)-number(p.Addr()) {
			t.Errorf("%s: got %v after %d, %v", planted, a, tried, ok)
		}
	}
}

// Every number is found, in messages whose ends lie anywhere in a block, and no other text.
func TestPort(t *testing.T) {
	for _, path := range paths() {
		for n := range 70 {
			head, tail := strings.Repeat("h", n)+"203.0.113.9:", " "+testKey
			for _, planted := range []int{0, 9, 10, 443, 999, 9999, 10000, 32768 + n, 65535} {
				s := forced(path, head, tail, sign(head, fmt.Sprint(planted), tail))
				if port, ok := s.Port(); !ok || port != planted {
					t.Errorf("%s: %d after %d bytes: got %d, %v", path, planted, len(head), port, ok)
				}
			}
		}
		for _, none := range []string{"", "00", "65536", "-1", "99999", "443 "} {
			s := forced(path, "h:", "", sign("h:", none, ""))
			if port, ok := s.Port(); ok {
				t.Errorf("%s: %q: got %d", path, none, port)
			}
		}
	}
	if port, ok := new(Search).Port(); ok {
		t.Errorf("not aimed: got %d", port)
	}
}

func number(a netip.Addr) uint64 {
	raw := a.As4()
	return uint64(raw[0])<<24 | uint64(raw[1])<<16 | uint64(raw[2])<<8 | uint64(raw[3])
}

// slowPrefix and slowAmong are the twins in plain crypto/md5.
func slowPrefix(head, tail string, sum [16]byte, p netip.Prefix) (a netip.Addr, tried uint64, ok bool) {
	for a = p.Masked().Addr(); a.IsValid() && p.Contains(a); a = a.Next() {
		tried++
		if sign(head, a.String(), tail) == sum {
			return a, tried, true
		}
	}
	return netip.Addr{}, tried, false
}

func slowAmong(head, tail string, sum [16]byte, list []netip.Addr) (int, bool) {
	for i, a := range list {
		if a.IsValid() && sign(head, a.WithZone("").String(), tail) == sum {
			return i, true
		}
	}
	return 0, false
}

func bytesOf(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

func addressOf(r *rand.Rand) netip.Addr {
	switch r.IntN(8) {
	case 0:
		var raw [16]byte
		for i := range raw {
			raw[i] = byte(r.Uint32()) * byte(r.IntN(2))
		}
		return netip.AddrFrom16(raw)
	case 1:
		return netip.AddrFrom16(address4(r.Uint32()).As16())
	case 2:
		return netip.Addr{}
	}
	return address4(r.Uint32() >> r.IntN(32))
}

func TestLikeTheSlowTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	searches := map[path]*Search{}
	for _, path := range paths() {
		searches[path] = forced(path, "", "", [16]byte{})
	}
	for range 400 {
		compare(t, searches, bytesOf(r, r.IntN(201)), bytesOf(r, r.IntN(258)), r, 16+r.IntN(17)|r.IntN(4)*8&24)
	}
}

// compare aims searches that have been used before, at an address inside a prefix, or outside it.
func compare(t *testing.T, searches map[path]*Search, head, tail string, r *rand.Rand, length int) {
	t.Helper()
	list := make([]netip.Addr, r.IntN(400))
	for i := range list {
		list[i] = addressOf(r)
	}
	planted := addressOf(r)
	if len(list) > 0 && r.IntN(4) > 0 {
		planted = list[r.IntN(len(list))]
	}
	if !planted.IsValid() {
		planted = address4(r.Uint32())
	}
	around := planted.Unmap()
	if !around.Is4() || r.IntN(4) == 0 {
		around = address4(r.Uint32())
	}
	prefix := netip.PrefixFrom(around, min(length, 32))
	sum := sign(head, planted.String(), tail)
	wantA, wantTried, wantOK := slowPrefix(head, tail, sum, prefix)
	laid, from := NewList(list, plain), r.IntN(len(list)+1)
	to := from + r.IntN(len(list)-from+1)
	wantI, wantIn := slowAmong(head, tail, sum, list)
	wantPart, wantInPart := slowAmong(head, tail, sum, list[from:to])
	for path, s := range searches {
		s.Aim([]byte(head), []byte(tail), sum)
		if a, tried, ok := s.Prefix(prefix); a != wantA || tried != wantTried || ok != wantOK {
			t.Fatalf("%s: %v in %v, head of %d, tail of %d: got %v after %d, want %v after %d",
				path, planted, prefix, len(head), len(tail), a, tried, wantA, wantTried)
		}
		if i, ok := s.Among(laid, 0, len(list)); i != wantI || ok != wantIn {
			t.Fatalf("%s: %v in a list of %d: got %d %v, want %d %v", path, planted, len(list), i, ok, wantI, wantIn)
		}
		if i, ok := s.Among(laid, from, to); ok != wantInPart || ok && i != from+wantPart {
			t.Fatalf("%s: %v from %d to %d: got %d %v, want %d %v", path, planted, from, to, i, ok, from+wantPart, wantInPart)
		}
	}
}

// FuzzSearch plants any address behind any head.
func FuzzSearch(f *testing.F) {
	f.Add("1893456000/live/133529_2/hd/", " "+testKey, uint32(0xc6336417), uint8(24))
	f.Add("", "", uint32(0), uint8(32))
	f.Add(strings.Repeat("p", 62), strings.Repeat("t", 120), uint32(0xffffffff), uint8(21))
	f.Add(strings.Repeat("p", 51), "", uint32(0x01020309), uint8(30))
	f.Fuzz(func(t *testing.T, head, tail string, address uint32, length uint8) {
		want := address4(address)
		sum := sign(head, want.String(), tail)
		prefix := netip.PrefixFrom(want, 20+int(length%13))
		tries := 1 + number(want) - number(prefix.Masked().Addr())
		for _, path := range paths() {
			s := forced(path, head, tail, sum)
			if a, tried, ok := s.Prefix(prefix); !ok || a != want || tried != tries {
				t.Errorf("%s: got %v after %d, want %v after %d", path, a, tried, want, tries)
			}
			next := want.Next()
			if i, ok := among(s, []netip.Addr{next, next, next, next, want, want, next, want}); !ok || i != 4 {
				t.Errorf("%s: got %d %v in the list", path, i, ok)
			}
		}
	})
}

func TestKernelsKnowTheBlock(t *testing.T) {
	var b block
	for name, offsets := range map[string][2]uintptr{
		"round": {unsafe.Offsetof(b.round), 0}, "at": {unsafe.Offsetof(b.at), 256}, "start": {unsafe.Offsetof(b.start), 320},
		"want": {unsafe.Offsetof(b.want), 336}, "varying": {unsafe.Offsetof(b.varying), 340},
		"from": {unsafe.Offsetof(b.from), 344}, "to": {unsafe.Offsetof(b.to), 348}, "chained": {unsafe.Offsetof(b.chained), 352},
	} {
		if offsets[0] != offsets[1] {
			t.Errorf("%s is at %d, the kernels look at %d", name, offsets[0], offsets[1])
		}
	}
}

func TestNothingAllocates(t *testing.T) {
	head, tail := strings.Repeat("h", 60), " "+testKey
	list := make([]netip.Addr, 100)
	for i := range list {
		list[i] = address4(uint32(i))
		if i%2 == 1 {
			list[i] = netip.AddrFrom16([16]byte{0x20, 0x01, 0xd, 0xb8, 15: byte(i)})
		}
	}
	laid := NewList(list, plain)
	for _, path := range paths() {
		s := forced(path, head, tail, [16]byte{})
		for what, call := range map[string]func(){
			"Prefix": func() { s.Prefix(netip.MustParsePrefix("198.51.98.0/22")) },
			"Among":  func() { s.Among(laid, 1, 99) },
			"Port":   func() { s.Port() },
		} {
			if n := testing.AllocsPerRun(10, call); n != 0 {
				t.Errorf("%s %s: %v allocations", path, what, n)
			}
		}
	}
}

func TestNoKeyIsPrinted(t *testing.T) {
	s := aimed([]byte("/a"+testKey), []byte(" "+testKey), [16]byte{})
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
		if got := fmt.Sprintf(verb, s); got != "lanes.Search" {
			t.Errorf("%s: a search prints as %d bytes that are not its name", verb, len(got))
		}
	}
}

func TestNothingToSearch(t *testing.T) {
	s := aimed([]byte("/a"), nil, sign("/a", "2001:db8::1", ""))
	for _, p := range []netip.Prefix{{}, netip.MustParsePrefix("2001:db8::/120"), netip.MustParsePrefix("::ffff:192.0.2.0/120")} {
		if a, tried, ok := s.Prefix(p); ok || tried != 0 || a.IsValid() {
			t.Errorf("%v: got %v after %d", p, a, tried)
		}
	}
	if _, tried, ok := new(Search).Prefix(netip.MustParsePrefix("192.0.2.0/30")); ok || tried != 0 {
		t.Errorf("not aimed: tried %d", tried)
	}
	if i, ok := among(new(Search), []netip.Addr{netip.MustParseAddr("192.0.2.0")}); ok {
		t.Errorf("not aimed: got %d", i)
	}
	if i, ok := among(s, nil); ok {
		t.Errorf("empty list: got %d", i)
	}
}
