package detect_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestRule17OutsideShare: 40 viewers move within their /24, each of which holds
// a second address of the carrier and, for ten of them, one of another carrier.
// Of the pairs in one /24, 10 × 2 of 30 × 1 + 10 × 3 are of two carriers.
func TestRule17OutsideShare(t *testing.T) {
	var l little
	add := func(ip string, asn, status int, target string) {
		l.add(entry{host: video.host, target: target, ip: ip, asn: asn, status: status})
	}
	for i := range 40 {
		home, away := fmt.Sprintf("198.51.%d.10", i), fmt.Sprintf("198.51.%d.99", i)
		link := video.link(fmt.Sprintf("/move/%d/seg1.ts", i), home)
		add(home, 64500, 200, link)
		add(away, 64500, 403, on(fmt.Sprintf("/move/%d/seg2.ts", i), link))
		if i < 10 {
			other := fmt.Sprintf("198.51.%d.200", i)
			add(other, 64777, 200, video.link(fmt.Sprintf("/other/%d/seg1.ts", i), other))
		}
	}
	r := l.tryGcore(t, settings{user: "token"}).advice(video.host, "ipv4")
	if r == nil || r.Prefix == nil || *r.Prefix != 24 || r.OutsideShare == nil || *r.OutsideShare < 0.3333 || *r.OutsideShare > 0.3334 {
		t.Fatalf("%s", asJSON(t, r))
	}
	if said := strings.Join(r.Caveats, " "); !strings.Contains(said, "of two clients in one /24, 33 % are of different carriers") {
		t.Error(said)
	}
	if r := l.try(t, settings{}).advice(video.host, "ipv4"); r.OutsideShare != nil {
		t.Errorf("without carriers nothing is known: %v", *r.OutsideShare)
	}
}
