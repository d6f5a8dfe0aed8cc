package browse

import (
	"context"

	tea "charm.land/bubbletea/v2"
)

// press takes a key. Leaving and going back always work.
func (m *model) press(key tea.KeyPressMsg) (tea.Model, tea.Cmd) {
	name := key.String()
	switch {
	case name == "ctrl+c":
		m.rest()
		return m, tea.Quit
	case name == "ctrl+z":
		return m, tea.Suspend
	case m.asking:
		return m, m.ask(key)
	case m.help:
		m.help = false
		return m, m.settle()
	case name == "q":
		m.rest()
		return m, tea.Quit
	case m.busy != "":
		if back(name) {
			m.turn++
			m.rest()
			m.says = "given up"
			if len(m.panes) == 0 {
				return m, tea.Quit
			}
		}
		return m, nil
	}
	m.says = ""
	return m, m.command(name)
}

func back(name string) bool {
	return name == "esc" || name == "left" || name == "h" || name == "backspace"
}

// command does what a key stands for in the pane that is shown.
func (m *model) command(name string) tea.Cmd {
	p := m.now()
	if p == nil {
		return nil
	}
	switch name {
	case "?":
		m.help = true
		return nil
	case "esc", "left", "h", "backspace":
		return m.leave()
	case "enter", "right", "l":
		return m.enter(p)
	case "/":
		if p.search != nil {
			m.asking, m.asked = true, []rune(p.sought)
		}
		return nil
	case "n", "N", "p":
		return m.refusal(p, name != "n")
	}
	return m.scroll(p, name)
}

// scroll moves the cursor.
func (m *model) scroll(p *pane, name string) tea.Cmd {
	room := int64(m.room(p))
	to := p.cursor
	switch name {
	case "up", "k":
		to--
	case "down", "j":
		to++
	case "pgup", "ctrl+b", "b":
		to -= max(room-1, 1)
	case "pgdown", "ctrl+f", "f", "space", " ":
		to += max(room-1, 1)
	case "ctrl+u":
		to -= max(room/2, 1)
	case "ctrl+d":
		to += max(room/2, 1)
	case "home", "g":
		to = 0
	case "end", "G":
		to = max(p.len, int64(len(p.lines)))
	default:
		return nil
	}
	p.move(to, int(room))
	return m.settle()
}

// leave goes back to the pane before.
func (m *model) leave() tea.Cmd {
	if len(m.panes) < 2 {
		m.says = "this is the first page; q leaves"
		return nil
	}
	m.panes = m.panes[:len(m.panes)-1]
	return m.settle()
}

// enter goes into the row under the cursor.
func (m *model) enter(p *pane) tea.Cmd {
	r, ok := p.held(p.cursor)
	if p.prose != nil || !ok || r.open == nil {
		return nil
	}
	return m.open(r.cells[0].text, r.open, false)
}

// refusal goes to the next refused request, or the one before.
func (m *model) refusal(p *pane, back bool) tea.Cmd {
	if p.refused == nil {
		return nil
	}
	m.turn++
	turn, at := m.turn, p.cursor
	cmd, stop := m.start(func(ctx context.Context) tea.Msg {
		place, err := p.refused(ctx, at, back)
		return found{turn, p, place, err}
	})
	m.busy, m.stop = "the next refusal", stop
	return cmd
}

// ask takes a key into the search line.
func (m *model) ask(key tea.KeyPressMsg) tea.Cmd {
	switch key.String() {
	case "esc":
		m.asking = false
	case "enter":
		m.asking = false
		return m.look(string(m.asked))
	case "backspace", "ctrl+h":
		m.asked = m.asked[:max(0, len(m.asked)-1)]
	case "ctrl+u":
		m.asked = nil
	default:
		m.typed(key.Text)
	}
	return nil
}

// look searches for a text; nothing shows the whole list again.
func (m *model) look(text string) tea.Cmd {
	p := m.now()
	if p == nil || p.search == nil || text == p.sought {
		return nil
	}
	return m.open(`"`+text+`"`, p.search(text), p.within)
}
