package format

import (
	"iter"
	"slices"
)

// MostOthers is how many formats of one source are found beside the first one, and FewForeign in how many lines
// another one is looked for at least.
const MostOthers, FewForeign = 3, 4

// Foreign picks those of some lines that look like another format's than the known ones: they have no address or time where one is wanted,
// too little of the text between values, or are no objects. A line with both is of the format, and something in it shifted the rest, which
// no other format would set right; nor is one picked where header lines name the columns.
func Foreign(known []*Format, lines iter.Seq[[]byte]) (foreign [][]byte) {
	var parsers []*Parser
	for _, f := range known {
		if f.heads != noHeader {
			return nil
		}
		p := f.NewParser()
		p.Latest = someday
		parsers = append(parsers, p)
	}
	var r Record
	for line := range lines {
		strange := true
		for _, p := range parsers {
			strange = strange && foreignTo(p.Parse(line, &r).Reason)
		}
		if strange {
			foreign = append(foreign, line)
		}
	}
	return foreign
}

func foreignTo(reason string) bool {
	switch reason {
	case ReasonFields, ReasonJSON, ReasonAddress, ReasonTime:
		return true
	}
	return false
}

// Other finds the format of lines that no known one fits, and says how many
// these are: a log's format may be changed while it is written, or two may be
// written to one file. nil: there is none, or they are few.
func Other(known []*Format, lines iter.Seq[[]byte], names Map) (found *Format, strange int) {
	foreign := Foreign(known, lines)
	for n := min(len(foreign), SampleLines); n >= FewForeign; n /= 2 { // the first of them may be of a format of their own
		if found, misfit := Detect(foreign[:n], names); misfit == nil {
			return found, len(foreign)
		}
	}
	return nil, len(foreign)
}

// Others finds the formats of those lines of a log's beginning that the first
// format does not fit; nil: there is none. names is a map of the log's columns
// or keys, or nil.
func Others(first *Format, lines [][]byte, names Map) []*Format {
	known := []*Format{first}
	for len(known) <= MostOthers {
		found, _ := Other(known, slices.Values(lines), names)
		if found == nil {
			break
		}
		known = append(known, found)
	}
	return known[1:]
}
