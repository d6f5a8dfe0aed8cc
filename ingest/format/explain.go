package format

import (
	"cmp"
	"slices"
)

// Value is one value of a line, as the format reads it.
type Value struct {
	Name   string // a field of ours: client_ip, time, uri, … (see MapFields)
	Column int    // 1-based byte column in the line
	Text   string // the value, log escaping undone; it may hold tokens: cut them out before it is shown
}

// Explain is Parse for one line that a person looks at: it gives the values that were found as well, in the order of the line, also
// those of a line that fails for one of them. It allocates.
func (p *Parser) Explain(line []byte, r *Record) ([]Value, Failure) {
	p.at = [fieldCount]span{}
	bad := p.Parse(line, r)
	if bad.Reason == ReasonBlank || bad.Header() {
		return nil, bad
	}
	var values []Value
	for f := client; f < fieldCount; f++ {
		if at := p.at[f]; at.end > 0 {
			values = append(values, Value{f.String(), int(at.start) + 1, string(p.text(f))})
		}
	}
	slices.SortStableFunc(values, func(a, b Value) int { return cmp.Compare(a.Column, b.Column) })
	return values, bad
}
