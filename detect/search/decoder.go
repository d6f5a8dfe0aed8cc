package search

import "ipdrift/token"

// Decoder undoes the escaping of paths as the edge does.
type Decoder struct {
	raw  []byte
	link token.Link
}

// Path is valid until the next one; nil where there is none.
func (d *Decoder) Path(parser *token.Parser, dir, file string) []byte {
	d.raw = append(append(d.raw[:0], dir...), file...)
	if parser.Parse(d.raw, &d.link); !d.link.PathOK {
		return nil
	}
	return d.link.Path
}
