package main

import (
	"fmt"
	"time"

	"ipdrift/ingest/synth/scenario"
)

// edit changes a world.
type edit func(*scenario.World)

// grid is the worlds that are measured, each with a seed of its own: all named
// scenarios, and mixtures that are harder. None of them was looked at when a
// threshold was set; those come from the rules of evidence.
func grid(seed uint64) ([]scenario.World, error) {
	g := &gridder{seed: seed}
	const roaming = "wandering"
	for _, s := range scenario.Scenarios() {
		if s.Name != roaming {
			g.add(s.Name, s.Name)
		}
	}
	for _, name := range []string{"rotation24", "rotation16", "arbitrary", "dualstack", "missed", "refresh", "live", "masked24"} {
		g.add(name+", no ids in the log", name, format("nginx"))
	}
	g.add("rotation16, Cloudflare's log", "rotation16", format("cloudflare"))
	g.add("rotation24, files by ranges", "rotation24", onHost(func(h *scenario.Host) { h.Scope = "file" }), format("json"))
	g.add("ipv6, widen to /56", "ipv6", reach6(scenario.Within56))
	g.add("ipv6, widen to /48", "ipv6", reach6(scenario.Within48))
	g.add("arbitrary, links of a minute", "arbitrary", onHost(func(h *scenario.Host) { h.Life, h.Refresh = time.Minute, true }))
	g.add("live behind 100 addresses", "live", onHost(func(h *scenario.Host) { h.Carriers[0].Addresses = 100 }))
	g.add("live behind 100 addresses, no ids", "live", onHost(func(h *scenario.Host) { h.Carriers[0].Addresses = 100 }), format("nginx"))
	for _, name := range []string{"shared-links", "neighbours", "expired", "broken-signer", "elsewhere", "bots", "offices", "relay"} {
		g.add(name+" and rotation16", name, joinedBy("rotation16"))
	}
	g.add("expired with 403 and rotation24", "expired", joinedBy("rotation24"), onHost(func(h *scenario.Host) { h.Expired = 403 }))
	for _, share := range []float64{0.42, 0.72, 0.88} {
		g.add(fmt.Sprintf("a /24 accepts %.0f %%", 100*share), "rotation24", func(w *scenario.World) { w.SetShare(share) }, viewers(6000))
	}
	g.add(roaming, roaming)
	for _, share := range []float64{0.42, 0.60, 0.74, 0.88, 0.95} {
		g.add(fmt.Sprintf("%.0f %% roam, no ids", 100*share), roaming, roam(share), format("nginx"), viewers(4000))
	}
	few := onHost(func(h *scenario.Host) { h.Titles, h.Agents = 1, 12 })
	g.add("74 % roam, one title, no ids", roaming, roam(0.74), format("nginx"), few, viewers(4000))
	g.add("74 % roam, one title within an hour, no ids", roaming, roam(0.74), format("nginx"), few, viewers(4000), within(time.Hour))
	g.add("79 % roam, live within an hour, no ids", "live", roam(0.79), format("nginx"), viewers(4000), within(time.Hour))
	g.add("96 % roam, live within an hour, no ids", "live", roam(0.96), format("nginx"), viewers(4000), within(time.Hour))
	g.add("74 % roam, files by ranges, no ids", roaming, roam(0.74), format("json"), onHost(func(h *scenario.Host) { h.Scope = "file" }), viewers(4000))
	return g.worlds, g.err
}

// gridder collects worlds.
type gridder struct {
	seed   uint64
	worlds []scenario.World
	err    error
}

// Some 200 of these viewers are affected where a tenth of them is restless.
const (
	usualViewers = 2000
	linesEach    = 16 // of a viewer
)

func (g *gridder) add(name, scenarioName string, edits ...edit) {
	w, err := scenario.Named(scenarioName)
	if err != nil {
		g.err = err
		return
	}
	w.Seed, w.Format, w.Users = g.seed+uint64(len(g.worlds)), "gcore", usualViewers
	if scenarioName == "mixed" {
		w.Users *= 4 // over three hosts and two families
	}
	for _, e := range edits {
		e(&w)
	}
	w.Name, w.Lines = name, w.Users*linesEach
	if w.Unique {
		w.Users = w.Lines
	}
	g.worlds = append(g.worlds, w)
}

func format(name string) edit { return func(w *scenario.World) { w.Format = name } }

func viewers(n int64) edit { return func(w *scenario.World) { w.Users = n } }

func within(d time.Duration) edit { return func(w *scenario.World) { w.Span = d } }

func onHost(change func(*scenario.Host)) edit {
	return func(w *scenario.World) { change(&w.Hosts[0]) }
}

func reach6(within scenario.Within) edit {
	return onHost(func(h *scenario.Host) {
		h.Carriers[0].Reach6 = []scenario.Reach{{Within: within, Share: 0.93}, {Within: scenario.SameCarrier, Share: 0.07}}
	})
}

// joinedBy adds the carriers of another scenario, with twice the subscribers.
func joinedBy(name string) edit {
	return func(w *scenario.World) {
		other, err := scenario.Named(name)
		if err != nil {
			panic(err) // a name of this file
		}
		for _, c := range other.Hosts[0].Carriers {
			c.Share = 2
			w.Hosts[0].Carriers = append(w.Hosts[0].Carriers, c)
		}
	}
}

// roam has the carriers of wandering, of whose restless viewers a share stays in the /16.
func roam(share float64) edit {
	return func(w *scenario.World) {
		other, err := scenario.Named("wandering")
		if err != nil {
			panic(err) // a name of the room
		}
		h := &w.Hosts[0]
		h.Carriers, h.Renew = other.Hosts[0].Carriers, other.Hosts[0].Renew
		h.Carriers[0].Share, h.Carriers[1].Share = share, 1-share
	}
}

// smaller leaves a fifth of the viewers.
func smaller(w scenario.World) scenario.World {
	w.Users, w.Lines = w.Users/5, w.Lines/5
	return w
}
