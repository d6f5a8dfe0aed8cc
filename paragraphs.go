package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"ipdrift/report"
)

// paragraphs prints labelled lines and titles until an error of w. On a terminal lines
// are broken between words.
type paragraphs struct {
	w     io.Writer
	width int // of the labels; 0 is 12
	err   error
}

// line prints a text beside its label. What the text quotes is made harmless.
func (p *paragraphs) line(label, format string, args ...any) {
	room := screen(p.w, 0).Width - max(p.width, 12) - 1
	for _, text := range broken(report.Clean(fmt.Sprintf(format, args...)), room) {
		p.exact(label, text)
		label = ""
	}
}

// exact prints a text in one line, however long: what was hashed, byte by byte.
func (p *paragraphs) exact(label, text string) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, "%-*s %s\n", max(p.width, 12), label, report.Clean(text))
	}
}

// leastRoom is the fewest columns for which a text is broken.
const leastRoom = 30

// broken is a text in lines of at most room characters, but for longer words; without
// that much room it is one line.
func broken(text string, room int) []string {
	if room < leastRoom || utf8.RuneCountInString(text) <= room {
		return []string{text}
	}
	var lines []string
	line, length := "", 0
	for word := range strings.SplitSeq(text, " ") {
		n := utf8.RuneCountInString(word)
		if length > 0 && length+1+n > room {
			lines, line, length = append(lines, line), "", 0
		} else if length > 0 {
			line, length = line+" ", length+1
		}
		line, length = line+word, length+n
	}
	return append(lines, line)
}

// title prints a line of its own, as it stands.
func (p *paragraphs) title(text string) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, text)
	}
}
