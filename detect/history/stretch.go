package history

// NextStretch cuts off the first of the stretches that requests are: those that follow each other
// and are one visit, since a player goes on. Who asks for something that a visit has in
// common asks for it once a stretch. There is none where there are no requests.
func NextStretch(requests []Request) (stretch, rest []Request) {
	if len(requests) == 0 {
		return nil, nil
	}
	n := 1 + int(requests[0].more)
	return requests[:n:n], requests[n:]
}

// countStretches counts how many requests go on with the one before, of some in the order
// of the history.
func (h *History) countStretches(requests []Request) {
	for i := len(requests) - 1; i >= 0; i-- {
		of := &requests[i]
		of.more = 0
		if i+1 < len(requests) {
			if next := &requests[i+1]; next.more < h.sizes.More && h.same != nil && h.same(of, next) {
				of.more = next.more + 1
			}
		}
	}
}
