package browse

import (
	"context"
	"strings"
)

// pageRows is how many rows of a list are held at a time.
const pageRows = 256

// opener reads what the next pane shows.
type opener func(ctx context.Context) (*pane, error)

// pane is one list or one text on the screen.
type pane struct {
	name    string                                   // in the path at the top
	head    func(p *pane, k *ink, room int) []string // lines above the rows, at most room of them; nil: none
	columns []column
	empty   string // said where there are no rows

	len  int64 // rows
	rows []row // those held
	from int64 // place of the first of them
	page func(ctx context.Context, from, n int64) ([]row, error)

	prose func(k *ink) []string // a text instead of rows, laid out for a width
	lines []string              // of the text, as last laid out
	laid  int                   // the width that was for

	search  func(text string) opener // nil: there is nothing to search
	within  bool                     // what is found takes the place of this pane
	sought  string                   // what this pane was searched for
	refused func(ctx context.Context, place int64, back bool) (int64, error)

	cursor, top int64
}

// row is one line of a list.
type row struct {
	cells []cell
	open  opener // nil: leads nowhere
	value any    // what it shows
}

type cell struct {
	text string
	tone tone
}

// longestCell is how many bytes of a text a cell holds at most: more than any window is
// wide. Of a longer text it holds both ends.
const longestCell = 2000

func plainly(s string) cell { return toned(plain, s) }

func toned(t tone, s string) cell {
	if len(s) > longestCell {
		s = strings.ToValidUTF8(s[:longestCell/2], "") + "..." + strings.ToValidUTF8(s[len(s)-longestCell/2:], "")
	}
	return cell{text: s, tone: t}
}

// column is how cells stand under each other.
type column struct {
	title string
	right bool
	tail  bool // of what does not fit, the end is shown
	rank  int  // the highest gives way first where the window is narrow; 0 never does
	flex  int  // above 0: takes what is left over, and at least so many columns
}

// held gives the row at a place, if it is held.
func (p *pane) held(at int64) (row, bool) {
	if at < p.from || at >= p.from+int64(len(p.rows)) {
		return row{}, false
	}
	return p.rows[at-p.from], true
}

// load reads the rows around a place.
func (p *pane) load(ctx context.Context, at int64) (from int64, rows []row, err error) {
	from = max(0, min(at-pageRows/2, p.len-pageRows))
	rows, err = p.page(ctx, from, pageRows)
	return from, rows, err
}

// begin reads what is shown first: the rows around the cursor.
func (p *pane) begin(ctx context.Context) (*pane, error) {
	if p.page == nil {
		p.len = int64(len(p.rows))
		return p, nil
	}
	var err error
	p.from, p.rows, err = p.load(ctx, p.cursor)
	return p, err
}

// missing reports whether one of the rows on the screen is not held.
func (p *pane) missing(room int) bool {
	if p.prose != nil || p.page == nil || p.len == 0 {
		return false
	}
	_, first := p.held(p.top)
	_, last := p.held(min(p.top+int64(room), p.len) - 1)
	return !first || !last
}

// move puts the cursor on a place and scrolls as little as needed; in a text it
// scrolls to that line.
func (p *pane) move(to int64, room int) {
	visible := int64(max(room, 1))
	if p.prose != nil {
		p.cursor = max(0, min(to, int64(len(p.lines))-visible))
		p.top = p.cursor
		return
	}
	p.cursor = max(0, min(to, p.len-1))
	p.top = max(min(p.top, p.cursor), p.cursor-visible+1)
	p.top = max(0, min(p.top, p.len-visible))
}
