// Package scenario simulates the audience of protected hosts and writes the
// access log that their CDN would have written, with the truth beside it:
// subscribers of carriers whose addresses change, players, shared links, broken
// signers, expired links, bots and other rules that refuse.
//
// What is true comes out of the simulation: it knows which address a link was
// signed for and which one asked, so nothing is ever verified. Links are signed
// with crypto/md5 by Gcore's published recipe, with no help from the code that
// a log is meant to test. The same [World] and key give the same bytes.
//
// # Truth
//
// Each line has a verdict, a cause and a detail in the product's words, the
// address its link was signed for (where its hash holds for one), a user, a link
// and a carrier's ASN. Each user is one person or robot, whatever the number of
// links, and has
//
//   - a role in the story: viewer, late, late_moved, misled (by a broken signer),
//     bare (the token is not forwarded), blocked and gapped (by other rules),
//     owner, stranger and neighbour (of a link that was handed on), preview,
//     crawler;
//   - a class: what is true of that person. A neighbour is undetermined: no
//     change of address, and too few networks to call them strangers; who asked
//     for a link that at least three other carriers asked for is many_networks,
//     its owner too; robots and nodes in hosting networks are undetermined, and
//     so is who was refused for the address of a relay, which never justifies a
//     mask;
//   - common_bits, those that the worst refused address shares with the signing
//     one (-1 across families), and from it what each candidate would have saved.
//
// No request comes within 5 seconds of its link's expiry, where clocks that
// count seconds leave the verdict open.
//
// Addresses are of ranges that no network uses (240.0.0.0/4, and 3fff::/20 for
// documentation, RFC 9637); that of a signer's own proxy is private. No value in a
// log needs escaping in any format.
package scenario

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// World says what is simulated. The zero value of Seed is a seed like others;
// that of Users, Start, Span, Edges and Format stands for its default.
type World struct {
	Name    string        `json:"name"`
	About   string        `json:"about"`
	Seed    uint64        `json:"seed"`
	Lines   int64         `json:"lines"`            // exactly this many requests are logged
	Users   int64         `json:"users"`            // about this many viewers; default one per 60 lines, or per line where Unique
	Start   time.Time     `json:"start"`            // of the log; default 2026-11-01 00:00 UTC
	Span    time.Duration `json:"span_ns"`          // about this long; default 24 h
	Edges   int           `json:"edges"`            // log files, one per edge; default 1
	Format  string        `json:"log_format"`       // one of Formats; default gcore
	Hosts   []Host        `json:"hosts"`            // at least one
	Unique  bool          `json:"unique,omitempty"` // every viewer has a user agent and a referer of its own
	Cookies float64       `json:"cookies"`          // share of viewers with a uid cookie (Gcore fields 24 and 25)
	Resumed float64       `json:"resumed"`          // share whose TLS session is resumed on every connection (fields 43 and 44)
}

// Host is a CDN resource: how its edge checks links, and who uses them.
type Host struct {
	Name     string        `json:"name"`
	Share    float64       `json:"share"`             // of the viewers, by weight
	Scope    string        `json:"scope"`             // "dir": a playlist and its segments; "file": one file by ranges
	Bind     string        `json:"bind"`              // "address", "mask" or "none"
	Prefix4  int           `json:"prefix4,omitempty"` // of Bind "mask"; addresses are hashed as a.b.c.0
	Prefix6  int           `json:"prefix6,omitempty"`
	Expired  int           `json:"expired_status"` // of expired links: 410 or 403
	Life     time.Duration `json:"life_ns"`        // of a link
	Refresh  bool          `json:"refresh"`        // players fetch a new link 10 s before the old one expires
	Mistakes []Mistake     `json:"mistakes"`       // of the signer, for the Mix's Broken; none: all
	Proxied  float64       `json:"signer_proxied"` // share of links whose signer saw its own proxy: all are for one address
	Near     float64       `json:"strangers_near"` // share of the strangers on a posted link, after the first four, that live in its owner's /16
	Renew    float64       `json:"renew"`          // chance that a refused viewer fetches a new link, instead of leaving
	Live     bool          `json:"live,omitempty"` // viewers watch what is on now: one segment at a time, and the playlist between them
	Titles   int           `json:"titles"`         // of which some are watched more than others; default 5,000
	Agents   int           `json:"agents"`         // user agents; default 840
	Mix      Mix           `json:"mix"`            // what befalls viewers
	Carriers []Carrier     `json:"carriers"`       // whose subscribers they are
}

