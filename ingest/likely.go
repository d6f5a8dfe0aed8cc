package ingest

import (
	"slices"
	"strings"

	"ipdrift/ingest/format"
	"ipdrift/token"
)

// likely says of which schemes the links of a log seem to be, where none of the sample is a
// signed one of the scheme of its host: those that read a token in most lines, and in as many
// as any other. It is the look of the links; no hash is tried. It is "" where nothing is seen.
func (l *load) likely(src *input, sample [][]byte) string {
	signed := map[string]int{}
	stated := map[*token.Scheme]*token.Parser{}
	p := src.format.NewParser()
	p.Latest, _ = src.Latest(l.Now)
	var r format.Record
	var link token.Link
	var space []byte
	records := 0
	for _, line := range sample {
		if p.Parse(line, &r).Reason != "" {
			continue
		}
		records++
		own := l.Resources.For(src.hostOf(&r, &space)).Scheme
		if stated[own] == nil {
			stated[own] = token.NewParser(own)
		}
		if stated[own].Parse(r.Target, &link); link.Shape == token.Signed {
			return ""
		}
		for _, name := range token.SchemesOf(r.Target) {
			signed[name]++
		}
	}
	var seen, not []string
	most := records/2 + 1
	for _, n := range signed {
		most = max(most, n)
	}
	for name, n := range signed {
		if n == most {
			seen = append(seen, name)
		}
	}
	if len(seen) == 0 {
		return ""
	}
	for s := range stated {
		not = append(not, s.Name)
	}
	slices.Sort(seen)
	slices.Sort(not)
	return "no link is signed as scheme " + strings.Join(not, " or ") + " has it; they look like those of scheme " + strings.Join(seen, " or ") + ": say so with --scheme, or with scheme in the configuration"
}
