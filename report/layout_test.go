package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ipdrift/detect/finding"
)

// played are steps written as "address status count seconds [last seconds]".
func played(lines ...string) (events []finding.Event) {
	start := time.Date(2026, 11, 20, 20, 0, 0, 0, time.UTC)
	for _, line := range lines {
		var e finding.Event
		var from, last int
		n, err := fmt.Sscan(line, &e.IP, &e.Status, &e.Count, &from, &last)
		if n < 4 {
			panic(err)
		}
		e.Time = start.Add(time.Duration(from) * time.Second).Format(time.RFC3339)
		if n == 5 {
			e.Last = start.Add(time.Duration(last) * time.Second).Format(time.RFC3339)
		}
		events = append(events, e)
	}
	return events
}

func TestLanesInOrderOfFirstUse(t *testing.T) {
	l := layOut(played("192.0.2.9 200 4 0 12", "198.51.100.1 403 1 16", "192.0.2.77 206 1 18", "2001:db8::1 410 2 20", "2001:db8::2 499 1 30", "192.0.2.77 401 1 35", "192.0.2.9 200 1 40"), "192.0.2.200", nil)
	var lanes, marks []string
	for _, n := range l.Lanes {
		lanes = append(lanes, fmt.Sprint(n.Network, n.Rows, n.Signed))
	}
	for _, m := range l.Marks {
		marks = append(marks, fmt.Sprintf("%d.%d%s", m.Lane, m.Row, m.Outcome))
	}
	if got, want := strings.Join(lanes, " "), "192.0.2.0/24[192.0.2.9 192.0.2.77] true 198.51.100.0/24[198.51.100.1] false 2001:db8::/64[2001:db8::1 2001:db8::2] false"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got, want := strings.Join(marks, " "), "0.0s 1.0R 0.1s 2.0R 2.1o 0.1o 0.0s"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if l.To.Sub(l.From) != 40*time.Second {
		t.Errorf("from %v to %v", l.From, l.To)
	}
}

// TestMarksKeepOrderAndProportion looks at places by hand: two marks a second
// apart in an hour stand apart, and an equal wait is an equal way.
func TestMarksKeepOrderAndProportion(t *testing.T) {
	l := layOut(played("192.0.2.1 200 1 0", "192.0.2.2 403 1 1", "192.0.2.1 200 1 1801", "192.0.2.2 403 9 3600"), "", nil)
	at := func(i int) float64 { return l.Marks[i].At }
	if at(0) != 0 || at(1)-at(0) < 1.0/40 || l.Marks[3].Until < 0.999 || l.Marks[3].Until > 1.001 || l.Marks[3].Until <= at(3) {
		t.Errorf("%+v", l.Marks)
	}
	if a, b := at(2)-at(1), at(3)-at(2); a < 0.999*b || a > 1.001*b {
		t.Errorf("half an hour is %.4f and %.4f", a, b)
	}
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprintf("192.0.%d.1 200 2 %d", i, i/50))
	}
	l = layOut(played(many...), "", nil)
	for i := 1; i < len(l.Marks); i++ {
		if m, before := l.Marks[i], l.Marks[i-1]; m.At <= before.Until || m.Until > 1.0001 {
			t.Fatalf("mark %d at %.4f to %.4f after %.4f", i, m.At, m.Until, before.Until)
		}
	}
	if n := len(l.Lanes); n != maxLanes+1 || len(l.Lanes[maxLanes].Others) != 100-maxLanes {
		t.Errorf("%d lanes, %d networks pooled", n, len(l.Lanes[n-1].Others))
	}
}

func TestLanesOfWhatIsNoTimeAndNoAddress(t *testing.T) {
	l := layOut([]finding.Event{{IP: "x", Time: "yesterday", Status: 200, Count: 1 << 62}, {IP: "", Time: "", Status: 403}, {IP: "fe80::1%eth0", Time: "2026-11-20T20:00:00Z", Status: 200}}, "x", nil)
	if len(l.Lanes) != 3 || !l.Lanes[0].Signed || l.Lanes[1].Signed || l.Lanes[2].Network != "fe80::/64" || l.Marks[2].At <= l.Marks[1].At {
		t.Errorf("%+v", l)
	}
	if l := layOut(nil, "", nil); len(l.Lanes)+len(l.Marks) != 0 {
		t.Errorf("%+v", l)
	}
}
