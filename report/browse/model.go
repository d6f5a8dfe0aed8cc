package browse

import (
	"context"
	"strings"

	tea "charm.land/bubbletea/v2"

	"ipdrift/report"
)

// model is the state of the view: the panes that were gone into, the last one
// shown.
type model struct {
	c     Case
	ink   *ink
	start starter

	width, height int
	panes         []*pane
	busy          string             // what is being read, "" nothing; keys wait
	stop          context.CancelFunc // of what is being read
	turn          int                // of the last reading: what an earlier one brings is dropped
	loading       *pane              // whose rows are being read beside the view
	asking        bool               // the search line is open
	asked         []rune
	help          bool
	says          string // a remark for the line above the keys
	fault         error  // the last error
}

func newModel(c Case, o report.Options, start starter) *model {
	return &model{c: c, ink: newInk(o), start: start, width: 80, height: 24}
}

// opened is a pane that was read.
type opened struct {
	turn    int
	pane    *pane
	replace bool
	err     error
}

// paged is rows of a pane that were read.
type paged struct {
	pane *pane
	from int64
	rows []row
	err  error
}

// found is the place of a refused request.
type found struct {
	turn  int
	pane  *pane
	place int64
	err   error
}

// Init reads the first pane.
func (m *model) Init() tea.Cmd { return m.open("the case", m.c.causes, false) }

// now is the pane that is shown; nil before the first one is read.
func (m *model) now() *pane {
	if len(m.panes) == 0 {
		return nil
	}
	return m.panes[len(m.panes)-1]
}

// Update takes a message and gives what is to be done about it.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		return m, m.settle()
	case tea.KeyPressMsg:
		return m.press(msg)
	case tea.PasteMsg:
		if m.asking {
			m.typed(msg.Content)
		}
	case opened:
		return m, m.arrive(msg)
	case paged:
		return m, m.turnPage(msg)
	case found:
		return m, m.jump(msg)
	}
	return m, nil
}

// open reads a pane and shows it; meanwhile only leaving and giving up work.
func (m *model) open(what string, read opener, replace bool) tea.Cmd {
	m.turn++
	turn := m.turn
	cmd, stop := m.start(func(ctx context.Context) tea.Msg {
		p, err := read(ctx)
		return opened{turn, p, replace, err}
	})
	m.busy, m.stop, m.says = what, stop, ""
	return cmd
}

// rest ends a reading.
func (m *model) rest() {
	if m.stop != nil {
		m.stop()
	}
	m.busy, m.stop = "", nil
}

// fail shows an error of reading; that one was given up is none.
func (m *model) fail(err error) {
	if !stopped(err) {
		m.fault, m.says = err, "cannot read: "+err.Error()
	}
}

func (m *model) arrive(msg opened) tea.Cmd {
	if msg.turn != m.turn {
		return nil
	}
	m.rest()
	if msg.err != nil {
		m.fail(msg.err)
		if len(m.panes) == 0 {
			return tea.Quit
		}
		return nil
	}
	if msg.replace {
		m.panes = m.panes[:len(m.panes)-1]
	}
	m.panes = append(m.panes, msg.pane)
	return m.settle()
}

// settle lays the shown pane out anew, keeps its cursor in sight, and reads
// rows that are on the screen but not held.
func (m *model) settle() tea.Cmd {
	m.ink.width = m.width
	p := m.now()
	if p == nil {
		return nil
	}
	if p.prose != nil && p.laid != m.width {
		p.lines, p.laid = p.prose(m.ink), m.width
	}
	room := m.room(p)
	p.move(p.cursor, room)
	if m.loading != nil || !p.missing(room) {
		return nil
	}
	m.loading = p
	at := p.cursor
	cmd, _ := m.start(func(ctx context.Context) tea.Msg {
		from, rows, err := p.load(ctx, at)
		return paged{p, from, rows, err}
	})
	return cmd
}

func (m *model) turnPage(msg paged) tea.Cmd {
	m.loading = nil
	if msg.err != nil {
		if msg.pane == m.now() {
			m.fail(msg.err)
		}
		return nil
	}
	msg.pane.from, msg.pane.rows = msg.from, msg.rows
	return m.settle()
}

func (m *model) jump(msg found) tea.Cmd {
	if msg.turn != m.turn {
		return nil
	}
	m.rest()
	switch {
	case msg.err != nil:
		m.fail(msg.err)
	case msg.place < 0:
		m.says = "no refused request further on this way"
	case msg.pane == m.now():
		msg.pane.move(msg.place, m.room(msg.pane))
	}
	return m.settle()
}

// typed adds to what is searched for: one line of clean text.
func (m *model) typed(text string) {
	const longest = 200
	text, _, _ = strings.Cut(strings.TrimLeft(text, "\r\n"), "\n")
	m.asked = append(m.asked, []rune(report.Clean(strings.TrimSuffix(text, "\r")))...)
	m.asked = m.asked[:min(len(m.asked), longest)]
}
