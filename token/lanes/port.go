package lanes

import "sync"

// Ports is how many there are.
const Ports = 1 << 16

// ports are the numbers from 0 to 65535, in decimal digits.
var ports = sync.OnceValue(func() *ends { return newEnds(Ports, appendNumber) })

// Port returns the decimal number from 0 to 65535 that makes the message in the place of an address. It
// takes as long as a /16.
func (s *Search) Port() (port int, ok bool) {
	if !s.aimed {
		return 0, false
	}
	s.behind(ports(), nil)
	return s.through(0, Ports)
}
