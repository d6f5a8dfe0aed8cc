package main

import (
	"fmt"
	"math/rand/v2"
	"net/netip"

	"ipdrift/testdata/nginx/rig"
)

// demoKey is published: it protects nothing but this log.
const demoKey = "demo-key-not-secret"

func hosts() []rig.Host {
	return []rig.Host{
		{Name: "video.example.com", Key: demoKey, Dir: true, Bound: true},
		{Name: "files.example.com", Key: demoKey, Bound: true},
		{Name: "share.example.com", Key: demoKey, Dir: true, Bound: true},
		{Name: "open.example.com", Key: demoKey, Dir: true, Refuse: `if ($http_referer ~ "leech\.example") { return 403; }`},
		{Name: "masked.example.com", Key: demoKey, Dir: true, Bound: true, Prefix4: 24, Form: rig.FormNetwork},
	}
}

const (
	video = iota
	files
	share
	open
	masked
)

// role is a number of viewers of one host who do the same.
type role struct {
	host     int
	scenario string
	viewers  int
	ipv6     bool
	script   func(*viewer)
}

var roles = []role{
	{video, "stable", 300, false, stable},
	{video, "stable_ipv6", 45, true, stable},
	{video, "moves_in_24", 38, false, moves(24)},
	{video, "moves_in_16", 42, false, moves(16)},
	{video, "moves_far", 4, false, moves(0)},
	{video, "first_request_in_24", 3, false, firstRequest(24)},
	{video, "first_request_in_16", 6, false, firstRequest(16)},
	{video, "moves_in_64", 36, true, moves(64)},
	{video, "ipv6_to_ipv4", 3, true, leavesIPv6},
	{video, "expired", 12, false, outlives},
	{video, "expired_and_moved", 4, false, returnsLate},
	{video, "malformed", 6, false, breaks},
	{files, "stable", 110, false, downloads},
	{files, "stable_ipv6", 15, true, downloads},
	{files, "expired", 30, false, downloadsLate},
	{files, "malformed", 16, false, breaks},
	{files, "wrong_scope", 14, false, mistakesScope},
	{share, "stable", 70, false, stable},
	{share, "shared_link", 5, false, nil},
	{open, "stable", 80, false, roams},
	{open, "expired", 24, false, outlives},
	{open, "referer", 22, false, leeches},
	{open, "shared_link", 2, false, nil},
	{masked, "stable", 90, false, stable},
	{masked, "moves_in_24", 34, false, movesFreely},
	{masked, "moves_in_16", 40, false, moves(16)},
	{masked, "moves_far", 3, false, moves(0)},
	{masked, "expired", 5, false, outlives},
}

// cast makes the viewers. Each has its own randomness, so that nothing depends
// on who comes first.
func cast(seed uint64, part float64) (viewers []*viewer) {
	all := hosts()
	for i, r := range roles {
		for n := range max(1, int(float64(r.viewers)*part)) {
			rng := rand.New(rand.NewPCG(seed, uint64(i)<<32|uint64(n)))
			v := &viewer{
				Rand: rng, id: fmt.Sprintf("%s-%s-%03d", all[r.host].Name[:4], r.scenario, n+1),
				scenario: r.scenario, script: r.script, host: all[r.host], lifetime: 6 * 3600,
				agent: agentOf(rng), refers: "https://www.example.com/watch/" + fmt.Sprint(100+rng.IntN(60)),
				dir: fmt.Sprintf("/vod/film-%03d/%s/", rng.IntN(60), [...]string{"1080p", "720p", "480p"}[rng.IntN(3)]),
			}
			v.addr = v.home(r.ipv6)
			if r.script == nil {
				viewers = append(viewers, v.audience()...)
				continue
			}
			viewers = append(viewers, v)
		}
	}
	return viewers
}

// home is an address of one of 40 access networks, in ranges that no real
// network uses: 240.0.0.0/4 and 2001:db8::/32.
func (v *viewer) home(ipv6 bool) netip.Addr {
	network := byte(v.IntN(40))
	if ipv6 {
		return netip.AddrFrom16([16]byte{0x20, 1, 0x0d, 0xb8, 0, network, byte(v.IntN(256)), byte(v.IntN(256)),
			byte(1 + v.IntN(255)), byte(v.IntN(256)), byte(v.IntN(256)), 0xff, 0xfe, byte(v.IntN(256)), byte(v.IntN(256)), byte(1 + v.IntN(255))})
	}
	return netip.AddrFrom4([4]byte{241 + network%5, 10 + network*3, byte(v.IntN(256)), byte(1 + v.IntN(254))})
}

// audience is the viewer who posts a link, and five to eight strangers of
// unrelated networks who follow it at the same time.
func (v *viewer) audience() []*viewer {
	link := make(chan struct{})
	v.script = func(v *viewer) {
		if v.start() {
			close(link)
			v.watch(16)
			return
		}
		close(link)
	}
	people := []*viewer{v}
	for i := range 5 + v.IntN(4) {
		w := *v
		w.Rand = rand.New(rand.NewPCG(v.Uint64(), uint64(i)))
		w.id = fmt.Sprintf("%s-guest-%d", v.id, i+1)
		w.addr = netip.AddrFrom4([4]byte{246 + byte(i), byte(w.IntN(256)), byte(w.IntN(256)), byte(1 + w.IntN(254))})
		w.agent = agentOf(w.Rand)
		w.script = func(w *viewer) {
			<-link
			w.signed, w.deadline = v.signed, v.deadline
			w.follow()
		}
		people = append(people, &w)
	}
	return people
}

// agentOf draws a user agent: a phone three times out of four.
func agentOf(r *rand.Rand) string {
	system := [...]string{"17_6", "18_0", "18_1"}[r.IntN(3)]
	chrome := 128 + r.IntN(4)
	model := [...]string{"SM-S918B", "SM-A546B", "Pixel 8", "Pixel 7a", "M2102J20SG", "moto g(60)", "CPH2449", "RMX3710"}[r.IntN(8)]
	android := fmt.Sprintf("Mozilla/5.0 (Linux; Android 14; %s) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Mobile Safari/537.36", model, chrome)
	return [...]string{
		android, android, android, android,
		"AppleCoreMedia/1.0.0.22A3351 (iPhone; U; CPU OS " + system + " like Mac OS X; en_gb)",
		"Mozilla/5.0 (iPhone; CPU iPhone OS " + system + " like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
		fmt.Sprintf("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36", chrome),
		"ExampleTV/7.2.1 (Linux;Android 11) ExoPlayerLib/2.19.1",
	}[r.IntN(8)]
}
