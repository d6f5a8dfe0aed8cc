package detect

import (
	"ipdrift/detect/judge"
	"ipdrift/ingest"
)

// maxEvents is how many requests of one circle are judged; of a longer one the first.
const maxEvents = 100_000

// scene is the users of some circles. It serves for others later.
type scene struct {
	*analysis
	reels  []*reel
	others []other
	events []judge.Event // of reels
	frames []frame       // scratch, as sights are
	sights []judge.Sight
}

// longScene is how many events a scene keeps memory for.
const longScene = 1 << 15

// show looks at some circles.
func (s *scene) show(c *cut) error {
	s.clients.fetch(c)
	s.reels, s.others, s.events = s.reels[:0], s.others[:0], s.events[:0]
	if cap(s.events) > longScene {
		s.events, s.frames, s.sights = nil, nil, nil
	}
	for i := range c.strips {
		circle := &c.strips[i]
		if circle.unlinked() {
			continue
		}
		flagged, err := s.tells(circle)
		if err != nil {
			return err
		}
		if flagged {
			err = s.judge(circle)
		} else {
			s.others, err = s.addOthers(circle, s.others)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// judge judges the users of a circle.
func (s *scene) judge(circle *strip) error {
	r := &reel{}
	if err := s.take(r, circle); err != nil {
		return err
	}
	if err := s.develop(r); err != nil {
		return err
	}
	r.users = judge.Users(&r.Group, s.Thresholds)
	r.paths = make([]judge.Path, len(r.users))
	for i := range r.users {
		r.paths[i] = s.pathOf(r, &r.users[i])
	}
	s.reels = append(s.reels, r)
	return nil
}

// tells tells whether the users of a circle have to be judged: one of its links has
// a telling refusal, or it was asked for from several addresses and refused, or from
// many networks. On hosts where an address cannot be the cause of a refusal, nobody
// is.
func (a *analysis) tells(circle *strip) (bool, error) {
	if a.loaded.Identity.Kind == ingest.ByAddress {
		return false, nil // nobody can be seen to rotate (rules of evidence, 11)
	}
	var telling, refused, moved bool
	var first uint32
	var networks map[network]bool
	err := circle.parts(func(frames []frame) error {
		var last frame
		for t, rest := nextTake(frames); len(t) > 0; t, rest = nextTake(rest) {
			f := &t[0]
			if f.client == last.client && f.cause == last.cause && f.outcome == last.outcome {
				continue
			}
			last = *f
			if o := a.outcomes[f.outcome]; o.shield || o.host.unbound() {
				continue
			}
			telling = telling || f.cause == a.words.mismatch || f.cause == a.expiredMismatch || f.cause == a.unresolved
			refused = refused || f.cause > 0
			if first == 0 {
				first = f.client
			}
			if f.client == first && !moved {
				continue
			}
			moved = moved || a.clients.elsewhere(first, f.client)
			if moved && networks == nil {
				networks = map[network]bool{}
			}
			if moved && len(networks) < a.Thresholds.Networks {
				networks[a.clients.network(first)] = true
				networks[a.clients.network(f.client)] = true
			}
		}
		return nil
	})
	return telling || refused && moved || moved && len(networks) >= a.Thresholds.Networks, err
}
