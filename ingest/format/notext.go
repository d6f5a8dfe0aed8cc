package format

import (
	"bytes"
	"unicode/utf8"
)

// noText refuses what is not a text log: nothing at all, binary data, or text that is not cut into lines. Lines count alike,
// however long: a rotation may leave a run of NUL bytes before a good log.
func noText(lines [][]byte) *Misfit {
	odd, full, joined := 0, 0, 0
	for _, line := range lines {
		line = bytes.TrimRight(line, "\r")
		if blank(line) {
			continue
		}
		full++
		if notText(line) {
			odd++
		}
		if bytes.IndexByte(line, '\r') >= 0 {
			joined++
		}
	}
	switch {
	case full == 0:
		return &Misfit{Want: "lines of text, found none"}
	case bytes.HasPrefix(lines[0], []byte("\xff\xfe\x00\x00")) || bytes.HasPrefix(lines[0], []byte("\x00\x00\xfe\xff")):
		return &Misfit{Lines: full, Want: "text in UTF-8, found UTF-32 (convert it: iconv -f UTF-32 -t UTF-8)"}
	case odd*2 > full:
		return &Misfit{Lines: full, Want: wantText}
	case joined*2 > full:
		return &Misfit{Lines: full, Want: "lines that end in a line feed, found carriage returns alone (convert them: tr '\\r' '\\n')"}
	}
	return nil
}

const wantText = "lines of text, found binary data (a compressed or encrypted file?)"

// noAccess names what is written beside an access log, or looks like one to who is in a hurry; nil: none of what is known.
func noAccess(lines [][]byte) *Misfit {
	errors, asked, answered := 0, 0, 0
	for _, line := range lines {
		switch {
		case nginxError(line), bytes.Contains(line, []byte("] [client ")):
			errors++
		case bytes.HasPrefix(line, []byte("> ")) && isRequest(string(bytes.TrimRight(line[2:], "\r"))):
			asked++
		case bytes.HasPrefix(line, []byte("< HTTP/")):
			answered++
		}
	}
	switch {
	case errors*2 > len(lines):
		return &Misfit{Lines: len(lines), Want: "an access log, found a server's error log, which has no statuses (nginx: access_log names the other, Apache: CustomLog)"}
	case asked > 0 && answered > 0:
		return &Misfit{Lines: len(lines), Want: "an access log, found what curl -v printed (ipdrift explain takes its URL, and the address it was signed for)"}
	}
	return nil
}

// nginxError reports whether a line is of nginx's error log: a time, the level, process and thread.
func nginxError(line []byte) bool {
	const clock = "2006/01/02 15:04:05"
	return len(line) > len(clock)+2 && line[4] == '/' && string(line[len(clock):len(clock)+2]) == " [" && bytes.Contains(line, []byte("#"))
}

// someBinary reports whether no line fits and some are no text, as in a program.
func someBinary(lines [][]byte) bool {
	odd := 0
	for _, line := range lines {
		if len(line) > 0 && notText(line) {
			odd++
		}
	}
	return odd*10 > len(lines)
}

// notText reports whether more than a quarter of a line are bytes that no text in UTF-8 has.
func notText(line []byte) bool {
	odd := 0
	for _, c := range string(line) {
		if c < ' ' && c != '\t' && c != '\r' || c == utf8.RuneError {
			odd++
		}
	}
	return odd*4 > len(line)
}