// Mix is the share of viewers that something befalls; the others just watch.
type Mix struct {
	Late      float64 `json:"late"`       // the link expires before the film ends
	LateMoved float64 `json:"late_moved"` // so it does, and then the address changes
	Broken    float64 `json:"broken"`     // the signer made one of the host's mistakes
	Bare      float64 `json:"bare"`       // the token is not forwarded to the segments
	Blocked   float64 `json:"blocked"`    // another rule refuses, whatever the token
	Gaps      float64 `json:"gaps"`       // the origin answers 403 for some segments
	Posted    float64 `json:"posted"`     // the link is posted: 4 to 12 strangers of other carriers try it
	Lent      float64 `json:"lent"`       // the link goes to a neighbour in the same /24
	Preview   float64 `json:"preview"`    // a chat's link preview fetches the playlist, too
	Crawlers  float64 `json:"crawlers"`   // no viewer at all: a robot without tokens
}

// Carrier is a network with subscribers.
type Carrier struct {
	ASN       uint32        `json:"asn"`
	Country   string        `json:"country"`
	Kind      string        `json:"kind"`                // "mobile", "fixed", "relay" or "hosting"
	Share     float64       `json:"share"`               // of the host's viewers, by weight
	IPv6      float64       `json:"ipv6"`                // share of subscribers that reach the edge over IPv6
	Restless  float64       `json:"restless"`            // share whose address changes while they watch
	Missed    float64       `json:"missed"`              // share for whom the site always sees another address
	Pooling   string        `json:"pooling"`             // "paired": one address at a time; "arbitrary": one per connection
	Stay      time.Duration `json:"stay_ns"`             // mean time between changes after the first
	Again     float64       `json:"again,omitempty"`     // chance that the address of a refused viewer changes again before a new link is signed, so that it is for a third one
	Addresses int           `json:"addresses,omitempty"` // all subscribers share so many; 0: each has its own
	Reach4    []Reach       `json:"reach4"`              // how far changes go, drawn once for each subscriber
	Reach6    []Reach       `json:"reach6"`
}

// Reach is how far from the signing address a subscriber's changes go, and the
// share of subscribers for whom it is so.
type Reach struct {
	Within Within  `json:"within"`
	Share  float64 `json:"share"`
}

// Within is the smallest usual network that holds both addresses of a change.
type Within string

// The reaches. A change within a /16 always leaves the /24, and so on.
const (
	Within24     Within = "/24"
	Within16     Within = "/16"
	Within64     Within = "/64"
	Within56     Within = "/56"
	Within48     Within = "/48"
	SameCarrier  Within = "carrier"       // another block of the same carrier
	OtherCarrier Within = "other carrier" // from Wi-Fi to cellular, say
	OtherFamily  Within = "other family"  // from IPv4 to IPv6, or back
)

func (w *World) complete() error {
	if w.Lines < 1 {
		return errors.New("a made-up log needs at least one line")
	}
	if w.Users <= 0 && w.Unique {
		w.Users = w.Lines
	}
	if w.Users <= 0 {
		w.Users = max(1, w.Lines/60)
	}
	if w.Start.IsZero() {
		w.Start = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	}
	if w.Span <= 0 {
		w.Span = 24 * time.Hour
	}
	w.Start, w.Edges = w.Start.UTC(), max(1, w.Edges)
	if w.Format == "" {
		w.Format = "gcore"
	}
	if len(w.Hosts) == 0 {
		return errors.New("a made-up world needs at least one host")
	}
	for i := range w.Hosts {
		if err := w.Hosts[i].check(); err != nil {
			return fmt.Errorf("host %s: %w", w.Hosts[i].Name, err)
		}
		w.Hosts[i].Titles = cmp.Or(w.Hosts[i].Titles, 5000)
	}
	return nil
}

func (h *Host) check() error {
	m := h.Mix
	all := []float64{m.Late, m.LateMoved, m.Broken, m.Bare, m.Blocked, m.Gaps, m.Posted, m.Lent, m.Preview, m.Crawlers}
	sum := 0.0
	for _, share := range all {
		sum += share
	}
	switch {
	case !slices.Contains([]string{"dir", "file"}, h.Scope):
		return fmt.Errorf("scope %q: dir or file", h.Scope)
	case !slices.Contains([]string{"address", "mask", "none"}, h.Bind):
		return fmt.Errorf("bind %q: address, mask or none", h.Bind)
	case sum > 1+1e-9 || slices.Min(all) < 0:
		return fmt.Errorf("the mix adds up to %g: at most 1, and nothing below 0", sum)
	case len(h.Carriers) == 0:
		return errors.New("no carriers")
	}
	return nil
}

// SetShare makes share of all subscribers' changes stay within a /24 (IPv6:
// within a /64); all others leave every candidate.
func (w *World) SetShare(share float64) {
	for i := range w.Hosts {
		for j := range w.Hosts[i].Carriers {
			c := &w.Hosts[i].Carriers[j]
			c.Reach4 = []Reach{{Within24, share}, {SameCarrier, 1 - share}}
			c.Reach6 = []Reach{{Within64, share}, {SameCarrier, 1 - share}}
		}
	}
}
