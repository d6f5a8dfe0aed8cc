package report

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"io"
	"regexp"
	"strings"
	"sync"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

//go:embed html
var htmlFiles embed.FS

// head is what all pages begin with.
type head struct {
	Title, Policy string
	Style         template.CSS
}

// renderHTML writes an analysis as one page, for customers in plain words; see
// writePage.
func renderHTML(w io.Writer, a *finding.Analysis, o Options) error {
	if o.Audience == ForCustomer {
		return letterHTML(w, a, o)
	}
	p, script := newPage(a, o), asset("page.js")
	p.Script = template.JS(script)
	return writePage(w, "page.tmpl", p, &p.head, script, o)
}

// writePage writes one page that needs nothing else: styles, script and charts
// stand in it, and its policy forbids every request. html/template escapes what
// a log brought by where it stands; at the last door all of it is made visible
// as [Clean] does, so that no field can be forgotten. h is the head of the page p,
// and script what runs in it, "" for nothing.
func writePage(w io.Writer, name string, p any, h *head, script string, o Options) error {
	style := asset("page.css")
	h.Style, h.Policy = template.CSS(style), "default-src 'none'; style-src "+fingerprint(style)
	if script != "" {
		h.Policy += "; script-src " + fingerprint(script)
	}
	h.Policy += "; base-uri 'none'; form-action 'none'"
	var text bytes.Buffer
	if err := templates().ExecuteTemplate(&text, name, p); err != nil {
		return err
	}
	out := &stickyWriter{w: w}
	io.WriteString(out, beside(visible(text.String(), "\n\t"), []string{style, script}, func(text string) string {
		if o.Audience == ForCustomer {
			text = unnamed(text)
		}
		return measured.ReplaceAllString(text, "$1&nbsp;$2")
	}))
	return out.err
}

// measured is a number and its unit, which no line may part.
var measured = regexp.MustCompile(`([0-9]) (%|(?:ms|s|min|h|d)\b)`)

// beside edits a page, but for the pieces that stand in it word for word: the policy holds
// their hashes, and the selectors of a style can look like addresses.
func beside(page string, pieces []string, edit func(string) string) string {
	for i, piece := range pieces {
		if before, after, found := strings.Cut(page, piece); piece != "" && found {
			return beside(before, pieces[i+1:], edit) + piece + beside(after, pieces[i+1:], edit)
		}
	}
	return edit(page)
}

var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{"count": figure.Count[int64]}).ParseFS(htmlFiles, "html/*.tmpl"))
})

// asset is an embedded file; there is none that could be missing.
func asset(name string) string {
	text, err := htmlFiles.ReadFile("html/" + name)
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(string(text))
}

// fingerprint is how a Content-Security-Policy names one inline style or script.
func fingerprint(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
