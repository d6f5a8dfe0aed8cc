// Package client holds the client addresses of a case by their numbers ([Table]), and counts
// and gathers them.
package client

import (
	"cmp"
	"context"
	"database/sql"
	"net/netip"
	"slices"
	"strings"

	"ipdrift/detect/history"
	"ipdrift/detect/spill"
	"ipdrift/ingest"
	"ipdrift/ingest/fetch"
)

// Table is table client, by id.
type Table struct {
	rows      *spill.Array[row]
	long      *spill.Array[[2]uint64] // addresses of IPv6
	Countries []string                // by place; the first is "", not known
}

// row is a client.
type row struct {
	word    uint32 // the address; of IPv6 its place in long
	asn     uint32 // 0: not known
	country uint16 // place in Countries
	kind    uint8  // 0: there is none of this id
}

const (
	plain4 = iota + 1
	mapped4
	plain6
)

// Read reads the table. It takes at most about three times most bytes of memory.
func (c *Table) Read(ctx context.Context, conn *sql.Conn, most int64) error {
	last, err := fetch.LastID(ctx, conn, "client")
	if err != nil {
		return err
	}
	var six int
	if err := conn.QueryRowContext(ctx, `SELECT count(*) FROM client WHERE family = 6`).Scan(&six); err != nil {
		return err
	}
	if c.rows, err = spill.New[row](last+1, 2*most); err != nil {
		return err
	}
	if c.long, err = spill.New[[2]uint64](six, most); err != nil {
		return err
	}
	list, long := c.rows.Filler(), c.long.Filler()
	c.Countries = []string{""}
	at := map[string]uint16{"": 0}
	met := uint32(0) // of IPv6
	var order []int
	if err := fetch.Entries(ctx, conn, "client", `id, family, mapped, hi, lo, coalesce(asn, 0)::UINTEGER, country`, last, func(p fetch.Page) error {
		ids, families, mapped, hi, lo, asns, countries := p.U32(0), p.U8(1), p.U8(2), p.U64(3), p.U64(4), p.U32(5), p.Texts(6)
		order = order[:0]
		for i := range ids {
			order = append(order, i)
		}
		if c.rows.Held() == nil { // what stands beside each other goes there at once
			slices.SortFunc(order, func(x, y int) int { return cmp.Compare(ids[x], ids[y]) })
		}
		for _, i := range order {
			one := row{kind: plain4, word: uint32(lo[i]), asn: asns[i]}
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
			if !ok && len(c.Countries) < 1<<16 {
				country = uint16(len(c.Countries))
				c.Countries = append(c.Countries, strings.Clone(countries(i)))
				at[c.Countries[country]] = country
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

// Held is how many of its values are in memory.
func (c *Table) Held() int { return len(c.rows.Held()) + len(c.long.Held()) }

// Len is how many ids there may be.
func (c *Table) Len() int { return c.rows.Len() }

// Close gives back the table's memory and files, and returns the error of a read that failed.
func (c *Table) Close() error { return cmp.Or(c.rows.Close(), c.long.Close()) }

// Stored is an address as table client has it.
type Stored struct {
	Family, Mapped uint8
	Hi, Lo         uint64
}

// Alike reports whether two are one address, whatever its form.
func (s Stored) Alike(t Stored) bool { return s.Hi == t.Hi && s.Lo == t.Lo }

// Of is the address of a client; zero where there is none.
func (c *Table) Of(id uint32) Stored {
	switch one := c.rows.At(id); one.kind {
	case plain4:
		return Stored{4, 0, 0, 0xffff<<32 | uint64(one.word)}
	case mapped4:
		return Stored{4, 1, 0, 0xffff<<32 | uint64(one.word)}
	case plain6:
		long := c.long.At(one.word)
		return Stored{6, 0, long[0], long[1]}
	}
	return Stored{}
}

// ASN is the carrier of a client; 0: not known.
func (c *Table) ASN(id uint32) uint32 { return c.rows.At(id).asn }

// Country is the place of its country in Countries.
func (c *Table) Country(id uint32) uint16 {
	if len(c.Countries) == 1 {
		return 0 // and who it is need not be looked up
	}
	return c.rows.At(id).country
}

// Fetch loads the clients of some groups into the processor's cache, all at once: read one after the
// other, each would be waited for.
func (c *Table) Fetch(of *history.Batch) {
	list := c.rows.Held()
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

// Addr is the address as the case has it.
func (c *Table) Addr(id uint32) netip.Addr { return c.Of(id).Addr() }

// Addr returns the address as a netip.Addr; one mapped to IPv6 stays mapped.
func (s Stored) Addr() netip.Addr { return ingest.Address(s.Family, s.Mapped, s.Hi, s.Lo) }

// Elsewhere reports whether two clients have different addresses.
func (c *Table) Elsewhere(x, y uint32) bool { return !c.Of(x).Alike(c.Of(y)) }

// Network is the /16 of an IPv4 address, the /32 of an IPv6 one.
type Network struct {
	six  bool
	bits uint32
}

// Network returns the network of a client.
func (c *Table) Network(id uint32) Network {
	s := c.Of(id)
	if s.Family == 6 {
		return Network{true, uint32(s.Hi >> 32)}
	}
	return Network{false, uint32(s.Lo) >> 16}
}

// Length is how many bits of an address the network is.
func (n Network) Length() int {
	if n.six {
		return 32
	}
	return 16
}

// Prefix returns the network as a netip.Prefix.
func (n Network) Prefix() netip.Prefix {
	if n.six {
		return netip.PrefixFrom(netip.AddrFrom16([16]byte{byte(n.bits >> 24), byte(n.bits >> 16), byte(n.bits >> 8), byte(n.bits)}), 32)
	}
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(n.bits >> 8), byte(n.bits)}), 16)
}
