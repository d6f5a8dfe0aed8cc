package main

import (
	"bytes"
	"context"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/ingest/synth/scenario"
)

// small is a world of the tests: other seeds than the command's.
func small(t *testing.T, name string, seed uint64, edits ...edit) scenario.World {
	t.Helper()
	g := &gridder{seed: seed}
	g.add(name, name, append([]edit{viewers(800)}, edits...)...)
	if g.err != nil {
		t.Fatal(g.err)
	}
	return g.worlds[0]
}

func tried(t *testing.T, w scenario.World, h handling) *trial {
	t.Helper()
	tr, err := try(context.Background(), w, h)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// TestASliceOfTheGrid holds a few small worlds to the goals.
func TestASliceOfTheGrid(t *testing.T) {
	sum := &score{}
	for i, w := range []scenario.World{
		small(t, "rotation16", 7001), small(t, "arbitrary", 7002, format("nginx")), small(t, "live", 7003, format("nginx")), small(t, "shared-links", 7004, joinedBy("rotation16")),
		small(t, "broken-signer", 7005, joinedBy("rotation24")), small(t, "proxy-signer", 7006), small(t, "relay", 7007),
	} {
		tr := tried(t, w, handling{})
		s := tr.marks()
		sum.add(s)
		if s.provable.share() < 1 || s.clear.right.share() < 1 || s.causes.of == 0 {
			t.Errorf("world %d, %s: %s", i, w.Name, tr.flaws(s))
		}
	}
	if sum.precision.share() < rotatingGoal || sum.recall.share() < rotatingGoal || sum.recall.of < 300 || sum.clear.right.of < 2 {
		t.Errorf("precision %s, recall %s, %d clear decisions", sum.precision, sum.recall, sum.clear.right.of)
	}
}

// TestTheScoreCanFail spoils what was found, and what was true.
func TestTheScoreCanFail(t *testing.T) {
	tr := tried(t, small(t, "rotation24", 7010, viewers(1600)), handling{})
	if s := tr.marks(); s.flawed() || s.clear.right.of != 1 || s.recall.of < 100 {
		t.Fatal(tr.flaws(s))
	}
	for i := range tr.requests {
		if r := &tr.requests[i]; r.cause == "ip_mismatch" {
			r.gotCause = "unresolved_signature"
		}
	}
	wide := 8
	tr.found.Recommendations[0].Prefix = &wide
	lost := 0
	for user, class := range tr.users {
		if class == string(finding.Rotating) && lost < 10 {
			tr.users[user] = string(finding.FirstRequest)
			lost++
		}
	}
	s := tr.marks()
	if s.provable.n != 0 || s.clear.right.n != 0 || s.recall.of-s.recall.n != 10 || s.precision.share() < 1 {
		t.Errorf("spoiled, and still: %s", tr.flaws(s))
	}
	m := &measured{columns: []column{{"spoiled", s}}, bounds: []point{{share: justBelow, users: 100, low: part{89, 100}, high: part{95, 100}, widen: part{6, 100}}}, requests: []point{{}}}
	err := m.missed()
	if err == nil {
		t.Fatal("no goal is missed")
	}
	for _, goal := range []string{"causes", "recall", "decisions", "intervals of shares of users", "false widen among 100 users"} {
		if !strings.Contains(err.Error(), goal) {
			t.Errorf("%s: not missed: %v", goal, err)
		}
	}
}

// nothing demands that nobody rotates and nothing is widened.
func nothing(t *testing.T, name string, seed uint64, h handling, edits ...edit) *trial {
	t.Helper()
	tr := tried(t, small(t, name, seed, edits...), h)
	if n := tr.found.Users.ByClass[finding.Rotating]; n > 0 {
		t.Errorf("%s, seed %d: %d users rotate", name, seed, n)
	}
	for _, r := range tr.found.Recommendations {
		if r.Prefix != nil || r.Decision != finding.KeepCurrent && r.Decision != finding.InsufficientEvidence {
			t.Errorf("%s, seed %d: %s", name, seed, worded(string(r.Decision), r.Prefix))
		}
	}
	return tr
}

// TestNegativeControls are logs in which nothing may be found.
func TestNegativeControls(t *testing.T) {
	for seed := range uint64(3) {
		moving := 7100 + 10*seed
		shuffled := nothing(t, "rotation24", moving, handling{edit: shuffle(moving)}, format("nginx"))
		wrongKey := nothing(t, "rotation24", moving, handling{key: "another-key-of-nobody"})
		for _, tr := range []*trial{shuffled, wrongKey} {
			if c := tr.found.Calibration; len(c) != 1 || c[0].Status != finding.Failed || tr.found.Denials.ByCause["ip_mismatch"] > 0 {
				t.Errorf("seed %d: %+v, causes %v", moving, c, tr.found.Denials.ByCause)
			}
		}
		nothing(t, "no-rotation", 7200+seed, handling{})
		nothing(t, "offices", 7300+seed, handling{}, format("nginx"))
		posted := nothing(t, "shared-links", 7400+seed, handling{})
		if n := posted.found.Users.ByClass[finding.ManyNetworks]; n < 20 {
			t.Errorf("%d users of posted links", n)
		}
		expired := nothing(t, "expired", 7500+seed, handling{})
		if d := expired.found.Denials; d.ByCause["expired"] < 50 || d.ByCause["expired_ip_mismatch"] < 20 || d.ByCause["ip_mismatch"] > 0 {
			t.Errorf("not of expired links alone: %v", d.ByCause)
		}
	}
}

// shuffle permutes the client addresses between the lines.
func shuffle(seed uint64) func([][]byte) {
	return func(lines [][]byte) {
		clients := make([][]byte, len(lines))
		for i, line := range lines {
			clients[i] = bytes.Clone(line[:bytes.IndexByte(line, ' ')])
		}
		rand.New(rand.NewPCG(seed, 9)).Shuffle(len(clients), func(i, j int) { clients[i], clients[j] = clients[j], clients[i] })
		for i, line := range lines {
			lines[i] = slices.Concat(clients[i], line[bytes.IndexByte(line, ' '):])
		}
	}
}

// TestWhatIsMissing loses the claims that a log cannot bear, and no more.
func TestWhatIsMissing(t *testing.T) {
	w := small(t, "rotation24", 7600, viewers(1600))
	for _, c := range conditions()[2:] {
		s := tried(t, w, c.handling).marks()
		if s.precision.share() < rotatingGoal || s.wide.n > 0 {
			t.Errorf("%s: precision %s, %s of the advice to widen goes too far", c.name, s.precision, s.wide)
		}
	}
}

// TestSampleOfTheIntervals holds some points of the intervals to their promise,
// and to what the binomial distribution says of them.
func TestSampleOfTheIntervals(t *testing.T) {
	for _, c := range []struct {
		share float64
		users int
		widen float64 // exact: the binomial's tail from the first count that the Wilson bound accepts
	}{{0.79, 100, binomialTail(100, 87, 0.79)}, {0.95, 100, binomialTail(100, 87, 0.95)}, {0.85, 30, binomialTail(30, 28, 0.85)}} {
		p := point{share: c.share, users: c.users}
		p.replay(77, 150)
		if p.low.share() < pointGoal || p.high.share() < pointGoal || p.low.of != 600 {
			t.Errorf("%+v", p)
		}
		if off := math.Abs(p.widen.share() - c.widen); off > 4*math.Sqrt(c.widen*(1-c.widen)/600) {
			t.Errorf("widen at %g among %d: %s, want %.4f", c.share, c.users, p.widen, c.widen)
		}
	}
	p := point{share: 0.8, users: 100}
	p.resample(78, 120)
	if p.low.share() < pointGoal || p.high.share() < pointGoal {
		t.Errorf("shares of requests: %+v", p)
	}
}

// binomialTail is the chance of at least k of n.
func binomialTail(n, k int, p float64) (sum float64) {
	for ; k <= n; k++ {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(k + 1))
		c, _ := math.Lgamma(float64(n - k + 1))
		sum += math.Exp(a - b - c + float64(k)*math.Log(p) + float64(n-k)*math.Log(1-p))
	}
	return sum
}

