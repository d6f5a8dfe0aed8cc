package trend

// Carriers are network operators by ASN since a trend began: how many requests they
// have, and whether some were refused for its cause.
type Carriers struct {
	of   map[uint32]*carrier
	last uint32 // that was asked for
	at   *carrier
}

type carrier struct {
	requests int64
	refused  bool
}

// Add counts requests of an operator, of which some were refused, or none.
func (c *Carriers) Add(asn uint32, requests int64, refused bool) {
	of := c.get(asn)
	of.requests += requests
	of.refused = of.refused || refused
}

func (c *Carriers) get(asn uint32) *carrier {
	if asn != c.last {
		if c.last, c.at = asn, c.of[asn]; c.at == nil {
			c.at = &carrier{}
			c.of[asn] = c.at
		}
	}
	return c.at
}

// NewCarriers are those of several trends, none as yet.
func NewCarriers(n int) []Carriers {
	all := make([]Carriers, n)
	for i := range all {
		all[i].of = map[uint32]*carrier{}
	}
	return all
}

// Join adds those of others.
func (c *Carriers) Join(o *Carriers) {
	for asn, more := range o.of {
		c.Add(asn, more.requests, more.refused)
	}
}

// Seen counts the carriers with enough requests, and those of them with refusals.
func (c *Carriers) Seen() (all, refused int64) {
	for _, one := range c.of {
		if one.requests < fewRequests {
			continue
		}
		all++
		if one.refused {
			refused++
		}
	}
	return all, refused
}
