package detect_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"ipdrift/detect/finding"
)

// TestWrappedKey: a key in quotes or behind a name is not the edge's, and the hashes tell so. Where the edge has it with them, it is.
func TestWrappedKey(t *testing.T) {
	for text, says := range map[string]bool{`"` + secret + `"`: true, "token=" + secret: true, "secret_key: '" + secret + "'": true, `"another"`: false} {
		var l little
		l.audience(video, 40)
		c := l.try(t, settings{keys: map[string]string{"": text}}).host(t, video.host)
		if c.Status != finding.Failed || strings.Contains(c.Reason, "40 of 40 failing tokens reproduce with what stands inside; save that alone") != says {
			t.Errorf("%s: %s", text, c.Reason)
		}
		own := video
		own.key = text
		l = little{}
		l.audience(own, 40)
		if c := l.try(t, settings{keys: map[string]string{"": text}}).host(t, video.host); c.Status != finding.Verified {
			t.Errorf("%s, the edge's own: %s", text, c.Reason)
		}
	}
}

// TestRule01Diagnosis reads the sentence about a host that failed.
func TestRule01Diagnosis(t *testing.T) {
	masked := func(ip string) string { return ip[:strings.LastIndexByte(ip, '.')] + ".0" }
	for _, c := range []struct {
		name string
		fill func(*little)
		s    settings
		want string
	}{
		{"wrong key", func(l *little) { l.audience(folder, 40) }, settings{keys: map[string]string{"": "some-other-key"}}, "most likely the key or the scheme is wrong"},
		{"wrong key, viewers in private networks", func(l *little) {
			for i := range 40 {
				ip := fmt.Sprintf("10.%d.3.4", i)
				l.get(folder, folder.link(fmt.Sprintf("/p/%d/a.ts", i), ip), ip, 200)
			}
		}, settings{keys: map[string]string{"": "some-other-key"}}, "most likely the key or the scheme is wrong"},
		{"addresses masked in the log", func(l *little) {
			for i := range 40 {
				ip := fmt.Sprintf("20.%d.7.%d", i, i+9)
				l.get(folder, folder.link(fmt.Sprintf("/m/%d/a.ts", i), ip), masked(ip), 200)
			}
		}, settings{}, "addresses are masked (40 of 40 end in zeros)"},
		{"addresses masked in the log, and a mask since some time", func(l *little) {
			for i := range 80 {
				ip := fmt.Sprintf("20.%d.7.%d", i, i+9)
				l.get(folder, site{host: folder.host, dir: true, text: map[bool]func(string) string{true: masked}[i >= 40]}.link(fmt.Sprintf("/m/%d/a.ts", i), ip), masked(ip), 200)
			}
		}, settings{}, "all links from 2026-11-01 12:00:40 UTC on reproduce, as they are bound to a network: --since that time tells of these"},
		{"IPv6 addresses masked in the log", func(l *little) {
			for i := range 40 {
				l.get(folder, folder.link(fmt.Sprintf("/m/%d/a.ts", i), fmt.Sprintf("2001:db8:%x:7::9", i+1)), fmt.Sprintf("2001:db8:%x:7::", i+1), 200)
			}
		}, settings{}, "addresses are masked (40 of 40 end in zeros)"},
		{"a proxy in the address field", func(l *little) {
			for i := range 40 {
				l.get(folder, folder.link(fmt.Sprintf("/m/%d/a.ts", i), stranger(i)), "192.0.2.80", 200)
			}
		}, settings{}, "40 of 40 links come from the one address 192.0.2.80, a proxy"},
		{"the signer sees its own proxy", func(l *little) {
			for i := range 40 {
				l.get(folder, folder.link(fmt.Sprintf("/m/%d/a.ts", i), stranger(39)), stranger(i), 200)
			}
		}, settings{}, "signed for the one address " + stranger(39)},
		{"the key of another host", func(l *little) {
			other := site{host: "other.test", key: "the-other-key", dir: true}
			l.audience(other, 40)
			other.host = folder.host
			l.audience(other, 40)
		}, settings{keys: map[string]string{folder.host: secret, "other.test": "the-other-key"}}, "the key of other.test fits: 40 of 40"},
		{"a key file in base64", func(l *little) { l.audience(folder, 40) }, settings{keys: map[string]string{"": base64.StdEncoding.EncodeToString([]byte(secret))}},
			"40 of 40 failing tokens reproduce with the key decoded from hexadecimal digits or base64: if the edge serves them"},
		{"a key file that lost the quotes", func(l *little) {
			quoted := site{host: folder.host, key: `"` + secret + `"`, dir: true}
			l.audience(quoted, 40)
		}, settings{}, "with the key in quotes"},
		{"a key of nobody's", func(l *little) { l.audience(folder, 40) }, settings{keys: map[string]string{"": "the-other-key"}},
			"none of 40 served tokens reproduces: most likely the key or the scheme is wrong"},
		{"a second key", func(l *little) {
			l.audience(folder, 40)
			l.forged(folder, 20, 1)
			l.get(folder, folder.link("/late/a.ts", stranger(99)), stranger(99), 200)
		}, settings{}, "a second key may be in use"},
		{"some edges log a proxy", func(l *little) { // two of them, 10 viewers each with one of five players
			l.audience(folder, 40)
			for i := range 20 {
				l.add(entry{host: folder.host, target: folder.link(fmt.Sprintf("/late/%d/a.ts", i), stranger(60+i)), ip: fmt.Sprintf("192.0.2.%d", i%2), status: 200, agent: fmt.Sprint("player/", i/2%5)})
			}
			l.get(folder, folder.link("/later/a.ts", stranger(99)), stranger(99), 200)
		}, settings{}, "only 41 of 61 served tokens reproduce: 20 of 20 that fail were served to 2 addresses with many user agents, for which none reproduces (10 to 192.0.2.0), as where some edges log a proxy's address"},
		{"a second key, in homes with four players", func(l *little) {
			l.audience(folder, 40)
			other := folder
			other.key = "not-the-key-of-the-host"
			for i := range 20 {
				ip := stranger(60 + i%2)
				l.add(entry{host: folder.host, target: other.link(fmt.Sprintf("/late/%d/a.ts", i), ip), ip: ip, status: 200, agent: fmt.Sprint("player/", i%4)})
			}
			l.get(folder, folder.link("/later/a.ts", stranger(99)), stranger(99), 200)
		}, settings{}, "a second key may be in use"},
		{"an edge that does not check", func(l *little) {
			l.audience(folder, 40)
			for i := range 10 {
				l.get(folder, folder.link(fmt.Sprintf("/crowd/%d/a.ts", i), stranger(i)), stranger(50+i), 200)
			}
		}, settings{}, "10 links were served to the address that they were signed for, and to others, too"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var l little
			c.fill(&l)
			got := l.try(t, c.s).host(t, folder.host)
			if got.Status != finding.Failed || !strings.Contains(got.Reason, c.want) {
				t.Errorf("%s: %s; want %q", got.Status, got.Reason, c.want)
			}
		})
	}
}

