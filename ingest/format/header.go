package format

import (
	"bytes"
	"strings"
)

// headed builds the format of a log that names its columns in a "#Fields:" line: the W3C extended log format, as CloudFront
// writes it (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html). Values are
// separated by tabs or, where the sample has none, by blanks. Nil if there is no such line, or it names too little.
func headed(lines [][]byte) *Format {
	names := columnNames(lines)
	if names == nil {
		return nil
	}
	sep := "\t"
	if !bytes.Contains(bytes.Join(lines, nil), []byte{'\t'}) {
		sep = " "
	}
	var pieces []piece
	for i, name := range names {
		if i > 0 {
			pieces = append(pieces, piece{text: sep})
		}
		pieces = append(pieces, variable(name))
	}
	l, err := compile(pieces)
	if err != nil || complete(l.has()) != nil {
		return nil
	}
	l.raw, l.comments = true, true
	return &Format{"w3c", "columns named by #Fields: " + strings.Join(names, " "), l, l.has()}
}

// columnNames reads the last #Fields line of a sample.
func columnNames(lines [][]byte) (names []string) {
	for _, line := range lines {
		if rest, ok := bytes.CutPrefix(line, []byte("#Fields:")); ok {
			names = strings.Fields(string(rest))
		}
	}
	return names
}
