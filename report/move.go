package report

import (
	"strings"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/ingest/figure"
)

// mobility shows how users change their address, by carrier.
func (p *paper) mobility() {
	if len(p.a.Moves) == 0 || !p.o.Verbose {
		return
	}
	p.blank()
	row := p.rows("moves")
	for _, m := range p.a.Moves {
		row(unbroken(p.cut(Clean(mover(m)), 24)), say("  "), unbroken(figure.Plural(m.Changes, "change", "changes")+" of "+figure.Plural(m.Users, "user", "users")+","),
			say(" next address in the same "), say(inSame(m)), say("; "), say(often(m)))
	}
}

// mover names whose moves they are.
func mover(m finding.Moves) string {
	who := m.Pool + " carriers"
	if m.ASN != nil {
		who = strings.TrimSpace(network(m.ASN) + " " + m.Name)
	}
	return who + ", " + family(m.Family)
}

// inSame lists how often the next address lay in the same network.
func inSame(m finding.Moves) string {
	var parts []string
	for _, w := range m.Within {
		parts = append(parts, prefix(w.Prefix)+" "+estimate(w.Share, w.Low, w.High))
	}
	text := strings.Join(parts, ", ")
	if m.Across > 0 {
		text += ", of the other family " + figure.Share(m.Across, m.Changes)
	}
	return text
}

// often says how long an address was kept after a first change.
func often(m finding.Moves) string {
	q := m.Between
	if q.Median == nil {
		if q.Lower == nil {
			return "how often is not known"
		}
		return "a quarter change again within " + elapsed(q.Lower) + ", half not while the log follows them"
	}
	text := "half change again within " + elapsed(q.Median) + ", a quarter within " + elapsed(q.Lower)
	if q.Upper != nil {
		text += ", three quarters within " + elapsed(q.Upper)
	}
	return text
}

func elapsed(seconds *int64) string { return figure.Lasting(time.Duration(*seconds) * time.Second) }

// mobility is the same as a table.
func (md *markdown) mobility() {
	if len(md.a.Moves) == 0 {
		return
	}
	md.section("How addresses change")
	md.head("Carrier", "Users", "Changes", "Next address in the same", "How often")
	for _, m := range md.a.Moves {
		md.cells(clip(mover(m)), figure.Count(m.Users), figure.Count(m.Changes), inSame(m), often(m))
	}
}
