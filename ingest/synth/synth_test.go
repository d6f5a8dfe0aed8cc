package synth

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"io"
	"math"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func write(t testing.TB, o Options) (string, Stats) {
	t.Helper()
	var b bytes.Buffer
	s, err := Write(&b, o)
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), s
}

var variants = map[string]Options{
	"plain":      {Seed: 1, Lines: 20_000},
	"gcore":      {Seed: 2, Lines: 20_000, Format: "gcore"},
	"hostile":    {Seed: 3, Lines: 20_000, Hostile: true},
	"no refusal": {Seed: 4, Lines: 5_000, Refused: -1, IPv6: -1},
	"one line":   {Seed: 5, Lines: 1},
	"few long":   {Seed: 6, Lines: 10_000, Sessions: 20},
	"many short": {Seed: 7, Lines: 10_000, Sessions: 5_000},
}

func TestSameSeedSameBytes(t *testing.T) {
	for name, o := range variants {
		a, _ := write(t, o)
		b, _ := write(t, o)
		if a != b {
			t.Errorf("%s: two logs of one seed differ", name)
		}
		o.Seed++
		if c, _ := write(t, o); c == a {
			t.Errorf("%s: another seed gives the same log", name)
		}
	}
}

func TestCountsAddUp(t *testing.T) {
	for name, o := range variants {
		log, s := write(t, o)
		if n := strings.Count(log, "\n"); n != o.Lines || s.Lines != int64(n) || s.Bytes != int64(len(log)) {
			t.Errorf("%s: asked for %d lines, wrote %d in %d bytes, counted %d in %d", name, o.Lines, n, len(log), s.Lines, s.Bytes)
		}
		if sum(s.Verdicts) != s.Lines || sum(s.Statuses) != s.Lines {
			t.Errorf("%s: verdicts %v or statuses %v do not add up to %d", name, s.Verdicts, s.Statuses, s.Lines)
		}
		if s.Reach[24]+s.Reach[16] != s.Links["rotating"]+s.Links["first_request"] {
			t.Errorf("%s: reach %v does not match links %v", name, s.Reach, s.Links)
		}
	}
}

func sum[K comparable](counts map[K]int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}

func TestShares(t *testing.T) {
	for _, refused := range []float64{0.02, 0.05, 0.15} {
		_, s := write(t, Options{Seed: 11, Lines: 100_000, Refused: refused})
		got := float64(s.Lines-s.Verdicts["valid"]) / float64(s.Lines)
		if math.Abs(got-refused) > 0.3*refused {
			t.Errorf("refused: %.4f of the lines, want about %.4f", got, refused)
		}
	}
	log, s := write(t, Options{Seed: 12, Lines: 100_000})
	if n := strings.Count(log, "\n2001:db8:"); n < 5_000 || n > 15_000 {
		t.Errorf("%d of 100000 lines are IPv6, want about a tenth", n)
	}
	if mean := s.Bytes / s.Lines; mean < 360 || mean > 420 {
		t.Errorf("mean line of %d bytes, want about 390", mean)
	}
	if s.Users["rotating"] < 100 || s.Reach[24] < 100 || s.Reach[16] < 100 {
		t.Errorf("too little rotation: users %v, reach %v", s.Users, s.Reach)
	}
}

var plainLine = regexp.MustCompile(`^(\S+) - - \[([^\]]+)\] "GET (\S+) HTTP/1\.1" (\d{3}) \d+ "[^"]+" "[^"]+" (\S+) (\d\.\d{3})$`)

