package detect

import "testing"

func TestCirclesAreBounded(t *testing.T) {
	c := newCircles()
	first := c.add(atom{link: 1, agent: 1}, 5, 0)
	for link := range uint32(10) {
		n := c.add(atom{link: link + 1, agent: 1}, uint64(link), 0)
		c.join(first, n, 1)
	}
	other := c.add(atom{link: 3, agent: 2}, 9, 0) // the link of one, the user agent of another
	if c.users.size[c.users.root(first)] != 10 || c.users.size[c.users.root(other)] != 1 || c.links.size[c.links.root(c.linkAt[3])] != 10 {
		t.Errorf("%+v", c)
	}
	if least := c.firsts(); least[c.users.root(first)] != c.at[atom{link: 2, agent: 1}] {
		t.Errorf("the least of %v is %v", c.rank, least)
	}
	for c.full = 0; len(c.atoms) < maxAtoms; {
		c.add(atom{link: uint32(len(c.atoms)) + 100, agent: 1}, 0, 0)
	}
	n := c.add(atom{link: 1, agent: 7}, 0, 0)
	if c.join(n, first, 1); n != -1 || c.full != 1 {
		t.Errorf("atom %d past the limit, %d counted", n, c.full)
	}
}
