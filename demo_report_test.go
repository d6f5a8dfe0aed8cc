package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the demo's reports in testdata/report anew")

// TestDemoReports makes the reports of the demo's log, and demands those that
// the README links to.
func TestDemoReports(t *testing.T) {
	for _, ending := range []string{".html", ".md"} {
		t.Run(ending, func(t *testing.T) {
			path, made := "testdata/report/demo"+ending, t.TempDir()+"/demo"+ending
			var out, errs bytes.Buffer
			args := []string{"analyze", "--key-file", "testdata/nginx/demo.key", "-o", made, "testdata/nginx/video-demo.log.gz"}
			if code := run(context.Background(), args, nil, &out, &errs); code != 0 {
				t.Fatalf("exit %d: %s", code, errs.String())
			}
			report, err := os.ReadFile(made)
			if err != nil {
				t.Fatal(err)
			}
			report = bytes.ReplaceAll(report, []byte(made), []byte("demo"+ending)) // the command as run
			if *update {
				if err := os.WriteFile(path, report, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			wanted, got := strings.Split(string(want), "\n"), strings.Split(string(report), "\n")
			for i := range max(len(wanted), len(got)) {
				if i >= len(wanted) || i >= len(got) || wanted[i] != got[i] {
					t.Fatalf("%s is not what the command writes, from line %d on; go test -run DemoReports -update . writes it anew:\n-%s\n+%s", path, i+1,
						strings.Join(wanted[min(i, len(wanted)):min(i+1, len(wanted))], ""), strings.Join(got[min(i, len(got)):min(i+1, len(got))], ""))
				}
			}
		})
	}
}
