package detect

// nextTake cuts off the first of the takes that requests are: those that follow each other
// and are one visit, since a player goes on. Who asks for something that a visit has in
// common asks for it once a take. There is none where there are no requests.
func nextTake(frames []frame) (take, rest []frame) {
	if len(frames) == 0 {
		return nil, nil
	}
	n := 1 + int(frames[0].more)
	return frames[:n:n], frames[n:]
}

// countTakes counts how many requests go on with the one before, of some in the order
// of the film.
func (f *film) countTakes(frames []frame) {
	for i := len(frames) - 1; i >= 0; i-- {
		of := &frames[i]
		of.more = 0
		if i+1 < len(frames) {
			if next := &frames[i+1]; next.more < mostMore && f.same != nil && f.same(of, next) {
				of.more = next.more + 1
			}
		}
	}
}

// mostMore is how many requests may go on with one, so that it fits. A test has fewer.
var mostMore uint8 = 1<<8 - 1
