package detect

import (
	"context"
	"sort"
)

// cut is some strips that follow each other. Who takes one may use it, and what is in
// it, until it is done.
type cut struct {
	strips []strip
	roll   *roll
	whole  []frame // the frames of the roll that these strips end; nil: others follow
	from   int     // of whole
	spools []*spool

	fetched uint32 // see clients.fetch
}

// lend makes a cut of something in a spool; nil: of what stays where it is.
func (c cut) lend(s *spool) cut {
	if s != nil {
		s.lent.Add(1)
		c.spools = append(c.spools, s)
	}
	return c
}

// one is the cut of one of the strips, to be done by itself.
func (c *cut) one(i int) cut {
	only := cut{strips: c.strips[i : i+1 : i+1], roll: c.roll}
	for _, s := range c.spools {
		only = only.lend(s)
	}
	return only
}

// done ends a cut.
func (c *cut) done() {
	for _, s := range c.spools {
		s.done()
	}
	c.spools, c.strips, c.whole = nil, nil, nil
}

// putBack writes what was changed in the roll.
func (c *cut) putBack() error {
	if c.whole == nil || c.roll.film.file == nil {
		return nil
	}
	return c.roll.rewrite(c.whole, c.from)
}

// cutFrames and cutStrips end a cut.
var cutFrames, cutStrips = 1 << 13, 256

// each tells of all strips in their order, some at a time. f must not keep the cut.
func (f *film) each(ctx context.Context, of func(*cut) error) error {
	return f.cuts(ctx, func(c cut) error {
		defer c.done()
		return of(&c)
	})
}

// cuts hands on all strips in their order, some at a time. Who takes a cut says when
// it is done.
func (f *film) cuts(ctx context.Context, emit func(cut) error) error {
	for i := range f.rolls {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f.rolls[i].cuts(emit); err != nil {
			return err
		}
	}
	return nil
}

func (r *roll) cuts(emit func(cut) error) error {
	if r.strips != nil {
		return r.cutsOf(r.strips, emit)
	}
	if r.film.file == nil {
		return r.cutsIn(nil, r.frames, 0, emit)
	}
	for from := 0; from < r.count; {
		var err error
		if from, err = r.part(from, emit); err != nil {
			return err
		}
	}
	return nil
}

// part hands on the strips of a film in a file from a place of it on, and returns where
// they end.
func (r *roll) part(from int, emit func(cut) error) (to int, err error) {
	s := r.film.spool()
	defer s.done()
	frames := s.room(min(longRoll, r.count-from))
	if err := r.readTakes(frames, from); err != nil {
		return 0, err
	}
	if from+len(frames) < r.count { // the last strip may go on
		last := r.film.numberOf(&frames[len(frames)-1])
		end := sort.Search(len(frames), func(i int) bool { return r.film.numberOf(&frames[i]) == last })
		if frames = frames[:end]; end == 0 {
			if to, err = r.endOf(last, from); err != nil {
				return 0, err
			}
			return to, emit(cut{strips: []strip{r.strip(last, nil, from, to)}, roll: r})
		}
	}
	return from + len(frames), r.cutsIn(s, frames, from, emit)
}

// cutsOf hands on strips that are in memory.
func (r *roll) cutsOf(strips []strip, emit func(cut) error) error {
	held, first := 0, 0
	for i := range strips {
		held += len(strips[i].frames)
		n := i + 1
		if n < len(strips) && held < cutFrames && n-first < cutStrips {
			continue
		}
		if err := emit(cut{strips: strips[first:n:n], roll: r}); err != nil {
			return err
		}
		held, first = 0, n
	}
	return nil
}

// cutsIn hands on the strips of some frames, the first of which is from in the roll.
// in is the spool that the frames are in; nil: they are in memory for good. The strips
// of each cut are in another.
func (r *roll) cutsIn(in *spool, frames []frame, from int, emit func(cut) error) error {
	held, of := 0, r.film.spool()
	defer func() { of.done() }()
	return r.eachStrip(frames, from, func(s strip) error {
		of.strips = append(of.strips, s)
		held += len(s.frames)
		last := s.to == from+len(frames)
		if !last && held < cutFrames && len(of.strips) < cutStrips {
			return nil
		}
		c := cut{strips: of.strips, roll: r}.lend(in).lend(of)
		if last {
			c.whole, c.from = frames, from
		}
		of.done()
		held, of = 0, r.film.spool()
		return emit(c)
	})
}
