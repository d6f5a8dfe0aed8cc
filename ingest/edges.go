package ingest

import (
	"fmt"
	"strings"
	"sync"

	"ipdrift/ingest/fetch"
)

// aboutEdge is the name under which a case remembers its edges: number, blank, name.
const aboutEdge = "edge"

// edges are the names of the edges that wrote the lines, by number: see edgeNumber.
type edges struct {
	sync.Mutex
	names [edgeNumbers + 1]string
}

// note keeps the name of an edge, the least of those that share a number.
func (e *edges) note(number uint16, name func() string) {
	text := strings.ToValidUTF8(name(), "\uFFFD")
	e.Lock()
	defer e.Unlock()
	if known := &e.names[number]; *known == "" || text < *known {
		*known = text
	}
}

// about are rows of table about, as SQL.
func (e *edges) about() string {
	var sql strings.Builder
	for number, name := range e.names {
		if name != "" {
			fmt.Fprintf(&sql, `, ('%s', %s)`, aboutEdge, fetch.Quoted(fmt.Sprint(number, " ", strings.ReplaceAll(name, "\x00", ""))))
		}
	}
	return sql.String()
}
