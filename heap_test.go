package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"ipdrift/ingest/source"
)

// TestLargeHeap asks the kernel how much of the process it was told to map in large pages: "hg"
// among the flags of a mapping (Linux, Documentation/filesystems/proc.rst).
func TestLargeHeap(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		t.Skip("the kernel has no large pages, or does not tell")
	}
	const n = 64 << 20
	before := advised(t)
	largeHeap([]source.Source{{Size: muchInput / 2}}, n)
	if more := advised(t) - before; more > 0 {
		t.Errorf("a short log: %d bytes more in large pages", more)
	}
	for _, size := range []int64{muchInput, -1} { // -1: not known
		largeHeap([]source.Source{{Size: size}}, n)
		if all := advised(t); all < n/2 { // what was told once stays so
			t.Errorf("a log of %d bytes: %d bytes in large pages, of %d", size, all, n)
		}
	}
}

// advised is how many bytes the kernel was told to map in large pages.
func advised(t *testing.T) (bytes int64) {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	var size int64 // of the mapping, in KiB
	for line := range strings.Lines(string(maps)) {
		fmt.Sscanf(line, "Size: %d kB", &size)
		if strings.HasPrefix(line, "VmFlags:") && strings.Contains(line, " hg") {
			bytes += size << 10
		}
	}
	return bytes
}
