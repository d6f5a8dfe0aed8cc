package detect

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"

	"ipdrift/detect/bitset"
	"ipdrift/detect/history"
	"ipdrift/detect/identity"
	"ipdrift/detect/judge"
	"ipdrift/ingest/figure"
	"ipdrift/token"
)

const (
	gapSample = 300     // users of a host that are looked at for missing segments
	gapLinks  = 1 << 13 // links that they are found among, in the order of their hashes
	gapUsers  = 1 << 20 // users of these that are counted, in the order of the history
	gapFiles  = 1 << 14 // that are looked at of one
)

// findGaps looks for requests that are missing from the log: of lines that say so,
// and of segments that viewers must have asked for (rules of evidence, 2 and 11).
func (a *analysis) findGaps(ctx context.Context) error {
	var sampled, behind, parsed, rejected int64
	for _, s := range a.loaded.Sources {
		sampled, behind, parsed, rejected = sampled+s.Sampled, behind+s.Behind, parsed+s.Parsed, rejected+s.Rejected
	}
	a.behind = 2*behind > parsed
	a.gaps = float64(sampled) > a.Thresholds.Missing*float64(parsed)
	watched, refused, err := a.watched(ctx)
	if err != nil || len(watched) == 0 {
		return err
	}
	where := "A file, an edge or another CDN that they asked is not in it"
	if float64(rejected) > a.Thresholds.Missing*float64(rejected+parsed) {
		where = figure.Sentence("They may stand in the %d {line that was|lines that were} rejected", rejected)
	}
	found, err := a.gapsOf(ctx, watched, refused)
	if err != nil {
		return err
	}
	for _, h := range a.ordered {
		if g := found[h.Name]; g != nil && g.Tell(&a.Thresholds) {
			h.gaps = true
			a.warnOf("%s: %.0f %% of the segments that viewers must have asked for are missing from the log, of %d of %d {viewer|viewers}: neither served nor refused. %s, so no class that needs the order of requests is given",
				h.Name, 100*g.Share(), g.Holed, g.Users, where)
		}
	}
	return nil
}

// viewer is a user on one host.
type viewer struct {
	user identity.Key
	host *host
}

// watched lists the users who are looked at: on each host some of those who asked often enough, with the
// links of the lowest hashes. Where there are enough users who were never refused, only these: in a live
// stream a refusal leaves a hole, too. refused are those who were.
func (a *analysis) watched(ctx context.Context) (all []viewer, refused map[viewer]bool, err error) {
	requests, first, refused, err := a.viewersOf(ctx)
	if err != nil {
		return nil, nil, err
	}
	smooth := map[*host]int{}
	for v, n := range requests {
		if n >= judge.GapSegments && !v.host.scattered() {
			all = append(all, v)
			if !refused[v] {
				smooth[v.host]++
			}
		}
	}
	all = slices.DeleteFunc(all, func(v viewer) bool { return refused[v] && smooth[v.host] >= judge.GapUsers })
	slices.SortFunc(all, func(x, y viewer) int {
		return cmp.Or(cmp.Compare(x.host.Place, y.host.Place), cmp.Compare(first[x], first[y]), x.user.Compare(y.user))
	})
	n := map[*host]int{}
	return slices.DeleteFunc(all, func(v viewer) bool {
		n[v.host]++
		return n[v.host] > gapSample
	}), refused, nil
}

// scattered tells of a host with a link for each file, none of them bound: what little joins
// some of a viewer's, as a connection of several, shows holes that are not there.
func (h *host) scattered() bool { return h.unbound() && h.Policy.Uses(token.ScopeFile) }

// viewersOf counts the requests of the users of the links with the lowest hashes. It also returns the
// place of each user's first link, and who of them was refused.
func (a *analysis) viewersOf(ctx context.Context) (requests map[viewer]int64, first map[viewer]uint32, refused map[viewer]bool, err error) {
	requests, first, refused = map[viewer]int64{}, map[viewer]uint32{}, map[viewer]bool{}
	most := uint64(math.MaxUint64)
	if links := a.history.Links.Len() - 1; links > gapLinks {
		most = uint64(math.MaxUint64 * (gapLinks / float64(links)))
	}
	err = a.history.Each(ctx, func(s *history.Group) error {
		if s.Number == 0 {
			return nil
		}
		if s.Hash >= most {
			return errEnough
		}
		viewers, counts, lapsed, err := a.viewersIn(s)
		for n, v := range viewers {
			if _, ok := requests[v]; !ok && len(requests) == gapUsers {
				continue
			}
			if requests[v] += counts[n]; first[v] == 0 {
				first[v] = s.Number
			}
			if lapsed[n] {
				refused[v] = true
			}
		}
		return err
	})
	if err == errEnough {
		err = nil
	}
	return requests, first, refused, err
}

