package policy

import "testing"

// TestWithinAStep: what was taken and refused within one step of ten seconds is told apart where all of it came in order.
// The last link is served at 1,202 s, in step 120, and those after it are refused from then on.
func TestWithinAStep(t *testing.T) {
	served := append(servedIn(0, 1200), [3]int64{1200, 1202, -1})
	for name, c := range map[string]struct {
		refused [][3]int64
		until   int64 // second of the last link that counts as taken
	}{
		"after it":             {[][3]int64{{-1, -1, 1204}, {-1, -1, 1206}}, 1202},
		"at the same time":     {[][3]int64{{-1, -1, 1202}, {-1, -1, 1206}}, 1202},
		"before it":            {[][3]int64{{-1, -1, 1201}, {-1, -1, 1206}}, 1195},
		"before it, and noted": {[][3]int64{{-1, -1, 1206}, {-1, -1, 1201}}, 1195},
	} {
		u := used(append(append(c.refused, refusedIn(1210, 2560)...), served...))
		if until, _, ok := u.Ceased(); !ok || until != logFirst+c.until*second {
			t.Errorf("%s: ceased %t at %d s, want %d", name, ok, (until-logFirst)/second, c.until)
		}
	}
}

// TestStarted: the edge began to take links at 1,206 s, in step 120, and refused them before.
func TestStarted(t *testing.T) {
	for name, c := range map[string]struct {
		refused [][3]int64
		since   int64
	}{
		"before it":          {[][3]int64{{-1, -1, 1201}, {-1, -1, 1203}}, 1206},
		"after it":           {[][3]int64{{-1, -1, 1201}, {-1, -1, 1208}}, 1210},
		"after it, as noted": {[][3]int64{{-1, -1, 1208}, {-1, -1, 1201}}, 1210},
	} {
		u := used(append(append(append(refusedIn(0, 1200), c.refused...), [3]int64{1206, 1207, -1}), servedIn(1210, 2560)...))
		if since, ok := u.started(usageSteps); !ok || since != logFirst+c.since*second {
			t.Errorf("%s: started %t at %d s, want %d", name, ok, (since-logFirst)/second, c.since)
		}
	}
	if _, ok := used(servedIn(0, 2560)).started(usageSteps); ok {
		t.Error("links that were never refused started")
	}
}

// TestLongLinks: a link counts as begun in the step of its first request, and as taken in that of its last.
func TestLongLinks(t *testing.T) {
	u := used([][3]int64{{0, 2555, -1}, {15, 15, -1}})
	if u.begun[0] != 1 || u.begun[1] != 1 || u.taken[0] != 0 || u.taken[1] != 1 || u.taken[255] != 1 {
		t.Errorf("begun %v, taken %v", u.begun, u.taken)
	}
	if u.begunIn(0, 1) != 1 || u.begunIn(0, 2) != 2 || u.firstIn(1, 2) != logFirst+15*second || u.firstIn(2, usageSteps) != 0 {
		t.Errorf("%d and %d began, then first at %d", u.begunIn(0, 1), u.begunIn(0, 2), u.firstIn(1, 2))
	}
}