// TestEveryLineAgainstTheRecipe judges the log from its text alone, by the
// recipe of the vendor, and wants the truth that was returned.
func TestEveryLineAgainstTheRecipe(t *testing.T) {
	for _, name := range []string{"plain", "hostile", "few long", "many short"} {
		log, want := write(t, variants[name])
		got := map[string]int64{}
		last := time.Time{}
		for line := range strings.Lines(log) {
			m := plainLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
			if m == nil {
				t.Fatalf("%s: line of unexpected form: %s", name, line)
			}
			at, err := time.Parse("02/Jan/2006:15:04:05 -0700", m[2])
			if err != nil || at.Before(last) {
				t.Fatalf("%s: time %s: %v, after %s", name, m[2], err, last)
			}
			last = at
			v, status := judge(m[1], m[3], at)
			if status != m[4] {
				t.Fatalf("%s: %s by the recipe, but: %s", name, v, line)
			}
			got[v]++
		}
		for _, v := range []string{"valid", "expired", "malformed"} {
			if got[v] != want.Verdicts[v] {
				t.Errorf("%s: %d lines are %s, the truth says %d", name, got[v], v, want.Verdicts[v])
			}
		}
		if bad := want.Verdicts["ip_mismatch"] + want.Verdicts["unresolved_signature"]; got["bad hash"] != bad {
			t.Errorf("%s: %d hashes fail, the truth says %d", name, got["bad hash"], bad)
		}
	}
}

func judge(addr, target string, at time.Time) (verdict, status string) {
	path, query, _ := strings.Cut(target, "?")
	token, expires, _ := strings.Cut(strings.TrimPrefix(query, "md5="), "&expires=")
	deadline, err := strconv.ParseInt(expires, 10, 64)
	if sum, bad := base64.RawURLEncoding.DecodeString(token); err != nil || bad != nil || len(sum) != 16 {
		return "malformed", "403"
	}
	if !strings.HasPrefix(path, "/download/") {
		path = path[:strings.LastIndexByte(path, '/')+1]
	}
	sum := md5.Sum([]byte(expires + path + netip.MustParseAddr(addr).String() + " synth-secret"))
	switch {
	case base64.RawURLEncoding.EncodeToString(sum[:]) != token:
		return "bad hash", "403"
	case deadline < at.Unix():
		return "expired", "410"
	}
	return "valid", "200"
}

func TestGcoreHasFiftyFields(t *testing.T) {
	log, s := write(t, variants["gcore"])
	for line := range strings.Lines(log) {
		fields := strings.Split(strings.Trim(line, "\"\n"), `" "`)
		if len(fields) != 50 {
			t.Fatalf("%d fields: %s", len(fields), line)
		}
		if want := map[string]string{"200": "-", "403": "1005", "410": "1006"}[fields[5]]; fields[40] != want || want == "" {
			t.Fatalf("status %s with reason %s", fields[5], fields[40])
		}
	}
	if s.Verdicts["expired"] == 0 {
		t.Error("no expired link in the log")
	}
}

func TestHostileRepeatsNothing(t *testing.T) {
	log, _ := write(t, variants["hostile"])
	agents, tokens := map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(log) {
		f := strings.Split(line, `"`)
		agents[f[5]] = true
		tokens[f[1]] = true
	}
	if len(agents) != 20_000 || len(tokens) != 20_000 {
		t.Errorf("%d user agents and %d request lines in 20000 lines", len(agents), len(tokens))
	}
}

func TestNonsenseIsRefused(t *testing.T) {
	for _, o := range []Options{{}, {Lines: -1}, {Lines: 1, Format: "apache"}, {Lines: 1, Refused: 0.5}, {Lines: 1, IPv6: 2}} {
		if _, err := Write(io.Discard, o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

type full struct{}

var errFull = errors.New("full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriterErrorIsReturned(t *testing.T) {
	if _, err := Write(full{}, Options{Lines: 10_000}); !errors.Is(err, errFull) {
		t.Errorf("error %v", err)
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, name := range []string{"plain", "gcore", "hostile"} {
		b.Run(name, func(b *testing.B) {
			o := variants[name]
			o.Lines = 100_000
			b.ReportAllocs()
			for b.Loop() {
				s, err := Write(io.Discard, o)
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(s.Bytes)
			}
			b.ReportMetric(float64(o.Lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}
