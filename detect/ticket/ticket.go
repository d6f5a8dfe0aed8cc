// Package ticket finds the viewer of one complaint in a case, and tells what its log has of them.
package ticket

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"ipdrift/detect/addr"
	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/ingest"
	"ipdrift/ingest/figure"
)

// Complaint is what a ticket says of a viewer. One of IP, Sought, User and Lines
// is given at least; where several are, the viewer fits all but the address,
// which then only decides between several.
type Complaint struct {
	IP     netip.Addr // zero: not given
	Sought ingest.Sought
	User   string            // user_id, or its first characters
	Lines  []ingest.Position // of the requests with a trace id or a TLS session
	ByLine bool              // Lines was looked for
	At     time.Time         // zero: not given
	Window time.Duration     // looked at, before and after At
	// Pseudonyms tells that the case holds some, and that IP may not be one.
	Pseudonyms bool
	Keyed      bool  // there was a key when the log was read
	Masks4     []int // candidates, narrowest first
	Masks6     []int
}

// shiftBound is how far from the time said an address is looked for.
const shiftBound = 24 * time.Hour

// inquiry is one run of Find.
type inquiry struct {
	Complaint
	conn   *sql.Conn
	a      *finding.Analysis
	out    *finding.Ticket
	near   bool       // found by network alone
	askers []sighting // who asked from the address at the time, where somebody did
}

// Find finds the viewer of a complaint in a case, and tells what its log has
// of them. The case may be a kept one, open for reading; a is its analysis.
func Find(ctx context.Context, s *ingest.Store, a *finding.Analysis, c Complaint) (*finding.Ticket, error) {
	conn, err := s.DB.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	q := &inquiry{Complaint: c, conn: conn, a: a, out: &finding.Ticket{
		Schema: finding.Schema, Search: []string{}, Others: []finding.Candidate{}, Timeline: []finding.Step{}, Refusals: []finding.Refused{},
		Cannot: []string{}, Ask: []string{},
		Log: finding.Log{Lines: a.Input.Lines, Version: a.Method.Version},
	}}
	q.out.Log.First, q.out.Log.Last = a.Input.Period()
	q.asked()
	found, err := q.find(ctx)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		err = q.miss(ctx)
	default:
		err = q.tell(ctx, found)
	}
	q.broken()
	return q.out, err
}

// listedBroken is how many files that could not be read are named.
const listedBroken = 3

// broken names the files that were not read to their end.
func (q *inquiry) broken() {
	var n int64
	for _, s := range q.a.Input.Sources {
		if s.Error == "" {
			continue
		}
		if n++; n <= listedBroken {
			where := "in " + s.Path
			if s.Lines > 0 {
				where = fmt.Sprintf("in %s after line %d", s.Path, s.Lines)
			}
			q.out.Cannot = append(q.out.Cannot, "Cannot tell what stood "+where+", because the file could not be read there.")
		}
	}
	if n -= listedBroken; n > 0 {
		q.out.Cannot = append(q.out.Cannot, figure.Sentence("Cannot tell what stood in %d more {file|files}, for the same reason.", n))
	}
}

func (q *inquiry) asked() {
	a := &q.out.Asked
	if q.IP.IsValid() {
		a.IP = q.IP.String()
	}
	if !q.At.IsZero() {
		at := q.At.UTC()
		a.At, a.Window = &at, int64(q.Window.Seconds())
	}
	a.Token, a.UserID = q.Sought.Token, shownID(q.User)
	if q.Pseudonyms && q.IP.IsValid() {
		q.say("The case holds pseudonyms for addresses: the one given has to be such a pseudonym, or --pseudonym-key makes it one.")
	}
}

// shownID is an id as it was given, or the beginning of what is none: it may be a link, or the
// viewer's own id in a cookie.
func shownID(text string) string {
	const digits, shown = 16, 6
	if len(text) <= shown || len(text) <= digits && strings.Trim(text, "0123456789abcdef") == "" {
		return text
	}
	return strings.ToValidUTF8(text[:shown], "") + "…"
}

// say adds a sentence on the search.
func (q *inquiry) say(format string, args ...any) {
	q.out.Search = append(q.out.Search, fmt.Sprintf(format, args...))
}

// during is the condition that a request falls into the time looked at, if only with its end.
func (q *inquiry) during() string {
	if q.out.From == nil {
		return "true"
	}
	return fmt.Sprintf("epoch_us(h.start) <= %d AND epoch_us(h.start) + CASE h.took WHEN %d THEN 0 ELSE h.took END * 1000000::BIGINT >= %d",
		q.out.To.UnixMicro(), ingest.TookUnknown, q.out.From.UnixMicro())
}

// around sets the time to look at.
func (q *inquiry) around(at time.Time) {
	from, to := at.Add(-q.Window).UTC(), at.Add(q.Window).UTC()
	q.out.From, q.out.To = &from, &to
}

