package ticket

import (
	"cmp"
	"context"
	"slices"
	"time"

	"ipdrift/detect/addr"
	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/ingest/figure"
)

// elsewhere looks for users who had the address at another time.
func (q *inquiry) elsewhere(ctx context.Context, own string) ([]sighting, error) {
	if q.out.From == nil {
		return nil, nil
	}
	users, err := q.look(ctx, "h.link > 0 AND h.client IN ("+own+")")
	if err != nil || len(users) == 0 {
		return nil, err
	}
	found, err := q.whole(ctx, users)
	if len(found) > 0 {
		q.say("%s asked for nothing at that time; the viewer had it at another time, and another address then.", q.IP)
	}
	return found, err
}

// shifted looks for the address at the nearest time.
func (q *inquiry) shifted(ctx context.Context, own string) ([]sighting, error) {
	if q.out.From == nil {
		return nil, nil
	}
	where := "(h.client IN (" + own + ") OR h.link IN (SELECT link FROM signatures WHERE signed_ip IN (" + quotes(spellings(q.IP)) + ")))"
	found, err := q.look(ctx, where)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	nearest := slices.MinFunc(found, func(x, y sighting) int { return cmp.Compare(x.near, y.near) })
	if time.Duration(nearest.near)*time.Microsecond > shiftBound {
		return nil, nil
	}
	q.move(&nearest, q.IP.String())
	return q.look(ctx, where+" AND "+q.during())
}

// farthestZone is how far a local time may be from UTC (Kiribati).
const farthestZone = 14 * time.Hour

// move sets the time to where the nearest request of what was sought is.
func (q *inquiry) move(s *sighting, what string) {
	at := q.At.UnixMicro()
	far := s.nearest
	switch {
	case at < s.first:
		far = s.last
	case at > s.last:
		far = s.first
	}
	by := time.Duration(s.nearest-at) * time.Microsecond
	where := "later"
	if by < 0 {
		where = "earlier"
	}
	hint := slip(by.Abs(), (time.Duration(far-at) * time.Microsecond).Abs())
	q.say("Nothing by %s at that time; the nearest request is %s %s%s: that time is shown.", what, figure.Lasting(by.Abs()), where, hint)
	q.around(time.UnixMicro(s.nearest))
}

// slip says what a viewer's time may have been mistaken for: his requests are from near to far away from what was said. Of a
// long visit only its near end counts, since some half hour lies in it.
func slip(near, far time.Duration) string {
	const half, about, long = 30 * time.Minute, 5 * time.Minute, 10 * time.Minute
	if far-near > long {
		far = near
	}
	off := ((near-about)/half + 1) * half
	where := figure.Either(off <= near+about, "close to", "its requests lie around")
	switch {
	case off >= far+about:
	case off%(24*time.Hour) == 0:
		return " (" + where + " whole days, perhaps another date)"
	case off <= farthestZone:
		return " (" + where + " a multiple of half an hour, perhaps another time zone)"
	}
	return ""
}

// neighbours looks for viewers in the same /24 (IPv6: /64) at the time.
func (q *inquiry) neighbours(ctx context.Context, _ string) ([]sighting, error) {
	block := addr.Block(q.IP)
	found, err := q.look(ctx, "h.client IN ("+within(block)+") AND "+q.during())
	if len(found) > 0 {
		q.near = true
		q.say("%s is not in the log near that time; the same /%d has %s.", q.IP, block.Bits(), viewers(found))
	}
	return found, err
}

func viewers(found []sighting) string { return figure.Sentence("%d {viewer|viewers}", len(found)) }

// commonScheme is the token scheme of all hosts, if it is one.
func commonScheme(all []finding.Calibration) string {
	scheme := ""
	for i, cal := range all {
		if i > 0 && cal.Policy.Scheme != scheme {
			return ""
		}
		scheme = cal.Policy.Scheme
	}
	return scheme
}

// miss says how near the log came where nobody was found.
func (q *inquiry) miss(ctx context.Context) error {
	q.out.Scheme = commonScheme(q.a.Calibration)
	q.out.Ask = judge.Lost(q.out.Scheme)
	in := q.a.Input
	switch {
	case in.First == nil && in.Parsed > 0:
		q.out.Answer = "Nobody was found: no request of the log is within --since, --until and --host."
		for _, w := range q.a.Warnings {
			q.say("%s.", w)
		}
	case in.First == nil:
		q.out.Answer = "Nobody was found: the log holds no request."
	case !q.At.IsZero() && (q.At.Add(q.Window).Before(*in.First) || q.At.Add(-q.Window).After(*in.Last)):
		q.out.Answer = "Nobody was found: the log covers another time."
	default:
		q.out.Answer = "Nobody was found: the log has no request that fits."
	}
	if in.First != nil {
		q.say("The log runs from %s to %s.", in.First.UTC().Format(time.DateTime), in.Last.UTC().Format(time.DateTime+" UTC"))
	}
	q.out.Cannot = []string{"Cannot tell why this viewer was refused, because the log does not have the viewer: it may be of other hosts, other edges or another time, or the address may be another one than the CDN saw."}
	if !q.IP.IsValid() {
		return nil
	}
	own, err := q.clients(ctx, spellings(q.IP))
	if err != nil {
		return err
	}
	return q.nearest(ctx, own)
}

// nearest says where the log comes nearest to the address.
func (q *inquiry) nearest(ctx context.Context, own string) error {
	plain := spellings(q.IP)[0]
	lengths := []int{24, 16}
	if plain.Is6() {
		lengths = []int{64, 48}
	}
	type place struct{ name, clients string }
	list := []place{{q.IP.String(), own}}
	for _, bits := range lengths {
		p, _ := plain.Prefix(bits) // a length of the address itself never fails
		list = append(list, place{p.String(), within(p)})
	}
	for _, where := range list {
		found, err := q.look(ctx, "h.client IN ("+where.clients+")")
		if err != nil {
			return err
		}
		if len(found) == 0 {
			q.say("%s: no request at any time.", where.name)
			continue
		}
		near := slices.MinFunc(found, func(x, y sighting) int { return cmp.Compare(x.near, y.near) })
		q.say("%s: %s, the nearest one seen from %s to %s.", where.name, viewers(found), finding.Stamp(near.first)[:19], finding.Stamp(near.last)[:19])
		return nil
	}
	return nil
}
