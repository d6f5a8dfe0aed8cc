package detect

import (
	"ipdrift/ingest"
	"ipdrift/token"
)

// exposures are the requests on a page.
type exposures struct {
	places                                                []uint64
	starts                                                []ingest.Micros
	outcomes, links, clients, dirs, files, agents, idents []uint32
}

func exposuresOn(p ingest.Page) exposures {
	return exposures{p.U64(0), p.Micros(1), p.U32(2), p.U32(3), p.U32(4), p.U32(5), p.U32(6), p.U32(7), p.U32(8)}
}

// frame is one of them, with the place of its link in the film.
func (e *exposures) frame(i int, place uint32) frame {
	return frame{
		start: int64(e.starts[i]), at: e.places[i], place: place, outcome: e.outcomes[i],
		client: e.clients[i], dir: e.dirs[i], file: e.files[i], agent: e.agents[i], ident: e.idents[i], mark: mark{verdict: token.Valid},
	}
}
