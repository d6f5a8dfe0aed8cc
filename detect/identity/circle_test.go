package identity

import "testing"

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
