package scenario

import (
	"container/heap"
	"math/rand/v2"
	"net/netip"
	"strconv"
)

// arrive lets one viewer in, with all who share the link.
func (s *sim) arrive() error {
	h := pick(s.rng, s.w.Hosts, func(h *Host) float64 { return h.Share })
	v := s.newViewer(h)
	host := &s.w.Hosts[h]
	v.role = s.roleOf(&host.Mix)
	v.proxied = s.rng.Float64() < host.Proxied
	v.left = s.film/2 + s.rng.IntN(s.film+1)
	s.restless(v)
	v.due = s.now
	s.issue(v)
	switch v.role {
	case late, lateMoved:
		s.shorten(v)
	case misled:
		s.mislead(v, host)
	case crawler:
		v.agent, v.left = append(v.agent[:0], "Mozilla/5.0 (compatible; ExampleBot/2.1; +https://bot.example/)"...), 1+s.rng.IntN(8)
	case blocked:
		v.block = s.rng.IntN(len(rules()))
	case owner, neighbour, preview:
		s.share(v, host)
	}
	v.left = max(1, v.left)
	heap.Push(&s.queue, v)
	return nil
}

func (s *sim) newViewer(h int) *viewer {
	host := &s.w.Hosts[h]
	c := &host.Carriers[pick(s.rng, host.Carriers, func(c *Carrier) float64 { return c.Share })]
	v := &viewer{host: h, carrier: c, net: s.networks[c.ASN]}
	s.viewers++
	v.id, v.film = s.viewers, s.viewers
	v.home = s.subscriber(c)
	v.addr = v.home
	v.story = newStory()
	s.connect(v)
	v.agent = s.agent(nil, v.id, host.Agents)
	v.referer = s.referer(v.id)
	v.dir = s.title(host)
	if s.rng.Float64() < s.w.Cookies {
		v.uid = appendHex([]byte("uid="), s.rng.Uint64(), s.rng.Uint64())
	}
	if s.rng.Float64() < s.w.Resumed {
		v.session = appendHex(nil, s.rng.Uint64(), s.rng.Uint64(), s.rng.Uint64(), s.rng.Uint64())
	}
	return v
}

// subscriber draws a home address; where a carrier has few, one of them.
func (s *sim) subscriber(c *Carrier) netip.Addr {
	six, r := s.rng.Float64() < c.IPv6, s.rng
	if c.Addresses > 0 {
		r = rand.New(rand.NewPCG(uint64(c.ASN), uint64(s.rng.IntN(c.Addresses))))
	}
	return s.networks[c.ASN].home(r, six)
}

// restless draws whether the address of a viewer who just watches changes, when
// and how far.
func (s *sim) restless(v *viewer) {
	c, roll := v.carrier, s.rng.Float64()
	reach := c.Reach4
	if v.home.Is6() {
		reach = c.Reach6
	}
	v.within = SameCarrier
	if len(reach) > 0 {
		v.within = reach[pick(s.rng, reach, func(r *Reach) float64 { return r.Share })].Within
	}
	switch {
	case v.role == lateMoved:
		v.changeAt = 1
	case v.role != watches || v.proxied:
	case roll < c.Missed:
		v.site = s.another(v, v.home)
	case roll < c.Missed+c.Restless && v.left > 5:
		v.restless = true
		v.changeAt = 3 + s.rng.IntN(v.left-4)
	}
}

// shorten lets the link expire within the film, or before a short one.
func (s *sim) shorten(v *viewer) {
	v.link.expires = s.now/1000 + int64(float64(v.left)*tempo.Seconds()*(0.2+0.5*s.rng.Float64()))
	if v.left < 10 {
		v.link.expires = s.now/1000 - 10 - s.rng.Int64N(3600)
	}
	s.sign(v)
}

func (s *sim) mislead(v *viewer, h *Host) {
	all := h.Mistakes
	if len(all) == 0 {
		all = mistakes()
	}
	v.link.mistake = all[s.rng.IntN(len(all))]
	if v.link.mistake == NoSlash && h.Scope == "file" || v.link.mistake == NoAddress && h.Bind == "none" {
		v.link.mistake = ForeignKey
	}
	s.sign(v)
}

// share lets others try a viewer's link.
func (s *sim) share(v *viewer, h *Host) {
	kind, n := v.role, 1
	if v.role == owner {
		kind, n = stranger, 4+s.rng.IntN(9)
		v.left = max(v.left, 5)
	}
	v.role = owner
	v.group = &group{id: v.id, here: 1 + n}
	for i := range n {
		s.join(v, kind, i >= 4 && s.rng.Float64() < h.Near)
	}
}

