package policy

import (
	"math"
	"slices"
	"strings"

	"ipdrift/token"
)

// Folder is what the edge accepted in a directory.
type Folder struct {
	all   []FolderRule
	rules []FolderRule // those that the user did not rule out
	wide  []FolderRule // of the nearest directory around it that took enough links to tell, itself perhaps; nil: there is none
}

// FolderRule is a rule with the links that were accepted by it.
type FolderRule struct {
	Rule
	LinkCount
}

// someLinks are no accident.
const someLinks = 5

// folderLinks is how many links a folder has to have taken before it stands against its host.
const folderLinks = 10

// Add gives the entry of a rule, which is made if there is none. It is good until the next one is made.
func (f *Folder) Add(r Rule) *FolderRule {
	i := slices.IndexFunc(f.all, func(have FolderRule) bool { return have.Rule == r })
	if i < 0 {
		i = len(f.all)
		f.all = append(f.all, FolderRule{Rule: r})
	}
	return &f.all[i]
}

// settle finds the rules that the user did not rule out.
func (f *Folder) settle(p *Policy) {
	if f.rules = f.all; slices.ContainsFunc(f.all, func(r FolderRule) bool { return !p.allowed(r.Rule) }) {
		f.rules = slices.DeleteFunc(slices.Clone(f.all), func(r FolderRule) bool { return !p.allowed(r.Rule) })
	}
}

// taken is how many links a folder took.
func (f *Folder) taken() (links int64) {
	for i := range f.all {
		links += f.all[i].Links
	}
	return links
}

// open reports whether a folder may take what is common on its host under another binding than the folder shows: of
// few links that it took, none need be of a binding that it takes, too.
func (p *Policy) open(here *Folder, common Rule) bool {
	if !slices.ContainsFunc(here.rules, func(r FolderRule) bool {
		return r.Family == common.Family && r.Scope == common.Scope && r.Up == common.Up
	}) {
		return false
	}
	var links, like int64
	for i := range here.wide {
		if r := &here.wide[i]; r.Family == common.Family && p.allowed(r.Rule) {
			links += r.Links
			if r.Rule == common {
				like = r.Links
			}
		}
	}
	return links < folderLinks || float64(like) >= FewLinks*float64(links) || float64(links)*math.Log(1-p.share(common)) > math.Log(localChance)
}

// share is the share of the accepted links of a family that follow a rule.
func (p *Policy) share(r Rule) float64 {
	return float64(p.Links[r]) / float64(max(1, p.taken[Index(r.Family)]))
}

// localChance is how unlikely it has to be that a folder has nothing of what is common on its host by accident.
const localChance = 1e-3

// mostTops is how many of the highest folders are told apart.
const mostTops = 1000

// Surround finds the folders around those of a host: where each film has a folder of its own, one above tells what
// its links are bound to. The root is the host.
func (p *Policy) Surround(text func(dir uint32) (string, error)) error {
	if len(p.Dirs) == 0 {
		return nil
	}
	tree, paths := map[string]*Folder{}, map[uint32]string{}
	for id, f := range p.Dirs {
		path, err := text(id)
		if err != nil {
			return err
		}
		paths[id] = path
		for ; path != "" && (path != "/" || paths[id] == "/"); path = above(path) {
			if tree[path] == nil {
				tree[path] = &Folder{}
			}
			tree[path].join(f)
		}
	}
	for id, f := range p.Dirs {
		for path := paths[id]; path != ""; path = above(path) {
			if near := tree[path]; near != nil && near.taken() >= folderLinks {
				f.wide = near.all
				break
			}
		}
	}
	p.together, p.tops = map[[2]BoundAs]bool{}, map[string]*Folder{}
	for path, f := range tree {
		f.pairs(p)
		if strings.Count(path, "/") <= 2 {
			p.tops[path] = f
		}
	}
	if len(p.tops) > mostTops {
		p.tops = nil
	}
	return nil
}

// join adds what another folder took.
func (f *Folder) join(o *Folder) {
	for i := range o.all {
		f.Add(o.all[i].Rule).Links += o.all[i].Links
	}
}

// pairs notes what the folder took both of, also of what the user ruled out: the log may show until when it was so.
func (f *Folder) pairs(p *Policy) {
	links := map[BoundAs]int64{}
	for i := range f.all {
		if r := &f.all[i]; p.Scope() == token.ScopeAuto || r.Scope == p.Scope() {
			links[BoundAs{r.Binding, r.Family}] += r.Links
		}
	}
	for x, n := range links {
		for y, m := range links {
			if x != y && min(n, m) >= someLinks {
				p.together[[2]BoundAs{x, y}] = true
			}
		}
	}
}

// above is the directory that another one lies in; "" where it is the highest.
func above(dir string) string {
	return dir[:strings.LastIndexByte(strings.TrimSuffix(dir, "/"), '/')+1]
}

// LinkCount counts links.
type LinkCount struct {
	last  uint32 // that was counted
	Links int64
}

// Count counts a link, if it is another one than the last.
func (t *LinkCount) Count(link uint32) {
	if t.last != link {
		t.last = link
		t.Links++
	}
}

// Of is how many were counted; of nil none.
func (t *LinkCount) Of() int64 {
	if t == nil {
		return 0
	}
	return t.Links
}
