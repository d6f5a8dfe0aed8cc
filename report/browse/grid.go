package browse

import (
	"strings"

	"github.com/charmbracelet/lipgloss"

	"ipdrift/report"
)

const (
	columnGap = 2
	margin    = 2  // of a row: the mark of the cursor
	leastCell = 6  // no column is made narrower than this
	mostCell  = 40 // a column that is wider gives way before others are left out: as long as an IPv6 address
)

// grid is the columns of a pane, fitted into the window.
type grid struct {
	*ink
	columns []column
	widths  []int // 0: left out
}

// fit measures what is held and gives each column its width: those of the
// highest rank are left out until the rest fits, and a flexible one takes what
// is left over.
func (k *ink) fit(p *pane) *grid {
	g := &grid{ink: k, columns: p.columns, widths: make([]int, len(p.columns))}
	for i, c := range p.columns {
		for _, r := range p.rows {
			g.widths[i] = max(g.widths[i], lipgloss.Width(report.Clean(r.cells[i].text)))
		}
		switch {
		case g.widths[i] == 0: // nothing is known
		case c.flex > 0:
			g.widths[i] = c.flex
		default:
			g.widths[i] = max(g.widths[i], lipgloss.Width(c.title))
		}
	}
	g.squeeze(max(mostCell, k.width/2))
	for g.total() > k.width {
		worst := -1
		for i, c := range g.columns {
			if g.widths[i] > 0 && c.rank > 0 && (worst < 0 || c.rank > g.columns[worst].rank) {
				worst = i
			}
		}
		if worst < 0 {
			break
		}
		g.widths[worst] = 0
	}
	g.squeeze(leastCell)
	for i, c := range g.columns {
		if c.flex > 0 && g.widths[i] > 0 {
			g.widths[i] += max(0, k.width-g.total())
		}
	}
	return g
}

// squeeze takes from the widest column until a line fits, or none is wider than least.
func (g *grid) squeeze(least int) {
	for g.total() > g.width {
		widest := 0
		for i := range g.widths {
			if g.widths[i] > g.widths[widest] {
				widest = i
			}
		}
		if g.widths[widest] <= least {
			return
		}
		g.widths[widest]--
	}
}

func (g *grid) total() int {
	sum := margin
	for _, w := range g.widths {
		if w > 0 {
			sum += w + columnGap
		}
	}
	return sum - columnGap
}

// titles is the line above the rows.
func (g *grid) titles() string {
	cells := make([]cell, len(g.columns))
	for i, c := range g.columns {
		cells[i] = toned(faint, c.title)
	}
	return g.row(cells, false)
}

// row draws a row; the one under the cursor has a mark, too, for terminals
// without colour.
func (g *grid) row(cells []cell, current bool) string {
	parts := []cell{plainly(strings.Repeat(" ", margin))}
	if current {
		parts[0].text = g.sign("▸ ", "> ")
	}
	first := true
	for i, c := range g.columns {
		if g.widths[i] == 0 {
			continue
		}
		if !first {
			parts = append(parts, plainly(strings.Repeat(" ", columnGap)))
		}
		first = false
		text := cells[i].text
		if c.tail {
			text = g.end(text, g.widths[i])
		}
		parts = append(parts, toned(cells[i].tone, g.fill(text, g.widths[i], c.right)))
	}
	if !current {
		return strings.TrimRight(g.line(parts...), " ")
	}
	var b strings.Builder
	for _, c := range parts {
		b.WriteString(c.text)
	}
	return g.styles[chosen].Render(g.fill(b.String(), g.width, false))
}
