package detect_test

import (
	"fmt"
	"strings"
	"testing"

	"ipdrift/detect/search"
	"ipdrift/token"
)

// TestPathThatIsItsOwnDirectory: /live/ hashes alike as file and as directory,
// and teaches nothing about the scope, whoever comes first.
func TestPathThatIsItsOwnDirectory(t *testing.T) {
	for _, s := range []site{folder, single} {
		var want string
		for _, first := range []bool{true, false} {
			var l little
			index := entry{host: s.host, target: s.link("/live/", home), ip: home, status: 200}
			if first {
				l.add(index)
			}
			l.audience(s, 40)
			if !first {
				l.add(index)
			}
			other := s
			other.dir = !s.dir
			wrong := l.get(s, other.link("/live/seg-1.ts", home), home, 403)
			tr := l.try(t, settings{threads: 1})
			tr.want(t, wrong, "wrong_path wrong_path - recomputed "+home)
			got := asJSON(t, tr.host(t, s.host))
			if want == "" {
				want = got
			}
			if got != want || !strings.Contains(got, fmt.Sprintf(`"scope": "%s"`, map[bool]string{true: "dir", false: "file"}[s.dir])) {
				t.Errorf("%s: the policy depends on the order, or on %s: %s", s.host, "/live/", got)
			}
		}
	}
}

// TestRule02ScopeByFolder: links over the directory in one folder, over the file in
// another, on one host.
func TestRule02ScopeByFolder(t *testing.T) {
	dir, file := site{host: "both.test", dir: true}, site{host: "both.test"}
	var l little
	for i := range 40 {
		ip := stranger(i)
		l.get(dir, dir.link("/stream/a.ts", ip), ip, 200)
		l.get(file, file.link("/download/a.mp4", ip), ip, 200)
	}
	good := l.get(dir, dir.link("/stream/b.ts", home), home, 200)
	goodFile := l.get(file, file.link("/download/b.mp4", home), home, 403)
	fileThere := l.get(file, file.link("/stream/c.ts", home), home, 403)
	dirThere := l.get(dir, dir.link("/download/c.mp4", home), home, 403)
	unknown := l.get(dir, dir.link("/new/c.ts", home), home, 403)
	tr := l.try(t, settings{})
	tr.want(t, good, "valid - - recomputed "+home)
	tr.want(t, goodFile, "valid refused_elsewhere - recomputed "+home)
	tr.want(t, fileThere, "wrong_path wrong_path - recomputed "+home)
	tr.want(t, dirThere, "wrong_path wrong_path - recomputed "+home)
	tr.want(t, unknown, "valid refused_elsewhere - recomputed "+home) // a new folder: either scope is used on this host
	if c := tr.host(t, "both.test"); c.Policy.Scope != "both" {
		t.Errorf("scope %q, want both", c.Policy.Scope)
	}
	forced := l.try(t, settings{scope: token.ScopeDir})
	forced.want(t, good, "valid - - recomputed "+home)
	forced.want(t, goodFile, "wrong_path wrong_path - recomputed "+home)
	if !strings.Contains(strings.Join(forced.Warnings, "\n"), "given by --scope or --config, but the edge served links that are signed otherwise") {
		t.Errorf("the contradiction is not reported: %q", forced.Warnings)
	}
}

// TestRule02AnExceptionIsNoRule: what one link in forty is signed over goes in its own folder
// only.
func TestRule02AnExceptionIsNoRule(t *testing.T) {
	file := site{host: folder.host}
	var l little
	l.audience(folder, 40)
	l.get(file, file.link("/odd/a.ts", home), home, 200)
	there := l.get(file, file.link("/odd/b.ts", home), home, 403)
	elsewhere := l.get(file, file.link("/new/b.ts", home), home, 403)
	tr := l.try(t, settings{})
	tr.want(t, there, "valid refused_elsewhere - recomputed "+home)
	tr.want(t, elsewhere, "wrong_path wrong_path - recomputed "+home)
}

