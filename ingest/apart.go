package ingest

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
)

// apart are the hosts whose requests are not read.
type apart struct {
	mu    sync.Mutex
	met   bool     // some host is read
	first []string // by name, one more than are told
}

// mostApart is how many names of hosts are told.
const mostApart = 5

// admits tells whether the requests of a host are read.
func (l *load) admits(host []byte) bool {
	if l.Host == "" {
		return true
	}
	ok, _ := path.Match(strings.ToLower(l.Host), strings.ToLower(string(host)))
	a := &l.apart
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.met = a.met || ok; ok || a.met {
		return ok
	}
	name := validText(l.hostText(host))
	if i, known := slices.BinarySearch(a.first, name); !known && i <= mostApart {
		a.first = slices.Insert(a.first, i, name)
		a.first = a.first[:min(len(a.first), mostApart+1)]
	}
	return false
}

// say names the hosts that there are where none is read.
func (a *apart) say(glob string) []string {
	if a.met || len(a.first) == 0 {
		return nil
	}
	if a.first[0] == noHost && len(a.first) == 1 {
		return []string{fmt.Sprintf("--host %s leaves out all requests: the log names no hosts", glob)}
	}
	told, more := a.first, ""
	if len(told) > mostApart {
		told, more = told[:mostApart], " and others"
	}
	return []string{fmt.Sprintf("--host %s is none of the hosts of this log: %s%s", glob, strings.Join(told, ", "), more)}
}
