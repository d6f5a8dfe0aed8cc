package token

import (
	"bytes"
	"net/netip"
	"strconv"
	"sync"

	"ipdrift/token/lanes"
)

// addressPort tries the ports of servers and proxies, then all of them where that is asked for.
func (e *Examiner) addressPort() bool {
	if !e.client.IsValid() {
		return false
	}
	for _, port := range [...]int{80, 443, 8080, 8443, 8000, 3000, 5000, 0} {
		if e.withPort(0, port) {
			return true
		}
	}
	if !e.suspect.Ports {
		return false
	}
	for form := range portForms(e.client) {
		if e.everyPort(form) {
			return true
		}
	}
	return false
}

// portForms are what stands around an address that a port is written behind: as in URLs, as nginx joins two
// variables, and as dual-stack sockets write IPv4.
func portForms(a netip.Addr) [][2]string {
	if a.Unmap().Is4() {
		return portForms4
	}
	return portForms6
}

var (
	portForms4 = [][2]string{{"", ""}, {"::ffff:", ""}, {"[::ffff:", "]"}}
	portForms6 = [][2]string{{"[", "]"}, {"", ""}}
)

// putPort puts the address in one of its forms into e.text, up to the colon before the port.
func (e *Examiner) putPort(form int) {
	around := portForms(e.client)[form]
	e.text = AppendAddr(append(e.text[:0], around[0]...), e.client.Unmap())
	e.text = append(append(e.text, around[1]...), ':')
}

func (e *Examiner) withPort(form, port int) bool {
	e.putPort(form)
	e.text = strconv.AppendInt(e.text, int64(port), 10)
	return e.withAddress(e.text)
}

// What an examination with all ports may cost, in hashes: of several addresses where the SIMD lanes hash, else of one or two.
const (
	mostLaned = 30 * lanes.Ports
	mostPorts = 4 * lanes.Ports
)

// everyPort tries all ports, those that operating systems give to clients first where it hashes one by one.
func (e *Examiner) everyPort(form int) bool {
	if e.laned() {
		e.putPort(form)
		e.text = append(e.text, addressMark...)
		e.port, e.seeks = -1, aPort
		e.asEdge(e.addressed(e.text))
		e.seeks = nothing
		return e.port >= 0 && e.withPort(form, e.port)
	}
	for i := range lanes.Ports {
		if e.hashes >= mostPorts {
			return false
		}
		e.putPort(form)
		e.text = strconv.AppendInt(e.text, int64((i+lanes.Ports/2)%lanes.Ports), 10)
		if e.asEdge(e.addressed(e.text)) {
			return true
		}
	}
	return false
}

// laned reports whether the SIMD lanes can search a message for a text.
func (e *Examiner) laned() bool {
	return e.link.digest.algorithm == plainMD5 && !e.claim.lower && !e.scheme.twofold(&e.link)
}

// sought is what messages are searched for that hold addressMark.
type sought uint8

const (
	nothing sought = iota
	aProxy
	aPort
)

// addressMark stands for the address, or its port, in a message that is searched for one.
var addressMark = []byte("\x00\xffan address\xff\x00")

var proxyList = sync.OnceValue(func() *lanes.List { return lanes.NewList(commonProxies(), AppendAddr) })

// sift looks for the port, or for the common proxies before the one that was found already, which the
// message could be signed for. What does not hold the mark once ends the sifting.
func (e *Examiner) sift(message []byte) {
	head, tail, ok := bytes.Cut(message, addressMark)
	if !ok || bytes.Contains(tail, addressMark) {
		e.seeks = nothing
		return
	}
	e.search.Aim(head, tail, e.link.Sum)
	if e.seeks == aProxy {
		e.hashes += e.sifted
		if i, ok := e.search.Among(proxyList(), 0, e.sifted); ok {
			e.sifted = i
		}
		return
	}
	if e.port >= 0 || e.hashes >= mostLaned {
		return
	}
	e.hashes += lanes.Ports
	if port, ok := e.search.Port(); ok {
		e.port = port
	}
}
