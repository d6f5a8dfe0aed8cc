package format

import "iter"

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
