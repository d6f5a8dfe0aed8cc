package detect_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"ipdrift/token"
)

// testdata/script/faults.txtar runs the signers that testdata/faults/make.py
// plays: every known mistake has to be made by one of them.
func TestEveryMistakeIsMade(t *testing.T) {
	script, err := os.ReadFile("../testdata/faults/make.py")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range token.Mistakes() {
		if !strings.Contains(string(script), "\n    Host(\""+m.Name+"\", ") {
			t.Errorf("no host whose signer makes the mistake %s", m.Name)
		}
	}
}

// The script is skipped where there is no Python, unless it is required.
func TestFaultsCanBeMade(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil && os.Getenv("IPDRIFT_REQUIRE_SIGNERS") != "" {
		t.Error("testdata/script/faults.txtar is skipped: install python3")
	}
}
