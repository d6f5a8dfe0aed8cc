package policy

import (
	"fmt"
	"testing"

	"ipdrift/token"
)

func TestAbove(t *testing.T) {
	for dir, want := range map[string]string{"/a/b/": "/a/", "/a/": "/", "/": "", "/a/b": "/a/", "a": "", "": ""} {
		if got := above(dir); got != want {
			t.Errorf("above %q is %q, want %q", dir, got, want)
		}
	}
}

// TestLinkCount: requests of one link that follow each other are one.
func TestLinkCount(t *testing.T) {
	var c LinkCount
	for _, link := range []uint32{3, 3, 4, 3, 3} {
		c.Count(link)
	}
	if c.Of() != 3 || (*LinkCount)(nil).Of() != 0 {
		t.Errorf("%d links, want 3; of none %d", c.Of(), (*LinkCount)(nil).Of())
	}
}

// tree is a host with folders, each of which took links that are bound one way.
func tree(t *testing.T, folders map[string]map[token.Binding]int64) (*Policy, map[string]uint32) {
	t.Helper()
	ids, texts, taken := map[string]uint32{}, map[uint32]string{}, map[Rule]int64{}
	for path := range folders {
		ids[path] = uint32(len(ids) + 1)
		texts[ids[path]] = path
	}
	p := learned(token.Resource{}, taken, func(p *Policy) {
		for path, links := range folders {
			f := &Folder{}
			for b, n := range links {
				f.Add(over(token.ScopeDir, b)).Links = n
				p.Add(over(token.ScopeDir, b), n)
			}
			p.Dirs[ids[path]] = f
		}
	})
	if err := p.Surround(func(dir uint32) (string, error) { return texts[dir], nil }); err != nil {
		t.Fatal(err)
	}
	return p, ids
}

// TestFolders: ten links, of a folder or of those around it, tell what it is bound to; fewer tell
// nothing against what is common on the host.
func TestFolders(t *testing.T) {
	p, ids := tree(t, map[string]map[token.Binding]int64{
		"/open/1/":  {none: 2},
		"/open/2/":  {none: 9},
		"/bound/1/": {whole: 500},
		"/new/":     {none: 1},
		"/mixed/1/": {none: 9},
		"/mixed/2/": {none: 10, whole: 1},
		"/ten/1/":   {none: 10},
	})
	for path, want := range map[string]string{
		"/open/1/":  "false true", // 11 links below /open/, all without an address
		"/open/2/":  "false true",
		"/bound/1/": "true false",
		"/new/":     "true true", // only the host took ten, nearly all with an address
		"/mixed/1/": "true true", // 1 in 20 has one
		"/mixed/2/": "true true",
		"/ten/1/":   "false true",
		"/unknown/": "true true",
	} {
		q := &Asked{Client: client, Dir: ids[path]}
		got := fmt.Sprint(p.Accepts(q, Hypothesis{Scope: token.ScopeDir, Binding: whole}), p.Accepts(q, Hypothesis{Scope: token.ScopeDir, Binding: none}))
		if got != want {
			t.Errorf("%s takes the address and none: %s, want %s", path, got, want)
		}
	}
}

// TestWhere names the highest folders in which nearly all links are bound so, if no other has many.
func TestWhere(t *testing.T) {
	to := func(n int64) map[token.Binding]int64 { return map[token.Binding]int64{none: n} }
	bound := map[token.Binding]int64{whole: 500}
	for name, c := range map[string]struct {
		folders map[string]map[token.Binding]int64
		want    string
	}{
		"one":           {map[string]map[token.Binding]int64{"/free/1/": to(16), "/free/2/": to(14), "/film/": bound}, " below /free/"},
		"nine links":    {map[string]map[token.Binding]int64{"/free/1/": to(5), "/free/2/": to(4), "/film/": bound}, ""},
		"1 in 20 other": {map[string]map[token.Binding]int64{"/free/": {none: 95, whole: 5}, "/film/": bound}, " below /free/"},
		"more":          {map[string]map[token.Binding]int64{"/free/": {none: 94, whole: 6}, "/film/": bound}, ""},
		"three":         {map[string]map[token.Binding]int64{"/c/": to(10), "/a/": to(10), "/b/": to(10), "/film/": bound}, " below /a/, /b/, /c/"},
		"five":          {map[string]map[token.Binding]int64{"/c/": to(10), "/a/": to(10), "/b/": to(10), "/d/": to(10), "/e/": to(10), "/film/": bound}, " below /a/, /b/, /c/ and 2 other folders"},
	} {
		p, _ := tree(t, c.folders)
		if got := p.Where(BoundAs{none, 4}); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestTogether: a folder, with those below it, that took five links of either kind took both; the root is the host.
func TestTogether(t *testing.T) {
	for name, c := range map[string]struct {
		folders map[string]map[token.Binding]int64
		want    bool
	}{
		"in one folder":    {map[string]map[token.Binding]int64{"/a/1/": {none: 5, whole: 5}}, true},
		"four of one kind": {map[string]map[token.Binding]int64{"/a/1/": {none: 5, whole: 4}}, false},
		"below one":        {map[string]map[token.Binding]int64{"/a/1/": {none: 5}, "/a/2/": {whole: 5}}, true},
		"side by side":     {map[string]map[token.Binding]int64{"/a/1/": {none: 5}, "/b/1/": {whole: 5}}, false},
		"in the root":      {map[string]map[token.Binding]int64{"/": {none: 5, whole: 5}}, true},
	} {
		p, _ := tree(t, c.folders)
		if got := p.together[[2]BoundAs{{none, 4}, {whole, 4}}]; got != c.want || len(p.together) > 2 {
			t.Errorf("%s: %v", name, p.together)
		}
	}
}
