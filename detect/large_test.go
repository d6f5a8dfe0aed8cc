package detect_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"testing"

	"ipdrift/ingest/synth/scenario"
)

// TestLittleAtOnce holds an analysis that takes links and requests in small parts
// to one that takes them at one go: the report is the same.
func TestLittleAtOnce(t *testing.T) {
	names := []string{"mixed", "shared-links", "refresh", "dualstack", "handover"}
	met := 0
	for i, w := range scenario.Scenarios() {
		if !slices.Contains(names, w.Name) {
			continue
		}
		met++
		t.Run(w.Name, func(t *testing.T) {
			w.Seed, w.Lines, w.Users, w.Format = 1700+uint64(i), 3000, 250, "nginx"
			var log bytes.Buffer
			if _, err := scenario.Run(context.Background(), w, secret, scenario.Sinks{Logs: []scenario.Sink{{Name: "log", Writer: &log}}}, nil); err != nil {
				t.Fatal(err)
			}
			atOnce := tryText(t, log.String(), settings{threads: 2})
			inParts := tryText(t, log.String(), settings{threads: 2, meagre: true})
			if len(atOnce.Users.Flagged) == 0 {
				t.Fatal("nobody is flagged")
			}
			want, _ := json.Marshal(atOnce.Analysis)
			if got, _ := json.Marshal(inParts.Analysis); !bytes.Equal(got, want) {
				t.Errorf("in parts\n%s\nat one go\n%s", got, want)
			}
			if !slices.Equal(inParts.rows, atOnce.rows) {
				t.Error("the requests are judged otherwise")
			}
		})
	}
	if met != len(names) {
		t.Errorf("%d of %d worlds are there", met, len(names))
	}
}