// tell describes the most telling viewer and names the others.
func (q *inquiry) tell(ctx context.Context, found []sighting) error {
	q.out.Found = true
	found = adopt(found)
	first := &found[0]
	if err := q.sayWhether(ctx, first); err != nil {
		return err
	}
	q.out.Neighbour = q.near
	v, err := q.viewer(ctx, first)
	if err != nil {
		return err
	}
	q.out.Viewer = v
	c := &judge.Complaint{Alone: len(found) == 1, Near: q.near, Keyed: q.Keyed, Masks4: q.Masks4, Masks6: q.Masks6}
	if err := q.incidents(ctx, first, c); err != nil {
		return err
	}
	q.circumstances(v.Host, c)
	c.Settle(q.out, judge.Default())
	for _, in := range c.Events {
		if text := in.Client.String(); !slices.Contains(v.Addresses, text) {
			v.Addresses = append(v.Addresses, text)
		}
	}
	return q.others(ctx, found[1:])
}

// adopt gives requests without a token to the only viewer with the same user
// agent at the address, who comes first then.
func adopt(found []sighting) []sighting {
	with := slices.IndexFunc(found, func(s sighting) bool { return s.Link > 0 })
	bare := slices.IndexFunc(found, func(s sighting) bool { return s.Link == 0 })
	if with < 0 || bare < 0 {
		return found
	}
	same := func(s sighting) bool { return s.Agent == found[bare].Agent }
	alone := func(s sighting) bool { return s.Link > 0 && same(s) }
	if !same(found[with]) || len(slices.DeleteFunc(slices.Clone(found), func(s sighting) bool { return !alone(s) })) > 1 {
		return found
	}
	viewer := found[with]
	viewer.bare = found[bare].client
	rest := slices.DeleteFunc(slices.Clone(found), func(s sighting) bool {
		return s.Key == viewer.Key && s.client == viewer.client || s.Link == 0 && same(s) && s.client == viewer.bare
	})
	return append([]sighting{viewer}, rest...)
}

// circumstances adds what the analysis says of the host.
func (q *inquiry) circumstances(host string, c *judge.Complaint) {
	if !q.At.IsZero() {
		c.At = q.At.UnixMicro()
	}
	if q.out.From != nil {
		c.From, c.To = q.out.From.UnixMicro(), q.out.To.UnixMicro()
	}
	if in := q.a.Input; in.First != nil {
		c.LogFirst, c.LogLast = in.First.UnixMicro(), in.Last.UnixMicro()
	}
	if !slices.ContainsFunc(q.a.Calibration, func(c finding.Calibration) bool { return c.Host == host }) {
		host = finding.OtherHosts
	}
	var policy finding.Policy
	for _, cal := range q.a.Calibration {
		if cal.Host == host {
			policy = cal.Policy
			c.Keyed = c.Keyed && !(cal.Status == finding.NotChecked && strings.HasPrefix(cal.Reason, "no key")) // that of another host
			if c.Calibration = cal.Status; cal.Status == finding.Failed {
				c.Fault = cal.Reason
			}
			c.CurrentPrefix4, c.CurrentPrefix6, q.out.Scheme = policy.Prefix4, policy.Prefix6, policy.Scheme
		}
	}
	if host == finding.OtherHosts {
		return // what their viewers and refusals have in common is not this host's
	}
	for _, s := range q.a.Signer {
		if s.Host == host && s.Among == finding.MalformedLinks && s.Links == s.Examined {
			c.Damage = s.Mistake
		}
	}
	for _, common := range q.a.Denials.Common {
		if common.Host == host {
			c.Common = append(c.Common, common)
		}
	}
	q.setting(host, policy, c)
}

// setting adds the answer to the mask question for the host and the family that
// the viewer's links were signed for.
func (q *inquiry) setting(host string, policy finding.Policy, c *judge.Complaint) {
	var best *finding.Recommendation
	several := false
	for i := range q.a.Recommendations {
		r := &q.a.Recommendations[i]
		if r.Host != host {
			continue
		}
		c.RefusalsOnly = c.RefusalsOnly || r.BoundUsers == nil
		several = several || best != nil
		if best == nil || r.Family == fmt.Sprintf("ipv%d", familyOfComplaint(c)) {
			best = r
		}
	}
	if best != nil {
		s := best.Setting(policy, q.a.Method)
		s.BothFamilies = several
		q.out.Host = &s
	}
}

// familyOfComplaint is the family of the signing address of a refused link, else
// that of the first request.
func familyOfComplaint(c *judge.Complaint) int {
	for i := range c.Incidents {
		if in := &c.Incidents[i]; in.Refused && c.Signed[in.Link].IsValid() {
			return addr.Family(c.Signed[in.Link])
		}
	}
	if len(c.Incidents) == 0 {
		return 4
	}
	return addr.Family(c.Incidents[0].Client)
}
