package ingest

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"ipdrift/ingest/source/sourcetest"
)

const syslogLines = `<190>Dec 31 23:59:58 edge1 nginx: 203.0.113.7 "GET /a.ts HTTP/1.1" 200 146 "-" "Mozilla/5.0 (X)"
<190>Dec 31 23:59:59 edge1 nginx: 203.0.113.7 "GET /b.ts HTTP/1.1" 200 146 "-" "Mozilla/5.0 (X)"
<190>Jan  1 00:00:03 edge1 nginx: 203.0.113.7 "GET /c.ts HTTP/1.1" 200 146 "-" "Mozilla/5.0 (X)"
`

// TestYearOfTheFile: times without a year get it from the file's date, those of stdin from today's.
func TestYearOfTheFile(t *testing.T) {
	path := sourcetest.Write(t, t.TempDir(), "access.log", []byte(syslogLines))
	years := func(o Options, source string) ([]string, *Loaded) {
		s, loaded := loadArgs(t, o, source)
		return query[string](t, s, `SELECT strftime(time, '%Y-%m-%d %H:%M:%S') FROM requests ORDER BY line`), loaded
	}
	o := testOptions(t)
	o.Now = time.Date(2031, 6, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		written time.Time
		years   string
		note    string
	}{
		{time.Date(2025, 1, 1, 0, 1, 0, 0, time.UTC), "2024 2024 2025", "3 of 3 times have no year: 2024 to 2025 were taken, from the file's date"},
		{time.Date(2024, 12, 31, 23, 0, 0, 0, time.UTC), "2024 2024 2025", "2024 to 2025"}, // clocks and zones differ
		{time.Date(2024, 12, 30, 23, 0, 0, 0, time.UTC), "2023 2023 2024", "2023 to 2024"},
	} {
		if err := os.Chtimes(path, c.written, c.written); err != nil {
			t.Fatal(err)
		}
		got, loaded := years(o, path)
		want := strings.Fields(c.years)
		want[0], want[1], want[2] = want[0]+"-12-31 23:59:58", want[1]+"-12-31 23:59:59", want[2]+"-01-01 00:00:03"
		if notes := strings.Join(loaded.Sources[0].Notes, "\n"); !slices.Equal(got, want) || !strings.Contains(notes, c.note) {
			t.Errorf("written %s: %q, %q", c.written, got, notes)
		}
	}
	o.Stdin = strings.NewReader(syslogLines)
	got, loaded := years(o, "-")
	if notes := strings.Join(loaded.Sources[0].Notes, "\n"); len(got) != 3 || got[0] != "2030-12-31 23:59:58" || got[2] != "2031-01-01 00:00:03" || !strings.Contains(notes, "2030 to 2031 were taken, from today's date") {
		t.Errorf("%q, %q", got, notes)
	}
}
