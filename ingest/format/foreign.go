package format

import "iter"

// Foreign picks those of some lines that look like another format's than the known ones: what should stand first in them is not there.
// Lines that lack values, hold no request or too many values are not among them, nor is any where header lines name the columns.
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
	case ReasonFields, ReasonJSON, ReasonAddress, ReasonTime, ReasonStatus:
		return true
	}
	return false
}