// join adds one who has the link of v and asks for it within ten minutes.
func (s *sim) join(v *viewer, kind role, beside bool) {
	o := s.newViewer(v.host)
	o.role, o.group = kind, v.group
	o.link, o.dir, o.film = v.link, v.dir, v.film
	o.left = 2 + s.rng.IntN(5)
	after := int64(2000 + s.rng.IntN(600_000))
	switch {
	case kind == neighbour:
		o.carrier, o.net, o.home = v.carrier, v.net, v.net.away(s.rng, v.home, nearest(v.home))
	case kind == preview:
		o.carrier, o.net = &Carrier{ASN: previewASN, Country: "US", Kind: "hosting"}, previewNet
		o.home = o.net.home(s.rng, false)
		o.agent, o.left, after = append(o.agent[:0], "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"...), 1, 1000+int64(s.rng.IntN(4000))
	case beside:
		o.carrier, o.net, o.home = v.carrier, v.net, v.net.away(s.rng, v.home, near(v.home))
	default:
		o.carrier = &Carrier{ASN: 65536 + uint32(s.rng.IntN(16)), Country: "ZZ", Kind: "fixed"}
		o.net = strangeNets + network(o.carrier.ASN-65536)
		o.home = o.net.home(s.rng, v.home.Is6())
	}
	o.addr, o.due = o.home, s.now+after
	heap.Push(&s.queue, o)
}

// The networks of previews and of strangers, and whose robot the preview is
// (Meta's, AS32934).
const (
	previewASN  = 32934
	previewNet  = network(14*15 + 5)
	strangeNets = network(14 * 14)
)

func nearest(a netip.Addr) Within {
	if a.Is6() {
		return Within64
	}
	return Within24
}

func near(a netip.Addr) Within {
	if a.Is6() {
		return Within48
	}
	return Within16
}

// foreign is the network of another carrier of the world, or of strangers.
func (s *sim) foreign(than network) network {
	if n := len(s.networks); n > 1 {
		return (than + network(1+s.rng.IntN(n-1))) % network(n)
	}
	return strangeNets
}

func (s *sim) roleOf(m *Mix) role {
	roll := s.rng.Float64()
	for _, part := range []struct {
		role  role
		share float64
	}{
		{late, m.Late}, {lateMoved, m.LateMoved}, {misled, m.Broken}, {bare, m.Bare}, {blocked, m.Blocked}, {gapped, m.Gaps},
		{owner, m.Posted}, {neighbour, m.Lent}, {preview, m.Preview}, {crawler, m.Crawlers},
	} {
		if roll -= part.share; roll < 0 {
			return part.role
		}
	}
	return watches
}

// pick draws a place in parts by their weights.
func pick[T any](r *rand.Rand, parts []T, weight func(*T) float64) int {
	if len(parts) == 1 {
		return 0
	}
	sum := 0.0
	for i := range parts {
		sum += weight(&parts[i])
	}
	roll := r.Float64() * sum
	for i := range parts {
		if roll -= weight(&parts[i]); roll < 0 {
			return i
		}
	}
	return len(parts) - 1
}

func appendHex(b []byte, numbers ...uint64) []byte {
	for _, n := range numbers {
		for shift := 60; shift >= 0; shift -= 4 {
			b = append(b, "0123456789ABCDEF"[n>>shift&15])
		}
	}
	return b
}

func (s *sim) title(h *Host) []byte {
	n := int64(s.rng.IntN(1 + s.rng.IntN(h.Titles)))
	if h.Scope == "file" {
		return append(appendPadded([]byte("/download/collection-"), n%100, 5), '/')
	}
	b := append(appendPadded([]byte("/vod/eu-central/title-"), n, 5), '/')
	all := renditions()
	return append(b, all[s.rng.IntN(len(all))]...)
}

func (s *sim) referer(id uint64) []byte {
	all := referers()
	b := []byte(all[s.rng.IntN(len(all))])
	if s.w.Unique && len(b) > 1 {
		b = strconv.AppendUint(append(b, "?visit="...), id*0x9e3779b97f4a7c15, 36)
	}
	return b
}

func (s *sim) agent(b []byte, id uint64, most int) []byte {
	all := agents()
	kind, version := s.rng.IntN(len(all)), s.rng.IntN(60)
	if most > 0 {
		n := (version*len(all) + kind) % most
		kind, version = n%len(all), n/len(all)
	}
	a := all[kind]
	b = strconv.AppendInt(append(b, a[0]...), int64(90+version), 10)
	b = append(b, a[1]...)
	if s.w.Unique {
		b = strconv.AppendUint(append(b, " id/"...), id*0xbf58476d1ce4e5b9, 36)
	}
	return b
}