// TestRule02MaskedLogIsToldFromAMask: addresses that end in zeros verify where the
// host binds to the network, and nothing is wrong.
func TestRule02MaskedLogIsToldFromAMask(t *testing.T) {
	var l little
	for i := range 40 {
		ip := fmt.Sprintf("20.%d.7.0", i)
		l.get(folder, folder.link(fmt.Sprintf("/m/%d/a.ts", i), ip), ip, 200)
	}
	tr := l.try(t, settings{})
	if c := tr.host(t, folder.host); c.Status != finding.Verified {
		t.Errorf("%s: %s", c.Status, c.Reason)
	}
	const says = "the addresses in this log are masked (they end in zeros)"
	tr.says(t, says)
	l.audience(folder, 20) // 40 of 60 end in zeros: no masked log
	if said := strings.Join(l.try(t, settings{}).Warnings, "\n"); strings.Contains(said, says) {
		t.Errorf("%q", said)
	}
}

// TestRule02NoMaskFromMaskedAddresses: 90 viewers moved within the /24, which a masked log does not show, and 40 to
// another /24 of their /16. Without a key a /16 seemed to be what all need.
func TestRule02NoMaskFromMaskedAddresses(t *testing.T) {
	var l little
	for i := range 200 {
		at := time.Duration(i) * time.Minute
		for n := range 6 {
			e := entry{host: folder.host, ip: fmt.Sprintf("20.%d.7.0", i), status: 200, at: at + time.Duration(6*n)*time.Second}
			e.target = folder.link(fmt.Sprintf("/v/%d/seg%d.ts", i, n), fmt.Sprintf("20.%d.7.%d", i, 1+i))
			if i < 130 && n > 3 {
				e.status = 403
			}
			if i < 40 && n > 3 {
				e.ip = fmt.Sprintf("20.%d.8.0", i)
			}
			l.add(e)
		}
	}
	r := l.try(t, settings{noKey: true}).advice(folder.host, "ipv4")
	if r.Decision != finding.InsufficientEvidence || r.AffectedUsers != 40 || !strings.Contains(r.Reason, "only those are seen to move who left such a network") {
		t.Errorf("%s, %d affected: %s", r.Decision, r.AffectedUsers, r.Reason)
	}
}

// TestRule02NothingFailed: a thousand requests without a missing file, a broken-off download or a refusal are what a
// filter leaves.
func TestRule02NothingFailed(t *testing.T) {
	for _, c := range []struct {
		served, missing int
		says            bool
	}{{1000, 0, true}, {999, 0, false}, {1000, 1, false}} {
		var l little
		for i := range c.served + c.missing {
			l.get(folder, folder.link(fmt.Sprintf("/v/%d/a.ts", i%100), stranger(i%100)), stranger(i%100), 200)
		}
		for i := range c.missing {
			l.entries[i].status = 404
		}
		said := strings.Join(l.try(t, settings{}).Warnings, "\n")
		if strings.Contains(said, "none of 1,000 requests has a status of 400 or more") != c.says {
			t.Errorf("%d served, %d missing: %q", c.served, c.missing, said)
		}
	}
}
