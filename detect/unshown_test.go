package detect_test

import (
	"fmt"
	"testing"

	"ipdrift/detect/search"
	"ipdrift/token"
)

// TestScopeThatNothingServedShows: a host whose served links are signed over the file (or
// the directory) has folders where links of the other scope were only refused.
func TestScopeThatNothingServedShows(t *testing.T) {
	for _, served := range []site{single, folder} {
		other := served
		other.dir = !served.dir
		var l little
		l.audience(served, 40)
		var near, known, far []int
		for i := range 50 {
			path := fmt.Sprintf("/m/%d/a.ts", i)
			near = append(near, l.get(served, other.link(path, "198.51.100.9"), "198.51.100.7", 403))
			known = append(known, l.get(served, other.link("/k"+path, stranger(i%40)), "198.51.100.7", 403))
			far = append(far, l.get(served, other.link("/f"+path, "203.0.113.9"), "198.51.100.7", 403))
		}
		there := l.get(served, other.link("/crowd/3/b.ts", "198.51.100.9"), "198.51.100.7", 403)
		tr := l.try(t, settings{})
		for i := range near {
			tr.want(t, near[i], "ip_mismatch ip_mismatch - recomputed 198.51.100.9")
			tr.want(t, known[i], "ip_mismatch ip_mismatch - recomputed "+stranger(i%40))
			tr.want(t, far[i], "unresolved_signature unresolved_signature - - -")
		}
		// where the edge showed its scope, it is the path, too
		tr.want(t, there, "unresolved_signature unresolved_signature other_path_and_address recomputed 198.51.100.9")
		stated := l.try(t, settings{scope: map[bool]token.Scope{true: token.ScopeDir, false: token.ScopeFile}[served.dir]})
		stated.want(t, near[0], "unresolved_signature unresolved_signature - - -")
		l.try(t, settings{recover: search.RecoverNone}).want(t, known[0], "unresolved_signature unresolved_signature - - -")

		// a signer that uses the other scope for the observed address, too, is the one to mend
		wrong := l.get(served, other.link("/new/a.ts", home), home, 403)
		tr = l.try(t, settings{})
		tr.want(t, wrong, "wrong_path wrong_path - recomputed "+home)
		tr.want(t, near[0], "unresolved_signature unresolved_signature other_path_and_address recomputed 198.51.100.9")
	}
}
