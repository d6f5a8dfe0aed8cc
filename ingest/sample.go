package ingest

import (
	"bytes"
	"errors"
	"iter"
	"slices"

	"ipdrift/ingest/format"
)

// sampleBytes of a source, or [format.SampleLines], decide its format: as many lines as
// either allows, and no fewer than a chunk holds.
const sampleBytes = maxLine + 1<<20

// sampler passes on the chunks of a source. It holds the first ones back until they decide
// the format and whose the addresses are; lines too long need neither and do not count.
type sampler struct {
	load    *load
	src     *input
	out     func(chunk) error
	held    []chunk
	lines   int
	bytes   int
	sent    int64 // lines too long, passed on before the rest was settled
	fixed   bool  // the format was given
	settled bool
	broken  bool // damage ended the source within its last line
	vain    int  // how often another format was looked for and not found
}

var errOnlyLong = errors.New("no log format fits: every line is longer than 2 MiB")

func (s *sampler) take(ch chunk) error {
	switch {
	case s.settled:
		return s.send(ch)
	case ch.long:
		s.sent++
		return s.send(ch)
	}
	s.held = append(s.held, ch)
	s.lines += bytes.Count(ch.data, []byte{'\n'})
	if s.bytes += len(ch.data); s.lines < format.SampleLines && s.bytes < sampleBytes {
		return nil
	}
	return s.settle()
}

// settle finds out what the sample tells and passes on what was held back for it. Once
// that is done, or where there is no sample, it does nothing.
func (s *sampler) settle() error {
	switch {
	case s.settled:
		return nil
	case len(s.held) == 0 && s.sent > 0 && !s.fixed:
		return errOnlyLong
	case len(s.held) == 0:
		return nil
	}
	sample := s.sample()
	if s.fixed {
		s.src.format = s.src.format.Seen(sample)
	} else {
		found, misfit := format.Detect(sample, s.load.Map)
		if misfit != nil && s.broken && len(sample) > 1 {
			found, misfit = format.Detect(sample[:len(sample)-1], s.load.Map)
		}
		if misfit != nil {
			return misfit
		}
		found, err := s.load.Identity.named(found, s.load.Map)
		if err != nil {
			return err
		}
		s.src.format = found
		s.src.learn(&format.Facts{Doubt: found.Doubt()})
	}
	if s.src.forwarding = s.load.forwards(s.src, sample); s.src.forwarding {
		s.src.learn(&format.Facts{Bound: true})
	}
	s.src.likely = s.load.likely(s.src, sample)
	s.settled = true
	for _, ch := range s.held {
		if err := s.send(ch); err != nil {
			return err
		}
	}
	return nil
}

func (s *sampler) sample() [][]byte {
	var lines [][]byte
	for _, ch := range s.held {
		lines = slices.AppendSeq(lines, linesOf(ch.data))
	}
	return format.Sample(lines)
}

// send passes a chunk on with the format of its lines: a header line in it may
// change that of the next one.
func (s *sampler) send(ch chunk) error {
	if !ch.long {
		for s.findOther(ch.data) {
		}
		ch.format, ch.others = s.src.format, s.src.others
		s.src.format = s.src.format.After(ch.data)
	}
	return s.out(ch)
}

const (
	maxVain = 8  // searches for another one that found none
	probes  = 16 // lines of a chunk that tell whether it is worth a search
)

// findOther looks for another format in a chunk that holds lines of one.
func (s *sampler) findOther(data []byte) bool {
	if s.fixed || s.vain == maxVain || len(s.src.others) == format.MostOthers {
		return false
	}
	known := append([]*format.Format{s.src.format}, s.src.others...)
	if len(format.Foreign(known, spread(data, probes))) == 0 {
		return false
	}
	found, strange := format.Other(known, linesOf(data), s.load.Map)
	if found != nil {
		if found, err := s.load.Identity.named(found, s.load.Map); err == nil {
			s.src.others = append(slices.Clone(s.src.others), found)
			return true
		}
	}
	if strange >= format.FewForeign {
		s.vain++
	}
	return false
}

// linesOf goes over lines without their newlines.
func linesOf(data []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for line := range bytes.Lines(data) {
			if !yield(bytes.TrimSuffix(line, []byte{'\n'})) {
				return
			}
		}
	}
}

// spread goes over n lines that stand as far apart as can be, the last among them.
func spread(data []byte, n int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		data = bytes.TrimSuffix(data, []byte{'\n'})
		for i := 1; i <= n; i++ {
			at := len(data) * i / n
			line := data[bytes.LastIndexByte(data[:at], '\n')+1:]
			if end := bytes.IndexByte(line, '\n'); end >= 0 {
				line = line[:end]
			}
			if !yield(line) {
				return
			}
		}
	}
}
