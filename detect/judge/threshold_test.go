package judge

import "testing"

// TestTheRulesHaveTheirNumbers: each is the one that the rules of evidence and the documentation state. A report prints
// them, and decisions of one version are compared with those of another: none changes by accident.
func TestTheRulesHaveTheirNumbers(t *testing.T) {
	stated := map[string]float64{
		"calibration_tokens": 30, "calibration_share": 0.99, // rule 1: 30 tokens or more, at least 99 %
		"stray_after_days": 365, "stray_share": 0.1,
		"node_tokens": 50, "node_agents": 5, "proxy_share": 0.5, // rule 3: more than 50 tokens; most tokens
		"clock_links": 30, "clock_share": 0.8,
		"retry_window_s":       30,   // rule 8: within 30 s
		"linger_s":             60,   // detect/README.md: a minute
		"many_networks":        3,    // rule 10: at least 3 unrelated networks
		"media_requests":       3,    // rule 10: several
		"id_networks":          6,    // detect/README.md: more than six networks
		"id_strangers":         30,   // and 30 networks with nothing in common
		"missing_share":        0.1,  // rule 11: above 10 %
		"recovery_s":           10,   // rule 12: within 10 s
		"confidence":           0.95, // rule 13: one-sided 95 %
		"bootstrap_replicates": 1000, "bootstrap_users": 20000,
		"listed_below_users": 10, "decides_from_users": 30, // rule 14: fewer than 10; 30 or more
		"worth_share":  0.005,                  // rule 15: at least 0.5 %
		"accepted_low": 0.8,                    // at least 80 %
		"gain_low":     0.05, "gain_users": 10, // at least 5 points and 10 users
		"helps_partly_high": 0.5,                                               // at least 50 %
		"carrier_users":     30, "carrier_share": 0.1, "carrier_accepted": 0.5, // rule 16: fewer than 30 pooled; at least 10 %, under half
		"strangers_veto": 0.05, "strangers_links": 60, "exposure_named_above": 0.05, // rule 17: above 5 %
		"timeline_steps": 100,
	}
	named := Default().Named()
	for name, want := range stated {
		if got, ok := named[name]; !ok || got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if len(named) != len(stated) {
		t.Errorf("%d numbers are named, want %d", len(named), len(stated))
	}
}

// TestCommonASN: the operator of most requests, the lowest number of several; requests whose operator is not known do not count.
func TestCommonASN(t *testing.T) {
	for _, c := range []struct {
		asns    []uint32
		refused []bool
		all     uint32
		denied  uint32 // of the refused ones alone
	}{
		{nil, nil, 0, 0},
		{[]uint32{0, 0, 7}, []bool{true, true, false}, 7, 0},
		{[]uint32{9, 7}, []bool{false, true}, 7, 7},
		{[]uint32{7, 9}, []bool{false, true}, 7, 9},
		{[]uint32{7, 9, 9, 7, 9}, []bool{true, false, false, true, true}, 9, 7},
	} {
		g := &Group{}
		f := facts{group: g}
		for i, asn := range c.asns {
			g.Events = append(g.Events, Event{ASN: asn, Refused: c.refused[i]})
			f.idx = append(f.idx, int32(i))
		}
		if all, denied := f.commonASN(false), f.commonASN(true); all != c.all || denied != c.denied {
			t.Errorf("%v: AS%d, of refusals AS%d, want %d and %d", c.asns, all, denied, c.all, c.denied)
		}
	}
}
