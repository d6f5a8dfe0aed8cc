package report

import "io"

// stickyWriter remembers the first error and writes nothing after it, so that
// a renderer can print line after line and look once, at the end.
type stickyWriter struct {
	w   io.Writer
	err error
}

func (s *stickyWriter) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	s.err = err
	return n, err
}

// line writes its parts and ends the line.
func (s *stickyWriter) line(parts ...string) {
	for _, p := range parts {
		io.WriteString(s, p)
	}
	io.WriteString(s, "\n")
}
