package main

import (
	"fmt"
	"net/netip"
)

// stable watches from one address.
func stable(v *viewer) {
	if v.start() {
		v.watch(6 + v.IntN(14))
	}
}

// moves watches while the address changes within a prefix of so many bits. A
// refused player tries again; then the viewer leaves, or returns to the old
// address, or fetches a new link.
func moves(bits int) func(*viewer) {
	return func(v *viewer) {
		if !v.start() {
			return
		}
		v.watch(3 + v.IntN(5))
		for range 1 + v.IntN(2) {
			home := v.addr
			v.moveWithin(bits)
			if !v.watch(1) {
				v.retry(v.segment())
				if v.chance(35) {
					return
				}
				v.recover(home)
			}
			v.watch(3 + v.IntN(5))
		}
	}
}

func (v *viewer) recover(home netip.Addr) {
	v.pause(200, 2500)
	if v.chance(25) {
		v.addr = home
		return
	}
	v.start()
}

// movesFreely changes its address within the /24 again and again.
func movesFreely(v *viewer) {
	if !v.start() {
		return
	}
	for range 3 {
		v.watch(2 + v.IntN(4))
		v.moveWithin(24)
	}
}

// roams watches a link that is bound to no address, at times from a new one.
func roams(v *viewer) {
	if !v.start() {
		return
	}
	v.watch(4 + v.IntN(5))
	if v.chance(30) {
		v.moveWithin(16)
	}
	v.watch(3 + v.IntN(6))
}

// firstRequest is signed for the address that the site saw, and never served at
// the one that the player has.
func firstRequest(bits int) func(*viewer) {
	return func(v *viewer) {
		v.fetchLink(v.addr)
		v.moveWithin(bits)
		v.get(manifest)
		v.retry(manifest)
	}
}

// leavesIPv6 starts on IPv6 and goes on over IPv4.
func leavesIPv6(v *viewer) {
	if !v.start() {
		return
	}
	v.watch(4)
	v.addr = v.home(false)
	v.watch(1)
	v.retry(v.segment())
	v.start()
	v.watch(4)
}

// outlives watches for longer than its link lives, by four seconds or more.
func outlives(v *viewer) {
	v.lifetime = int64(4 + v.IntN(6))
	if !v.start() || v.watch(30) {
		return
	}
	v.retry(v.segment())
	if v.chance(50) {
		v.lifetime = 6 * 3600
		v.start()
		v.watch(3 + v.IntN(4))
	}
}

// returnsLate comes back from a break with another address, after the link ran out.
func returnsLate(v *viewer) {
	v.lifetime = 4
	if !v.start() {
		return
	}
	v.watch(1)
	v.pause(8000, 9000)
	v.moveWithin(16)
	v.get(v.segment())
	v.retry(v.segment())
	v.lifetime = 6 * 3600
	v.start()
	v.watch(3)
}

// breaks has links that were damaged on the way, and a good one at last.
func breaks(v *viewer) {
	name := manifest
	if !v.host.Dir {
		name = v.document(0)
	}
	v.flaw = flawed(v.IntN(4))
	v.fetchLink(v.addr)
	v.get(name)
	v.retry(name)
	v.flaw = nil
	if v.chance(60) {
		v.get(name)
	}
}

// document names a file as people name them: with blanks and letters of their own.
func (v *viewer) document(i int) string {
	v.dir = "/files/shelf-" + fmt.Sprint(v.seq%7) + "/"
	return fmt.Sprintf([...]string{"annual report %d.pdf", "Übersicht-%d.pdf", "archive-%d.zip", "фото %d.jpg", "data+set_%d.csv"}[(i+v.seq)%5], 100+i)
}

// downloads fetches files, each with a link of its own.
func downloads(v *viewer) {
	v.seq = v.IntN(1000)
	for i := range 4 + v.IntN(7) {
		v.fetchLink(v.addr)
		v.get(v.document(i + v.seq%50))
		v.pause(800, 3500)
	}
}

// downloadsLate opens links from a mail of days ago, then asks for a new one.
func downloadsLate(v *viewer) {
	v.seq = v.IntN(1000)
	v.lifetime = -int64(60 + v.IntN(3*86400))
	for i := range 1 + v.IntN(3) {
		name := v.document(i)
		v.fetchLink(v.addr)
		v.get(name)
		v.retry(name)
	}
	v.lifetime = 6 * 3600
	v.fetchLink(v.addr)
	v.get(v.document(0))
}

// mistakesScope has links signed for the directory of the file.
func mistakesScope(v *viewer) {
	v.seq = v.IntN(1000)
	name := v.document(0)
	v.flaw = otherScope(func(*viewer) string { return name })
	v.fetchLink(v.addr)
	v.get(name)
	v.retry(name)
	v.flaw = nil
	v.get(name)
}

// leeches has a good link but comes from a page that is not let in.
func leeches(v *viewer) {
	v.refers = "https://leech.example/embed/" + fmt.Sprint(v.IntN(30))
	v.fetchLink(v.addr)
	v.get(manifest)
	v.retry(manifest)
}

// follow uses a link that somebody else posted.
func (v *viewer) follow() {
	v.pause(500, 4000)
	if v.get(manifest) != 200 {
		v.retry(manifest)
	}
	for range 4 {
		v.pause(300, 1500)
		v.get(v.segment())
		v.seq++
	}
}
