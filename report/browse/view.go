package browse

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/lipgloss"

	"ipdrift/ingest/figure"
	"ipdrift/report"
)

// The least window that holds more than a remark about its size.
const (
	leastWidth  = 20
	leastHeight = 6
)

// View draws the window: where we are, what is shown, a remark, the keys.
func (m *model) View() tea.View {
	v := tea.NewView(strings.Join(m.screen(), "\n"))
	v.AltScreen = true
	v.WindowTitle = "ipdrift browse"
	return v
}

// screen is the lines of the window, as many as it has.
func (m *model) screen() []string {
	k := m.ink
	k.width = m.width
	if m.width < leastWidth || m.height < leastHeight {
		return []string{k.cut("too small; q leaves", m.width)}
	}
	lines := []string{k.ends(toned(strong, m.path()), toned(faint, m.place()))}
	switch p := m.now(); {
	case m.help:
		lines = append(lines, helpLines(k)...)
	case p != nil:
		lines = append(lines, m.body(p)...)
	}
	lines = lines[:min(len(lines), m.height-2)]
	for len(lines) < m.height-2 {
		lines = append(lines, "")
	}
	return append(lines, m.remark(), m.keys())
}

// path says where we are.
func (m *model) path() string {
	names := []string{"ipdrift"}
	for _, p := range m.panes {
		names = append(names, report.Clean(p.name))
	}
	arrow := m.ink.sign(" › ", " > ")
	text := strings.Join(names, arrow)
	for i := 1; i < len(names)-1 && lipgloss.Width(text) > m.width-16; i++ {
		text = "ipdrift" + arrow + m.ink.sign("…", "...") + arrow + strings.Join(names[i+1:], arrow)
	}
	return text
}

func (m *model) place() string {
	p := m.now()
	switch {
	case p == nil || m.help:
		return ""
	case p.prose != nil:
		if room := m.room(p); len(p.lines) > room {
			return fmt.Sprintf("line %d of %d", p.top+1, len(p.lines))
		}
		return ""
	case p.len == 0:
		return ""
	}
	return figure.Count(p.cursor+1) + " of " + figure.Count(p.len)
}

// above is what stands between the path and the rows. It leaves room for one of them.
func (m *model) above(p *pane) []string {
	var lines, titles []string
	if p.head != nil {
		lines = p.head(p, m.ink, max(1, m.height/2-4))
	}
	if p.prose == nil && p.len > 0 {
		titles = []string{m.ink.fit(p).titles()}
	}
	lines = append(lines, "")
	most := max(0, m.height-4-len(titles))
	return append(lines[:min(len(lines), most)], titles...)
}

// room is how many rows the window has.
func (m *model) room(p *pane) int {
	m.ink.width = m.width
	return max(1, m.height-3-len(m.above(p)))
}

func (m *model) body(p *pane) []string {
	lines, room := m.above(p), int64(m.room(p))
	if p.prose != nil {
		return append(lines, p.lines[min(p.top, int64(len(p.lines))):min(p.top+room, int64(len(p.lines)))]...)
	}
	if p.len == 0 {
		return append(lines, m.ink.wrap(plain, p.empty, 3)...)
	}
	g := m.ink.fit(p)
	for at := p.top; at < min(p.top+room, p.len); at++ {
		r, ok := p.held(at)
		if !ok {
			lines = append(lines, m.ink.line(toned(faint, "  "+m.ink.sign("…", "..."))))
			continue
		}
		lines = append(lines, g.row(r.cells, at == p.cursor))
	}
	return lines
}

// remark is the line above the keys: what is being read, typed or said.
func (m *model) remark() string {
	k := m.ink
	switch {
	case m.asking:
		asked := string(m.asked)
		for lipgloss.Width(asked) > k.width-3 {
			asked = string([]rune(asked)[1:])
		}
		return k.line(toned(strong, "/"), plainly(asked), plainly(k.sign("█", "_")))
	case m.busy != "":
		return k.line(toned(strong, "reading "+m.busy+k.sign("…", "...")), toned(faint, "  esc gives up"))
	case m.says != "":
		return k.line(toned(strong, m.says))
	}
	return ""
}

// keys is the last line: what works here.
func (m *model) keys() string {
	p := m.now()
	var hints []string
	switch {
	case m.asking:
		hints = []string{"enter search", "esc cancel", "ctrl+u clear"}
	case m.help:
		hints = []string{"any key goes on"}
	case p == nil:
		hints = []string{"q leave"}
	default:
		hints = []string{m.ink.sign("↑↓", "up/down") + " move"}
		if p.prose != nil {
			hints[0] = m.ink.sign("↑↓", "up/down") + " scroll"
		} else if r, ok := p.held(p.cursor); ok && r.open != nil {
			hints = append(hints, "enter open")
		}
		if len(m.panes) > 1 {
			hints = append(hints, "esc back")
		}
		if p.search != nil {
			hints = append(hints, "/ search")
		}
		if p.refused != nil {
			hints = append(hints, "n next refusal")
		}
		hints = append(hints, "? help", "q leave")
	}
	gap := "   "
	if lipgloss.Width(strings.Join(hints, gap)) > m.width {
		gap = "  "
	}
	for len(hints) > 2 && lipgloss.Width(strings.Join(hints, gap)) > m.width {
		hints = hints[1:] // what everybody tries anyway
	}
	return m.ink.line(toned(faint, strings.Join(hints, gap)))
}

// helpLines says what all keys do.
func helpLines(k *ink) []string {
	list := [][2]string{
		{"up down, k j", "one row up or down"},
		{"page keys, b f", "one screen up or down"},
		{"home end, g G", "the first row, the last"},
		{"enter, right, l", "go into the row"},
		{"esc, left, h", "go back"},
		{"/", "search: an address or its beginning,"},
		{"", "a token, a path, a player, a user; in a"},
		{"", "timeline, also a status or a cause;"},
		{"", "for nothing: all are shown again"},
		{"n N", "in a timeline, the next refusal, or the"},
		{"", "one before"},
		{"q, ctrl+c", "leave"},
	}
	lines := []string{""}
	for _, l := range list {
		lines = append(lines, k.line(toned(strong, k.fill("  "+l[0], 20, false)), plainly(l[1])))
	}
	return append(lines, "", k.line(plainly("  Above a timeline: one line for each address, or for")),
		k.line(plainly("  each network of many; s served, R refused.")))
}
