package format

import "bytes"

// withoutNUL is a value without bytes that no client sends, and damage leaves: each would make the viewer another one.
func (p *Parser) withoutNUL(b []byte) []byte {
	if bytes.IndexByte(b, 0) < 0 {
		return b
	}
	n := len(p.scratch)
	for _, c := range b {
		if c != 0 {
			p.scratch = append(p.scratch, c)
		}
	}
	return p.scratch[n:]
}

// leading reads the digits that b begins with; 0 if none.
func leading(b []byte) uint64 {
	n := 0
	for n < len(b) && '0' <= b[n] && b[n] <= '9' {
		n++
	}
	v, _ := number(b[:n])
	return v
}

// trailing reads the digits that b ends with: the last of several upstreams.
func trailing(b []byte) uint64 {
	n := len(b)
	for n > 0 && '0' <= b[n-1] && b[n-1] <= '9' {
		n--
	}
	v, _ := number(b[n:])
	return v
}

func short(n uint64) uint16 {
	if n > 1<<16-1 {
		return 0
	}
	return uint16(n)
}

// raw is a value as the line has it; nil if there is none.
func (p *Parser) raw(f field) []byte {
	s := p.at[f]
	return p.line[s.start:s.end]
}

// text is a value with its escaping undone; nil if there is none, or "-".
func (p *Parser) text(f field) []byte {
	b := p.raw(f)
	if none(b) {
		return nil
	}
	if p.bare {
		return b
	}
	return p.undo(f, b)
}

// join puts bytes together, in the scratch.
func (p *Parser) join(parts ...[]byte) []byte {
	n := len(p.scratch)
	for _, part := range parts {
		p.scratch = append(p.scratch, part...)
	}
	return p.scratch[n:]
}

// undo appends a value to the scratch with the log's escaping undone, where there is any.
func (p *Parser) undo(f field, b []byte) []byte {
	n := len(p.scratch)
	switch start := p.at[f].start; {
	case p.format.escape == backslashed && bytes.IndexByte(b, '\\') >= 0:
		p.scratch = unescape(p.scratch, b)
		b = p.scratch[n:]
	case p.format.escape == doubled && start > 0 && p.line[start-1] == '"' && bytes.IndexByte(b, '"') >= 0:
		p.scratch = undouble(p.scratch, b)
		b = p.scratch[n:]
	}
	if p.format.percent&f.bit() != 0 && bytes.IndexByte(b, '%') >= 0 {
		if f == agent && formEncoded(b) {
			b = p.join(b)
			for i, c := range b {
				if c == '+' {
					b[i] = ' '
				}
			}
		}
		n = len(p.scratch)
		p.scratch = unpercent(p.scratch, b, f == agent || f == referer || bytes.HasPrefix(b, []byte("%2F")) || f == query && encodedQuery(b))
		b = p.scratch[n:]
		if f == agent && encodedTwice(p.raw(f)) {
			n = len(p.scratch)
			p.scratch = unpercent(p.scratch, b, true)
			b = p.scratch[n:]
		}
	}
	return b
}

// encodedQuery reports whether every "=" of a query was encoded by the log's writer.
func encodedQuery(b []byte) bool {
	return bytes.Contains(b, []byte("%3D")) && bytes.IndexByte(b, '=') < 0
}

// formEncoded reports whether a plus is a blank, as in the user agents of Akamai's documentation: what else is no letter is encoded.
func formEncoded(b []byte) bool {
	return bytes.IndexByte(b, '+') >= 0 && bytes.Contains(b, []byte("%2F")) && !bytes.ContainsAny(b, " /") && !bytes.Contains(b, []byte("%20"))
}

// encodedTwice reports whether blanks are encoded, and the "%" of them again, as CloudFront did it in user agents until 2020.
func encodedTwice(b []byte) bool {
	return bytes.Contains(b, []byte("%2520")) && !bytes.Contains(b, []byte("%20"))
}

// fail notes what is wrong with a value.
