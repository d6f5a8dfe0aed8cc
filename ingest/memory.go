package ingest

// #include <stdint.h>
// #include <stdlib.h>
// #ifdef __linux__
// #include <sys/mman.h>
// static void large(char *p, size_t n, size_t page) {
//   char *from = p + (-(uintptr_t)p & (page - 1)), *to = p + n - ((uintptr_t)(p + n) & (page - 1));
//   if (from < to) madvise(from, to - from, MADV_HUGEPAGE);
// }
// extern void *duckdb_je_malloc(size_t) __attribute__((weak));
// extern void duckdb_je_free(void *) __attribute__((weak));
// static void largeOfDatabase(size_t n, size_t page) {
//   char *p = duckdb_je_malloc && duckdb_je_free ? duckdb_je_malloc(n) : NULL;
//   if (p == NULL) return;
//   large(p, n, page);
//   duckdb_je_free(p);
// }
// #else
// static void large(char *p, size_t n, size_t page) {}
// static void largeOfDatabase(size_t n, size_t page) {}
// #endif
// #ifdef __GLIBC__
// #include <malloc.h>
// static void thrifty(int piece) {
//   mallopt(M_ARENA_MAX, 2);
//   mallopt(M_MMAP_THRESHOLD, piece);
//   mallopt(M_TRIM_THRESHOLD, 4 * piece);
// }
// static void trim(void) { malloc_trim(0); }
// #else
// static void thrifty(int piece) {}
// static void trim(void) {}
// #endif
import "C"

import (
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow/memory"
)

// memoryOfC gives Arrow memory outside Go's heap, so that DuckDB may keep
// pointers to it (cgo's rules).
//
// Arrow's own mallocator does the same, but takes any errno for a failure, and
// panics where realloc has succeeded and left one behind: malloc may set errno
// on success (C11, 7.5: "the value of errno may be set to nonzero by a library
// function call whether or not there is an error"). A run over a hostile log
// ended with status 2 in it.
type memoryOfC struct{}

var _ memory.Allocator = memoryOfC{}

// Allocate returns memory as it was left: who fills it need not wait until it is zero.
func (memoryOfC) Allocate(size int) []byte { return piece(C.malloc(C.size_t(max(size, 1))), size) }

// Reallocate returns memory that begins with what b holds, and takes b.
func (m memoryOfC) Reallocate(size int, b []byte) []byte {
	if cap(b) == 0 {
		return m.Allocate(size)
	}
	return piece(C.realloc(unsafe.Pointer(unsafe.SliceData(b)), C.size_t(max(size, 1))), size)
}

func piece(p unsafe.Pointer, size int) []byte {
	if p == nil {
		panic("out of memory")
	}
	return unsafe.Slice((*byte)(p), max(size, 1))[:size]
}

// Free takes what Allocate or Reallocate returned.
func (memoryOfC) Free(b []byte) {
	if cap(b) > 0 {
		C.free(unsafe.Pointer(unsafe.SliceData(b)))
	}
}

// thrifty lets the C library give memory back soon after it is free, and keep few heaps: by
// default each of DuckDB's threads gets one of its own, and what is free in one is lost to the
// others. What is not mapped for itself is used again: each 2,048 texts that DuckDB compresses pass
// through a piece of twice their length, whose pages would be new each time.
func thrifty(l Limits) { C.thrifty(C.int(min(max(l.ample()/80, leastMapped), mostMapped))) }

// From leastMapped to mostMapped bytes on, and four times as much at the end of a heap, memory goes
// back to the system at once: the more, the more there is.
const leastMapped, mostMapped = 128 << 10, 4 << 20

// ample is how much of the database's memory is more than it needs, about.
func (l Limits) ample() int64 { return max(0, l.Memory-64<<20) }

// Trim gives back what is free in the C library's heaps: after a load of millions of
// texts they are full of holes.
func Trim() { C.trim() }

// page is the least that a system maps, on the machines that there are.
const page = 4096

// table makes a table of n empty slots. large: it will be filled, and takes its memory at
// once. A slot that is looked at before it is filled, if only by the collector, is mapped
// twice otherwise: to a page of zeros that is everybody's, and then to one of its own, for
// which the kernel interrupts every thread (Linux, do_wp_page).
func table[T any](n int, large bool) []T {
	slots := make([]T, n)
	if large {
		raw := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(slots))), n*int(unsafe.Sizeof(slots[0])))
		for i := 0; i < len(raw); i += page {
			raw[i] = 0
		}
	}
	return slots
}

// largePage is that of most systems.
const largePage = 2 << 20

// LargePages has the kernel map memory that is new, and will be filled, in large pages where it
// can: one interrupt instead of 512, and a page of zeros costs a thread more than what it writes
// there, most of all in a virtual machine that keeps page tables of its own. What is shorter than
// a large page stays as it is.
func LargePages(b []byte) {
	C.large((*C.char)(unsafe.Pointer(unsafe.SliceData(b))), C.size_t(len(b)), largePage)
}

// largeDatabase has the first memory that the database takes, a fifth of what is ample, lie in
// large pages: its buffers for the tables that are written at once. Its allocator is asked for a
// piece that nobody touches, which it keeps with what the kernel was told of it. A DuckDB that has
// no jemalloc of its own is left alone.
func largeDatabase(l Limits) { C.largeOfDatabase(C.size_t(l.ample()/5), largePage) }

// Outside gives zeroed memory outside Go's heap, for what is large and lives long:
// the collector neither counts nor scans it. T must hold no pointers. free gives it
// back.
func Outside[T any](n int) (values []T, free func()) {
	size := n * int(unsafe.Sizeof(*new(T)))
	whole, from := size, 0
	if size >= largePage {
		whole += largePage
	}
	raw := piece(C.calloc(C.size_t(max(whole, 1)), 1), whole)
	if size >= largePage {
		LargePages(raw)
		from = int(-uintptr(unsafe.Pointer(unsafe.SliceData(raw))) % largePage)
	}
	free = func() { memoryOfC{}.Free(raw) }
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(raw[from:]))), n), free
}
