package format

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// elsewhere tries JSON lines, and columns with names, of no known maker again with what their values tell of names that people chose
// themselves: it is the better trial, or t.
func (t *trial) elsewhere(lines [][]byte, m Map) *trial {
	if !slices.Contains([]string{"json", "csv", "tsv"}, t.format.Name) || t.parsed == 0 {
		return t
	}
	if t.numeric == t.parsed { // the server's address, as in the log_format that many guides to Logstash give
		if other := t.with(lines, m, "host", edge); other.parsed >= t.parsed && other.hosted == other.parsed && other.numeric < other.parsed {
			t = other
		}
	}
	if name, f := t.queryElsewhere(lines); name != "" {
		if other := t.with(lines, m, name, f); other.parsed >= t.parsed && other.facts.Queries > 0 {
			t = other
		}
	}
	return t
}

// with tries the format again with another meaning of a name, unless the user gives it one.
func (t *trial) with(lines [][]byte, m Map, name string, f field) *trial {
	g := *t.format
	own := map[string]meaning{}
	if g.words != nil {
		maps.Copy(own, g.words.names)
	}
	own[name] = meaning{field: f}
	g.words, _ = (&words{names: own}).with(m) // which t's format has taken already
	if g.columns != nil {
		if _, err := g.renamed(g.columns.names); err != nil {
			return t
		}
	}
	return try(&g, lines, len(lines))
}

// queryElsewhere finds the queries of a log whose targets have none: under a name that is not known stand the same paths with their queries,
// or queries alone. It returns no name if there are none.
func (t *trial) queryElsewhere(lines [][]byte) (string, field) {
	if t.facts.Queries > 0 || t.has&request.bit() != 0 {
		return "", skipped
	}
	p := t.format.NewParser()
	p.Latest = someday
	var r Record
	good, whole, longer, queries := 0, map[string]int{}, map[string]int{}, map[string]int{}
	for _, line := range lines {
		if p.Parse(line, &r).Reason != "" {
			continue
		}
		good++
		for name, value := range t.format.valuesOf(line) {
			rest, same := strings.CutPrefix(value, string(r.Target))
			if same && (rest == "" || rest[0] == '?') {
				whole[name]++
				longer[name] += len(rest)
			}
			if isQuery(strings.TrimPrefix(value, "?")) {
				queries[name]++
			}
		}
	}
	for _, found := range []struct {
		names map[string]int
		field
	}{{whole, target}, {queries, query}} {
		for _, name := range slices.Sorted(maps.Keys(found.names)) {
			known, _ := t.format.words.meaning(name)
			if known == skipped && float64(found.names[name]) >= mostly*float64(good) && (found.field == query || longer[name] > 0) {
				return name, found.field
			}
		}
	}
	return "", skipped
}

// valuesOf are the values of a line by their folded names.
func (f *Format) valuesOf(line []byte) map[string]string {
	out := map[string]string{}
	if f.columns != nil {
		for i, value := range f.columns.fields(line) {
			if i < len(f.columns.names) {
				out[folded(f.columns.names[i])] = value
			}
		}
		return out
	}
	var object map[string]any
	if json.Unmarshal(line[max(0, objectAt(line)):], &object) == nil {
		gather(out, "", object)
	}
	return out
}

func gather(out map[string]string, prefix string, object map[string]any) {
	for name, value := range object {
		switch v := value.(type) {
		case string:
			out[prefix+folded(name)] = v
		case map[string]any:
			gather(out, prefix+folded(name)+".", v)
		}
	}
}
