package source

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"ipdrift/ingest/redact"
)

// nameSources gives every source a label of its own: the path, the user's
// label, or "label:file" where one label covers several files.
func nameSources(all []Source) {
	covered := map[string][]int{}
	for i := range all {
		all[i].Label = all[i].place()
		if all[i].Named {
			covered[all[i].Host] = append(covered[all[i].Host], i)
		}
	}
	for label, group := range covered {
		shared(all, label, group)
	}
	distinguish(all)
}

// place is where a source lies: its path, and its name within an archive.
func (s *Source) place() string { return s.within(s.Path) }

func (s *Source) within(file string) string {
	text := redact.Name(filepath.ToSlash(file))
	switch {
	case s.member != nil:
		text += "!" + redact.Name(s.member.name)
	case s.tarred != nil:
		text += "!" + redact.Name(s.tarred.name)
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

func (s *Source) dir() string { return path.Dir(filepath.ToSlash(s.Path)) }

// below is the place of a source as seen from a folder above it.
func (s *Source) below(dir string) string {
	return s.within(strings.TrimPrefix(path.Clean(filepath.ToSlash(s.Path)), strings.TrimSuffix(dir, "/")+"/"))
}

// shared names the sources that one label covers: by their base names, or,
// where these repeat, by their paths below the folder they have in common.
func shared(all []Source, label string, group []int) {
	if len(group) == 1 {
		all[group[0]].Label = label
		return
	}
	bases, common := map[string]bool{}, all[group[0]].dir()
	for _, i := range group {
		s := &all[i]
		bases[s.below(s.dir())] = true
		common = above(common, s.dir())
	}
	for _, i := range group {
		from := common
		if len(bases) == len(group) {
			from = all[i].dir()
		}
		all[i].Label = label + ":" + all[i].below(from)
	}
}

// above is the deepest folder that holds both a and b, "." if none is known.
func above(a, b string) string {
	for a != "." && a != "/" && !strings.HasPrefix(b+"/", a+"/") {
		a = path.Dir(a)
	}
	return a
}

// distinguish numbers labels that repeat: an archive may hold one name
// twice, or one that looks like another file's path.
func distinguish(all []Source) {
	used, next := map[string]bool{}, map[string]int{}
	for i := range all {
		label := all[i].Label
		for used[all[i].Label] {
			next[label]++
			all[i].Label = fmt.Sprintf("%s#%d", label, next[label]+1)
		}
		used[all[i].Label] = true
	}
}
