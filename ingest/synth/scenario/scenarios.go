package scenario

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Scenarios are the named worlds, with Lines left to the caller. Each answers
// another question; About says which.
func Scenarios() []World {
	return []World{
		one("rotation24", "a mobile carrier moves a tenth of its subscribers about within their /24: widen to /24",
			mobile(Reach{Within24, 0.95}, Reach{SameCarrier, 0.05})),
		with("widened24", "the audience of rotation24 after the switch: the edge binds to the /24, and the few who leave it are refused: keep the setting",
			func(h *Host) { h.Bind, h.Prefix4, h.Prefix6 = "mask", 24, 64 }, mobile(Reach{Within24, 0.95}, Reach{SameCarrier, 0.05})),
		one("rotation16", "changes leave the /24 but stay within a /16: widen to /16",
			mobile(Reach{Within24, 0.30}, Reach{Within16, 0.64}, Reach{SameCarrier, 0.06})),
		one("partly", "two thirds of the changes stay within a /16: a mask helps partly",
			mobile(Reach{Within24, 0.25}, Reach{Within16, 0.40}, Reach{SameCarrier, 0.35})),
		one("blocks", "the carrier has several blocks and moves subscribers between them: no mask is enough",
			mobile(Reach{Within24, 0.10}, Reach{Within16, 0.15}, Reach{SameCarrier, 0.75})),
		one("arbitrary", "arbitrary pooling: each connection has an address of its own, so 200 and 403 alternate within seconds",
			pooled(mobile(Reach{Within24, 0.92}, Reach{SameCarrier, 0.08}))),
		one("ipv6", "IPv6 only: a /64 per bearer with privacy addresses in it: widen to /64",
			six(mobile(), Reach{Within64, 0.92}, Reach{SameCarrier, 0.08})),
		one("dualstack", "half of the subscribers flip between IPv4 and IPv6 while they watch: no mask is enough",
			dual(mobile(Reach{Within24, 0.20}, Reach{OtherFamily, 0.80}))),
		one("handover", "phones change between Wi-Fi and cellular, so the carrier changes, too: no mask is enough",
			mobile(Reach{OtherCarrier, 0.85}, Reach{Within24, 0.15}), quiet()),
		one("missed", "the site sees another address of the same /24 than the CDN: viewers are refused from the first request on",
			missed(mobile(Reach{Within24, 0.95}, Reach{SameCarrier, 0.05}))),
		one("relay", "a privacy relay with egress in many blocks beside quiet lines; a relay never justifies a mask: keep the setting", relay(), quiet()),
		with("shared-links", "links are posted in forums and tried by strangers; nobody's address changes: keep the setting",
			func(h *Host) { h.Mix.Posted, h.Mix.Preview = 0.04, 0.04 }, quiet()),
		with("shared-near", "addresses change within a /16, but so do half of the strangers on posted links: /16 is vetoed",
			func(h *Host) { h.Mix.Posted, h.Near = 0.04, 0.5 }, mobile(Reach{Within16, 0.95}, Reach{SameCarrier, 0.05})),
		with("neighbours", "links are lent to neighbours in the same /24, who look like a changed address but for watching from the start: keep the setting",
			func(h *Host) { h.Mix.Lent = 0.05 }, quiet()),
		with("expired", "links expire before the films end, some on a changed address: keep the setting, sign for longer",
			func(h *Host) { h.Mix.Late, h.Mix.LateMoved = 0.12, 0.04 }, quiet()),
		with("broken-signer", "a part of the signers is broken, in one of nine ways: keep the setting, mend the signer",
			func(h *Host) { h.Mix.Broken, h.Mix.Bare = 0.15, 0.05 }, quiet()),
		with("proxy-signer", "four of five links are for one address, the signer's own proxy: the finding is the proxy, and no mask",
			func(h *Host) { h.Proxied = 0.8 }, quiet()),
		with("elsewhere", "valid links refused by country, referer, address, user agent, WAF and origin: keep the setting",
			func(h *Host) { h.Mix.Blocked, h.Mix.Gaps = 0.08, 0.06 }, quiet()),
		with("bots", "robots without tokens, and link previews: keep the setting",
			func(h *Host) { h.Mix.Crawlers, h.Mix.Preview = 0.10, 0.10 }, quiet()),
		one("nodes", "a twentieth of the viewers comes by way of two addresses of a hosting company, for which no link is signed: keep the setting",
			quiet(), node()),
		one("offices", "many viewers share the few addresses of their offices, and none changes: keep the setting", office()),
		with("refresh", "links live a minute and players fetch a new one in time: one viewer has many links",
			func(h *Host) { h.Life, h.Refresh = time.Minute, true }, mobile(Reach{Within24, 0.95}, Reach{SameCarrier, 0.05})),
		with("live", "a match that all watch at once, with few user agents and links of a minute: nothing but what players do tells them apart; widen to /24",
			func(h *Host) { h.Live, h.Titles, h.Agents, h.Life, h.Refresh = true, 1, 12, time.Minute, true }, mobile(Reach{Within24, 0.95}, Reach{SameCarrier, 0.05})),
		with("masked24", "the edge binds to the /24 already; those who leave it stay within a /16: widen to /16",
			func(h *Host) { h.Bind, h.Prefix4, h.Prefix6 = "mask", 24, 64 }, mobile(Reach{Within24, 0.50}, Reach{Within16, 0.46}, Reach{SameCarrier, 0.04})),
		with("unbound", "links are bound to no address: keep the setting",
			func(h *Host) { h.Bind = "none" }, mobile(Reach{Within24, 0.95}, Reach{SameCarrier, 0.05})),
		one("no-rotation", "nobody's address changes and nobody is refused: keep the setting", quiet()),
		mixed(),
		hostile(),
		wandering(0.7),
	}
}

