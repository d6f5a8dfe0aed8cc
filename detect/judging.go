package detect

import (
	"ipdrift/detect/client"
	"ipdrift/detect/history"
	"ipdrift/detect/judge"
	"ipdrift/ingest"
)

// maxEvents is how many requests of one circle are judged; of a longer one the first.
const maxEvents = 100_000

// judging is the work on the users of some circles. It is used again for others, to keep its memory.
type judging struct {
	*analysis
	circles  []*circle
	others   []other
	events   []judge.Event     // of circles
	requests []history.Request // scratch, as sights are
	sights   []judge.Sight
}

// longJudging is the number of events above which their memory is not kept.
const longJudging = 1 << 15

// look judges the users of some circles, or only counts those who need no judging.
func (j *judging) look(c *history.Batch) error {
	j.clients.Fetch(c)
	j.circles, j.others, j.events = j.circles[:0], j.others[:0], j.events[:0]
	if cap(j.events) > longJudging {
		j.events, j.requests, j.sights = nil, nil, nil
	}
	for i := range c.Groups {
		group := &c.Groups[i]
		if group.Unlinked() {
			continue
		}
		flagged, err := j.tells(group)
		if err != nil {
			return err
		}
		if flagged {
			err = j.judge(group)
		} else {
			j.others, err = j.addOthers(group, j.others)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// judge judges the users of a circle.
func (j *judging) judge(group *history.Group) error {
	c := &circle{}
	if err := j.take(c, group); err != nil {
		return err
	}
	if err := j.addEvents(c); err != nil {
		return err
	}
	c.users = judge.Users(&c.Group, j.Thresholds)
	c.paths = make([]judge.Path, len(c.users))
	for i := range c.users {
		c.paths[i] = j.pathOf(c, &c.users[i])
	}
	j.circles = append(j.circles, c)
	return nil
}

// tells reports whether the users of a circle have to be judged: one of its links has a telling refusal,
// or was refused and asked for from several addresses, or was asked for from many networks. On hosts where
// an address cannot be the cause of a refusal, nobody is judged.
func (a *analysis) tells(group *history.Group) (bool, error) {
	if a.loaded.Identity.Kind == ingest.ByAddress {
		return false, nil // nobody can be seen to rotate (rules of evidence, 11)
	}
	var telling, refused, moved bool
	var first uint32
	var networks map[client.Network]bool
	err := group.Parts(func(requests []history.Request) error {
		var last history.Request
		for t, rest := history.NextStretch(requests); len(t) > 0; t, rest = history.NextStretch(rest) {
			f := &t[0]
			if f.Client == last.Client && f.Cause == last.Cause && f.Outcome == last.Outcome {
				continue
			}
			last = *f
			if o := a.outcomes[f.Outcome]; o.Shield || o.host.unbound() {
				continue
			}
			telling = telling || a.ofAddress(f.Cause) || f.Cause == a.unresolved
			refused = refused || f.Cause > 0
			if first == 0 {
				first = f.Client
			}
			if f.Client == first && !moved {
				continue
			}
			moved = moved || a.clients.Elsewhere(first, f.Client)
			if moved && networks == nil {
				networks = map[client.Network]bool{}
			}
			if moved && len(networks) < a.Thresholds.Networks {
				networks[a.clients.Network(first)] = true
				networks[a.clients.Network(f.Client)] = true
			}
		}
		return nil
	})
	return telling || refused && moved || moved && len(networks) >= a.Thresholds.Networks, err
}
