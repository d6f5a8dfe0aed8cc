package detect_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ipdrift/detect"
	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/ingest/synth"
)

func madeUp(t testing.TB, o synth.Options) (string, synth.Stats) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made-up.log")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	o.Key = secret
	stats, err := synth.Write(f, o)
	if err != nil {
		t.Fatal(err)
	}
	return path, stats
}

// TestMadeUpLogs compares made-up logs with their truth, and the analyses by
// one thread and by two with each other.
func TestMadeUpLogs(t *testing.T) {
	for _, format := range []string{"nginx", "gcore"} {
		t.Run(format, func(t *testing.T) {
			path, stats := madeUp(t, synth.Options{Seed: 11, Lines: 60_000, Format: format})
			one := tryFiles(t, settings{threads: 1, files: []string{path}, user: "token"})
			two := tryFiles(t, settings{threads: 2, files: []string{path}, user: "token"})
			if a, b := asJSON(t, one.Analysis), asJSON(t, two.Analysis); a != b {
				t.Errorf("one thread and two differ: %s", firstDifference(a, b))
			}
			sameTruth(t, one, stats)
			oneViewer(t, path, format, stats)
		})
	}
}

// TestUnread wants the same analysis where the case is read by nobody, and less stored.
func TestUnread(t *testing.T) {
	for name, o := range map[string]synth.Options{
		"plain": {Seed: 12, Lines: 20_000}, "hostile": {Seed: 13, Lines: 20_000, Hostile: true}, "refused": {Seed: 14, Lines: 10_000, Refused: 0.2},
	} {
		path, _ := madeUp(t, o)
		for _, cramped := range []bool{false, true} {
			read := tryFiles(t, settings{files: []string{path}, cramped: cramped})
			unread := tryFiles(t, settings{files: []string{path}, cramped: cramped, unread: true})
			if a, b := asJSON(t, read.Analysis), asJSON(t, unread.Analysis); a != b {
				t.Errorf("%s: the analyses differ: %s", name, firstDifference(a, b))
			}
			var signed, single int
			if err := unread.store.DB.QueryRow(`SELECT (SELECT count(*) FROM signed), (SELECT count(*) FROM users WHERE requests = 1 AND class = 'unchanged')`).Scan(&signed, &single); err != nil || signed+single > 0 {
				t.Errorf("%s: %d links and %d users are stored (%v)", name, signed, single, err)
			}
		}
	}
}

// TestLinksLeaveMemory wants no link and no client in memory where there is no room for them:
// on a hostile log there are as many as lines.
func TestLinksLeaveMemory(t *testing.T) {
	path, _ := madeUp(t, synth.Options{Seed: 13, Lines: 5_000, Hostile: true})
	for _, cramped := range []bool{false, true} {
		s := settings{files: []string{path}, cramped: cramped}
		store, loaded := load(t, s)
		n, err := detect.HeldByGroup(t.Context(), store, loaded, detect.Options{Resources: s.resources(), Keys: s.ring(t), Threads: 2, Room: s.room(), Thresholds: judge.Default()})
		if err != nil || (n == 0) != cramped {
			t.Errorf("%d links and clients in memory, cramped: %t (%v)", n, cramped, err)
		}
	}
}

// oneViewer compares the users of several links with the viewers that wrote the
// log: all where it names connections, most where tokens alone tell.
func oneViewer(t *testing.T, path, format string, stats synth.Stats) {
	t.Helper()
	one := tryFiles(t, settings{threads: 1, files: []string{path}})
	two := tryFiles(t, settings{threads: 2, files: []string{path}})
	if a, b := asJSON(t, one.Analysis), asJSON(t, two.Analysis); a != b {
		t.Errorf("one thread and two differ: %s", firstDifference(a, b))
	}
	got, want, links := one.Users.ByClass[finding.Rotating], int64(stats.Users["rotating"]), int64(stats.Links["rotating"])
	if got < want || format == "gcore" && got != want || got-want > (links-want)/8 {
		t.Errorf("%d rotating users, want %d viewers, who had %d links: %v", got, want, links, one.Method.IdentityUsers)
	}
}

