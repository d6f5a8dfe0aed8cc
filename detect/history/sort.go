package history

import "slices"

// arrange puts the requests of a section in order.
func (s *section) arrange() error {
	scratch := s.history.buffer()
	defer scratch.done()
	if s.history.file == nil {
		s.history.sort(s.requests, scratch)
		s.history.countStretches(s.requests)
		return s.index()
	}
	part := s.history.buffer()
	defer part.done()
	var runs []*run
	requests := part.room(min(s.history.sizes.Long, s.count))
	for from := 0; from < s.count; from += len(requests) {
		requests = requests[:min(len(requests), s.count-from)]
		if err := s.read(requests, from); err != nil {
			return err
		}
		s.history.sort(requests, scratch)
		s.history.countStretches(requests)
		if err := s.rewrite(requests, from); err != nil {
			return err
		}
		runs = append(runs, &run{section: s, next: from, end: from + len(requests)})
	}
	if len(runs) <= 1 {
		return nil
	}
	return s.merge(runs)
}

// index remembers where the groups are, if they have many requests each.
func (s *section) index() error {
	n := s.history.groupsIn(s.requests)
	if n*manyEach > len(s.requests) {
		return nil
	}
	s.groups = make([]Group, 0, n)
	return s.eachGroup(s.requests, 0, func(g Group) error {
		s.groups = append(s.groups, g)
		return nil
	})
}

// sort sorts by counting, then group by group.
func (h *History) sort(requests []Request, scratch *buffer) {
	if len(requests) == 0 {
		return
	}
	first, last := h.numberOf(&requests[0]), h.numberOf(&requests[0])
	for i := range requests {
		n := h.numberOf(&requests[i])
		first, last = min(first, n), max(last, n)
	}
	ends := make([]int, last-first+2) // of each group, behind the one before
	for i := range requests {
		ends[h.numberOf(&requests[i])-first+1]++
	}
	for i := range ends[1:] {
		ends[i+1] += ends[i]
	}
	next := slices.Clone(ends)
	all := scratch.room(len(requests))
	copy(all, requests)
	for i := range all {
		of := &all[i]
		n := &next[h.numberOf(of)-first]
		requests[*n] = *of
		*n++
	}
	for i := range ends[1:] {
		sortByTime(requests[ends[i]:ends[i+1]], scratch)
	}
}

// sortByTime sorts requests that are in order but for a few, as those of one link that
// several goroutines have read: it merges the runs that there are.
func sortByTime(requests []Request, scratch *buffer) {
	for {
		merged, from := false, 0
		for from < len(requests) {
			middle := endOfRun(requests, from)
			if middle == len(requests) {
				break
			}
			end := endOfRun(requests, middle)
			mergeRuns(requests[from:end], middle-from, scratch.room(middle-from))
			merged, from = true, end
		}
		if !merged {
			return
		}
	}
}

// endOfRun is where requests that are in order end.
func endOfRun(requests []Request, from int) int {
	for from++; from < len(requests) && requests[from-1].inTime(&requests[from]) <= 0; from++ {
	}
	return from
}

// mergeRuns merges the requests up to middle and those from there on, each in order.
func mergeRuns(requests []Request, middle int, scratch []Request) {
	left := scratch[:copy(scratch, requests[:middle])]
	right := requests[middle:]
	for i := range requests {
		switch {
		case len(left) == 0:
			return
		case len(right) > 0 && right[0].inTime(&left[0]) < 0:
			requests[i], right = right[0], right[1:]
		default:
			requests[i], left = left[0], left[1:]
		}
	}
}
