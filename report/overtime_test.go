package report

import (
	"strings"
	"testing"
	"time"

	"ipdrift/detect/finding"
)

// bumpy is a day with refusals of one host in the sixth hour and the last.
func bumpy(t *testing.T) *finding.Analysis {
	a := load(t, fixtures+"/widen.json")
	mismatch, expired := make([]int64, 24), make([]int64, 24)
	mismatch[6], mismatch[7], expired[23] = 80, 1, 40
	a.Denials.OverTime = &finding.OverTime{From: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), Step: 3600,
		ByHost: map[string]map[string][]int64{"video.example.com": {"ip_mismatch": mismatch, "expired": expired}}}
	return a
}

func TestOverTime(t *testing.T) {
	for name, c := range map[string]struct {
		o    Options
		want []string
	}{
		"wide":    {Options{Width: 120}, []string{"over time  ▁▁▁▁▁▁█▂▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▅  most 80 in 1 h from 06:00\n"}},
		"narrow":  {Options{Width: 60}, []string{"over time  ▁▁▁▁▁▁█▂▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▅\n             most 80 in 1 h from 06:00\n"}},
		"ascii":   {Options{Width: 120, ASCII: true}, []string{"over time  ______#._______________=  most"}},
		"verbose": {Options{Width: 120, Verbose: true}, []string{"▁▁▁▁▁▁█▂▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁  ip_mismatch, most 80 in 1 h from 06:00\n", "▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█  expired, most 40 in 1 h from 23:00\n"}},
	} {
		text := string(render(t, Formats()[0], bumpy(t), c.o))
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", name, want, text)
			}
		}
	}
	if text := string(render(t, Format{Render: renderMarkdown}, bumpy(t), Options{})); !strings.Contains(text, "over time: ▁▁▁▁▁▁█▂▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▅ most 80 in 1 h from 06:00 UTC\n") {
		t.Errorf("not in the ticket:\n%s", text)
	}
}

func TestPeakNamesTheDayWhereThereAreSeveral(t *testing.T) {
	at := time.Date(2026, 11, 20, 23, 59, 50, 0, time.UTC)
	for want, c := range map[string]rhythm{
		"most 2 in 5 s from 23:59:50":     {at, 5 * time.Second, []int64{2, 1}},
		"most 2 in 10 s from 11-21 00:00": {at, 10 * time.Second, []int64{1, 2}},
		"most 2 in 1 d from 11-21":        {at.Truncate(24 * time.Hour), 24 * time.Hour, []int64{1, 2}},
	} {
		if got := c.peak(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestLanes draws a timeline by hand: two addresses in turn, 10 s apart.
func TestLanes(t *testing.T) {
	at := func(s int) string { return time.Date(2026, 11, 20, 12, 0, s, 0, time.UTC).Format(time.RFC3339) }
	events := []finding.Event{
		{Time: at(0), Last: at(20), IP: "198.51.100.7", Status: 200, Count: 9}, {Time: at(30), IP: "198.51.7.9", Status: 403, Count: 1},
		{Time: at(40), IP: "198.51.100.7", Status: 206, Count: 2},
	}
	for _, c := range []struct {
		steps int
		want  string
	}{{5, "198.51.100.7 sss.s, 198.51.7.9 ...R."}, {9, "198.51.100.7 sssss...s, 198.51.7.9 ......R.."}} {
		if got := drawn(lanesOf(events, nil, c.steps), c.steps); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
	for i := range 5 {
		events = append(events, finding.Event{Time: at(41 + i), IP: "2001:db8::" + string(rune('1'+i)), Status: 403})
	}
	if got, want := drawn(lanesOf(events, nil, 46), 4), "198.51.100.0/24 ss.s, 198.51.7.0/24 ..R., 2001:db8::/64 ...R"; got != want {
		t.Errorf("many addresses: %s, want %s", got, want)
	}
}

func drawn(l finding.Lanes, columns int) string {
	var parts []string
	for _, lane := range l.Lanes {
		parts = append(parts, lane.Network+" "+string(LaneMarks(lane, columns)))
	}
	return strings.Join(parts, ", ")
}
