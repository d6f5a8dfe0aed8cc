package ticket

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"ipdrift/detect/identity"
	"ipdrift/detect/ruling"
	"ipdrift/ingest"
	"ipdrift/ingest/fetch"
)

// sighting is a user, or a client without a well-formed token, whose requests
// fit a complaint.
type sighting struct {
	identity.Key
	client   uint32 // where link is 0
	bare     uint32 // client of requests without a token that are this user's, too; 0: none
	n        int64  // requests
	refused  int64
	mismatch int64 // of them, because of an address
	first    int64 // µs
	last     int64
	nearest  int64 // µs, of the request nearest to the time said,
	near     int64 // and how far it is from that
}

// maxSightings bounds how many users are ranked.
const maxSightings = 1_000

// find looks for the viewer, the surest way first.
func (q *inquiry) find(ctx context.Context) ([]sighting, error) {
	if !q.At.IsZero() {
		q.around(q.At)
	}
	strong, err := q.strong(ctx)
	if err != nil {
		return nil, err
	}
	if strong != "" {
		found, err := q.named(ctx, strong)
		if err != nil {
			return nil, err
		}
		if found, err = q.whole(ctx, found); err != nil {
			return nil, err
		}
		return found, q.prefer(ctx, found)
	}
	own, err := q.clients(ctx, spellings(q.IP))
	if err != nil {
		return nil, err
	}
	for _, look := range []func(context.Context, string) ([]sighting, error){q.itself, q.elsewhere, q.shifted, q.neighbours} {
		if found, err := look(ctx, own); err != nil || len(found) > 0 {
			if err != nil {
				return nil, err
			}
			return q.whole(ctx, found)
		}
	}
	return nil, nil
}

// strong is the condition that what names the viewer beyond doubt sets; "" for
// none.
func (q *inquiry) strong(ctx context.Context) (string, error) {
	var all []string
	if q.Sought.Token != "" {
		links, err := q.links(ctx)
		if err != nil {
			return "", err
		}
		all = append(all, "h.link IN ("+links+")")
	}
	if q.ByLine {
		all = append(all, "(h.source, h.line) IN ("+places(q.Lines)+")")
	}
	if q.User != "" {
		atoms, err := q.atomsOf(ctx, "user_name(l.hash, g.text, p.salt) LIKE ? || '%'", q.User)
		if err != nil {
			return "", err
		}
		all = append(all, atoms)
	}
	return strings.Join(all, " AND "), nil
}

func places(lines []ingest.Position) string {
	list := []string{"(0, -1)"} // that no request has
	for _, l := range lines {
		list = append(list, fmt.Sprintf("(%d, %d)", l.Source, l.Line))
	}
	return strings.Join(list, ", ")
}

// links are the ids of the links that have the token.
func (q *inquiry) links(ctx context.Context) (string, error) {
	exact, loose := []string{"NULL"}, []string{"NULL"} // a link 0 is what requests without a token have
	err := fetch.Each(ctx, q.conn, fmt.Sprintf(`SELECT id, hash = %d FROM link WHERE token = ?`, q.Sought.Hash), func(scan fetch.Scan) error {
		var id uint32
		var same bool
		err := scan(&id, &same)
		if loose = append(loose, number(id)); same {
			exact = append(exact, number(id))
		}
		return err
	}, q.Sought.Token)
	if len(exact) > 1 {
		return strings.Join(exact, ", "), err
	}
	if q.Sought.Hash != 0 && len(loose) > 1 {
		q.say("No link of the log is the whole one given; those that begin with the same 6 characters were taken.")
	}
	return strings.Join(loose, ", "), err
}

// named looks for a viewer who is named beyond doubt, at the time said or else
// at any.
func (q *inquiry) named(ctx context.Context, where string) ([]sighting, error) {
	what := q.names()
	found, err := q.look(ctx, where+" AND "+q.during())
	if err != nil || len(found) > 0 {
		if len(found) > 0 {
			q.say("Found by %s.", what)
		}
		return found, err
	}
	if q.out.From == nil {
		return nil, nil
	}
	all, err := q.look(ctx, where)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	q.move(&all[0], what)
	return q.look(ctx, where+" AND "+q.during())
}

func (q *inquiry) names() string {
	var list []string
	for _, w := range []struct {
		name  string
		given bool
	}{{"its token", q.Sought.Token != ""}, {"its user id", q.User != ""}, {"the lines that name its trace or session", q.ByLine}} {
		if w.given {
			list = append(list, w.name)
		}
	}
	return strings.Join(list, " and ")
}

// prefer puts users of the address given first, or says that nobody has it.
func (q *inquiry) prefer(ctx context.Context, found []sighting) error {
	if !q.IP.IsValid() || len(found) == 0 {
		return nil
	}
	own, err := q.clients(ctx, spellings(q.IP))
	if err != nil {
		return err
	}
	with, err := q.look(ctx, "h.client IN ("+own+")")
	if err != nil {
		return err
	}
	rank := func(s sighting) int {
		if isAmong(with, s) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(found, func(x, y sighting) int { return cmp.Compare(rank(x), rank(y)) })
	if !isAmong(with, found[0]) {
		q.say("%s is not among its addresses.", q.IP)
	}
	return nil
}

// itself looks for the address at the time, as one that asked or as one that
// links were signed for.
func (q *inquiry) itself(ctx context.Context, own string) ([]sighting, error) {
	asked, err := q.look(ctx, "h.client IN ("+own+") AND "+q.during())
	if err != nil {
		return nil, err
	}
	signed, err := q.look(ctx, "h.link IN (SELECT link FROM signatures WHERE signed_ip IN ("+quotes(spellings(q.IP))+")) AND "+q.during())
	if err != nil {
		return nil, err
	}
	if q.askers = asked; len(asked) == 0 && len(signed) > 0 {
		how, err := q.bond(ctx)
		if err != nil {
			return nil, err
		}
		q.say("%s asked for nothing at that time; links that were %s came from another one then.", q.IP, how)
	}
	for _, s := range signed {
		if !isAmong(asked, s) {
			asked = append(asked, s)
		}
	}
	return asked, nil
}

func isAmong(list []sighting, s sighting) bool {
	return slices.ContainsFunc(list, func(x sighting) bool { return x.Key == s.Key && x.client == s.client })
}

// sayWhether says whether the viewer who is shown asked from the address, where somebody did at the time.
func (q *inquiry) sayWhether(ctx context.Context, shown *sighting) error {
	switch {
	case len(q.askers) == 0:
	case isAmong(q.askers, *shown):
		q.say("Found by the address itself.")
	default:
		how, err := q.bond(ctx)
		if err != nil {
			return err
		}
		came := "came from"
		if shown.mismatch > 0 {
			came = "was refused at"
		}
		q.say("%s asked at that time, too; shown is who %s another address, with a link that was %s.", q.IP, came, how)
	}
	return nil
}

// bond says how links belong to the address.
func (q *inquiry) bond(ctx context.Context) (string, error) {
	var proven bool
	err := q.conn.QueryRowContext(ctx, `SELECT bool_or(basis <> '`+string(ruling.Inferred)+`') FROM signatures WHERE signed_ip IN (`+quotes(spellings(q.IP))+`)`).Scan(&proven)
	if proven {
		return "signed for it", err
	}
	return "served to it first", err
}
