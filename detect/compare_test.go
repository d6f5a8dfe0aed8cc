package detect_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"ipdrift/detect"
	"ipdrift/detect/finding"
)

// TestCompareCounts: 40 viewers were served, 10 changed the address, and 6 were only ever
// refused: the link of one, who came by IPv6, was signed for an IPv4 address. What a shield
// asked for is nobody's.
func TestCompareCounts(t *testing.T) {
	var l little
	l.audience(folder, 40)
	l.movers(folder, 10, "198.51.%d.10", "198.51.%d.99")
	for i := range 5 {
		l.get(folder, folder.link(fmt.Sprintf("/first/%d/a.ts", i), fmt.Sprintf("203.0.%d.200", i)), fmt.Sprintf("203.0.%d.10", i), 403)
	}
	l.get(folder, folder.link("/six/a.ts", stranger(3)), "2001:db8::9", 403)
	shield := entry{host: folder.host, target: l.entries[0].target, ip: stranger(0), status: 200, at: l.entries[0].at, agent: "shield/1", method: "GET"}
	tr := tryText(t, l.text(entry.gcore)+strings.Replace(shield.gcore(), "shield_no", "shield_yes", 1), settings{user: "token"})
	kept := detect.Kept{Store: tr.store, Analysis: tr.Analysis}
	c, err := detect.Compare(context.Background(), kept, kept)
	if err != nil {
		t.Fatal(err)
	}
	h := c.Hosts[0]
	if len(c.Hosts) != 1 || h.Requests != (finding.Pair{Before: 66, After: 66}) || h.Refused.Before != 16 || len(h.Families) != 1 || h.Families[0].Family != "ipv4" {
		t.Fatalf("%s", asJSON(t, c))
	}
	if f := h.Families[0]; f.Affected.Before.Of != 56 || f.Affected.Before.Users != 16 || f.Interrupted.After.Users != 16 {
		t.Errorf("%+v %+v, want 16 of 56 affected and interrupted", f.Affected, f.Interrupted)
	}
}

// TestCompareFamilies: twelve viewers begin with a link signed for an IPv6 address, and go on with one
// for an IPv4 address, which is refused at another: they are affected on IPv4, as in the advice.
func TestCompareFamilies(t *testing.T) {
	var l little
	l.audience(folder, 40)
	l.audience6(folder, 40)
	for i := range 12 {
		six, four, id := fmt.Sprintf("2001:db8:77:%x::5", i+1), fmt.Sprintf("203.0.%d.10", i), fmt.Sprintf("&u=%d", i)
		l.get(folder, folder.link("/a/seg-1.ts", six)+id, six, 200)
		link := folder.link("/b/seg-2.ts", four)
		l.get(folder, link+id, four, 200)
		l.get(folder, on("/b/seg-3.ts", link)+id, fmt.Sprintf("203.0.%d.99", i), 403)
	}
	tr := l.try(t, settings{user: "query:u"})
	kept := detect.Kept{Store: tr.store, Analysis: tr.Analysis}
	c, err := detect.Compare(context.Background(), kept, kept)
	if err != nil {
		t.Fatal(err)
	}
	affected := map[string]int64{}
	for _, f := range c.Hosts[0].Families {
		affected[f.Family] = f.Affected.Before.Users
		if r := tr.advice(folder.host, f.Family); r.AffectedUsers != affected[f.Family] {
			t.Errorf("%s: %d affected, and %d in the advice", f.Family, affected[f.Family], r.AffectedUsers)
		}
	}
	if affected["ipv4"] != 12 || affected["ipv6"] != 0 {
		t.Errorf("%v, want 12 on IPv4", affected)
	}
}
