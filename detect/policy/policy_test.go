package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/token"
)

var (
	whole = token.Binding{}
	none  = token.Binding{Kind: token.BindNone}
	to24  = token.Binding{Kind: token.BindMask, Prefix: 24}
	to16  = token.Binding{Kind: token.BindMask, Prefix: 16}
	to64  = token.Binding{Kind: token.BindMask, Prefix: 64}
)

// over is how a link is signed, for an address of IPv4.
func over(s token.Scope, b token.Binding) Rule {
	return Rule{Hypothesis{Scope: s, Binding: b}, 4}
}

// of6 is the same of IPv6.
func (r Rule) of6() Rule { r.Family = 6; return r }

// up is the same over a directory above.
func (r Rule) up(n uint8) Rule { r.Scope, r.Up = token.ScopeAncestor, n; return r }

// learned is the policy of a host whose edge took some links.
func learned(stated token.Resource, taken map[Rule]int64, more ...func(*Policy)) *Policy {
	p := New(stated, token.ScopeAuto)
	for r, n := range taken {
		p.Add(r, n)
	}
	for _, f := range more {
		f(&p)
	}
	t := judge.Default()
	p.Settle(&t)
	return &p
}

// TestCommon: a rule of the host has 5 % of the accepted links of its family, or is what these
// are bound to since a change; what the user rules out is none.
func TestCommon(t *testing.T) {
	file, dir := over(token.ScopeFile, whole), over(token.ScopeDir, whole)
	for name, c := range map[string]struct {
		stated token.Resource
		taken  map[Rule]int64
		more   func(*Policy)
		want   []Rule // of both families, in no order
	}{
		"one":                       {token.Resource{}, map[Rule]int64{dir: 1}, nil, []Rule{dir}},
		"5 in 100":                  {token.Resource{}, map[Rule]int64{dir: 95, file: 5}, nil, []Rule{dir, file}},
		"4 in 100":                  {token.Resource{}, map[Rule]int64{dir: 96, file: 4}, nil, []Rule{dir}},
		"4 of another family":       {token.Resource{}, map[Rule]int64{dir: 96, file.of6(): 4}, nil, []Rule{dir, file.of6()}},
		"the user says file":        {token.Resource{Scope: token.ScopeFile}, map[Rule]int64{dir: 15, file: 14}, nil, []Rule{file}},
		"the user says /24":         {token.Resource{Bind4: &to24}, map[Rule]int64{dir: 15, over(token.ScopeDir, to24): 14}, nil, []Rule{over(token.ScopeDir, to24)}},
		"few, but since the change": {token.Resource{}, map[Rule]int64{dir: 99, over(token.ScopeDir, to24): 1}, changed(to24), []Rule{dir, over(token.ScopeDir, to24)}},
		"a tree":                    {token.Resource{}, map[Rule]int64{dir: 50, dir.up(2): 50}, func(p *Policy) { p.Astray = 25 }, []Rule{dir, dir.up(2)}},
		"no tree, as more stray":    {token.Resource{}, map[Rule]int64{dir: 50, dir.up(2): 50}, func(p *Policy) { p.Astray = 26 }, []Rule{dir}},
	} {
		if c.more == nil {
			c.more = func(*Policy) {}
		}
		p := learned(c.stated, c.taken, c.more)
		got := append(slices.Clone(p.Common[0]), p.Common[1]...)
		if len(got) != len(c.want) || slices.ContainsFunc(c.want, func(r Rule) bool { return !slices.Contains(got, r) }) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestRefuted: 30 accepted links or more, at most 1 % of which are signed as the user states, go
// before what is stated (rules of evidence, 1 and 2).
func TestRefuted(t *testing.T) {
	file, dir := over(token.ScopeFile, whole), over(token.ScopeDir, whole)
	sayFile, say24 := token.Resource{Scope: token.ScopeFile}, token.Resource{Bind4: &to24}
	for name, c := range map[string]struct {
		stated         token.Resource
		taken          map[Rule]int64
		guessed        bool
		scope, binding bool
		contradicted   bool
	}{
		"nothing is stated":      {token.Resource{}, map[Rule]int64{dir: 200}, false, false, false, false},
		"as stated":              {sayFile, map[Rule]int64{file: 200}, false, false, false, false},
		"30 otherwise":           {sayFile, map[Rule]int64{dir: 30}, false, true, false, false},
		"29 otherwise":           {sayFile, map[Rule]int64{dir: 29}, false, false, false, true},
		"1 in 100 as stated":     {sayFile, map[Rule]int64{dir: 99, file: 1}, false, true, false, false},
		"2 in 100 as stated":     {sayFile, map[Rule]int64{dir: 98, file: 2}, false, false, false, true},
		"of refused links alone": {sayFile, map[Rule]int64{dir: 200}, true, false, false, false},
		"bound otherwise":        {say24, map[Rule]int64{dir: 30}, false, false, true, false},
		"the other family":       {say24, map[Rule]int64{dir.of6(): 200}, false, false, false, false},
	} {
		p := learned(c.stated, c.taken, func(p *Policy) { p.Guessed = c.guessed })
		if p.Refuted.Scope != c.scope || p.Refuted.Binding != [2]bool{c.binding, false} || p.Contradicted() != c.contradicted {
			t.Errorf("%s: refuted %+v, contradicted %t", name, p.Refuted, p.Contradicted())
		}
	}
}

// TestBinding: what the links of a host are bound to, by family, and what else many are.
func TestBinding(t *testing.T) {
	dir, open, wide := over(token.ScopeDir, whole), over(token.ScopeDir, none), over(token.ScopeDir, to24)
	for name, c := range map[string]struct {
		stated token.Resource
		taken  map[Rule]int64
		more   func(*Policy)
		bound  bool
		four   int // bits of an address
		six    int
		sought string // by family: bits, and those of what else is sought
	}{
		"nothing is known":                 {token.Resource{}, nil, nil, true, 32, 128, "0 0"},
		"the address":                      {token.Resource{}, map[Rule]int64{dir: 9}, nil, true, 32, 128, "0 0"},
		"a mask":                           {token.Resource{}, map[Rule]int64{wide: 9}, nil, true, 24, 128, "24 0"},
		"a mask of IPv6 alone":             {token.Resource{}, map[Rule]int64{dir: 9, over(token.ScopeDir, to64).of6(): 9}, nil, true, 32, 64, "0 64"},
		"nothing":                          {token.Resource{}, map[Rule]int64{open: 9}, nil, false, 32, 128, "0 0"},
		"nothing, but for 1 in 20":         {token.Resource{}, map[Rule]int64{open: 95, dir: 5}, nil, true, 32, 128, "0 0"},
		"nothing, but for fewer":           {token.Resource{}, map[Rule]int64{open: 96, dir: 4}, nil, false, 32, 128, "0 0"},
		"a mask, and the address":          {token.Resource{}, map[Rule]int64{wide: 80, dir: 20}, nil, true, 24, 128, "24 0, then 0 0"},
		"a mask, and hardly the address":   {token.Resource{}, map[Rule]int64{wide: 96, dir: 4}, nil, true, 24, 128, "24 0"},
		"as many of either: the address":   {token.Resource{}, map[Rule]int64{wide: 10, dir: 10}, nil, true, 32, 128, "0 0, then 24 0"},
		"the user says so":                 {token.Resource{Bind4: &to16, Bind6: &to64}, map[Rule]int64{over(token.ScopeDir, to16): 9}, nil, true, 16, 64, "16 64"},
		"the user is wrong":                {token.Resource{Bind4: &to16}, map[Rule]int64{wide: 100}, nil, true, 24, 128, "24 0"},
		"the user says that it is nothing": {token.Resource{Bind4: &none}, map[Rule]int64{dir: 9}, nil, false, 32, 128, "0 0"},
		"since a change":                   {token.Resource{}, map[Rule]int64{dir: 90, wide: 10}, changed(to24), true, 24, 128, "24 0, then 0 0"},
		"nothing since a change":           {token.Resource{}, map[Rule]int64{dir: 90, open: 10}, changed(none), false, 32, 128, "0 0"},
	} {
		if c.more == nil {
			c.more = func(*Policy) {}
		}
		for range 10 { // whatever the order of a map
			p := learned(c.stated, c.taken, c.more)
			sought := ""
			for i, s := range p.Sought() {
				sought += []string{"", ", then "}[i] + fmt.Sprintf("%d %d", s[0].Prefix, s[1].Prefix)
			}
			if p.Bound() != c.bound || p.Prefix(4) != c.four || p.Prefix(6) != c.six || sought != c.sought || p.Masks() != (c.four < 32 || c.six < 128) {
				t.Fatalf("%s: bound %t, /%d and /%d, sought %s", name, p.Bound(), p.Prefix(4), p.Prefix(6), sought)
			}
			if e := p.Edge(); e.Bound != c.bound || int(e.Prefix4) != c.four%32 || int(e.Prefix6) != c.six%128 {
				t.Fatalf("%s: the edge takes %+v", name, e)
			}
		}
	}
}

// TestUses: which scopes links may be signed over.
func TestUses(t *testing.T) {
	file, dir := over(token.ScopeFile, whole), over(token.ScopeDir, whole)
	for name, c := range map[string]struct {
		stated token.Scope
		taken  map[Rule]int64
		want   string // file, dir, a directory above, one and two above
		edge   token.Scope
	}{
		"nothing is known":      {token.ScopeAuto, nil, "true true false false false", token.ScopeAuto},
		"nothing, and stated":   {token.ScopeDir, nil, "false true false false false", token.ScopeDir},
		"directory":             {token.ScopeAuto, map[Rule]int64{dir: 3}, "false true false false false", token.ScopeDir},
		"file":                  {token.ScopeAuto, map[Rule]int64{file.of6(): 3}, "true false false false false", token.ScopeFile},
		"both":                  {token.ScopeAuto, map[Rule]int64{file: 3, dir: 1}, "true true false false false", token.ScopeAuto},
		"two above":             {token.ScopeAuto, map[Rule]int64{dir: 3, dir.up(2): 4}, "false true true false true", token.ScopeDir},
		"as stated":             {token.ScopeFile, map[Rule]int64{file: 3, dir: 1}, "true false false false false", token.ScopeFile},
		"otherwise than stated": {token.ScopeFile, map[Rule]int64{dir: 30}, "false true false false false", token.ScopeDir},
	} {
		p := learned(token.Resource{Scope: c.stated}, c.taken)
		got := fmt.Sprint(p.Uses(token.ScopeFile), p.Uses(token.ScopeDir), p.Uses(token.ScopeAncestor), p.Climbs(1), p.Climbs(2))
		if edge := p.Edge().Scope; got != c.want || edge != c.edge || p.Trees() != c.taken[dir.up(2)] {
			t.Errorf("%s: %s, want %s; of the edge %v; %d trees", name, got, c.want, edge, p.Trees())
		}
	}
	if p := New(token.Resource{Scope: token.ScopeDir}, token.ScopeFile); p.Scope() != token.ScopeDir {
		t.Errorf("the scope of the resource gives way to that of all: %v", p.Scope())
	}
	if p := New(token.Resource{}, token.ScopeFile); p.Scope() != token.ScopeFile {
		t.Errorf("the scope of all hosts is not taken: %v", p.Scope())
	}
}

// TestPublic is the policy in the contract's words.
func TestPublic(t *testing.T) {
	dir := over(token.ScopeDir, whole)
	octets := token.Binding{Kind: token.BindMask, Prefix: 24, Form: token.FormOctets}
	for name, c := range map[string]struct {
		stated token.Resource
		taken  map[Rule]int64
		want   finding.Policy
	}{
		"nothing is known": {token.Resource{}, nil, finding.Policy{}},
		"directory":        {token.Resource{}, map[Rule]int64{dir: 3}, finding.Policy{Scope: "dir", Binding: "address"}},
		"one above":        {token.Resource{}, map[Rule]int64{dir.up(1): 3}, finding.Policy{Scope: "dir", Binding: "address"}},
		"file, no address": {token.Resource{}, map[Rule]int64{over(token.ScopeFile, none): 3}, finding.Policy{Scope: "file", Binding: "none"}},
		"both":             {token.Resource{}, map[Rule]int64{dir: 3, over(token.ScopeFile, whole).of6(): 1}, finding.Policy{Scope: "both", Binding: "address"}},
		"masks":            {token.Resource{}, map[Rule]int64{over(token.ScopeDir, octets): 3, over(token.ScopeDir, to64).of6(): 1}, finding.Policy{Scope: "dir", Binding: "mask", Prefix4: 24, Prefix6: 64, Form: "network"}},
		"a mask of IPv4":   {token.Resource{}, map[Rule]int64{over(token.ScopeDir, octets): 3}, finding.Policy{Scope: "dir", Binding: "mask", Prefix4: 24, Form: "octets"}},
		"only stated":      {token.Resource{Bind4: &to24}, nil, finding.Policy{Binding: "mask", Prefix4: 24, Form: "network"}},
	} {
		c.want.Scheme = "gcore"
		if got := learned(c.stated, c.taken).Public("gcore", nil); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", c.want) {
			t.Errorf("%s: %+v\nwant %+v", name, got, c.want)
		}
	}
}

func TestHashed(t *testing.T) {
	for _, c := range []struct {
		b        token.Binding
		ip, want string
	}{
		{whole, "203.0.113.7", "203.0.113.7"},
		{to24, "203.0.113.200", "203.0.113.0"},
		{to64, "2001:db8:1:2:3::4", "2001:db8:1:2::"},
		{none, "203.0.113.7", "invalid IP"},
	} {
		if got := Hashed(c.b, netip.MustParseAddr(c.ip)).String(); got != c.want {
			t.Errorf("%+v hashes %s of %s, want %s", c.b, got, c.ip, c.want)
		}
	}
}

// TestAccepts: the edge hashes the path to its directory and the whole address; the same text
// hashed another way is the same.
func TestAccepts(t *testing.T) {
	const folder = 1 // took links that name no address
	dir := learned(token.Resource{}, map[Rule]int64{over(token.ScopeDir, whole): 900, over(token.ScopeDir, none): 30}, func(p *Policy) {
		f := &Folder{}
		f.Add(over(token.ScopeDir, none)).Links = 30
		f.wide = f.all
		p.Dirs[folder] = f
	})
	tree := learned(token.Resource{}, map[Rule]int64{over(token.ScopeDir, whole).up(1): 9})
	unknown := learned(token.Resource{}, nil)
	signed := func(s token.Scope, b token.Binding) Hypothesis { return Hypothesis{Scope: s, Binding: b} }
	for name, c := range map[string]struct {
		p    *Policy
		q    Asked
		ip   string
		how  Hypothesis
		want bool
	}{
		"as it is":                              {dir, Asked{Dir: 7, File: true, Path: []byte("/a/b.ts")}, "203.0.113.7", signed(token.ScopeDir, whole), true},
		"the file":                              {dir, Asked{Dir: 7, File: true, Path: []byte("/a/b.ts")}, "203.0.113.7", signed(token.ScopeFile, whole), false},
		"a file that is the directory":          {dir, Asked{Dir: 7, File: true, Path: []byte("/a/")}, "203.0.113.7", signed(token.ScopeFile, whole), true},
		"a path that nobody knows":              {dir, Asked{Dir: 7, File: true}, "203.0.113.7", signed(token.ScopeFile, whole), false},
		"the network":                           {dir, Asked{Dir: 7}, "203.0.113.7", signed(token.ScopeDir, to24), false},
		"a network that is the address":         {dir, Asked{Dir: 7}, "203.0.113.0", signed(token.ScopeDir, to24), true},
		"no address":                            {dir, Asked{Dir: 7}, "203.0.113.7", signed(token.ScopeDir, none), false},
		"no address, in its folder":             {dir, Asked{Dir: folder}, "203.0.113.7", signed(token.ScopeDir, none), true},
		"the address, in the other's folder":    {dir, Asked{Dir: folder}, "203.0.113.7", signed(token.ScopeDir, whole), false},
		"IPv6 of a host that had none":          {dir, Asked{Dir: 7}, "2001:db8::1", signed(token.ScopeDir, whole), true},
		"no address, of another family":         {dir, Asked{Dir: 7}, "2001:db8::1", signed(token.ScopeDir, none), false},
		"one directory above":                   {tree, Asked{Dir: 7}, "203.0.113.7", Hypothesis{Scope: token.ScopeAncestor, Up: 1}, true},
		"two above":                             {tree, Asked{Dir: 7}, "203.0.113.7", Hypothesis{Scope: token.ScopeAncestor, Up: 2}, false},
		"nothing is known":                      {unknown, Asked{}, "203.0.113.7", signed(token.ScopeFile, to24), true},
		"nothing is known of directories above": {unknown, Asked{}, "203.0.113.7", Hypothesis{Scope: token.ScopeAncestor, Up: 1}, false},
	} {
		if c.q.Client = netip.MustParseAddr(c.ip); c.p.Accepts(&c.q, c.how) != c.want {
			t.Errorf("%s: accepted %t", name, !c.want)
		}
	}
}

// TestTakesScope: of a scope that was found though no served link shows it, a folder that shows
// another one is no place.
func TestTakesScope(t *testing.T) {
	p := learned(token.Resource{}, map[Rule]int64{over(token.ScopeAncestor, whole).up(1): 9})
	p.Other, p.Told = token.ScopeDir, func(dir uint32) bool { return dir == 5 }
	for _, c := range []struct {
		dir   uint32
		scope token.Scope
		up    uint8
		want  bool
	}{
		{1, token.ScopeAncestor, 1, true}, {1, token.ScopeAncestor, 2, false}, {1, token.ScopeFile, 0, false}, {1, token.ScopeDir, 0, true}, {5, token.ScopeDir, 0, false},
	} {
		if got := p.TakesScope(c.dir, 4, c.scope, c.up); got != c.want {
			t.Errorf("folder %d, scope %v, %d up: %t", c.dir, c.scope, c.up, got)
		}
	}
}
