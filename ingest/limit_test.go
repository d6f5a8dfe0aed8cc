package ingest

import (
	"fmt"
	"strings"
	"testing"

	"ipdrift/ingest/source"
	"ipdrift/ingest/source/sourcetest"
)

func TestLimited(t *testing.T) {
	for _, whole := range []string{"", "abcdefgh", "ééé"} {
		if got := limited(whole, 8); got != whole {
			t.Errorf("%q became %q", whole, got)
		}
	}
	// The digests are of sha256sum(1).
	for text, want := range map[string]string{
		"abcdefghi": "abcdefgh…[9 bytes, 19cc02f26df43cc571bc9ed7b0c4d29224a3ec229529221725ef76d021c8326f]",
		"abcdefgé":  "abcdefg…[9 bytes, fe4601a4e51e15ab96943e88cf696b016dbe0c17e8fa643b67a854094adf7829]",
	} {
		if got := limited(text, 8); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// TestLongTextsInLittleMemory: how long texts are changes nothing about the memory that
// reading them takes. DuckDB may not use more than it is given, and says so.
func TestLongTextsInLittleMemory(t *testing.T) {
	s, err := Create("", Limits{Threads: 1, Memory: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	long := strings.Repeat("a", 6000)
	var text strings.Builder
	for i := range 3000 {
		text.WriteString(strings.Replace(testLine("203.0.113.7", fmt.Sprintf("/%d%s/%s%d.ts", i, long, long, i), 200), "Player/1.0", fmt.Sprint(i, long), 1))
	}
	file := sourcetest.Write(t, t.TempDir(), "a.log", []byte(text.String()))
	if _, err := Load(t.Context(), s, []source.Source{{Path: file, Label: file}}, testOptions(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB.Exec(`CHECKPOINT`); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"dir", "file", "agent"} {
		if n := one[int](t, s, `SELECT count(DISTINCT text) FROM `+table+` WHERE strlen(text) >= 4000`); n != 3000 {
			t.Errorf("%s has %d long texts", table, n)
		}
	}
}

// TestLongTexts: what is as long as a megabyte is verified whole, stored in part, and told from what begins alike.
func TestLongTexts(t *testing.T) {
	long := strings.Repeat("a", 1e6)
	path := "/" + long + "/" + long[1:] + ".ts"
	signed := fmt.Sprintf("%s?md5=%s&expires=%d", path, signedFor(logTime+60, path, "203.0.113.7", testKey), logTime+60)
	text := plainLines(20) + testLine("203.0.113.7", signed, 200)
	for _, old := range []string{"Player/1.0", "watch", "cdn.example.com"} {
		for _, end := range []string{"x", "y", "x"} {
			text += strings.Replace(testLine("203.0.113.7", "/v/1.ts", 200), old, long+end, 1)
		}
	}
	s, _ := loadText(t, testOptions(t), text)
	const digest = 64
	got := query[string](t, s, `SELECT concat_ws(' ', count(*), count(DISTINCT user_agent), max(strlen(user_agent)), count(DISTINCT referer), max(strlen(referer)),
		count(DISTINCT host), max(strlen(host)), count(DISTINCT path), max(strlen(path)), count(verdict), any_value(verdict)) FROM requests`)
	mark := len("…[1000001 bytes, ]") + digest
	want := fmt.Sprintln(30, 3, maxText+mark, 3, maxText+len("…[1000021 bytes, ]")+digest, 3, maxName+mark, 22, 2*(maxText+mark), 1, "valid")
	if fmt.Sprintln(got[0]) != want {
		t.Errorf("%s, want %s", got[0], want)
	}
}
