package source

import (
	"bytes"
	"io"
	"strconv"
	"strings"

	"ipdrift/ingest/redact"
)

// grepped takes off what grep and zgrep put before the lines of several files: the name of the file and a colon, with -n the number
// of the line and another, which stands alone before those of one file. head is what in begins with; it returns that of the text without.
func grepped(in io.Reader, head []byte) (io.Reader, []byte) {
	if fileBefore(head) == 0 && numberBefore(head) == 0 {
		return in, head
	}
	buf, head := ahead(in)
	if growing(head) {
		out := changed(buf, func(line []byte, _ bool) []byte { return line[numberBefore(line):] })
		head, _ = out.Peek(headSize)
		return out, head
	}
	named, numbered, all := 0, 0, 0
	for line := range bytes.Lines(head) {
		all++
		if n := fileBefore(line); n > 0 {
			named++
			if number := numberBefore(line[n:]); number > 0 && !mayGoOn(line[n+number:]) {
				numbered++
			}
		}
	}
	if named*2 <= all {
		return buf, head[:min(len(head), headSize)]
	}
	numbers := numbered*2 > named
	out := changed(buf, func(line []byte, _ bool) []byte { // a line without a name stays as it is
		n := fileBefore(line)
		if n > 0 && numbers {
			n += numberBefore(line[n:])
		}
		return line[n:]
	})
	head, _ = out.Peek(headSize)
	return out, head
}

// longestName is how long the name of a file is at most, its folders included.
const longestName = 1 << 10

// fileBefore measures the name of a log, with a drive as findstr has it or without, and the colon behind it; 0: a line has none.
func fileBefore(line []byte) int {
	drive := 0
	if len(line) > 3 && line[1] == ':' && line[2] == '\\' {
		drive = 2
	}
	n := drive + bytes.IndexByte(line[drive:min(len(line), longestName)], ':')
	if n <= drive || !namesLog(string(line[:n])) {
		return 0
	}
	return n + 1
}

// numberBefore measures digits and the colon behind them.
func numberBefore(text []byte) int {
	n := 0
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		n++
	}
	if n == 0 || n == len(text) || text[n] != ':' {
		return 0
	}
	return n + 1
}

// growing tells whether each line has a greater number before it than the one before. In few lines, that may be part of an address or a
// clock.
func growing(text []byte) bool {
	if end := bytes.LastIndexByte(text, '\n'); end >= 0 {
		text = text[:end]
	}
	last, lines, alone := uint64(0), 0, 0
	for line := range bytes.Lines(text) {
		n := numberBefore(line)
		number, err := strconv.ParseUint(string(line[:max(n-1, 0)]), 10, 64)
		if err != nil || number <= last {
			return false
		}
		last = number
		if lines++; !mayGoOn(line[n:]) {
			alone++
		}
	}
	return lines > 3 || alone > 0
}

// mayGoOn tells whether digits and a colon before a text may be the beginning of an IPv6 address.
func mayGoOn(text []byte) bool {
	n := 0
	for n < len(text) && redact.Hex(text[n]) < 16 {
		n++
	}
	return n < len(text) && text[n] == ':' || n > 0 && n < len(text) && text[n] == ' '
}

// namesLog tells the name of a log, rotated or compressed, from a host with its port behind it.
func namesLog(name string) bool {
	if strings.ContainsAny(name, " \t\"[{") {
		return false
	}
	packed := false
	for _, end := range []string{".gz", ".bz2", ".xz", ".zst"} {
		if bare, cut := strings.CutSuffix(name, end); cut {
			name, packed = bare, true
		}
	}
	name = strings.TrimRight(name, ".-0123456789")
	return packed || strings.HasSuffix(name, ".log") || strings.HasSuffix(name, "_log")
}
