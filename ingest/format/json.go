package format

import (
	"bytes"
	"strconv"
	"unsafe"
)

// key remembers what the n-th key of a line meant: the lines of one log have the same keys in the same order.
type key struct {
	name  []byte
	field field
	rank  uint8
}

const (
	maxDepth = 16  // of nested JSON values
	maxKeys  = 128 // remembered per line
	maxName  = 64  // bytes of a remembered key
	maxLead  = 256 // bytes before the object
	unranked = 255
)

// cutJSON finds the values of a JSON object and leaves them in p.at. Of several keys with one meaning the best ranked that
// has a value counts; of equally ranked ones (duplicate keys, too) the first.
func (p *Parser) cutJSON(line []byte) Failure {
	p.path = p.path[:0]
	pos := objectAt(line)
	if pos < 0 {
		return Failure{ReasonJSON, skipBlank(line, 0) + 1, "{"}
	}
	pos, ok := p.object(pos, 1)
	if !ok {
		return Failure{ReasonJSON, min(pos, len(line)) + 1, "one whole JSON object, nested at most " + strconv.Itoa(maxDepth-1) + " deep"}
	}
	rest := skipBlank(line, pos)
	if rest < len(line) && line[rest] == ',' { // of an array that has a line for each
		rest = skipBlank(line, rest+1)
	}
	if rest < len(line) {
		return Failure{ReasonJSON, rest + 1, "the end of the line"}
	}
	return Failure{}
}

// objectAt finds the object of a line, which may stand behind what syslog or a container's log puts first: a priority, a time,
// a name. There is no quote in it, so that no object within one that was cut off is taken for the whole; -1 if there is none.
func objectAt(line []byte) int {
	for i, c := range line[:min(len(line), maxLead)] {
		switch c {
		case '{':
			return i
		case '"':
			return -1
		}
	}
	return -1
}

// object reads the object at pos and gives the place behind it; not ok, the place it breaks at.
func (p *Parser) object(pos, depth int) (int, bool) {
	line := p.line
	pos = skipBlank(line, pos+1)
	if pos < len(line) && line[pos] == '}' {
		return pos + 1, true
	}
	for n := 0; ; n++ {
		name, colon, ok := p.name(pos)
		if !ok {
			return colon, false
		}
		f, rank := p.meaning(name, n, depth)
		if pos, ok = p.value(skipBlank(line, colon+1), depth, name, f, rank); !ok {
			return pos, false
		}
		pos = skipBlank(line, pos)
		if pos == len(line) || line[pos] != ',' {
			return pos + 1, pos < len(line) && line[pos] == '}'
		}
		pos = skipBlank(line, pos+1)
	}
}

// name reads the key at pos and finds its colon.
func (p *Parser) name(pos int) (name []byte, colon int, ok bool) {
	if pos >= len(p.line) || p.line[pos] != '"' {
		return nil, pos, false
	}
	end := stringEnd(p.line, pos+1)
	if end < 0 {
		return nil, pos, false
	}
	colon = skipBlank(p.line, end+1)
	return p.line[pos+1 : end], colon, colon < len(p.line) && p.line[colon] == ':'
}

// meaning looks a key up: on the top level first where it stood in the line before.
func (p *Parser) meaning(name []byte, n, depth int) (field, uint8) {
	if depth > 1 {
		return p.lookup(name)
	}
	if n < len(p.keys) && bytes.Equal(p.keys[n].name, name) {
		return p.keys[n].field, p.keys[n].rank
	}
	f, rank := p.lookup(name)
	if len(name) > maxName || n >= maxKeys {
		return f, rank
	}
	if n < len(p.keys) {
		k := &p.keys[n]
		k.name, k.field, k.rank = append(k.name[:0], name...), f, rank
	} else if n == len(p.keys) {
		p.keys = append(p.keys, key{bytes.Clone(name), f, rank})
	}
	return f, rank
}

func (p *Parser) lookup(name []byte) (field, uint8) {
	n := len(p.path)
	p.path = foldName(p.path, name)
	f, rank := p.format.words.meaning(unsafe.String(unsafe.SliceData(p.path), len(p.path))) // kept by nobody
	p.path = p.path[:n]
	return f, rank
}

// value reads the value at pos into f and gives the place behind it.
func (p *Parser) value(pos, depth int, name []byte, f field, rank uint8) (int, bool) {
	if pos >= len(p.line) || depth >= maxDepth {
		return pos, false
	}
	switch p.line[pos] {
	case '{':
		prefix := len(p.path)
		p.path = append(foldName(p.path, name), '.')
		pos, ok := p.object(pos, depth+1)
		p.path = p.path[:prefix]
		return pos, ok
	case '[':
		return p.array(pos, depth, f, rank)
	case '"':
		end := stringEnd(p.line, pos+1)
		if end < 0 {
			return pos, false
		}
		p.put(f, rank, pos+1, end)
		return end + 1, true
	}
	end := scalarEnd(p.line, pos)
	if b := p.line[pos:end]; string(b) != "null" {
		p.put(f, rank, pos, end)
	}
	return end, end > pos
}

// array reads the array at pos; its first plain value counts.
func (p *Parser) array(pos, depth int, f field, rank uint8) (int, bool) {
	pos = skipBlank(p.line, pos+1)
	if pos < len(p.line) && p.line[pos] == ']' {
		return pos + 1, true
	}
	for {
		var ok bool
		if pos, ok = p.value(pos, depth+1, []byte("[]"), f, rank); !ok {
			return pos, false
		}
		pos = skipBlank(p.line, pos)
		if pos == len(p.line) || p.line[pos] != ',' {
			return pos + 1, pos < len(p.line) && p.line[pos] == ']'
		}
		pos = skipBlank(p.line, pos+1)
	}
}

// put keeps a value if no better one is there. An empty one only shows that the key was.
func (p *Parser) put(f field, rank uint8, start, end int) {
	if f == skipped {
		return
	}
	if none(p.line[start:end]) {
		rank = unranked
	}
	if p.at[f].end == 0 || rank < p.rank[f] {
		p.at[f], p.rank[f] = span{int32(start), int32(end)}, rank
	}
}

// stringEnd finds the quote that ends the string begun before pos, or -1.
func stringEnd(line []byte, pos int) int {
	for i := pos; ; i++ {
		j := bytes.IndexByte(line[i:], '"')
		if j < 0 {
			return -1
		}
		if i += j; line[i-1] != '\\' || !escapedAt(line, pos, i) {
			return i
		}
	}
}

func scalarEnd(line []byte, pos int) int {
	for pos < len(line) {
		switch line[pos] {
		case ',', '}', ']', ' ', '\t', '"', '{', '[', ':':
			return pos
		}
		pos++
	}
	return pos
}

func skipBlank(line []byte, pos int) int {
	for pos < len(line) && (line[pos] == ' ' || line[pos] == '\t') {
		pos++
	}
	return pos
}
