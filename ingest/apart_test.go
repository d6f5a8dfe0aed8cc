package ingest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// What was left out is told where nothing was read: the same names whichever worker comes first.
func TestApart(t *testing.T) {
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		hosts  string // those that match in capitals
		beside extent
		want   string
	}{
		{"b a b", extent{}, "--host x is none of the hosts of this log: a, b"},
		{"g f e d c b a", extent{}, "--host x is none of the hosts of this log: a, b, c, d, e and others"},
		{"a g c e b f d", extent{}, "--host x is none of the hosts of this log: a, b, c, d, e and others"},
		{"a b c d e", extent{}, "--host x is none of the hosts of this log: a, b, c, d, e"},
		{"-", extent{}, "--host x leaves out all requests: the log names no hosts"},
		{"b A", extent{}, ""},
		{"b A", extent{at.UnixMicro(), at.Add(time.Hour).UnixMicro()}, "the requests run from 2026-11-20 10:00:00 to 2026-11-20 11:00:00 UTC: none is within --since and --until"},
		{"", extent{}, ""},
	} {
		var a apart
		for name := range strings.FieldsSeq(c.hosts) {
			a.host(name != strings.ToLower(name), func() string { return name })
		}
		a.add(extent{})
		a.add(c.beside)
		if got := strings.Join(a.say("x"), fmt.Sprintln()); got != c.want {
			t.Errorf("%s: %s", c.hosts, got)
		}
	}
}
