package history

import (
	"ipdrift/ingest/fetch"
	"ipdrift/token"
)

// Columns are the requests on a page.
type Columns struct {
	places                                                []uint64
	starts                                                []fetch.Micros
	outcomes, Links, clients, dirs, files, agents, idents []uint32
	took                                                  []uint16
}

// ColumnsOn are those of a page as [ingest.Hits.Pages] and [ingest.Store.ScanHits] give it, good as long
// as the page is.
func ColumnsOn(p fetch.Page) Columns {
	return Columns{p.U64(0), p.Micros(1), p.U32(2), p.U32(3), p.U32(4), p.U32(5), p.U32(6), p.U32(7), p.U32(8), p.U16(9)}
}

// Request is one of them, with the place of its link in the history.
func (c *Columns) Request(i int, place uint32) Request {
	return Request{
		Start: int64(c.starts[i]), At: c.places[i], Place: place, Outcome: c.outcomes[i],
		Client: c.clients[i], Dir: c.dirs[i], File: c.files[i], Agent: c.agents[i], Ident: c.idents[i], Took: c.took[i], Mark: Mark{Verdict: token.Valid},
	}
}
