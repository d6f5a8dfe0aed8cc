package ingest

import (
	"testing"
	"unsafe"
)

func TestRecycled(t *testing.T) {
	var m recycled
	first := m.Allocate(4096)
	first[0], first[4095] = 1, 2
	m.Free(first)
	if other := m.Allocate(64); unsafe.SliceData(other) == unsafe.SliceData(first) {
		t.Error("memory of another size is handed out")
	} else {
		m.Free(other)
	}
	again := m.Allocate(4096)
	if unsafe.SliceData(again) != unsafe.SliceData(first) || again[0] != 1 || again[4095] != 2 {
		t.Error("what is free is not used again as it was left")
	}
	m.Free(again[:4000:4000])
	if third := m.Allocate(4096); unsafe.SliceData(third) != unsafe.SliceData(first) || cap(third) != 4096 {
		t.Error("what comes back shorter is not used again")
	}
	m.close()
	m.Free(again)
	if len(m.spare) > 0 {
		t.Error("what is freed behind the end is kept")
	}
}
