// Package report renders what was found: an analysis (in one of [Formats]), one
// complaint ([Ticket]), two cases side by side ([Compare]) and one request
// ([Request]), for the terminal, as JSON, Markdown, HTML or CSV. It never sees a
// database: all that it says stands in a value of package finding, and the rows of
// tables ([Table], [CSV]) come as iterators.
//
// Log lines are written by attackers, and reports quote them. Each format makes
// quoted text harmless in its own way: [Clean] for a terminal, escaping for
// Markdown, html/template's for HTML, an apostrophe before a formula for CSV, and
// what encoding/json does for JSON.
package report

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ipdrift/detect/finding"
)

// Options says how a report is laid out. The zero value is a report of 80
// columns without colour. Options never change what JSON and CSV say.
type Options struct {
	Width   int           // columns; 0 is 80; less than 60 is laid out as 60, more than 200 as 200
	Color   bool          // escape codes for colour and weight; the text says the same without them
	ASCII   bool          // bars and marks in ASCII instead of block characters
	Verbose bool          // every flagged user, host, file and warning, the mask curves and the thresholds
	Elapsed time.Duration // how long the analysis took; 0 is not shown
	Case    string        // path of the kept case, for the "next" line; "" is none

	Audience Audience // of Markdown, HTML and tickets; "" is [ForEngineer]
}

// Renderer writes one analysis in one format. It reads the analysis and never
// changes it; the only errors are those of w.
type Renderer func(w io.Writer, a *finding.Analysis, o Options) error

// Format is one way to write an analysis.
type Format struct {
	Name   string // as in --format
	Ending string // of a file name, with the dot
	Render Renderer
}

// Formats lists the formats, the default one first. The caller owns the slice.
func Formats() []Format {
	return []Format{
		{"text", ".txt", renderText},
		{"json", ".json", renderJSON},
		{"markdown", ".md", renderMarkdown},
		{"html", ".html", renderHTML},
		{"csv", ".csv", renderUsers},
	}
}

// FormatNamed returns the format of that name. The error lists the names there
// are.
func FormatNamed(name string) (Format, error) {
	return choose("format", name, func(f Format) string { return f.Name })
}

// FormatFor returns the format that the ending of a file name picks, in either
// case of letters. The error lists the endings there are.
func FormatFor(path string) (Format, error) {
	return choose("file ending", strings.ToLower(filepath.Ext(path)), func(f Format) string { return f.Ending })
}

func choose(what, want string, key func(Format) string) (Format, error) {
	formats := Formats()
	if i := slices.IndexFunc(formats, func(f Format) bool { return key(f) == want }); i >= 0 {
		return formats[i], nil
	}
	known := make([]string, len(formats))
	for i, f := range formats {
		known[i] = key(f)
	}
	return Format{}, fmt.Errorf("unknown %s %q: choose one of %s", what, want, strings.Join(known, ", "))
}
