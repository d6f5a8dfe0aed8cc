package detect

import "slices"

// arrange puts the frames of a roll in order.
func (r *roll) arrange() error {
	scratch := r.film.spool()
	defer scratch.done()
	if r.film.file == nil {
		r.film.sort(r.frames, scratch)
		r.film.countTakes(r.frames)
		return r.index()
	}
	part := r.film.spool()
	defer part.done()
	var runs []*run
	frames := part.room(min(longRoll, r.count))
	for from := 0; from < r.count; from += len(frames) {
		frames = frames[:min(len(frames), r.count-from)]
		if err := r.read(frames, from); err != nil {
			return err
		}
		r.film.sort(frames, scratch)
		r.film.countTakes(frames)
		if err := r.rewrite(frames, from); err != nil {
			return err
		}
		runs = append(runs, &run{roll: r, next: from, end: from + len(frames)})
	}
	if len(runs) <= 1 {
		return nil
	}
	return r.merge(runs)
}

// index remembers where the strips are, if they have many requests each.
func (r *roll) index() error {
	n := r.film.stripsIn(r.frames)
	if n*manyEach > len(r.frames) {
		return nil
	}
	r.strips = make([]strip, 0, n)
	return r.eachStrip(r.frames, 0, func(s strip) error {
		r.strips = append(r.strips, s)
		return nil
	})
}

// sort sorts by counting, then strip by strip.
func (f *film) sort(frames []frame, scratch *spool) {
	if len(frames) == 0 {
		return
	}
	first, last := f.numberOf(&frames[0]), f.numberOf(&frames[0])
	for i := range frames {
		n := f.numberOf(&frames[i])
		first, last = min(first, n), max(last, n)
	}
	ends := make([]int, last-first+2) // of each strip, behind the one before
	for i := range frames {
		ends[f.numberOf(&frames[i])-first+1]++
	}
	for i := range ends[1:] {
		ends[i+1] += ends[i]
	}
	next := slices.Clone(ends)
	all := scratch.room(len(frames))
	copy(all, frames)
	for i := range all {
		of := &all[i]
		n := &next[f.numberOf(of)-first]
		frames[*n] = *of
		*n++
	}
	for i := range ends[1:] {
		sortByTime(frames[ends[i]:ends[i+1]], scratch)
	}
}

// sortByTime sorts frames that are in order but for a few, as those of one link that
// several goroutines have read: it merges the runs that there are.
func sortByTime(frames []frame, scratch *spool) {
	for {
		merged, from := false, 0
		for from < len(frames) {
			middle := endOfRun(frames, from)
			if middle == len(frames) {
				break
			}
			end := endOfRun(frames, middle)
			mergeRuns(frames[from:end], middle-from, scratch.room(middle-from))
			merged, from = true, end
		}
		if !merged {
			return
		}
	}
}

// endOfRun is where frames that are in order end.
func endOfRun(frames []frame, from int) int {
	for from++; from < len(frames) && frames[from-1].inTime(&frames[from]) <= 0; from++ {
	}
	return from
}

// mergeRuns merges the frames up to middle and those from there on, each in order.
func mergeRuns(frames []frame, middle int, scratch []frame) {
	left := scratch[:copy(scratch, frames[:middle])]
	right := frames[middle:]
	for i := range frames {
		switch {
		case len(left) == 0:
			return
		case len(right) > 0 && right[0].inTime(&left[0]) < 0:
			frames[i], right = right[0], right[1:]
		default:
			frames[i], left = left[0], left[1:]
		}
	}
}
