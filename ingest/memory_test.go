package ingest

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

func TestMemoryOfC(t *testing.T) {
	var m memoryOfC
	for _, size := range []int{0, 1, 63, 64, 4096, 1 << 20} {
		b := m.Allocate(size)
		if len(b) != size {
			t.Fatalf("%d bytes, want %d", len(b), size)
		}
		for i := range b {
			b[i] = byte(i) | 1
		}
		for _, next := range []int{size + 100, size / 2, 0} {
			want := bytes.Clone(b[:min(next, len(b))])
			if b = m.Reallocate(next, b); len(b) != next || !bytes.HasPrefix(b, want) {
				t.Fatalf("%d bytes made %d do not keep what they held", size, next)
			}
		}
		m.Free(b)
	}
	m.Free(m.Reallocate(10, nil))
	m.Free(nil)
}

func TestOutside(t *testing.T) {
	for _, n := range []int{0, 1, 1000, largePage/8 - 1, largePage / 8, 3 * largePage / 8} {
		values, free := Outside[uint64](n)
		if len(values) != n {
			t.Fatalf("%d values, want %d", len(values), n)
		}
		for i := range values {
			if values[i] != 0 {
				t.Fatalf("value %d of %d is %d, want 0", i, n, values[i])
			}
			values[i] = ^uint64(0)
		}
		if 8*n >= largePage && uintptr(unsafe.Pointer(&values[0]))%largePage != 0 {
			t.Errorf("%d values do not begin a large page", n)
		}
		free()
	}
}

// TestLargePages asks the kernel what it was told: "hg" among the flags of a mapping is advice to
// use large pages (Linux, Documentation/filesystems/proc.rst).
func TestLargePages(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		t.Skip("the kernel has no large pages, or does not tell")
	}
	advised := func() (bytes uint64, holds func(uintptr) bool) {
		maps, err := os.ReadFile("/proc/self/smaps")
		if err != nil {
			t.Fatal(err)
		}
		var from, to uint64
		var all [][2]uint64
		for line := range strings.Lines(string(maps)) {
			var first, last uint64
			if n, _ := fmt.Sscanf(line, "%x-%x ", &first, &last); n == 2 {
				from, to = first, last
			}
			if flags, ok := strings.CutPrefix(line, "VmFlags:"); ok && strings.Contains(flags, " hg") {
				bytes += to - from
				all = append(all, [2]uint64{from, to})
			}
		}
		return bytes, func(at uintptr) bool {
			return slices.ContainsFunc(all, func(m [2]uint64) bool { return m[0] <= uint64(at) && uint64(at) < m[1] })
		}
	}
	small, freeSmall := Outside[byte](largePage - 1)
	defer freeSmall()
	values, free := Outside[byte](4 * largePage)
	defer free()
	_, holds := advised()
	if !holds(uintptr(unsafe.Pointer(&values[largePage]))) {
		t.Error("the kernel was not told to map a large array in large pages")
	}
	if holds(uintptr(unsafe.Pointer(&small[0]))) {
		t.Error("it was told so of a small one")
	}
	const ofDatabase = 64 << 20
	largeDatabase(Limits{Memory: 6 * ofDatabase}) // a fifth of all but 64 MiB
	if all, _ := advised(); all < ofDatabase/2+4*largePage {
		t.Errorf("%d bytes are to be in large pages, want most of %d of the database beside the array", all, ofDatabase)
	}
}
