package detect_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ipdrift/detect/finding"
	"ipdrift/ingest/synth/scenario"
)

// simulated writes the log of a scenario in Gcore's format, and returns its path
// with the truth about lines and users, without their heads.
func simulated(t testing.TB, name string, lines int64) (path string, truth, users [][]string) {
	t.Helper()
	w, err := scenario.Named(name)
	if err != nil {
		t.Fatal(err)
	}
	w.Seed, w.Lines = 31, lines
	path = filepath.Join(t.TempDir(), name+".log")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var lineTruth, userTruth bytes.Buffer
	if _, err := scenario.Run(context.Background(), w, secret, scenario.Sinks{Logs: []scenario.Sink{{Name: name, Writer: f}}, Truth: &lineTruth, Users: &userTruth}, nil); err != nil {
		t.Fatal(err)
	}
	return path, rowsOf(t, &lineTruth), rowsOf(t, &userTruth)
}

func rowsOf(t testing.TB, text *bytes.Buffer) [][]string {
	t.Helper()
	rows, err := csv.NewReader(text).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

// TestMovesAsSimulated follows every simulated viewer from line to line, and
// demands the same shares of the report.
func TestMovesAsSimulated(t *testing.T) {
	for _, name := range []string{"rotation16", "ipv6"} {
		path, truth, users := simulated(t, name, 30_000)
		person := map[string]bool{}
		for _, u := range users {
			person[u[0]] = u[3] != "many_networks" && u[3] != "undetermined"
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		at, changes, in := map[string]netip.Addr{}, 0.0, map[int]float64{}
		moved := map[string]bool{}
		for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
			a, who := netip.MustParseAddr(strings.Split(line, `"`)[1]), truth[i][6]
			if before, ok := at[who]; ok && before != a && person[who] {
				changes++
				moved[who] = true
				for _, p := range []int{24, 16, 64, 56, 48} {
					if n := inCommon(before, a); n >= p {
						in[p]++
					}
				}
			}
			at[who] = a
		}
		tr := tryFiles(t, settings{files: []string{path}})
		if len(tr.Moves) == 0 {
			t.Fatalf("%s: no moves", name)
		}
		got := tr.Moves[0]
		if got.Pool != "all" || math.Abs(float64(got.Changes)-changes) > 0.02*changes || math.Abs(float64(got.Users)-float64(len(moved))) > 0.02*float64(len(moved)) {
			t.Errorf("%s: %d changes of %d users, simulated %.0f of %d", name, got.Changes, got.Users, changes, len(moved))
		}
		for _, w := range got.Within {
			if want := in[w.Prefix] / changes; math.Abs(w.Share-want) > 0.01 || w.Low > want || w.High < want {
				t.Errorf("%s: /%d %+v, simulated %.3f", name, w.Prefix, w.Interval, want)
			}
		}
		if asn := tr.Moves[1].ASN; asn == nil || *asn != 64500 {
			t.Errorf("%s: %+v, want the carrier AS64500", name, tr.Moves[1])
		}
	}
}

// TestMovesThatNobodyRefused: an edge that binds to the /24 takes most changes,
// which count all the same; a link of many networks tells of nobody's.
func TestMovesThatNobodyRefused(t *testing.T) {
	var l little
	wide := site{host: "cdn.test", dir: true, text: func(ip string) string { return octets(ip, 3) + ".0" }}
	l.audience(wide, 40)
	for i := range 10 {
		a, path := stranger(100+i), "/film/"
		link := wide.link(path+"seg1.ts", a)
		l.get(wide, link, a, 200)
		l.get(wide, on(path+"seg2.ts", link), octets(a, 3)+".77", 200)
	}
	l.publicLink(wide, 5, 403)
	tr := l.try(t, settings{})
	if n := tr.Users.ByClass[finding.ManyNetworks]; n != 5 {
		t.Fatalf("classes %v", tr.Users.ByClass)
	}
	if len(tr.Moves) != 1 || tr.Moves[0].Changes != 10 || tr.Moves[0].Within[0].Share != 1 {
		t.Errorf("moves %+v, want 10 within the /24", tr.Moves)
	}
}
