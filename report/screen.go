package report

import (
	"strings"

	"github.com/charmbracelet/lipgloss"
)

// tone is what a piece of text means; colour only repeats what it says.
type tone int

const (
	plain   tone = iota
	faint        // labels and rules
	strong       // names
	served       // a served request
	refused      // a refused request
	good         // a decision: nothing to change
	unsure       // a decision: the log cannot tell
	act          // a decision: change the mask
	bad          // a decision: something else is wrong
	tones
)

// span is a piece of text with one meaning. A kept span is not broken at its
// spaces.
type span struct {
	text string
	tone tone
	keep bool
}

func say(text string) span        { return span{text: text} }
func as(t tone, text string) span { return span{text: text, tone: t} }
func unbroken(text string) span   { return span{text: text, keep: true} }

// screen lays out lines of text. Whatever reaches it is cleaned here, at the
// last door, and styled after it was measured; so no text of a log can smuggle
// in an escape sequence, a line or a width.
type screen struct {
	out    *stickyWriter
	width  int
	ascii  bool
	color  bool
	styles [tones]lipgloss.Style
}

const (
	indent = 2  // of everything below a host
	gutter = 13 // where the text of a labelled row starts
)

func newScreen(out *stickyWriter, o Options) *screen {
	width := o.Width
	if width == 0 {
		width = 80
	}
	s := &screen{out: out, width: min(max(width, 60), 200), ascii: o.ASCII, color: o.Color}
	s.styles = styles()
	return s
}

// styles uses the sixteen colours, which follow the reader's own theme.
func styles() [tones]lipgloss.Style {
	const ansi = 2 // termenv.ANSI, set so that no terminal is asked
	r := lipgloss.NewRenderer(nil)
	r.SetColorProfile(ansi)
	r.SetHasDarkBackground(true)
	fg := func(c string) lipgloss.Style { return r.NewStyle().Foreground(lipgloss.Color(c)) }
	return [tones]lipgloss.Style{
		plain: r.NewStyle(), faint: r.NewStyle().Faint(true), strong: r.NewStyle().Bold(true),
		served: fg("2"), refused: fg("1").Bold(true),
		unsure: fg("6").Bold(true), good: fg("2").Bold(true), act: fg("3").Bold(true), bad: fg("1").Bold(true),
	}
}

// styled colours text that is clean and of one line, if there is colour.
func (s *screen) styled(t tone, text string) string {
	if !s.color || t == plain {
		return text
	}
	return s.styles[t].Render(text)
}

func (s *screen) blank() { s.out.line() }

// head writes a name at the left edge, a word at the right edge and a leader
// between them. What stands in the middle gives way first; a name too long is
// cut, and where not even its start fits, the word stands on the line below. The
// line is as long as running text, unless more is needed.
func (s *screen) head(name, middle, leader string, v verdict) {
	name, middle, word := Clean(name), Clean(middle), s.cut(Clean(v.text), s.width-10)
	start := startOf(name)
	whole := min(s.width, max(measure, lipgloss.Width(name)+lipgloss.Width(middle)+lipgloss.Width(word)+8))
	room := whole - lipgloss.Width(word) - 2
	if rest := room - lipgloss.Width(middle) - 2; middle != "" && rest >= start {
		room, middle = rest, middle+"  "
	} else {
		middle = ""
	}
	if room < start {
		s.out.line(s.styled(strong, s.cut(name, s.width)))
		s.out.line(s.leader(leader, room+1), " ", s.styled(v.tone, word))
		return
	}
	name = s.cut(name, room-3)
	s.out.line(s.styled(strong, name), " ", s.leader(leader, room-lipgloss.Width(name)), " ", middle, s.styled(v.tone, word))
}

// startOf is how much of a line a name takes at least, with its leader.
func startOf(name string) int { return min(lipgloss.Width(name), 24) + 3 }

// fits reports whether all that a head is given stands on its line.
func (s *screen) fits(name, middle, word string) bool {
	return startOf(Clean(name))+lipgloss.Width(middle)+2+lipgloss.Width(word)+2 <= s.width
}

func (s *screen) leader(text string, width int) string {
	return s.styled(faint, strings.Repeat(text, max(0, width)))
}

// para writes wrapped text at an indent.
func (s *screen) para(at int, spans ...span) {
	s.wrap(strings.Repeat(" ", at), at, 0, spans)
}

// row writes a label and wrapped text beside it.
func (s *screen) row(label string, spans ...span) {
	if label == "" {
		s.para(gutter, spans...)
		return
	}
	name := strings.Repeat(" ", indent) + s.cut(Clean(label), gutter-indent-1)
	pad := strings.Repeat(" ", max(1, gutter-lipgloss.Width(name)))
	s.wrap(s.styled(faint, name)+pad, gutter, 0, spans)
}

// rows is row for several rows, of which the first alone has the label.
func (s *screen) rows(label string) func(...span) {
	return func(spans ...span) {
		s.row(label, spans...)
		label = ""
	}
}

// measure is the longest line of running text; longer ones are hard to read.
const measure = 110

// wrap writes words under each other behind a lead; with lines above 0 at most
// that many, where the last one ends in a mark if something was left out.
func (s *screen) wrap(lead string, at, lines int, spans []span) {
	limit := min(s.width, measure)
	line, used := lead, at
	for _, w := range s.words(spans, limit-at-len("...")*min(lines, 1)) {
		room := limit
		if lines == 1 {
			room -= len("...")
		}
		if used > at && used+w.spaces+w.width > room {
			if lines == 1 {
				s.out.line(line + s.mark("…", "..."))
				return
			}
			s.out.line(line)
			line, used = strings.Repeat(" ", at), at
			lines--
		}
		if used > at {
			line += strings.Repeat(" ", w.spaces)
			used += w.spaces
		}
		line += w.styled
		used += w.width
	}
	if used == at {
		line = strings.TrimRight(lead, " ")
	}
	s.out.line(line)
}
