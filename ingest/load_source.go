package ingest

import (
	"bufio"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"ipdrift/ingest/format"
	"ipdrift/ingest/source"
)

// input is a Source being read.
type input struct {
	source.Source
	host             []byte           // stands for the host where the format has none
	format           *format.Format   // as long as it is read
	others           []*format.Format // of lines that it does not fit
	formats          string           // the names of those that were found
	forwarding       bool             // see load.forwards
	likely           string           // see load.likely
	lines            int64
	parsed, rejected atomic.Int64
	grain            atomic.Int64 // µs, the coarsest of its lines
	err              error

	part    bool   // one of several sources in a file
	wanted  string // the label it would have if another source had not got it; "" where it stays
	content content
	start   uint64 // hash of its first bytes
	same    int    // recognised while it was read, as meter.verdict has it
	grown   []int

	mu    sync.Mutex
	facts format.Facts
}

func (s *input) learn(f *format.Facts) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.facts.Merge(f)
}

// forget lets go of the formats, of which only the names are wanted any more: there may be
// a hundred thousand sources.
func (s *input) forget() {
	var names []string
	for _, f := range append([]*format.Format{s.format}, s.others...) {
		if !slices.Contains(names, f.Name) {
			names = append(names, f.Name)
		}
	}
	s.formats, s.format, s.others = strings.Join(names, ", "), nil, nil
}

func (s *input) count(parsed, rejected int64) {
	s.parsed.Add(parsed)
	s.rejected.Add(rejected)
}

func (s *input) coarsen(grain int64) {
	for now := s.grain.Load(); grain > now && !s.grain.CompareAndSwap(now, grain); now = s.grain.Load() {
	}
}

// readOne cuts a source into chunks and hands them to out.
func (l *load) readOne(ctx context.Context, i int, src *input, out func(chunk) error) (int64, error) {
	in, err := src.Open(ctx, l.Stdin, &l.read)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	known := newMeter(in, &l.past.shelf)
	buffered := bufio.NewReaderSize(known, 16<<10)
	if head, _ := buffered.Peek(len(source.ByteOrderMark)); string(head) == source.ByteOrderMark {
		buffered.Discard(len(source.ByteOrderMark))
	}
	if l.Format != nil {
		if src.format, err = l.Identity.named(l.Format, l.Map); err != nil {
			return 0, err
		}
	}
	s := &sampler{load: l, src: src, out: out, fixed: l.Format != nil}
	lines, err := l.chunks.cut(i, buffered, s.take)
	s.broken = err != nil
	if misfit := s.settle(); misfit != nil {
		return s.sent, damageBefore(misfit, err, buffered)
	}
	src.learn(&format.Facts{Page: in.Page()})
	if lines > 0 {
		src.forget()
	}
	src.content, src.start = known.content(), known.start()
	src.same, src.grown = known.verdict()
	return lines, err
}

// damageBefore gives misfit, or the damage that may be why no format fits: err
// is what ended reading, and bzip2 tells at the end of a block, of 900 kB at
// most, that it was damaged.
func damageBefore(misfit, err error, rest io.Reader) error {
	damage := (*source.Damage)(nil)
	if !errors.As(err, &damage) {
		_, err = io.CopyN(io.Discard, rest, 1<<20)
	}
	if !errors.As(err, &damage) {
		return misfit
	}
	return damage.Besides(misfit)
}