// wandering is a carrier that moves some of its subscribers about in their /16 all the
// time, so that a link renewed after a refusal is for a third address, and another that
// moves the others to another block, once.
func wandering(share float64) World {
	roams, leaves := mobile(Reach{Within16, 1}), mobile(Reach{SameCarrier, 1})
	roams.Share, roams.Stay, roams.Again = share, 10*time.Second, 0.8
	leaves.ASN, leaves.Country, leaves.Share = 64501, "CZ", 1-share
	return with("wandering", "seven of ten who are refused roam in a /16 and renew their link again and again, each time for a third address; the others leave it, once: a mask helps partly",
		func(h *Host) { h.Renew = 0.9 }, roams, leaves)
}

// Named finds a scenario.
func Named(name string) (World, error) {
	all := Scenarios()
	if i := slices.IndexFunc(all, func(w World) bool { return w.Name == name }); i >= 0 {
		return all[i], nil
	}
	names := make([]string, len(all))
	for i, w := range all {
		names[i] = w.Name
	}
	return World{}, fmt.Errorf("no scenario %q: choose one of %s", name, strings.Join(names, ", "))
}

// one is a world of one host that serves playlists to some carriers.
func one(name, about string, carriers ...Carrier) World {
	return with(name, about, func(*Host) {}, carriers...)
}

// with is the same, with a host of its own ways.
func with(name, about string, change func(*Host), carriers ...Carrier) World {
	h := host("cdn.example.com", carriers...)
	change(&h)
	return World{Name: name, About: about, Hosts: []Host{h}, Cookies: 0.3, Resumed: 0.2}
}

func host(name string, carriers ...Carrier) Host {
	return Host{Name: name, Share: 1, Scope: "dir", Bind: "address", Expired: 410, Life: 24 * time.Hour, Renew: 0.6, Carriers: carriers}
}

// mobile is a carrier with paired pooling, a tenth of whose subscribers moves.
func mobile(reach ...Reach) Carrier {
	return Carrier{
		ASN: 64500, Country: "PL", Kind: "mobile", Share: 1, Restless: 0.10, Pooling: "paired", Stay: 10 * time.Minute,
		Reach4: reach, Reach6: []Reach{{Within64, 0.9}, {SameCarrier, 0.1}},
	}
}

