package main

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// listed is a package as go list knows it.
type listed struct {
	ImportPath, Dir string
	Imports         []string
	GoFiles         []string
}

// ours lists the packages of this module; those of testdata are exempt.
func ours(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,GoFiles", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(p.ImportPath, "ipdrift/testdata") {
			all = append(all, p)
		}
	}
	if len(all) < 6 {
		t.Fatalf("go list knows only %d packages", len(all))
	}
	return all
}

// room is the part of the house a package stands in: "main" for the command,
// "" for what is not ours.
func room(path string) string {
	if path == "ipdrift" {
		return "main"
	}
	inside, ok := strings.CutPrefix(path, "ipdrift/")
	if !ok {
		return ""
	}
	first, _, _ := strings.Cut(inside, "/")
	return first
}

// TestArrows holds the rooms to token <- ingest <- detect <- report <- main.
func TestArrows(t *testing.T) {
	order := []string{"token", "ingest", "detect", "report", "main"}
	for _, p := range ours(t) {
		here := slices.Index(order, room(p.ImportPath))
		if here < 0 {
			t.Errorf("%s stands in no room", p.ImportPath)
		}
		for _, path := range p.Imports {
			if there := room(path); there != "" && slices.Index(order, there) > here {
				t.Errorf("%s imports %s, which lies to its right", p.ImportPath, path)
			}
			if fault := misplaced(p.ImportPath, path); fault != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, path, fault)
			}
		}
	}
}

// misplaced says what is wrong with an import, "" if nothing is.
func misplaced(from, path string) string {
	first, _, _ := strings.Cut(path, "/")
	foreign := strings.Contains(first, ".")
	switch here := room(from); {
	case here == "token" && foreign:
		return "token needs the standard library only"
	case (from == "ipdrift/detect/finding" || from == "ipdrift/ingest/figure") && (foreign || room(path) != ""):
		return "findings and figures are leaves"
	case here == "report" && room(path) != "" && room(path) != "report" && path != "ipdrift/detect/finding" && path != "ipdrift/ingest/figure":
		return "report knows findings and figures only"
	case here != "ingest" && (strings.Contains(path, "duckdb") || strings.Contains(path, "apache/arrow")):
		return "only ingest knows the database's driver and Arrow"
	case here != "report" && strings.Contains(path, "charm"):
		return "only report knows lipgloss and its family"
	case here != "main" && path == "log":
		return "rooms return, main speaks"
	}
	return ""
}

// TestMisplaced makes sure that the rules can fail.
func TestMisplaced(t *testing.T) {
	for _, c := range [][2]string{
		{"ipdrift/token", "golang.org/x/sys/cpu"},
		{"ipdrift/detect/finding", "ipdrift/token"},
		{"ipdrift/ingest/figure", "ipdrift/ingest/format"},
		{"ipdrift/report", "ipdrift/detect"},
		{"ipdrift/detect", "github.com/marcboeker/go-duckdb"},
		{"ipdrift", "github.com/apache/arrow/go/v17/arrow"},
		{"ipdrift", "github.com/charmbracelet/lipgloss"},
		{"ipdrift/detect/pages", "charm.land/bubbletea/v2"},
		{"ipdrift/report/browse", "ipdrift/detect/pages"},
		{"ipdrift/ingest", "log"},
	} {
		if misplaced(c[0], c[1]) == "" {
			t.Errorf("%s may import %s", c[0], c[1])
		}
	}
}

// TestManners finds what only main may do, by the syntax tree.
func TestManners(t *testing.T) {
	for _, p := range ours(t) {
		if room(p.ImportPath) == "main" {
			continue
		}
		for _, name := range p.GoFiles {
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range faults(file) {
				t.Errorf("%s: %s below main", set.Position(f.at), f.what)
			}
		}
	}
}

// fault is something only main may do.
type fault struct {
	at   token.Pos
	what string
}

func faults(file *ast.File) (out []fault) {
	names := map[string]string{} // as written in this file → import path
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path[strings.LastIndexByte(path, '/')+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = path
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Name.Name == "init" && n.Recv == nil {
				out = append(out, fault{n.Pos(), "func init"})
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok {
				if what := names[x.Name] + "." + n.Sel.Name; mainOnly(what) {
					out = append(out, fault{n.Pos(), what})
				}
			}
		}
		return true
	})
	return out
}

func mainOnly(what string) bool {
	return slices.Contains([]string{"os.Exit", "time.Now", "time.Since", "time.Until", "os.Stdin", "os.Stdout", "os.Stderr"}, what) ||
		strings.HasPrefix(what, "fmt.Print")
}

// TestFaults makes sure that the walk finds what it looks for.
func TestFaults(t *testing.T) {
	const src = `package p
import ("fmt"; "os"; clock "time")
func init() { fmt.Println(clock.Now()); os.Exit(1) }
func fine(time interface{ Now() }) { time.Now(); fmt.Sprint() }`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range faults(file) {
		got = append(got, f.what)
	}
	want := []string{"func init", "fmt.Println", "time.Now", "os.Exit"}
	if !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}
