package ingest

import (
	"testing"

	"ipdrift/ingest/format"
)

func TestWatch(t *testing.T) {
	// The example of W3C Trace Context, 3.2.
	v := &format.Viewer{Session: []byte("9f86D081"), Trace: []byte("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")}
	for name, c := range map[string]struct {
		w    *Watch
		want bool
	}{
		"session":              {&Watch{Session: "9F86d081"}, true},
		"trace, whole":         {&Watch{Trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}, true},
		"trace id":             {&Watch{Trace: "4BF92F3577B34DA6A3CE929D0E0E4736"}, true},
		"version is no id":     {&Watch{Trace: "00"}, false},
		"beginning of trace":   {&Watch{Trace: "4bf92f3577b34da6"}, false},
		"another session":      {&Watch{Session: "9f86d082"}, false},
		"both":                 {&Watch{Session: "9f86d081", Trace: "00f067aa0ba902b7"}, true},
		"one of both is other": {&Watch{Session: "9f86d082", Trace: "00f067aa0ba902b7"}, false},
	} {
		c.w.look(v, 2, 7)
		if got := len(c.w.Lines()) == 1; got != c.want {
			t.Errorf("%s: found %v", name, got)
		}
	}
}
