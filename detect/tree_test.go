package detect_test

import (
	"fmt"
	"strings"
	"testing"

	"ipdrift/detect/finding"
)

// TestTokenForATree: an edge that serves a whole tree with one token (DASH, HLS) shows so, and what it refuses is judged
// by that, under a mask, too.
func TestTokenForATree(t *testing.T) {
	for name, s := range map[string]site{"the whole address": folder, "a /24": {host: folder.host, dir: true, text: cutAt(24)}} {
		t.Run(name, func(t *testing.T) {
			var l little
			file := func(base, name, ip string) string { return s.over(base+name, base, s.hashed(ip), later) }
			refused := map[int]string{}
			for i := range 40 {
				ip, base := stranger(i), fmt.Sprintf("/dash/%d/", i)
				for _, name := range []string{"manifest.mpd", "video/720p/init.mp4", "video/720p/seg-1.m4s", "audio/en/seg-1.m4s"} {
					l.get(s, file(base, name, ip), ip, 200)
				}
				refused[l.get(s, file(base, "video/720p/seg-2.m4s", ip), "198.51.100.7", 403)] = ip
			}
			for i, ip := range []string{stranger(3), "198.51.101.9", "198.51.9.9"} { // seen elsewhere, near and far
				refused[l.get(s, file(fmt.Sprintf("/dash/%d/", 77+i), "video/720p/seg-1.m4s", ip), "198.51.100.7", 403)] = ip
			}
			elsewhere := l.get(s, file("/dash/80/", "video/720p/seg-1.m4s", home), home, 403)
			tr := l.try(t, settings{})
			if c := tr.host(t, s.host); c.Status != finding.Verified || !strings.Contains(c.Reason, "one token for a whole tree") {
				t.Errorf("%s: %s", c.Status, c.Reason)
			}
			for line, ip := range refused {
				tr.want(t, line, "ip_mismatch ip_mismatch - recomputed "+s.hashed(ip))
			}
			tr.want(t, elsewhere, "valid refused_elsewhere - recomputed "+s.hashed(home))
			if n := tr.scalar(t, `SELECT count(*) FROM requests WHERE status = 200 AND verdict <> 'valid'`); n > 0 {
				t.Errorf("%d served requests are not valid", n)
			}
		})
	}
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