// TestGrid demands as many worlds as are promised, each with its own seed and
// name.
func TestGrid(t *testing.T) {
	worlds, err := grid(1)
	if err != nil {
		t.Fatal(err)
	}
	names, seeds := map[string]bool{}, map[uint64]bool{}
	for _, w := range worlds {
		names[w.Name], seeds[w.Seed] = true, true
	}
	if len(worlds) < 20 || len(names) != len(worlds) || len(seeds) != len(worlds) {
		t.Errorf("%d worlds, %d names, %d seeds", len(worlds), len(names), len(seeds))
	}
}

func TestNonsenseIsRefused(t *testing.T) {
	if err := run(context.Background(), []string{"-odd"}, io.Discard, io.Discard); err == nil {
		t.Error("no error")
	}
}

// TestWhoRoamsCountsOnce: viewers who renew their link at a third address, where no id tells
// them, are one user each; where all watch the same at once and nothing tells who went on, no
// mask is advised that the truth is not enough for.
func TestWhoRoamsCountsOnce(t *testing.T) {
	tr := tried(t, small(t, "wandering", 7900, roam(0.74), format("nginx"), viewers(2000)), handling{})
	if s := tr.marks(); s.persons.share() < 0.99 || s.precision.share() < rotatingGoal || s.recall.share() < rotatingGoal || s.wide.n > 0 {
		t.Errorf("%s; persons %s", tr.flaws(s), s.persons)
	}
	tr = tried(t, small(t, "live", 7910, roam(0.77), format("nginx"), viewers(2000), within(time.Hour)), handling{})
	if s := tr.marks(); s.persons.share() > 0.9 || s.wide.n > 0 || s.precision.share() < rotatingGoal {
		t.Errorf("live: %s; persons %s", tr.flaws(s), s.persons)
	}
	if r := tr.found.Recommendations[0]; r.Decision == finding.Widen || !strings.Contains(r.Reason+strings.Join(r.Caveats, " "), "may count more than once") {
		t.Errorf("%s: %s %q", r.Decision, r.Reason, r.Caveats)
	}
}
