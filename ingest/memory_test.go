package ingest

import (
	"bytes"
	"testing"
)

func TestMemoryOfC(t *testing.T) {
	var m memoryOfC
	for _, size := range []int{0, 1, 63, 64, 4096, 1 << 20} {
		b := m.Allocate(size)
		if len(b) != size || !bytes.Equal(b, make([]byte, size)) {
			t.Fatalf("%d bytes, want %d zeros", len(b), size)
		}
		for i := range b {
			b[i] = byte(i) | 1
		}
		for _, next := range []int{size + 100, size / 2, 0} {
			want := append(bytes.Clone(b[:min(next, len(b))]), make([]byte, max(0, next-len(b)))...)
			if b = m.Reallocate(next, b); !bytes.Equal(b, want) {
				t.Fatalf("%d bytes made %d do not keep what they held", size, next)
			}
		}
		m.Free(b)
	}
	m.Free(nil)
}
