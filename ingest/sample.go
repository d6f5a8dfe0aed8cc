package ingest

import (
	"bytes"
	"errors"

	"ipdrift/ingest/format"
)

// sampleLines and sampleBytes are how many lines of a source decide its
// format: as many as either allows, and no fewer than a chunk holds.
const (
	sampleLines = 250
	sampleBytes = maxLine + 1<<20
)

// sampler passes on the chunks of a source. It holds the first ones back until
// they decide the format; lines too long need none and do not count.
type sampler struct {
	src      *source
	names    format.Map
	identity Identity
	out      func(chunk) error
	held     []chunk
	lines    int
	bytes    int
	sent     int64 // lines too long, passed on before there was a format
}

var errOnlyLong = errors.New("no log format fits: every line is longer than 2 MiB")

func (s *sampler) take(ch chunk) error {
	switch {
	case s.src.format != nil:
		return s.send(ch)
	case ch.long:
		s.sent++
		return s.send(ch)
	}
	s.held = append(s.held, ch)
	s.lines += bytes.Count(ch.data, []byte{'\n'})
	if s.bytes += len(ch.data); s.lines < sampleLines && s.bytes < sampleBytes {
		return nil
	}
	return s.settle()
}

// settle finds the format and passes on what was held back for it. Once there
// is a format, or nothing to find one from, it does nothing.
func (s *sampler) settle() error {
	switch {
	case s.src.format != nil:
		return nil
	case len(s.held) == 0 && s.sent > 0:
		return errOnlyLong
	case len(s.held) == 0:
		return nil
	}
	found, misfit := format.Detect(s.sample(), s.names)
	if misfit != nil {
		return misfit
	}
	if found, err := s.identity.named(found, s.names); err != nil {
		return err
	} else {
		s.src.format = found
	}
	for _, ch := range s.held {
		if err := s.send(ch); err != nil {
			return err
		}
	}
	return nil
}

func (s *sampler) sample() (lines [][]byte) {
	for _, ch := range s.held {
		for line := range bytes.Lines(ch.data) {
			if len(lines) == sampleLines {
				return lines
			}
			lines = append(lines, bytes.TrimSuffix(line, []byte{'\n'}))
		}
	}
	return lines
}

// send passes a chunk on with the format of its lines: a header line in it may
// change that of the next one.
func (s *sampler) send(ch chunk) error {
	if !ch.long {
		ch.format = s.src.format
		s.src.format = s.src.format.After(ch.data)
	}
	return s.out(ch)
}
