package detect

import (
	"math"
	"slices"
	"strings"
)

// folder is what the edge accepted in a directory.
type folder struct {
	rules []folderRule
	wide  []folderRule // of the nearest directory around it that took enough links to tell, itself perhaps; nil: there is none
}

// folderRule is a rule with the links that were accepted by it.
type folderRule struct {
	rule
	linkCount
}

// folderLinks is how many links a folder has to have taken before it stands against its host.
const folderLinks = 10

func (f *folder) add(r rule) *folderRule {
	i := slices.IndexFunc(f.rules, func(have folderRule) bool { return have.rule == r })
	if i < 0 {
		i = len(f.rules)
		f.rules = append(f.rules, folderRule{rule: r})
	}
	return &f.rules[i]
}

// taken is how many links a folder took.
func (f *folder) taken() (links int64) {
	for i := range f.rules {
		links += f.rules[i].links
	}
	return links
}

// open tells whether a folder may take what is common on its host under another binding than the folder shows: of
// few links that it took, none need be of a binding that it takes, too.
func (p *policy) open(here *folder, common rule) bool {
	if !slices.ContainsFunc(here.rules, func(r folderRule) bool {
		return r.family == common.family && r.scope == common.scope && r.up == common.up
	}) {
		return false
	}
	var links, like int64
	for i := range here.wide {
		if r := &here.wide[i]; r.family == common.family {
			links += r.links
			if r.rule == common {
				like = r.links
			}
		}
	}
	return links < folderLinks || float64(like) >= fewLinks*float64(links) || float64(links)*math.Log(1-p.share(common)) > math.Log(commonChance)
}

// share is that of the accepted links of a family.
func (p *policy) share(r rule) float64 {
	return float64(p.links[r]) / float64(max(1, p.taken[at(r.family)]))
}

// mostTops is how many of the highest folders are told apart.
const mostTops = 1000

// surround finds the folders around those of a host: where each film has a folder of its own, one above tells what
// its links are bound to. The root is the host.
func (a *analysis) surround(p *policy) error {
	if len(p.dirs) == 0 {
		return nil
	}
	tree, paths := map[string]*folder{}, map[uint32]string{}
	for id, f := range p.dirs {
		path, err := a.texts.Dirs.Text(id)
		if err != nil {
			return err
		}
		paths[id] = path
		for ; path != "" && (path != "/" || paths[id] == "/"); path = above(path) {
			if tree[path] == nil {
				tree[path] = &folder{}
			}
			tree[path].join(f)
		}
	}
	for id, f := range p.dirs {
		for path := paths[id]; path != ""; path = above(path) {
			if near := tree[path]; near != nil && near.taken() >= folderLinks {
				f.wide = near.rules
				break
			}
		}
	}
	p.together, p.tops = map[[2]boundAs]bool{}, map[string]*folder{}
	for path, f := range tree {
		f.pairs(p.together)
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
func (f *folder) join(o *folder) {
	for i := range o.rules {
		f.add(o.rules[i].rule).links += o.rules[i].links
	}
}

// pairs notes what the folder took both of.
func (f *folder) pairs(of map[[2]boundAs]bool) {
	links := map[boundAs]int64{}
	for i := range f.rules {
		r := &f.rules[i]
		links[boundAs{r.binding, r.family}] += r.links
	}
	for x, n := range links {
		for y, m := range links {
			if x != y && min(n, m) >= fewOdd {
				of[[2]boundAs{x, y}] = true
			}
		}
	}
}

// above is the directory that another one lies in; "" where it is the highest.
func above(dir string) string {
	return dir[:strings.LastIndexByte(strings.TrimSuffix(dir, "/"), '/')+1]
}
