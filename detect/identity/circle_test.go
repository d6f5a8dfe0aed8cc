package identity

import (
	"testing"

	"ipdrift/ingest"
)

func TestCirclesAreBounded(t *testing.T) {
	c := NewCircles()
	first := c.Add(Atom{Link: 1, Agent: 1}, 5, 0)
	for link := range uint32(10) {
		n := c.Add(Atom{Link: link + 1, Agent: 1}, uint64(link), 0)
		c.Join(first, n, 1)
	}
	other := c.Add(Atom{Link: 3, Agent: 2}, 9, 0) // the link of one, the user agent of another
	if c.Users.Size[c.Users.Root(first)] != 10 || c.Users.Size[c.Users.Root(other)] != 1 || c.Links.Size[c.Links.Root(c.LinkAt[3])] != 10 {
		t.Errorf("%+v", c)
	}
	if least := c.Firsts(); least[c.Users.Root(first)] != c.at[Atom{Link: 2, Agent: 1}] {
		t.Errorf("the least of %v is %v", c.rank, least)
	}
	for c.Full = 0; len(c.Atoms) < MaxAtoms; {
		c.Add(Atom{Link: uint32(len(c.Atoms)) + 100, Agent: 1}, 0, 0)
	}
	n := c.Add(Atom{Link: 1, Agent: 7}, 0, 0)
	if c.Join(n, first, 1); n != -1 || c.Full != 1 {
		t.Errorf("atom %d past the limit, %d counted", n, c.Full)
	}
}

// TestStrangers: users with different id cookies are two viewers, whatever of them is asked about and whichever way they
// were joined before; who has none known is nobody's stranger.
func TestStrangers(t *testing.T) {
	for name, joins := range map[string][][2]int{
		"forth": {{0, 1}, {1, 2}},
		"back":  {{2, 1}, {1, 0}},
		"other": {{1, 2}, {0, 2}},
	} {
		c := NewCircles()
		var n [5]int32 // 0 to 2 become one viewer's, with a cookie of 0; 3 has another cookie, 4 none
		for i := range n {
			n[i] = c.Add(Atom{Link: uint32(i + 1), Agent: 1}, uint64(i), 0)
		}
		c.Knows(n[0], 70)
		c.Knows(n[3], 80)
		c.Knows(-1, 90)
		if !c.Strangers(n[0], n[3]) || c.Strangers(n[1], n[3]) || c.Strangers(n[0], n[4]) || c.Strangers(n[0], n[0]) || c.Strangers(-1, n[3]) || c.Strangers(n[3], -1) {
			t.Errorf("%s: who is a stranger to whom before they are joined", name)
		}
		for i, j := range joins {
			c.Join(n[j[0]], n[j[1]], []ingest.Tie{ingest.TieSession, ingest.TieQuery}[i])
		}
		c.Knows(n[2], 99) // it is known already
		for i := range 3 {
			if !c.Strangers(n[i], n[3]) || !c.Strangers(n[3], n[i]) || c.Strangers(n[i], n[4]) {
				t.Errorf("%s: who is a stranger to %d", name, i)
			}
		}
		if got := c.Ties[c.Users.Root(n[1])]; got != 1<<ingest.TieSession|1<<ingest.TieQuery {
			t.Errorf("%s: joined by %b", name, got)
		}
		if len(c.IDs) != 5 || c.IDs[c.LinkAt[3]] != 3 || c.Links.Root(c.LinkAt[1]) != c.Links.Root(c.LinkAt[3]) || c.Links.Root(c.LinkAt[1]) == c.Links.Root(c.LinkAt[4]) {
			t.Errorf("%s: links %v", name, c.IDs)
		}
		if first := c.Firsts()[c.Users.Root(n[2])]; first != n[0] {
			t.Errorf("%s: %d names the user", name, first)
		}
	}
}
