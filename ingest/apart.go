package ingest

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"ipdrift/ingest/redact"
)

// apart is what Host, Since and Until left out.
type apart struct {
	mu     sync.Mutex
	met    bool     // some host is one of Host
	hosts  []string // the others, the first by name; one more than are told
	beside extent   // outside Since and Until
}

// extent is the first and the last of some times, in microseconds; zero: there are none.
type extent struct{ first, last int64 }

func (e *extent) note(at int64) {
	if e.first == 0 || at < e.first {
		e.first = at
	}
	e.last = max(e.last, at)
}

// add takes what a worker left out.
func (a *apart) add(beside extent) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if beside.first != 0 {
		a.beside.note(beside.first)
		a.beside.note(beside.last)
	}
}

// mostApart is how many hosts are named.
const mostApart = 5

// admits reports whether a host is one of Host.
func (l *load) admits(host []byte) bool {
	if l.Host == "" {
		return true
	}
	ok, _ := path.Match(strings.ToLower(l.Host), strings.ToLower(string(host)))
	l.apart.host(ok, func() string { return redact.ValidText(l.hostText(host)) })
	return ok
}

func (a *apart) host(ok bool, name func() string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.met = a.met || ok; a.met {
		return
	}
	text := name()
	if i, known := slices.BinarySearch(a.hosts, text); !known && i <= mostApart {
		a.hosts = slices.Insert(a.hosts, i, text)
		a.hosts = a.hosts[:min(len(a.hosts), mostApart+1)]
	}
}

// say describes what was left out where no request was read.
func (a *apart) say(glob string) []string {
	switch {
	case a.beside.first != 0:
		const layout = "2006-01-02 15:04:05"
		first, last := time.UnixMicro(a.beside.first).UTC(), time.UnixMicro(a.beside.last).UTC()
		return []string{fmt.Sprintf("the requests run from %s to %s UTC: none is within --since and --until", first.Format(layout), last.Format(layout))}
	case a.met || len(a.hosts) == 0:
		return nil
	case a.hosts[0] == noHost && len(a.hosts) == 1:
		return []string{fmt.Sprintf("--host %s leaves out all requests: the log names no hosts", glob)}
	}
	told, more := a.hosts, ""
	if len(told) > mostApart {
		told, more = told[:mostApart], " and others"
	}
	return []string{fmt.Sprintf("--host %s is none of the hosts of this log: %s%s", glob, strings.Join(told, ", "), more)}
}