// viewersIn counts the requests of each user of a group, and reports who was refused.
func (a *analysis) viewersIn(s *history.Group) (viewers []viewer, counts []int64, refused []bool, err error) {
	var who judge.Numbers[identity.Key]
	err = a.eachUser(s, func(f *history.Request, k identity.Key) int {
		n, fresh := who.Of(k)
		if fresh {
			viewers, counts, refused = append(viewers, viewer{k, a.outcomes[f.Outcome].host}), append(counts, 0), append(refused, false)
		}
		return n
	}, func(n int, t []history.Request) {
		counts[n] += int64(len(t))
		refused[n] = refused[n] || slices.ContainsFunc(t, func(f history.Request) bool { return a.outcomes[f.Outcome].Refused() })
	})
	return viewers, counts, refused, err
}

// gapsOf looks for missing segments in what users asked for, some of whom were refused.
func (a *analysis) gapsOf(ctx context.Context, watched []viewer, refused map[viewer]bool) (map[string]*judge.Gaps, error) {
	of, err := a.filesOf(ctx, watched)
	if err != nil {
		return nil, err
	}
	found := map[string]*judge.Gaps{}
	for _, v := range watched {
		played := map[uint32][]string{} // by link, of those who were refused: a live stream goes on before they have another one
		for _, one := range of[v.user] {
			name, err := a.texts.Files.Text(one.file)
			if err != nil {
				return nil, err
			}
			link := uint32(0)
			if refused[v] && !v.host.Policy.Uses(token.ScopeFile) {
				link = one.place
			}
			played[link] = append(played[link], name)
		}
		if found[v.host.Name] == nil {
			found[v.host.Name] = &judge.Gaps{}
		}
		found[v.host.Name].Add(slices.Collect(maps.Values(played))...)
	}
	return found, nil
}

// playedFile is a file that was asked for, and the place of the link that it was asked for with.
type playedFile struct{ place, file uint32 }

// filesOf lists the files that users asked for, once for each link and user agent, up
// to gapFiles each.
func (a *analysis) filesOf(ctx context.Context, watched []viewer) (map[identity.Key][]playedFile, error) {
	places, users, err := a.linksOf(watched)
	if err != nil {
		return nil, err
	}
	type ask struct {
		user  identity.Key
		agent uint32
		playedFile
	}
	all, asked := map[ask]bool{}, map[identity.Key]int{}
	err = a.history.Each(ctx, func(s *history.Group) error {
		if s.Number == 0 || !places.Has(s.Number) {
			return nil
		}
		return a.eachStretch(s, func(t []history.Request) {
			k := a.userOf(&t[0])
			if a.bots[t[0].Agent] || !users[k] {
				return
			}
			for i := range t {
				if one := (ask{k, t[i].Agent, playedFile{t[i].Place, t[i].File}}); asked[k] < gapFiles && !all[one] {
					all[one] = true
					asked[k]++
				}
			}
		})
	})
	of := map[identity.Key][]playedFile{}
	for k := range all {
		of[k.user] = append(of[k.user], k.playedFile)
	}
	return of, err
}

// linksOf returns the links that some users may have asked with.
func (a *analysis) linksOf(watched []viewer) (places bitset.Set, users map[identity.Key]bool, err error) {
	places, users = bitset.New(a.history.Links.Len()), map[identity.Key]bool{}
	ids := map[uint32]bool{}
	for _, v := range watched {
		users[v.user], ids[v.user.Link] = true, true
	}
	for at, k := range a.members {
		if users[k] {
			ids[at.Link] = true
		}
	}
	return places, users, a.history.Links.Parts(func(first uint32, links []history.Link) error {
		for i := range links {
			if a.firsts != nil || ids[links[i].ID] {
				places.Add(first + uint32(i))
			}
		}
		return nil
	})
}
