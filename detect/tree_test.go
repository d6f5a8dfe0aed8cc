package detect_test

import (
	"fmt"
	"strings"
	"testing"

	"ipdrift/detect/finding"
)

// TestTokenForATree: an edge that serves a whole tree with one token (DASH, HLS) shows so, and what it refuses is judged
// by that.
func TestTokenForATree(t *testing.T) {
	var l little
	moved := map[int]string{}
	for i := range 40 {
		ip, base := stranger(i), fmt.Sprintf("/dash/%d/", i)
		for _, file := range []string{"manifest.mpd", "video/720p/init.mp4", "video/720p/seg-1.m4s", "audio/en/seg-1.m4s"} {
			l.get(folder, folder.over(base+file, base, ip, later), ip, 200)
		}
		moved[l.get(folder, folder.over(base+"video/720p/seg-2.m4s", base, ip, later), "198.51.100.7", 403)] = ip
	}
	never := l.get(folder, folder.over("/dash/77/video/720p/seg-1.m4s", "/dash/77/", stranger(3), later), "198.51.100.7", 403)
	near := l.get(folder, folder.over("/dash/78/video/720p/seg-1.m4s", "/dash/78/", "198.51.100.9", later), "198.51.100.7", 403)
	far := l.get(folder, folder.over("/dash/79/video/720p/seg-1.m4s", "/dash/79/", "198.51.9.9", later), "198.51.100.7", 403)
	elsewhere := l.get(folder, folder.over("/dash/80/video/720p/seg-1.m4s", "/dash/80/", home, later), home, 403)
	tr := l.try(t, settings{})
	if c := tr.host(t, folder.host); c.Status != finding.Verified || !strings.Contains(c.Reason, "one token for a whole tree") {
		t.Errorf("%s: %s", c.Status, c.Reason)
	}
	for line, ip := range moved {
		tr.want(t, line, "ip_mismatch ip_mismatch - recomputed "+ip)
	}
	tr.want(t, never, "ip_mismatch ip_mismatch - recomputed "+stranger(3))
	tr.want(t, near, "ip_mismatch ip_mismatch - recomputed 198.51.100.9")
	tr.want(t, far, "ip_mismatch ip_mismatch - recomputed 198.51.9.9")
	tr.want(t, elsewhere, "valid refused_elsewhere - recomputed "+home)
}

// TestTokenForATreeHereOnly: a folder that is served to everybody makes no rule for those where the edge refuses such
// tokens, as nginx does.
func TestTokenForATreeHereOnly(t *testing.T) {
	var l little
	var wrong, open []int
	for i := range 80 {
		ip, base := stranger(i), fmt.Sprintf("/vod/%d/", i)
		if i < 40 {
			base = fmt.Sprintf("/open/%d/", i)
		}
		l.get(folder, folder.over(base+"index.m3u8", base, ip, later), ip, 200)
		if i < 30 {
			l.get(folder, folder.over(base+"hd/a.ts", base, ip, later), ip, 200)
			open = append(open, l.get(folder, folder.over(base+"hd/b.ts", base, ip, later), ip, 403))
		} else if i >= 40 {
			wrong = append(wrong, l.get(folder, folder.over(base+"hd/a.ts", base, ip, later), ip, 403))
		}
	}
	tr := l.try(t, settings{})
	for i, line := range wrong {
		tr.want(t, line, "wrong_path wrong_path - recomputed "+stranger(40+i))
	}
	for i, line := range open {
		tr.want(t, line, "valid refused_elsewhere - recomputed "+stranger(i))
	}
}
