package browse

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/lipgloss"

	"ipdrift/report"
)

// tone is what a piece of text means; colour only repeats what it says.
type tone int

const (
	plain tone = iota
	faint
	strong
	served
	refused
	chosen // the row under the cursor
	tones
)

// ink draws lines for one size of window. Whatever is drawn is cleaned here,
// and cut to the width before it is styled.
type ink struct {
	width  int
	ascii  bool
	styles [tones]lipgloss.Style
	o      report.Options
}

func newInk(o report.Options) *ink {
	const ansi, none = 2, 3 // termenv.ANSI and termenv.Ascii, set so that no terminal is asked
	r := lipgloss.NewRenderer(nil)
	r.SetColorProfile(none)
	if o.Color {
		r.SetColorProfile(ansi)
	}
	r.SetHasDarkBackground(true)
	fg := func(c string) lipgloss.Style { return r.NewStyle().Foreground(lipgloss.Color(c)) }
	return &ink{ascii: o.ASCII, o: o, styles: [tones]lipgloss.Style{
		plain: r.NewStyle(), faint: r.NewStyle().Faint(true), strong: r.NewStyle().Bold(true),
		served: fg("2"), refused: fg("1").Bold(true), chosen: r.NewStyle().Reverse(true),
	}}
}

// sign picks the character for this terminal.
func (k *ink) sign(unicode, ascii string) string {
	if k.ascii {
		return ascii
	}
	return unicode
}

// cut shortens text to a number of columns.
func (k *ink) cut(text string, width int) string {
	if width <= 0 {
		return ""
	}
	text = report.Clean(text)
	if width > 3 {
		return report.Shorten(text, width, k.ascii)
	}
	for i, r := range text {
		if end := i + utf8.RuneLen(r); lipgloss.Width(text[:end]) > width {
			return text[:i]
		}
	}
	return text
}

// end is what of a text fits, counted from its end.
func (k *ink) end(text string, width int) string {
	text = report.Clean(text)
	if lipgloss.Width(text) <= width {
		return text
	}
	mark := k.sign("…", "...")
	runes := []rune(text)
	runes = runes[max(0, len(runes)-width):] // no character is narrower than a column, or it is cut below
	for len(runes) > 0 && lipgloss.Width(mark+string(runes)) > width {
		runes = runes[1:]
	}
	return mark + string(runes)
}

// line puts cells beside each other, as far as they fit.
func (k *ink) line(cells ...cell) string {
	var b strings.Builder
	room := k.width
	for _, c := range cells {
		text := k.cut(c.text, room)
		b.WriteString(k.styles[c.tone].Render(text))
		if room -= lipgloss.Width(text); room <= 0 {
			break
		}
	}
	return b.String()
}

// ends puts one text at the left edge and one at the right, which gives way.
func (k *ink) ends(left, right cell) string {
	l, r := k.cut(left.text, k.width), report.Clean(right.text)
	gap := k.width - lipgloss.Width(l) - lipgloss.Width(r)
	if r == "" || gap < 2 {
		return k.styles[left.tone].Render(l)
	}
	return k.styles[left.tone].Render(l) + strings.Repeat(" ", gap) + k.styles[right.tone].Render(r)
}

// wrap breaks text into lines, at most so many, the last one cut.
func (k *ink) wrap(t tone, text string, most int) []string {
	var lines []string
	line := ""
	words := strings.Fields(report.Clean(text))
	for i, w := range words {
		if line != "" && lipgloss.Width(line)+1+lipgloss.Width(w) > k.width {
			if len(lines) == most-1 {
				line += " " + strings.Join(words[i:], " ")
				break
			}
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+w, " ")
	}
	if line != "" {
		lines = append(lines, line)
	}
	for i := range lines {
		lines[i] = k.styles[t].Render(k.cut(lines[i], k.width))
	}
	return lines
}

// fill fits a cell into a column.
func (k *ink) fill(text string, width int, right bool) string {
	text = k.cut(text, width)
	pad := strings.Repeat(" ", max(0, width-lipgloss.Width(text)))
	if right {
		return pad + text
	}
	return text + pad
}
