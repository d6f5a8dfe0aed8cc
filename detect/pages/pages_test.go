package pages_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"ipdrift/detect/detecttest"
	"ipdrift/detect/finding"
	"ipdrift/detect/pages"
	"ipdrift/ingest"
	"ipdrift/testdata/nginx/demo"
)

const nginx = "../../testdata/nginx/"

// demoCase is the case of the demo log.
func demoCase(t *testing.T) (*pages.Reader, *finding.Analysis) {
	return caseOf(t, nginx+"video-demo.log.gz")
}

// A line may be two megabytes long; what is read of it for the screen is not.
func TestLongTextsAreClipped(t *testing.T) {
	long := func(from string) string { return from + strings.Repeat("x", 3_000) + "end" }
	log := filepath.Join(t.TempDir(), "a.log")
	line := fmt.Sprintf("203.0.113.7 - - [23/Nov/2026:09:26:12 +0000] \"GET %s HTTP/1.1\" 403 1 %q %q cdn.example.com\n", long("/a/"), long("https://site.example/"), long("P"))
	plain := strings.ReplaceAll(line, strings.Repeat("x", 3_000), "")
	if err := os.WriteFile(log, []byte(strings.Repeat(plain, 20)+line), 0o600); err != nil {
		t.Fatal(err)
	}
	r, _ := caseOf(t, log)
	ctx, longest := context.Background(), 0
	for _, v := range all(t, must(r.Viewers(ctx, finding.Scope{Search: "xxx"}))(t), 10) {
		longest = max(longest, utf8.RuneCountInString(v.UserAgent))
		for _, q := range all(t, must(r.Timeline(ctx, v.Key, ""))(t).List, 10) {
			for _, text := range []string{q.Path, q.UserAgent, q.Referer} {
				if n := utf8.RuneCountInString(text); n != 2001 || !strings.HasSuffix(text, "end") {
					t.Errorf("a text of %d characters, want 2,001 and the end", n)
				}
			}
		}
	}
	if longest != 2001 {
		t.Errorf("a player of %d characters, want 2,001", longest)
	}
}

// caseOf analyses a log and opens what was kept, locked as browse has it.
func caseOf(t *testing.T, log string) (*pages.Reader, *finding.Analysis) {
	t.Helper()
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "case.duckdb")
	store, a := detecttest.Case(t, path, log, "token", "", demo.Key(t, nginx))
	if err := store.Keep(); err != nil {
		t.Fatal(err)
	}
	store.Close()
	kept, err := ingest.Open(path, ingest.Limits{Threads: 2, Memory: 256 << 20})
	if err != nil {
		t.Fatal(err)
	}
	r, err := pages.Open(ctx, kept)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); kept.Close() })
	return r, a
}

func TestDemo(t *testing.T) {
	r, a := demoCase(t)
	_, rows := demo.Read(t, nginx)
	t.Run("refusals", func(t *testing.T) { refusals(t, r, a) })
	t.Run("every refusal is reached", func(t *testing.T) { everyRefusal(t, r, rows) })
	t.Run("everybody", func(t *testing.T) { everyUser(t, r, a) })
	t.Run("search", func(t *testing.T) { searches(t, r, rows) })
	t.Run("a list that was replaced fails", func(t *testing.T) { replaced(t, r) })
	t.Run("lists at one time", func(t *testing.T) { together(t, r) })
}

// together asks for lists as a reader does who gives one up and looks for something else.
func together(t *testing.T, r *pages.Reader) {
	var asked errgroup.Group
	for range 8 {
		asked.Go(func() error {
			_, err := r.Viewers(t.Context(), finding.Scope{})
			return err
		})
	}
	if err := asked.Wait(); err != nil {
		t.Error(err)
	}
}

