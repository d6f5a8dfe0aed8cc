package main

import (
	"fmt"
	"io"

	"ipdrift/report"
)

// paragraphs prints labelled lines and titles until an error of w.
type paragraphs struct {
	w     io.Writer
	width int // of the labels; 0 is 12
	err   error
}

// line prints a text beside its label. What the text quotes is made harmless.
func (p *paragraphs) line(label, format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, "%-*s %s\n", max(p.width, 12), label, report.Clean(fmt.Sprintf(format, args...)))
	}
}

// title prints a line of its own, as it stands.
func (p *paragraphs) title(text string) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, text)
	}
}