// TestWrongPath are hashes for another path than the one asked for, with the
// observed address.
func TestWrongPath(t *testing.T) {
	var l little
	l.audience(folder, 40)
	l.audience(single, 40)
	link := folder.link("/v/1/seg-1.ts", home)
	l.get(folder, link, home, 200)
	want := map[int]string{
		l.get(folder, folder.over("/v/1/2/a.ts", "/v/1/", home, later), home, 403):      "an ancestor",
		l.get(folder, folder.over("/a/b/c/d/e/f/a.ts", "/a/", home, later), home, 403):  "five levels up",
		l.get(folder, folder.over("/v/2/a.ts", "/", home, later), home, 403):            "the root",
		l.get(folder, folder.over("/v/3/a.ts", "/v/3/a.ts", home, later), home, 403):    "the file where the directory is needed",
		l.get(single, single.over("/v/3/a.ts", "/v/3/", home, later), home, 403):        "the directory where the file is needed",
		l.get(folder, on("/v/1/hd/seg-1.ts", link), home, 403):                          "a folder below, with a witness",
		l.get(folder, on("/v/9/seg-1.ts", link), home, 403):                             "a sibling, with a witness",
		l.get(single, on("/crowd/0/b.ts", l.entries[40].target), l.entries[40].ip, 403): "another file of the folder, with a witness",
	}
	tr := l.try(t, settings{})
	for line, name := range want {
		got := tr.rows[line-1]
		if got.verdict != "wrong_path" || got.cause != "wrong_path" || got.basis != "recomputed" || got.signed != tr.entryIP(l, line) {
			t.Errorf("%s: %s, want wrong_path for %s", name, got, tr.entryIP(l, line))
		}
	}
}

func (tr *trial) entryIP(l little, line int) string { return l.entries[line-1].ip }

// TestMismatchOnAnotherPath is not blamed on the address alone.
func TestMismatchOnAnotherPath(t *testing.T) {
	var l little
	l.audience(folder, 40)
	link := folder.link("/v/1/seg-1.ts", home)
	l.get(folder, link, home, 200)
	sibling := l.get(folder, on("/v/9/seg-1.ts", link), away, 403)
	below := l.get(folder, on("/v/1/hd/seg-1.ts", link), away, 403)
	tr := l.try(t, settings{})
	tr.want(t, sibling, "unresolved_signature unresolved_signature other_path_and_address recomputed "+home)
	tr.want(t, below, "unresolved_signature unresolved_signature other_path_and_address recomputed "+home)
}

// TestPathsThatAreStoredOtherwise: what the door cuts out of a path or cannot
// store must not change the verdict.
func TestPathsThatAreStoredOtherwise(t *testing.T) {
	for name, path := range map[string]string{
		"an id as long as a token, then a number": "/v/QX39c77lbQKvYgMMAvpyMQ/720/seg-1.ts",
		"token= in the path":                      "/v/token=abcdefghijklmn/seg-1.ts",
		"a byte that is not UTF-8":                "/v/caf\xe9/seg-1.ts",
		"escaped bytes":                           "/v/caf%C3%A9/seg 1.ts",
	} {
		for _, s := range []site{folder, single} {
			t.Run(s.host+" "+name, func(t *testing.T) {
				sent := strings.ReplaceAll(path, " ", "%20")
				plain := strings.NewReplacer("%C3%A9", "\xc3\xa9").Replace(path)
				over := plain
				if s.dir {
					over = plain[:strings.LastIndexByte(plain, '/')+1]
				}
				var l little
				l.audience(s, 40)
				witnessed := s.over(sent, over, home, later)
				good := l.get(s, witnessed, home, 200)
				moved := l.get(s, witnessed, far, 403)
				searched := l.get(s, s.over(sent, over, home, later+1), away, 403)
				tr := l.try(t, settings{recover: search.RecoverNear})
				tr.want(t, good, "valid - - recomputed "+home)
				tr.want(t, moved, "ip_mismatch ip_mismatch - recomputed "+home)
				tr.want(t, searched, "ip_mismatch ip_mismatch - recomputed "+home)
			})
		}
	}
}
