package rig

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Answer is what nginx itself said about one request.
type Answer struct {
	Seq        int // of the X-Seq header; -1 without one (nginx read no header before a 400)
	Status     int
	SecureLink string // "" not good, "0" good but expired, "1" good
	Expires    string // $secure_link_expires, as written in the request
	Client     string // $remote_addr
	Host       string
	Start      float64 // Unix seconds: $msec - $request_time
	URI        string  // decoded and normalised, any bytes
}

// Oracle reads nginx's own answers: answer i belongs to line i of the access
// log. Call it after Stop.
func (s *Server) Oracle() ([]Answer, error) {
	text, err := os.ReadFile(filepath.Join(s.Dir, "oracle.log"))
	if err != nil {
		return nil, err
	}
	var answers []Answer
	for line := range strings.Lines(string(text)) {
		a, err := parseAnswer(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, fmt.Errorf("oracle.log, line %d: %w", len(answers)+1, err)
		}
		answers = append(answers, a)
	}
	return answers, nil
}

func parseAnswer(line string) (a Answer, err error) {
	f := strings.Split(line, "\t")
	if len(f) != 9 {
		return a, fmt.Errorf("%d fields in %q", len(f), line)
	}
	for i := range f {
		if f[i], err = unescape(f[i]); err != nil {
			return a, err
		}
	}
	a = Answer{Seq: -1, SecureLink: f[2], Expires: f[3], Client: f[4], Host: f[5], URI: f[8]}
	if f[0] != "" {
		if a.Seq, err = strconv.Atoi(f[0]); err != nil {
			return a, err
		}
	}
	if a.Status, err = strconv.Atoi(f[1]); err != nil {
		return a, err
	}
	logged, err := strconv.ParseFloat(f[6], 64)
	if err != nil {
		return a, err
	}
	took, err := strconv.ParseFloat(f[7], 64)
	a.Start = logged - took
	return a, err
}

// unescape undoes escape=json of nginx, which leaves bytes above 0x7f alone.
func unescape(s string) (string, error) {
	var b strings.Builder
	for {
		at := strings.IndexByte(s, '\\')
		if at < 0 {
			b.WriteString(s)
			return b.String(), nil
		}
		b.WriteString(s[:at])
		r, _, rest, err := strconv.UnquoteChar(s[at:], '"')
		if err != nil {
			return "", fmt.Errorf("escape in %q: %w", s, err)
		}
		b.WriteRune(r)
		s = rest
	}
}
