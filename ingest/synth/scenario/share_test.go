package scenario

import (
	"context"
	"io"
	"math"
	"slices"
	"testing"
)

// TestStatedShares holds the true shares of each scenario against its
// parameters: within four standard deviations of the binomial.
func TestStatedShares(t *testing.T) {
	checked := 0
	for _, w := range Scenarios() {
		if len(w.Hosts) > 1 || len(w.Hosts[0].Carriers) > 1 || w.Hosts[0].Bind != "address" || w.Hosts[0].Near > 0 {
			continue
		}
		c := w.Hosts[0].Carriers[0]
		if c.Restless+c.Missed == 0 || c.Kind == "fixed" {
			continue
		}
		w.Seed, w.Lines = 23, 400_000
		for _, m := range answer(t, w).Masks {
			reach, steps := c.Reach4, []Within{Within24, Within16}
			if m.Family == "ipv6" {
				reach, steps = c.Reach6, []Within{Within64, Within56, Within48}
			}
			if w.Name == "hostile" {
				m.BoundUsers = m.AffectedUsers // and others who never get to be affected
			}
			stated := 0.0
			for i, s := range m.Shares {
				for _, r := range reach {
					if r.Within == steps[i] {
						stated += r.Share
					}
				}
				within(t, w.Name, s.Share, stated, m.AffectedUsers)
				checked++
			}
			if w.Name != "hostile" {
				within(t, w.Name+" affected", float64(m.AffectedUsers)/float64(m.BoundUsers), c.Restless+c.Missed, m.BoundUsers)
			}
		}
	}
	if checked < 15 {
		t.Errorf("%d shares checked", checked)
	}
}

// answer runs a world for its sums alone.
func answer(t *testing.T, w World) *Answers {
	t.Helper()
	a, err := Run(context.Background(), w, secret, Sinks{Logs: []Sink{{"a.log", io.Discard}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func within(t *testing.T, name string, got, stated float64, n int64) {
	t.Helper()
	stated = min(1, stated)
	if n < 100 || math.Abs(got-stated) > 4*math.Sqrt(stated*(1-stated)/float64(n))+1e-9 {
		t.Errorf("%s: share %.4f of %d, stated %.4f", name, got, n, stated)
	}
}

func TestSetShare(t *testing.T) {
	w, err := Named("rotation16")
	if err != nil {
		t.Fatal(err)
	}
	w.SetShare(0.7)
	w.Lines, w.Seed = 200_000, 5
	m := answer(t, w).Masks[0]
	within(t, "/24", m.Shares[0].Share, 0.7, m.AffectedUsers)
	if m.Shares[1].Users != m.Shares[0].Users || m.Expected.Decision != "helps_partly" {
		t.Errorf("%+v", m)
	}
}

// TestDecisions are cases of rules 14 to 17 worked out by hand.
func TestDecisions(t *testing.T) {
	address := Host{Bind: "address"}
	for name, c := range map[string]struct {
		host      Host
		affected  int64
		saved     [2]int64 // by /24 and by /16
		strangers float64  // let in by /16
		links     int64
		want      string
		prefix    int
		margin    float64
	}{
		"nobody":             {address, 0, [2]int64{}, 0, 0, "keep_current", 0, 1},
		"few":                {address, 29, [2]int64{29, 29}, 0, 0, "insufficient_evidence", 0, 1},
		"rare":               {address, 40, [2]int64{40, 40}, 0, 0, "keep_current", 0, 1},
		"/24":                {address, 200, [2]int64{180, 184}, 0, 0, "widen", 24, 0.03},
		"/16 for its gain":   {address, 200, [2]int64{170, 190}, 0, 0, "widen", 16, 0.05},
		"gain of too few":    {address, 100, [2]int64{85, 94}, 0, 0, "widen", 24, 0.04},
		"/16":                {address, 200, [2]int64{60, 180}, 0, 0, "widen", 16, 0.10},
		"partly":             {address, 200, [2]int64{40, 120}, 0, 0, "helps_partly", 16, 0.10},
		"not enough":         {address, 200, [2]int64{40, 60}, 0, 0, "mask_not_enough", 0, 0.20},
		"strangers":          {address, 200, [2]int64{40, 190}, 0.3, 60, "keep_current", 0, 0.05},
		"few shared links":   {address, 200, [2]int64{40, 190}, 0.3, 59, "widen", 16, 0},
		"masked already":     {Host{Bind: "mask", Prefix4: 24}, 200, [2]int64{0, 180}, 0, 0, "widen", 16, 0.10},
		"masked widely":      {Host{Bind: "mask", Prefix4: 16}, 200, [2]int64{0, 0}, 0, 0, "mask_not_enough", 0, 1},
		"the signer's proxy": {Host{Bind: "address", Proxied: 0.8}, 200, [2]int64{200, 200}, 0, 0, "mask_not_enough", 0, 1},
	} {
		m := Mask{BoundUsers: 10_000, AffectedUsers: c.affected, SharedLinks: c.links}
		for i, prefix := range []int{24, 16} {
			m.Shares = append(m.Shares, Share{Prefix: prefix, Users: c.saved[i], Share: part(c.saved[i], c.affected)})
		}
		m.Shares[1].Strangers = c.strangers
		got := decide(&c.host, 4, &m)
		if got.Decision != c.want || got.Prefix != c.prefix || math.Abs(got.Margin-c.margin) > 1e-9 {
			t.Errorf("%s: %+v, want %s /%d, margin %g", name, got, c.want, c.prefix, c.margin)
		}
	}
}

// TestStrangers has every group of a posted link asked from many networks, each
// by a user agent of its own.
func TestStrangers(t *testing.T) {
	groups := map[string][]map[string]string{}
	for _, u := range table(t, made(t, "shared-links", 60_000, "nginx").users) {
		if u["class"] == "many_networks" {
			groups[u["group"]] = append(groups[u["group"]], u)
		}
	}
	if len(groups) < 20 {
		t.Fatalf("%d shared links", len(groups))
	}
	for id, users := range groups {
		owners := 0
		carriers := map[string]bool{}
		for _, u := range users {
			carriers[u["carrier"]] = true
			if u["role"] == "owner" {
				owners++
			}
		}
		if owners != 1 || len(carriers) < 4 || slices.ContainsFunc(users, func(u map[string]string) bool { return u["role"] == "stranger" && u["served"] != "0" }) {
			t.Errorf("group %s: %d owners, %d carriers", id, owners, len(carriers))
		}
	}
}

// TestWandering: a link that is renewed after a refusal is most often for a third address, not the
// one that was refused nor the one it was signed for before, and the viewer goes on there with
// what was refused.
func TestWandering(t *testing.T) {
	last := map[string]request{} // of a viewer
	renewed, third := 0, 0
	for _, r := range requests(t, made(t, "wandering", 40_000, "nginx")) {
		before, seen := last[r.user]
		last[r.user] = r
		if !seen || before.cause != "ip_mismatch" || r.md5 == before.md5 {
			continue
		}
		if renewed++; r.path != before.path {
			t.Fatalf("%s: refused %s, went on with %s", r.user, before.path, r.path)
		}
		if r.signed != before.addr && r.signed != before.signed {
			third++
		}
	}
	// Again is 0.8 for those who roam, seven of ten, and they are refused more often.
	if share := float64(third) / float64(renewed); renewed < 100 || share < 0.6 || share > 0.8 {
		t.Errorf("%d of %d links are for a third address", third, renewed)
	}
}
