package detect

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"

	"ipdrift/detect/history"
	"ipdrift/detect/spill"
	"ipdrift/ingest"
)

// clients is table client, by id.
type clients struct {
	list  *spill.Array[client]
	long  *spill.Array[[2]uint64] // addresses of IPv6
	names []string                // of countries
}

// client is a row of it.
type client struct {
	word    uint32 // the address; of IPv6 its place in long
	asn     uint32 // 0: not known
	country uint16 // place in names
	kind    uint8  // 0: there is none of this id
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
	var six int
	if err := a.conn.QueryRowContext(ctx, `SELECT count(*) FROM client WHERE family = 6`).Scan(&six); err != nil {
		return err
	}
	if c.list, err = spill.New[client](last+1, 2*a.Room); err != nil {
		return err
	}
	if c.long, err = spill.New[[2]uint64](six, a.Room); err != nil {
		return err
	}
	list, long := c.list.Filler(), c.long.Filler()
	c.names = []string{""}
	at := map[string]uint16{"": 0}
	met := uint32(0) // of IPv6
	var order []int
	if err := ingest.ScanEntries(ctx, a.conn, "client", `id, family, mapped, hi, lo, coalesce(asn, 0)::UINTEGER, country`, last, func(p ingest.Page) error {
		ids, families, mapped, hi, lo, asns, countries := p.U32(0), p.U8(1), p.U8(2), p.U64(3), p.U64(4), p.U32(5), p.Texts(6)
		order = order[:0]
		for i := range ids {
			order = append(order, i)
		}
		if c.list.Held() == nil { // what stands beside each other goes there at once
			slices.SortFunc(order, func(x, y int) int { return cmp.Compare(ids[x], ids[y]) })
		}
		for _, i := range order {
			one := client{kind: plain4, word: uint32(lo[i]), asn: asns[i]}
			switch {
			case families[i] == 6:
				one.kind, one.word = plain6, met
				if err := long.Put(int(met), [2]uint64{hi[i], lo[i]}); err != nil {
					return err
				}
				met++
			case mapped[i] == 1:
				one.kind = mapped4
			}
			country, ok := at[countries(i)]
			if !ok && len(c.names) < 1<<16 {
				country = uint16(len(c.names))
				c.names = append(c.names, strings.Clone(countries(i)))
				at[c.names[country]] = country
			}
			one.country = country
			if err := list.Put(int(ids[i]), one); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	return cmp.Or(list.Done(), long.Done())
}

func (c *clients) close() error { return cmp.Or(c.list.Close(), c.long.Close()) }

// stored is an address as table client has it.
type stored struct {
	family, mapped uint8
	hi, lo         uint64
}

// alike tells whether two are one address, whatever its form.
func (s stored) alike(t stored) bool { return s.hi == t.hi && s.lo == t.lo }

// of is the address of a client; zero where there is none.
func (c *clients) of(id uint32) stored {
	switch one := c.list.At(id); one.kind {
	case plain4:
		return stored{4, 0, 0, 0xffff<<32 | uint64(one.word)}
	case mapped4:
		return stored{4, 1, 0, 0xffff<<32 | uint64(one.word)}
	case plain6:
		long := c.long.At(one.word)
		return stored{6, 0, long[0], long[1]}
	}
	return stored{}
}

// asn is the carrier of a client; 0: not known.
func (c *clients) asn(id uint32) uint32 { return c.list.At(id).asn }

// country is the place of its country in names.
func (c *clients) country(id uint32) uint16 { return c.list.At(id).country }

// fetch has the clients of some groups come into the processor's memory, all of them
// at once: one after the other, each would be waited for.
func (c *clients) fetch(of *history.Batch) {
	list := c.list.Held()
	if list == nil {
		return
	}
	var sum uint32
	for i := range of.Groups {
		for j := range of.Groups[i].Requests {
			sum += list[of.Groups[i].Requests[j].Client].word
		}
	}
	of.Fetched = sum
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
