package ingest

import (
	"bytes"
	"fmt"
	"slices"
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

func TestBlocks(t *testing.T) {
	var b blocks
	taken := make([][]byte, blocksOfASlab+1)
	for i := range taken {
		taken[i] = b.take()
		taken[i][0], taken[i][blockSize-1] = byte(i), byte(i)
	}
	for i, block := range taken {
		if len(block) != blockSize || cap(block) != blockSize || block[0] != byte(i) || block[blockSize-1] != byte(i) {
			t.Fatalf("block %d has %d bytes of %d, or another one's", i, len(block), cap(block))
		}
	}
	if len(b.slabs) != 2 {
		t.Fatalf("%d slabs for %d blocks", len(b.slabs), len(taken))
	}
	b.Free(taken[3])
	if again := b.take(); unsafe.SliceData(again) != unsafe.SliceData(taken[3]) || again[0] != 3 {
		t.Error("a block that is free is not used again as it was left")
	}
	b.Free(taken[0])
	b.close()
	b.Free(taken[blocksOfASlab])
	if len(b.slabs) != 1 {
		t.Errorf("%d slabs are left, of which one has blocks that are out", len(b.slabs))
	}
	for _, block := range taken[1:blocksOfASlab] {
		if block[0] == 0 {
			t.Fatal("a slab went while a block of it was out")
		}
		b.Free(block)
	}
	if len(b.slabs)+len(b.spare) > 0 {
		t.Error("memory is kept behind the end")
	}
}

// TestHitColumns has no two columns of a block overlap, and each come back from a batch as it was filled.
func TestHitColumns(t *testing.T) {
	s, _ := loadText(t, testOptions(t), plainLines(1))
	schema, err := s.schemaOf("packed")
	if err != nil {
		t.Fatal(err)
	}
	var from blocks
	h := newHitColumns(&from)
	columns := [][]byte{
		bytesOf(h.at), bytesOf(h.start), bytesOf(h.outcome), bytesOf(h.link),
		bytesOf(h.client), bytesOf(h.dir), bytesOf(h.file), bytesOf(h.agent), bytesOf(h.ident), bytesOf(h.took), bytesOf(h.referer), bytesOf(h.bytes),
	}
	for i, c := range columns {
		for j := range c {
			c[j] = byte(i + 1)
		}
	}
	h.n = batchRows
	r := h.record(schema, &from)
	data := slices.Concat(r.Columns()[:restAt], partsOfRest(r))
	if len(data) != len(columns) {
		t.Fatalf("%d columns, want %d", len(data), len(columns))
	}
	size := int64(0)
	for i, c := range data {
		values := c.Data().Buffers()[1].Bytes()
		if c.Len() != batchRows || len(values) != len(columns[i]) || bytes.Count(values, []byte{byte(i + 1)}) != len(values) {
			t.Errorf("column %d does not hold what was filled in", i)
		}
		size += sizeOf(c.Data())
	}
	if size > blockSize {
		t.Errorf("%d bytes are counted of a block of %d", size, blockSize)
	}
	r.Release()
	if len(from.spare) != 1 {
		t.Error("the block does not come back with the batch")
	}
	from.close()
	if len(from.slabs) > 0 {
		t.Error("the slab is kept")
	}
}

// TestPlaces has a case tell apart more sources than an hourly job of years brings.
func TestPlaces(t *testing.T) {
	s, _ := loadText(t, testOptions(t), plainLines(1))
	const source, line = 12_345_678, 987_654_321_012
	if _, err := s.DB.Exec(fmt.Sprintf(`INSERT INTO packed SELECT p.* REPLACE (%d::UBIGINT AS at) FROM packed p`, placeOf(source, line))); err != nil {
		t.Fatal(err)
	}
	if got := one[string](t, s, `SELECT string_agg(source || ':' || line, ' ' ORDER BY at) FROM hit`); got != "0:1 12345678:987654321012" {
		t.Errorf("the case has requests at %s", got)
	}
	if got := SourceOf(placeOf(source, line)); got != source {
		t.Errorf("source %d, want %d", got, source)
	}
}
