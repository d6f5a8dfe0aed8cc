package ingest

import (
	"fmt"
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