// quiet is a fixed line whose addresses last.
func quiet() Carrier {
	return Carrier{
		ASN: 64510, Country: "DE", Kind: "fixed", Share: 1, Pooling: "paired", Stay: 24 * time.Hour,
		Reach4: []Reach{{SameCarrier, 1}}, Reach6: []Reach{{Within48, 1}},
	}
}

func pooled(c Carrier) Carrier {
	c.Pooling = "arbitrary"
	return c
}

func six(c Carrier, reach ...Reach) Carrier {
	c.IPv6, c.Reach6 = 1, reach
	return c
}

func dual(c Carrier) Carrier {
	c.IPv6, c.Reach6 = 0.5, []Reach{{Within64, 0.2}, {OtherFamily, 0.8}}
	return c
}

func missed(c Carrier) Carrier {
	c.Restless, c.Missed = 0, 0.10
	return c
}

// relay is Private Relay's kind of egress: Cloudflare's ASN, shared addresses, a
// new one for each connection.
func relay() Carrier {
	return Carrier{
		ASN: 13335, Country: "US", Kind: "relay", Share: 0.3, Restless: 0.5, Pooling: "arbitrary", Stay: 5 * time.Minute,
		Addresses: 400, Reach4: []Reach{{SameCarrier, 1}}, Reach6: []Reach{{SameCarrier, 1}},
	}
}

// office is a fixed line with many people behind it.
func office() Carrier {
	c := quiet()
	c.Addresses = 20
	return c
}

// node is a proxy in a hosting network (Amazon's, AS16509): the site sees the
// viewers themselves, the CDN sees two addresses.
func node() Carrier {
	return Carrier{
		ASN: 16509, Country: "US", Kind: "hosting", Share: 0.05, Missed: 1, Addresses: 2, Pooling: "paired",
		Reach4: []Reach{{OtherCarrier, 1}}, Reach6: []Reach{{OtherCarrier, 1}},
	}
}

// mixed has a bit of all, on three hosts with three answers.
func mixed() World {
	near, far, fixed, second := mobile(Reach{Within24, 0.93}, Reach{SameCarrier, 0.07}), mobile(Reach{SameCarrier, 1}), quiet(), mobile(Reach{Within24, 0.95}, Reach{SameCarrier, 0.05})
	near.IPv6, far.ASN, far.Country, far.Share = 0.2, 64501, "CZ", 0.05
	fixed.IPv6, second.ASN, second.Country, second.Share = 0.3, 64502, "SK", 0.5
	wide := mobile(Reach{Within24, 0.2}, Reach{Within16, 0.72}, Reach{SameCarrier, 0.08})
	all := Mix{Late: 0.02, LateMoved: 0.004, Broken: 0.01, Bare: 0.005, Blocked: 0.01, Gaps: 0.01, Posted: 0.005, Preview: 0.01, Crawlers: 0.01}
	video, files, live := host("video.example.com", near, second, far, fixed), host("files.example.com", fixed), host("live.example.com", wide, fixed)
	video.Mix, files.Mix, live.Mix = all, all, all
	video.Share, files.Share, live.Share = 0.5, 0.2, 0.3
	files.Scope, files.Mix.Bare = "file", 0
	return World{Name: "mixed", About: "a bit of everything on three hosts: widen to /24, keep, widen to /16", Hosts: []Host{video, files, live}, Cookies: 0.3, Resumed: 0.2}
}

// hostile repeats nothing: what memory and dictionaries find hardest.
func hostile() World {
	h := host("cdn.example.com", missed(mobile(Reach{Within24, 0.93}, Reach{SameCarrier, 0.07})))
	h.Scope, h.Mix = "file", Mix{Late: 0.02, Broken: 0.02}
	return World{Name: "hostile", About: "every viewer makes one request, with an address, a link, a user agent and a referer of its own: widen to /24", Hosts: []Host{h}, Unique: true}
}
