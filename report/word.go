package report

import (
	"strings"

	"github.com/charmbracelet/lipgloss"
)

// word is what a line is not broken within: pieces of any tone with no space
// between them.
type word struct {
	styled string
	width  int // columns, escape codes not counted
	spaces int // before it, where it does not start a line
}

// words cleans, splits and styles spans. A piece wider than limit is cut into
// words of that width.
func (s *screen) words(spans []span, limit int) []word {
	var list []word
	spaces := 1
	for _, sp := range spans {
		for i, piece := range pieces(sp) {
			if i > 0 {
				spaces++
			}
			if piece == "" {
				continue
			}
			list = s.add(list, piece, sp.tone, spaces, limit)
			spaces = 0
		}
	}
	return list
}

// pieces splits a span at its spaces. The unit stays with its number.
func pieces(sp span) []string {
	text := Clean(sp.text)
	if sp.keep {
		return []string{text}
	}
	list := strings.Split(text, " ")
	for i := len(list) - 1; i > 0; i-- {
		if isMeasured(list[i-1], strings.TrimRight(list[i], ".,;:)")) {
			list[i-1] += " " + list[i]
			list = append(list[:i], list[i+1:]...)
		}
	}
	return list
}

// isMeasured reports whether a word is the unit of the one before it.
func isMeasured(number, unit string) bool {
	switch unit {
	case "%":
		return number != ""
	case "ms", "s", "min", "h", "d":
		last := number[max(0, len(number)-1):]
		return last >= "0" && last <= "9"
	}
	return false
}

func (s *screen) add(list []word, piece string, t tone, spaces, limit int) []word {
	width := lipgloss.Width(piece)
	if spaces == 0 && len(list) > 0 && list[len(list)-1].width+width <= limit {
		last := &list[len(list)-1]
		last.styled += s.styled(t, piece)
		last.width += width
		return list
	}
	for width > limit {
		first := fitting(piece, limit)
		list = append(list, word{s.styled(t, first), lipgloss.Width(first), spaces})
		piece, spaces = piece[len(first):], 0
		width = lipgloss.Width(piece)
	}
	return append(list, word{s.styled(t, piece), width, spaces})
}

// fitting is the longest start of text that fits into width columns, but at
// least one character and, of characters without width, not more than fits four
// times over.
func fitting(text string, width int) string {
	end, runes := 0, 0
	for i, r := range text {
		next := i + len(string(r))
		if runes > 0 && (lipgloss.Width(text[:next]) > width || runes >= 4*width) {
			break
		}
		end = next
		runes++
	}
	return text[:end]
}

// Shorten cuts clean text to width columns and marks the cut.
func Shorten(text string, width int, ascii bool) string {
	if lipgloss.Width(text) <= width && len(text) <= 16*width {
		return text
	}
	mark := "…"
	if ascii {
		mark = "..."
	}
	return fitting(text, max(1, width-lipgloss.Width(mark))) + mark
}

func (s *screen) cut(text string, width int) string { return Shorten(text, width, s.ascii) }

// mark picks the character for this terminal.
func (s *screen) mark(unicode, ascii string) string {
	if s.ascii {
		return ascii
	}
	return unicode
}

// bar draws a share of width columns, in eighths; what is not nothing shows.
func (s *screen) bar(share float64, width int) string {
	if s.ascii {
		return strings.Repeat("#", int(max(1, share*float64(width)+0.5)))
	}
	eighths := int(max(1, share*float64(8*width)+0.5))
	return strings.Repeat("█", eighths/8) + []string{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"}[eighths%8]
}

// right and left fill text to a number of columns.
func right(text string, width int) string {
	return strings.Repeat(" ", max(0, width-lipgloss.Width(text))) + text
}

func left(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-lipgloss.Width(text)))
}
