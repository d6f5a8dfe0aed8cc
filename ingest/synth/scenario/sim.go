package scenario

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
)

// sim is a running simulation: viewers in the order of their next requests.
type sim struct {
	w        *World
	rng      *rand.Rand
	signer   signer
	out      *output
	queue    queue
	now      int64 // ms
	arrival  int64 // of the next viewer
	gap      float64
	film     int // mean number of requests of a viewer
	networks map[uint32]network
	scratch  []byte

	viewers, links, conns uint64
	lines                 int64
}

// Sinks is where a log and its truth go, a line at a time: buffer it. Truth and
// Users may be nil. Writers are not closed.
type Sinks struct {
	Logs  []Sink    // one per edge
	Truth io.Writer // CSV, a row for each request
	Users io.Writer // CSV, a row for each viewer
}

// Sink is one log with the name it bears in the truth.
type Sink struct {
	Name string
	io.Writer
}

// Run simulates w and writes its log; links are signed with key. It returns the
// truth in sums. told, if not nil, is called with the number of lines written so
// far, some times a second. Memory grows with the viewers that watch at one
// time, not with the log. An error of a writer or of ctx ends it.
func Run(ctx context.Context, w World, key string, to Sinks, told func(lines int64)) (*Answers, error) {
	if err := w.complete(); err != nil {
		return nil, err
	}
	if key == "" {
		return nil, errors.New("no key to sign with")
	}
	if len(to.Logs) != w.Edges {
		return nil, fmt.Errorf("%d edges need as many logs, not %d", w.Edges, len(to.Logs))
	}
	s, err := newSim(&w, key, to)
	if err != nil {
		return nil, err
	}
	for s.lines < w.Lines {
		if s.lines%(1<<14) == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if told != nil {
				told(s.lines)
			}
		}
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	return s.end()
}

func newSim(w *World, key string, to Sinks) (*sim, error) {
	s := &sim{
		w: w, rng: rand.New(rand.NewPCG(w.Seed, 0x736372697074)), signer: signer{key: key},
		now: w.Start.UnixMilli(), gap: float64(w.Span.Milliseconds()) / float64(w.Users),
		film: int(max(1, w.Lines/w.Users)), networks: map[uint32]network{},
	}
	s.arrival = s.now
	for i := range w.Hosts {
		for _, c := range w.Hosts[i].Carriers {
			if _, ok := s.networks[c.ASN]; !ok {
				s.networks[c.ASN] = network(len(s.networks))
			}
		}
	}
	var err error
	s.out, err = newOutput(w, to)
	return s, err
}

// step lets the next viewer arrive, or make a request.
func (s *sim) step() error {
	if len(s.queue) == 0 || s.arrival <= s.queue[0].due {
		s.now = max(s.now, s.arrival)
		s.arrival += 1 + int64(s.rng.ExpFloat64()*s.gap)
		return s.arrive()
	}
	v := s.queue[0]
	s.now = max(s.now, v.due)
	more, err := s.turn(v)
	if err != nil {
		return err
	}
	if more {
		heap.Fix(&s.queue, 0)
		return nil
	}
	heap.Pop(&s.queue)
	return s.leave(v)
}

func (s *sim) end() (*Answers, error) {
	for _, v := range s.queue {
		if err := s.leave(v); err != nil {
			return nil, err
		}
	}
	return s.out.answers(s.w), nil
}

// leave settles what was true of a viewer; those of one link together.
func (s *sim) leave(v *viewer) error {
	if v.group == nil {
		return s.out.settle(v, "")
	}
	g := v.group
	g.gone = append(g.gone, v)
	if g.here--; g.here > 0 {
		return nil
	}
	class := ""
	if len(g.carriers()) >= manyNetworks {
		class = "many_networks"
	}
	for _, v := range g.gone {
		if err := s.out.settle(v, class); err != nil {
			return err
		}
	}
	return nil
}

// group is the viewers of one link that was handed on.
type group struct {
	id   uint64
	here int // still asking
	gone []*viewer
}

// manyNetworks is how many carriers besides the owner's make a link one that
// was requested from many networks.
const manyNetworks = 3

// carriers returns the carriers of the strangers that asked for anything, except the owner's.
func (g *group) carriers() map[uint32]bool {
	seen := map[uint32]bool{}
	for _, v := range g.gone {
		if v.role == stranger && v.asked > 0 {
			seen[v.carrier.ASN] = true
		}
	}
	for _, v := range g.gone {
		if v.role == owner {
			delete(seen, v.carrier.ASN)
		}
	}
	return seen
}

// queue is a heap by the time of the next request, then by arrival.
type queue []*viewer

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	return q[i].due < q[j].due || q[i].due == q[j].due && q[i].id < q[j].id
}

func (q *queue) Push(x any) {
	if v, ok := x.(*viewer); ok {
		*q = append(*q, v)
	}
}

func (q *queue) Pop() any {
	last := len(*q) - 1
	v := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return v
}
