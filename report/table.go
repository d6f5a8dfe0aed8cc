package report

import (
	"io"
	"iter"
	"strings"

	"github.com/charmbracelet/lipgloss"
)

const (
	tableSample = 1000 // rows that decide how wide the columns are
	tableGap    = "  "
	leastColumn = 6  // no column is made narrower than this
	legible     = 24 // nor than this where the line fits in no case
)

// Table writes a header and rows as aligned columns for people. Cells are
// made harmless as [Clean] does; columns of numbers stand to the right. With a
// width above 0 the widest columns are cut until a line fits; where that would leave
// too little of each, only long cells are cut, and lines are longer. The first thousand rows decide the
// columns and are held in memory; of the rest only one row is. An error of the
// iterator ends the table and is returned, as is one of w.
func Table(w io.Writer, header []string, rows iter.Seq2[[]string, error], width int) error {
	t := &grid{out: &stickyWriter{w: w}, header: cleaned(header)}
	for row, err := range rows {
		if err != nil {
			return err
		}
		if row = cleaned(row); t.columns == nil {
			if t.sample = append(t.sample, row); len(t.sample) == tableSample {
				t.begin(width)
			}
		} else {
			t.line(row)
		}
		if t.out.err != nil {
			return t.out.err
		}
	}
	if t.columns == nil {
		t.begin(width)
	}
	return t.out.err
}

// grid is a table being written.
type grid struct {
	out     *stickyWriter
	header  []string
	sample  [][]string
	columns []column // nil until the sample is complete
}

type column struct {
	width   int
	numbers bool
	cut     bool // narrower than its widest cell
}

func cleaned(row []string) []string {
	out := make([]string, len(row))
	for i, cell := range row {
		out[i] = Clean(cell)
	}
	return out
}

// begin decides the columns and writes what was held back.
func (t *grid) begin(width int) {
	t.columns = make([]column, len(t.header))
	for i, name := range t.header {
		c := column{width: lipgloss.Width(name), numbers: len(t.sample) > 0}
		for _, row := range t.sample {
			c.width = max(c.width, lipgloss.Width(row[i]))
			c.numbers = c.numbers && numeric(row[i])
		}
		t.columns[i] = c
	}
	if width > 0 {
		t.fit(width)
	}
	t.line(t.header)
	rules := make([]string, len(t.columns))
	for i, c := range t.columns {
		rules[i] = strings.Repeat("-", c.width)
	}
	t.line(rules)
	for _, row := range t.sample {
		t.line(row)
	}
	t.sample = nil
}

// numeric reports whether a cell may stand in a column of numbers.
func numeric(cell string) bool {
	return cell == "NULL" || cell != "" && strings.Trim(cell, "0123456789.-+e") == ""
}

// fit takes from the widest column, one by one, until the line fits.
func (t *grid) fit(width int) {
	least := (len(t.columns) - 1) * len(tableGap)
	for _, c := range t.columns {
		least += min(c.width, leastColumn)
	}
	if least > width {
		for i := range t.columns {
			if c := &t.columns[i]; c.width > legible {
				c.width, c.cut = legible, true
			}
		}
		return
	}
	total := (len(t.columns) - 1) * len(tableGap)
	for _, c := range t.columns {
		total += c.width
	}
	for ; total > width; total-- {
		widest := 0
		for i, c := range t.columns {
			if c.width > t.columns[widest].width {
				widest = i
			}
		}
		c := &t.columns[widest]
		if c.width <= leastColumn {
			return
		}
		c.width, c.cut = c.width-1, true
	}
}

func (t *grid) line(row []string) {
	var b strings.Builder
	for i, c := range t.columns {
		if i > 0 {
			b.WriteString(tableGap)
		}
		cell := row[i]
		if c.cut {
			cell = shortened(cell, c.width)
		}
		pad := strings.Repeat(" ", max(0, c.width-lipgloss.Width(cell)))
		if c.numbers {
			cell = pad + cell
		} else {
			cell += pad
		}
		b.WriteString(cell)
	}
	t.out.line(strings.TrimRight(b.String(), " "))
}

// shortened cuts a cell and marks the cut.
func shortened(cell string, width int) string {
	if lipgloss.Width(cell) <= width {
		return cell
	}
	return fitting(cell, width-2) + ".."
}
