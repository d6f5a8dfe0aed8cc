package main

import (
	"runtime/debug"

	"ipdrift/ingest"
	"ipdrift/ingest/source"
)

// muchInput is where a run is so long that large pages save more than they cost.
const muchInput = 16 << 20

// largeHeap has the first n bytes that Go's heap takes lie in large pages, unless the logs are
// small: a piece of that size is made, which nobody touches, and goes back with what the kernel
// was told of it. Go asks for none itself (go.dev/doc/gc-guide, "Linux transparent huge pages").
func largeHeap(sources []source.Source, n int64) {
	size := int64(0)
	for _, s := range sources {
		if s.Size < 0 {
			size = muchInput
			break
		}
		size += s.Size
	}
	if size < muchInput {
		return
	}
	ingest.LargePages(make([]byte, n))
	debug.FreeOSMemory()
}