func refusals(t *testing.T, r *pages.Reader, a *finding.Analysis) {
	list, err := r.Refusals(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		want := a.Denials.ByHost[f.Host][f.Cause]
		if f.Cause == "" {
			for _, n := range a.Denials.ByHost[f.Host] {
				want += n
			}
		}
		if f.Requests != want || f.Viewers < 1 || f.Viewers > f.Requests {
			t.Errorf("%s %q: %d requests of %d viewers, the analysis counts %d", f.Host, f.Cause, f.Requests, f.Viewers, want)
		}
	}
}

// everyRefusal walks from each host over its viewers to their requests, page by
// page, and compares what it finds with the truth about the lines.
func everyRefusal(t *testing.T, r *pages.Reader, rows [][]string) {
	ctx, want, seen := context.Background(), 0, map[int64]bool{}
	for _, row := range rows {
		if row[2] == "403" || row[2] == "410" {
			want++
		}
	}
	viewers, err := r.Viewers(ctx, finding.Scope{Refused: true})
	if err != nil {
		t.Fatal(err)
	}
	var refusals int64
	for i, v := range all(t, viewers, 100) {
		refusals += v.Matching
		if i%15 != 0 { // each one takes some queries
			continue
		}
		requests, err := r.Timeline(ctx, v.Key, "")
		if err != nil {
			t.Fatal(err)
		}
		if v.ID != "" && requests.Len != v.Requests {
			t.Errorf("%s has %d requests, listed are %d", v.ID, v.Requests, requests.Len)
		}
		list := all(t, requests.List, 50)
		for at, err := requests.Refused(ctx, -1, false); at >= 0; at, err = requests.Refused(ctx, at, false) {
			if err != nil {
				t.Fatal(err)
			}
			q := list[at]
			row := rows[q.Line-1]
			if seen[q.Line] = true; q.Cause == "" || q.Host != row[1] || strconv.Itoa(q.Status) != row[2] || q.Verdict != row[4] || q.Client != row[7] {
				t.Errorf("line %d is %s %d %s of %s, want %q", q.Line, q.Host, q.Status, q.Verdict, q.Client, row)
			}
			if q.Verdict == "ip_mismatch" && q.SignedIP != row[8] && q.Host != "masked.example.com" {
				t.Errorf("line %d was signed for %s, want %s", q.Line, q.SignedIP, row[8])
			}
		}
		check(t, requests, list)
	}
	if refusals != int64(want) || len(seen) < 30 {
		t.Errorf("%d refusals are listed, the truth has %d; %d were looked at", refusals, want, len(seen))
	}
}

// check holds the order, the changes of address and the lanes of a viewer
// against its requests.
func check(t *testing.T, line finding.Timeline, list []finding.Request) {
	t.Helper()
	addresses, networks := map[string]int64{}, map[string]int64{}
	for i, q := range list {
		if i > 0 && (q.Time.Before(list[i-1].Time) || q.Moved != (q.Client != list[i-1].Client)) {
			t.Errorf("line %d, after line %d: moved is %v", q.Line, list[i-1].Line, q.Moved)
		}
		bits := 24
		if ip := netip.MustParseAddr(q.Client); ip.Is6() {
			bits = 64
		}
		network, err := netip.MustParseAddr(q.Client).Prefix(bits)
		if err != nil {
			t.Fatal(err)
		}
		networks[network.String()]++
		addresses[q.Client+"/"+strconv.Itoa(network.Addr().BitLen())]++
	}
	if len(addresses) <= 3 {
		networks = addresses
	}
	lanes, err := line.Lanes(context.Background(), 40, 3)
	if err != nil || len(lanes.Lanes)+int(lanes.More) != len(networks) {
		t.Fatalf("%d lanes and %d more, want %d (%v)", len(lanes.Lanes), lanes.More, len(networks), err)
	}
	for _, l := range lanes.Lanes {
		var sum int64
		for i := range l.Served {
			sum += l.Served[i] + l.Refused[i]
		}
		name := l.Network
		if ip, err := netip.ParseAddr(name); err == nil {
			name += "/" + strconv.Itoa(ip.BitLen())
		}
		network, err := netip.ParsePrefix(name)
		if err != nil || sum != l.Requests || networks[network.Masked().String()] != sum {
			t.Errorf("lane %s has %d requests, marks of %d, want %d (%v)", l.Network, l.Requests, sum, networks[l.Network], err)
		}
	}
}

