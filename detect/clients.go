package detect

import (
	"context"
	"net/netip"
	"strings"

	"ipdrift/ingest"
)

// clients is table client, by id: eleven bytes for one of IPv4.
type clients struct {
	kinds     []uint8  // 0: there is none of this id
	words     []uint32 // the address; of IPv6 its place in long
	long      [][2]uint64
	asns      []uint32 // 0: not known
	countries []uint16 // places in names
	names     []string
}

const (
	plain4 = iota + 1
	mapped4
	plain6
)

// readClients reads the table.
func (a *analysis) readClients(ctx context.Context) error {
	c := &a.clients
	last, err := ingest.LastID(ctx, a.conn, "client")
	if err != nil {
		return err
	}
	c.kinds, c.words, c.asns, c.countries = make([]uint8, last+1), make([]uint32, last+1), make([]uint32, last+1), make([]uint16, last+1)
	c.names = []string{""}
	at := map[string]uint16{"": 0}
	return ingest.ScanEntries(ctx, a.conn, "client", `id, family, mapped, hi, lo, coalesce(asn, 0)::UINTEGER, country`, last, func(p ingest.Page) error {
		families, mapped, hi, lo, asns, countries := p.U8(1), p.U8(2), p.U64(3), p.U64(4), p.U32(5), p.Texts(6)
		for i, id := range p.U32(0) {
			switch {
			case families[i] == 6:
				c.kinds[id], c.words[id] = plain6, uint32(len(c.long))
				c.long = append(c.long, [2]uint64{hi[i], lo[i]})
			case mapped[i] == 1:
				c.kinds[id], c.words[id] = mapped4, uint32(lo[i])
			default:
				c.kinds[id], c.words[id] = plain4, uint32(lo[i])
			}
			country, ok := at[countries(i)]
			if !ok && len(c.names) < 1<<16 {
				country = uint16(len(c.names))
				c.names = append(c.names, strings.Clone(countries(i)))
				at[c.names[country]] = country
			}
			c.asns[id], c.countries[id] = asns[i], country
		}
		return nil
	})
}

// stored is an address as table client has it.
type stored struct {
	family, mapped uint8
	hi, lo         uint64
}

// alike tells whether two are one address, whatever its form.
func (s stored) alike(t stored) bool { return s.hi == t.hi && s.lo == t.lo }

// of is the address of a client; zero where there is none.
func (c *clients) of(id uint32) stored {
	switch c.kinds[id] {
	case plain4:
		return stored{4, 0, 0, 0xffff<<32 | uint64(c.words[id])}
	case mapped4:
		return stored{4, 1, 0, 0xffff<<32 | uint64(c.words[id])}
	case plain6:
		long := c.long[c.words[id]]
		return stored{6, 0, long[0], long[1]}
	}
	return stored{}
}

// fetch has the clients of some strips come into the processor's memory, all of them
// at once: one after the other, each would be waited for.
func (c *clients) fetch(of *cut) {
	var sum uint32
	for i := range of.strips {
		for j := range of.strips[i].frames {
			id := of.strips[i].frames[j].client
			sum += c.words[id] + uint32(c.kinds[id])
		}
	}
	of.fetched = sum
}

// address is the address as the case has it.
func (c *clients) address(id uint32) netip.Addr { return c.of(id).address() }

func (s stored) address() netip.Addr { return ingest.Address(s.family, s.mapped, s.hi, s.lo) }

// elsewhere tells whether two clients have different addresses.
func (c *clients) elsewhere(x, y uint32) bool { return !c.of(x).alike(c.of(y)) }

// network is the /16 of an IPv4 address, the /32 of an IPv6 one.
type network struct {
	six  bool
	bits uint32
}

func (c *clients) network(id uint32) network {
	s := c.of(id)
	if s.family == 6 {
		return network{true, uint32(s.hi >> 32)}
	}
	return network{false, uint32(s.lo) >> 16}
}
