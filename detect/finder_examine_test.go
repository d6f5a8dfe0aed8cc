package detect_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestLongTargetsAreNotExamined signs links over another path than the edge hashes: the
// signer's mistake is found unless they are longer than any server takes.
func TestLongTargetsAreNotExamined(t *testing.T) {
	for _, c := range []struct {
		length   int
		examined int64
	}{{30 << 10, 4}, {33 << 10, 0}} {
		var l little
		l.audience(folder, 40)
		for i := range 4 {
			dir := fmt.Sprintf("/%d/%s", i, strings.Repeat("x", c.length))
			l.get(folder, folder.over(dir+"/a.ts", dir, home, later), home, 403)
		}
		tr := l.try(t, settings{})
		var examined int64
		for _, s := range tr.Signer {
			examined = s.Examined
		}
		if examined != c.examined {
			t.Errorf("paths of %d bytes: %d examined, want %d", c.length, examined, c.examined)
		}
	}
}