func all[T any](t *testing.T, l finding.List[T], step int64) (rows []T) {
	t.Helper()
	for from := int64(0); from < l.Len; from += step {
		page, err := l.Page(context.Background(), from, step)
		if err != nil || int64(len(page)) != min(step, l.Len-from) {
			t.Fatalf("%d rows from %d of %d: %v", len(page), from, l.Len, err)
		}
		rows = append(rows, page...)
	}
	return rows
}

func everyUser(t *testing.T, r *pages.Reader, a *finding.Analysis) {
	list, err := r.Viewers(context.Background(), finding.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	classes := map[finding.Class]int64{}
	for _, v := range all(t, list, 500) {
		classes[v.Class]++
	}
	if list.Len != a.Users.Total {
		t.Errorf("%d users, want %d", list.Len, a.Users.Total)
	}
	for class, n := range a.Users.ByClass {
		if classes[class] != n {
			t.Errorf("%d users are %s, want %d", classes[class], class, n)
		}
	}
}

// searches looks for each kind of text that a viewer can be known by.
func searches(t *testing.T, r *pages.Reader, rows [][]string) {
	ctx := context.Background()
	var refused []string
	served := map[string]bool{}
	for _, row := range rows {
		if row[2] == "200" && row[7] == row[8] {
			served[row[7]] = true
		}
	}
	for _, row := range rows {
		if row[4] == "ip_mismatch" && row[2] == "403" && served[row[8]] {
			refused = row
			break
		}
	}
	byIP, err := r.Viewers(ctx, finding.Scope{Search: refused[7]})
	if err != nil || byIP.Len == 0 {
		t.Fatalf("nobody has %s: %v", refused[7], err)
	}
	one := all(t, byIP, 10)[0]
	for _, v := range all(t, byIP, 10) {
		if v.Requests > one.Requests {
			one = v
		}
	}
	for _, text := range []string{one.ID, one.ID[:8], strings.ToUpper(one.UserAgent[:12]), string(one.Class), "/"} {
		list, err := r.Viewers(ctx, finding.Scope{Host: one.Key.Host, Search: text})
		found := false
		for _, v := range all(t, list, 1000) {
			found = found || v.Key == one.Key
		}
		if err != nil || !found {
			t.Errorf("%q does not find %s: %v", text, one.ID, err)
		}
	}
	for _, text := range []string{"' OR 1=1 --", "\x00", "nobody has this", strings.Repeat("x", 5000)} {
		if list, err := r.Viewers(ctx, finding.Scope{Search: text}); err != nil || list.Len != 0 {
			t.Errorf("%q finds %d: %v", text, list.Len, err)
		}
	}
	path := all(t, must(r.Timeline(ctx, one.Key, ""))(t).List, 1)[0].Path
	for _, text := range []string{path, path[:len(path)-2], path[2:], path[strings.LastIndexByte(path, '/')+1:]} {
		if list, err := r.Viewers(ctx, finding.Scope{Host: one.Key.Host, Search: text}); err != nil || list.Len == 0 {
			t.Errorf("nobody asked for %s: %v", text, err)
		}
	}
	some, err := r.Timeline(ctx, one.Key, "403")
	if err != nil || some.Len == 0 || some.Len >= one.Requests {
		t.Fatalf("%d of %d requests are refused: %v", some.Len, one.Requests, err)
	}
	for _, q := range all(t, some.List, 7) {
		if q.Status != 403 {
			t.Errorf("line %d has status %d", q.Line, q.Status)
		}
	}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func replaced(t *testing.T, r *pages.Reader) {
	ctx := context.Background()
	old, err := r.Viewers(ctx, finding.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Viewers(ctx, finding.Scope{Refused: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := old.Page(ctx, 0, 1); err == nil {
		t.Error("rows of another list were given")
	}
}
