package detect

import (
	"cmp"
	"context"
	"math"
	"slices"

	"ipdrift/detect/judge"
)

const (
	gapSample = 300     // users of a host that are looked at for missing segments
	gapLinks  = 1 << 13 // links that they are found among, in the order of their hashes
	gapUsers  = 1 << 20 // users of these that are counted, in the order of the film
	gapFiles  = 1 << 14 // that are looked at of one
)

// findGaps looks for requests that are missing from the log: of lines that say so,
// and of segments that viewers must have asked for (rules of evidence, 2 and 11).
func (a *analysis) findGaps(ctx context.Context) error {
	var sampled, parsed int64
	for _, s := range a.loaded.Sources {
		sampled, parsed = sampled+s.Sampled, parsed+s.Parsed
	}
	a.gaps = float64(sampled) > a.Thresholds.Missing*float64(parsed)
	watched, err := a.watched(ctx)
	if err != nil || len(watched) == 0 {
		return err
	}
	found, err := a.gapsOf(ctx, watched)
	if err != nil {
		return err
	}
	for _, name := range a.names {
		if g := found[name]; g != nil && g.Tell(&a.Thresholds) {
			a.hosts[name].gaps = true
			a.warnOf("%s: %.0f %% of the segments that viewers must have asked for are missing from the log, of %d of %d {viewer|viewers}: neither served nor refused. A file, an edge or another CDN that they asked is not in it, so no class that needs the order of requests is given",
				name, 100*g.Share(), g.Holed, g.Users)
		}
	}
	return nil
}

// viewer is a user on one host.
type viewer struct {
	user userKey
	host *host
}

// watched lists who is looked at: on each host some of the users who asked often
// enough with the links of the lowest hashes.
func (a *analysis) watched(ctx context.Context) ([]viewer, error) {
	requests, first := map[viewer]int64{}, map[viewer]uint32{}
	most := uint64(math.MaxUint64)
	if links := len(a.film.links) - 1; links > gapLinks {
		most = uint64(math.MaxUint64 * (gapLinks / float64(links)))
	}
	err := a.film.each(ctx, func(c *cut) error {
		for i := range c.strips {
			s := &c.strips[i]
			if s.number > 0 && s.hash >= most {
				return errEnough
			}
			if s.number == 0 {
				continue
			}
			var who casting
			var viewers []viewer
			var counts []int64
			if err := a.eachUser(s, func(f *frame, k userKey) int {
				n, fresh := who.number(k)
				if fresh {
					viewers, counts = append(viewers, viewer{k, a.outcomes[f.outcome].host}), append(counts, 0)
				}
				return n
			}, func(n int, _ *frame) { counts[n]++ }); err != nil {
				return err
			}
			for n, v := range viewers {
				if _, ok := requests[v]; !ok && len(requests) == gapUsers {
					continue
				}
				if requests[v] += counts[n]; first[v] == 0 {
					first[v] = s.number
				}
			}
		}
		return nil
	})
	if err != nil && err != errEnough {
		return nil, err
	}
	var all []viewer
	for v, n := range requests {
		if n >= judge.GapSegments {
			all = append(all, v)
		}
	}
	slices.SortFunc(all, func(x, y viewer) int {
		return cmp.Or(cmp.Compare(x.host.place, y.host.place), cmp.Compare(first[x], first[y]), x.user.compare(y.user))
	})
	n := map[*host]int{}
	return slices.DeleteFunc(all, func(v viewer) bool {
		n[v.host]++
		return n[v.host] > gapSample
	}), nil
}

// gapsOf looks for missing segments in what users asked for.
func (a *analysis) gapsOf(ctx context.Context, watched []viewer) (map[string]*judge.Gaps, error) {
	places, users := a.linksOf(watched)
	type ask struct {
		user               userKey
		agent, place, file uint32
	}
	all, asked := map[ask]bool{}, map[userKey]int{}
	err := a.film.each(ctx, func(c *cut) error {
		for i := range c.strips {
			s := &c.strips[i]
			if s.number == 0 || !places.has(s.number) {
				continue
			}
			if err := a.eachRequest(s, func(f *frame) {
				if k := a.userOf(f); !a.bots[f.agent] && users[k] && asked[k] < gapFiles && !all[ask{k, f.agent, f.place, f.file}] {
					all[ask{k, f.agent, f.place, f.file}] = true
					asked[k]++
				}
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	of := map[userKey][]uint32{} // files
	for k := range all {
		of[k.user] = append(of[k.user], k.file)
	}
	found := map[string]*judge.Gaps{}
	for _, v := range watched {
		var names []string
		for _, id := range of[v.user] {
			name, err := a.texts.files.of(id)
			if err != nil {
				return nil, err
			}
			names = append(names, name)
		}
		if found[v.host.name] == nil {
			found[v.host.name] = &judge.Gaps{}
		}
		found[v.host.name].Add(names)
	}
	return found, nil
}

// linksOf are the links that some users may have asked with.
func (a *analysis) linksOf(watched []viewer) (places bits, users map[userKey]bool) {
	places, users = newBits(len(a.film.links)), map[userKey]bool{}
	ids := map[uint32]bool{}
	for _, v := range watched {
		users[v.user], ids[v.user.link] = true, true
	}
	for at, k := range a.members {
		if users[k] {
			ids[at.link] = true
		}
	}
	for place, l := range a.film.links {
		if ids[l.link] || a.firsts != nil {
			places.set(uint32(place))
		}
	}
	return places, users
}

// warnOfEdge says that all requests were logged at one place, if the lines tell.
func (a *analysis) warnOfEdge() {
	edge := ""
	for _, s := range a.loaded.Sources {
		switch {
		case s.Parsed == 0:
		case s.Edge == "" || edge != "" && s.Edge != edge:
			return
		default:
			edge = s.Edge
		}
	}
	if edge != "" && a.out.Input.Parsed >= oneEdgeLines {
		a.warnOf("all %d requests were logged by one edge (%s): if the CDN has several, what the same viewers asked of the others is missing", a.out.Input.Parsed, edge)
	}
}

// oneEdgeLines is how many lines of one edge are no accident.
const oneEdgeLines = 1000
