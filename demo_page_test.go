package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/report/demo.html anew")

// TestDemoPage makes the HTML report of the demo's log, and demands the page
// that the README links to.
func TestDemoPage(t *testing.T) {
	const path = "testdata/report/demo.html"
	var out, errs bytes.Buffer
	args := []string{"analyze", "--key-file", "testdata/nginx/demo.key", "--format", "html", "testdata/nginx/video-demo.log.gz"}
	if code := run(context.Background(), args, nil, &out, &errs); code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	if *update {
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wanted, got := strings.Split(string(want), "\n"), strings.Split(out.String(), "\n")
	for i := range max(len(wanted), len(got)) {
		if i >= len(wanted) || i >= len(got) || wanted[i] != got[i] {
			t.Fatalf("%s is not what the command writes, from line %d on; go test -run DemoPage -update . writes it anew:\n-%s\n+%s", path, i+1,
				strings.Join(wanted[min(i, len(wanted)):min(i+1, len(wanted))], ""), strings.Join(got[min(i, len(got)):min(i+1, len(got))], ""))
		}
	}
}
