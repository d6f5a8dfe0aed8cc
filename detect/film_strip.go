package detect

import "sort"

// strip is the requests of one link in the order of time, or of several that the
// film keeps together.
type strip struct {
	number     uint32  // place of the link, or what the key gave
	*reference         // of a link
	frames     []frame // all, unless there are too many
	roll       *roll
	from, to   int // of it
}

// unlinked tells the strip of the requests without a link, which are nobody's.
func (s *strip) unlinked() bool { return s.number == 0 && s.roll.film.key == nil }

// parts hands on the requests, all at once unless there are too many.
func (s *strip) parts(f func([]frame) error) error {
	if s.frames != nil {
		return f(s.frames)
	}
	frames := make([]frame, min(longRoll, s.to-s.from))
	for from := s.from; from < s.to; from += len(frames) {
		frames = frames[:min(len(frames), s.to-from)]
		if err := s.roll.readTakes(frames, from); err != nil {
			return err
		}
		if err := f(frames); err != nil {
			return err
		}
	}
	return nil
}

// edit hands on the requests like parts, to be changed. What was changed of a film
// in a file stands there once the cut is put back.
func (s *strip) edit(f func([]frame)) error {
	from := s.from
	return s.parts(func(frames []frame) error {
		f(frames)
		if from += len(frames); s.frames != nil {
			return nil
		}
		return s.roll.rewrite(frames, from-len(frames))
	})
}

func (r *roll) strip(number uint32, frames []frame, from, to int) strip {
	s := strip{number: number, frames: frames, roll: r, from: from, to: to}
	if r.film.key == nil {
		s.reference = r.film.links.At(number)
	}
	return s
}

// endOf is where the strip ends that begins at from.
func (r *roll) endOf(number uint32, from int) (int, error) {
	var failed error
	one := make([]frame, 1)
	n := sort.Search(r.count-from, func(i int) bool {
		if err := r.read(one, from+i); err != nil {
			failed = err
		}
		return r.film.numberOf(&one[0]) != number
	})
	return from + n, failed
}

// stripsIn counts the strips of some frames.
func (f *film) stripsIn(frames []frame) (n int) {
	for i := range frames {
		if i == 0 || f.numberOf(&frames[i]) != f.numberOf(&frames[i-1]) {
			n++
		}
	}
	return n
}

// eachStrip hands on the strips of some frames, the first of which is from in the
// roll.
func (r *roll) eachStrip(frames []frame, from int, f func(strip) error) error {
	at := 0
	for i := range frames {
		number := r.film.numberOf(&frames[i])
		if end := i + 1; end == len(frames) || r.film.numberOf(&frames[end]) != number {
			if err := f(r.strip(number, frames[at:end:end], from+at, from+end)); err != nil {
				return err
			}
			at = end
		}
	}
	return nil
}