func sameTruth(t *testing.T, tr *trial, stats synth.Stats) {
	t.Helper()
	verdicts, refused := map[string]int64{}, map[string]int64{}
	for _, r := range tr.rows {
		verdicts[r.verdict]++
		if r.cause != "-" {
			refused[r.cause]++
		}
	}
	if !maps.Equal(verdicts, stats.Verdicts) {
		t.Errorf("verdicts %v, want %v", verdicts, stats.Verdicts)
	}
	if !maps.Equal(refused, tr.Denials.ByCause) {
		t.Errorf("causes of the rows %v, of the report %v", refused, tr.Denials.ByCause)
	}
	classes := map[string]int{}
	for _, class := range []finding.Class{finding.Rotating, finding.FirstRequest, finding.Unchanged} {
		classes[string(class)] = int(tr.Users.ByClass[class])
	}
	if !maps.Equal(classes, stats.Links) {
		t.Errorf("classes %v, want %v", classes, stats.Links)
	}
}

// TestControls are logs in which nothing may be found.
func TestControls(t *testing.T) {
	path, _ := madeUp(t, synth.Options{Seed: 5, Lines: 6000, IPv6: -1})
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("shuffled addresses", func(t *testing.T) {
		lines := strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
		var b strings.Builder
		for i := range lines { // every line with the address of one far away
			_, rest, _ := strings.Cut(lines[i], " ")
			b.WriteString(strings.Fields(lines[(i*2741+977)%len(lines)])[0] + " " + rest)
		}
		nothing(t, tryText(t, b.String(), settings{}), finding.Failed)
	})
	t.Run("wrong key", func(t *testing.T) {
		nothing(t, tryText(t, string(text), settings{keys: map[string]string{"": "another-key"}}), finding.Failed)
	})
	t.Run("no refusals", func(t *testing.T) {
		path, _ := madeUp(t, synth.Options{Seed: 5, Lines: 10_000, Refused: -1})
		tr := tryFiles(t, settings{files: []string{path}})
		nothing(t, tr, finding.Verified)
		if tr.Denials.Total != 0 {
			t.Errorf("%d denials", tr.Denials.Total)
		}
	})
	t.Run("only expired", func(t *testing.T) {
		var l little
		s := site{host: "cdn.test", dir: true}
		l.audience(s, 40)
		for i := range 60 {
			ip := stranger(i)
			l.get(s, s.until(fmt.Sprintf("/late/%d/a.ts", i), ip, past), ip, 410)
		}
		tr := l.try(t, settings{})
		nothing(t, tr, finding.Verified)
		if tr.Denials.ByCause["expired"] != 60 || tr.Denials.Total != 60 {
			t.Errorf("denials %+v, want 60 expired", tr.Denials)
		}
	})
}

// nothing demands that nobody is accused and nothing advised.
func nothing(t *testing.T, tr *trial, status finding.CalibrationStatus) {
	t.Helper()
	for _, c := range tr.Calibration {
		if c.Status != status {
			t.Errorf("%s: %s (%s), want %s", c.Host, c.Status, c.Reason, status)
		}
	}
	for _, r := range tr.Recommendations {
		if r.Prefix != nil || r.AffectedUsers != 0 || status == finding.Failed && r.Decision != finding.InsufficientEvidence {
			t.Errorf("%s %s: %s %v, %d affected users", r.Host, r.Family, r.Decision, orZero(r.Prefix), r.AffectedUsers)
		}
	}
	for class, n := range tr.Users.ByClass {
		if class != finding.Unchanged && class != finding.Undetermined {
			t.Errorf("%d users are %s", n, class)
		}
	}
	if n := len(tr.Users.Flagged); n > 0 {
		t.Errorf("%d users are flagged", n)
	}
	for _, cause := range []string{"ip_mismatch", "expired_ip_mismatch", "wrong_path"} {
		if n := tr.Denials.ByCause[cause]; n > 0 {
			t.Errorf("%d denials are called %s", n, cause)
		}
	}
}
