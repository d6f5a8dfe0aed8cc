package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// entry is a file that an argument stands for, or why there is none.
type entry struct {
	path string
	err  error
}

// identity is the same for all spellings of one file.
func identity(path string) string {
	if path == "-" {
		return path
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return path
}

// expand finds the files that an argument stands for.
func expand(path string) ([]entry, error) {
	if path == "-" {
		return []entry{{path: path}}, nil
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return walk(path)
	case err == nil:
		return []entry{{path: path}}, nil
	}
	if _, missing := os.Lstat(path); missing == nil || !strings.ContainsAny(path, "*?[") {
		return nil, deadLink(path, err)
	}
	found, err := filepath.Glob(path)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errors.New("no file matches")
	}
	var out []entry
	for _, f := range found {
		out = append(out, matched(f)...)
	}
	if len(out) == 0 {
		return nil, errors.New("the folders that match hold no file")
	}
	return out, nil
}

// matched is what a match of a glob stands for. It is there, if only as a link
// to nothing or a folder without files, so it cannot fail the whole argument.
func matched(path string) []entry {
	info, err := os.Stat(path)
	if err != nil {
		return []entry{{path, deadLink(path, err)}}
	}
	if !info.IsDir() {
		return []entry{{path: path}}
	}
	c := newCollector(path)
	c.folder(path)
	return c.sorted()
}

// deadLink words why a path leads nowhere.
func deadLink(path string, err error) error {
	if to, notLink := os.Readlink(path); notLink == nil {
		return fmt.Errorf("symbolic link to %q: %w", to, Unwrapped(err))
	}
	return Unwrapped(err)
}

// walk finds the files of a folder. Links to files and to folders outside it
// are followed, each folder once.
func walk(dir string) ([]entry, error) {
	c := newCollector(dir)
	c.folder(dir)
	switch {
	case len(c.found) == 0:
		return nil, errors.New("the folder holds no file")
	case len(c.found) == 1 && c.found[0].path == dir:
		return nil, c.found[0].err
	}
	return c.sorted(), nil
}

// collector gathers the files below a folder.
type collector struct {
	root  string
	been  map[string]bool // folders, by identity
	found []entry
}

func newCollector(root string) *collector {
	return &collector{root: identity(root), been: map[string]bool{identity(root): true}}
}

func (c *collector) sorted() []entry {
	slices.SortFunc(c.found, func(a, b entry) int { return strings.Compare(a.path, b.path) })
	return c.found
}

func (c *collector) folder(dir string) {
	top := dir
	if info, err := os.Lstat(dir); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		top += string(filepath.Separator) // or else the link itself would be walked
	}
	// What goes wrong below is kept as an entry; the walk itself cannot fail.
	_ = filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
		return c.visit(top, p, d, err)
	})
}

func (c *collector) visit(top, path string, d fs.DirEntry, err error) error {
	switch {
	case err != nil:
		c.found = append(c.found, entry{strings.TrimSuffix(path, "/"), Unwrapped(err)})
	case path != top && strings.HasPrefix(d.Name(), "."):
		if d.IsDir() {
			return fs.SkipDir
		}
	case d.Type().IsRegular():
		c.found = append(c.found, entry{path: path})
	case d.Type()&fs.ModeSymlink != 0:
		c.link(path)
	}
	return nil
}

// link follows a symbolic link. One to a folder that holds the walked one, or
// lies in it, would bring the same files again.
func (c *collector) link(path string) {
	info, err := os.Stat(path)
	switch real := identity(path); {
	case err != nil:
		c.found = append(c.found, entry{path, deadLink(path, err)})
	case info.Mode().IsRegular():
		c.found = append(c.found, entry{path: path})
	case info.IsDir() && !c.been[real] && !within(c.root, real) && !within(real, c.root):
		c.been[real] = true
		c.folder(path)
	}
}

// within tells whether a cleaned, absolute path lies in dir or is dir.
func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
