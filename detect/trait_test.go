package detect_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/detect/ticket"
)

// TestWhatRefusalsHaveInCommon: of 80 viewers 40 are refused for the same cause. What all of these
// have and hardly any of the others is named: the edge, the method, the country. Fewer than
// 10 may be one viewer, and changed addresses may all be near one edge.
func TestWhatRefusalsHaveInCommon(t *testing.T) {
	for name, c := range map[string]struct {
		refused int
		change  func(e *entry, fields map[int]string)
		want    string
	}{
		"one edge":   {40, func(e *entry, _ map[int]string) { e.edge = "waw-2" }, "cdn.test: one edge ([waw-2]) answered 40 of the 40 requests that were refused with a valid link, and only 50 % of all requests"},
		"few":        {9, func(e *entry, _ map[int]string) { e.edge = "waw-2" }, ""},
		"all edges":  {40, func(*entry, map[int]string) {}, ""},
		"clock":      {40, func(e *entry, _ map[int]string) { e.edge, e.target = "waw-2", video.until("/film/a.ts", e.ip, past) }, "40 requests that were refused as expired, and only 50 % of all requests: look at its clock"},
		"addresses":  {40, func(e *entry, _ map[int]string) { e.edge, e.target = "waw-2", video.link("/film/a.ts", home) }, ""},
		"preflights": {40, func(e *entry, _ map[int]string) { e.method = "OPTIONS" }, "cdn.test: 40 of the 40 requests that were refused with a valid link are OPTIONS, what browsers ask"},
		"no token":   {40, func(e *entry, _ map[int]string) { e.method, e.target = "OPTIONS", "/film/a.ts" }, "cdn.test: 40 of the 40 requests that were refused as unsigned are OPTIONS, what browsers ask"},
		"country":    {40, func(_ *entry, fields map[int]string) { fields[26] = "RU" }, "cdn.test: 40 of the 40 requests that were refused with a valid link came from one country (RU), and only 50 % of all requests"},
	} {
		t.Run(name, func(t *testing.T) {
			var l little
			var text strings.Builder
			for i := range 40 + c.refused {
				e := entry{host: video.host, ip: stranger(i), status: 200, at: time.Duration(i%40+1) * time.Minute}
				e.target = video.link(fmt.Sprintf("/film%d/a.ts", i), e.ip)
				fields := map[int]string{37: "-"}
				if i >= 40 {
					e.status = 403
					c.change(&e, fields)
				}
				text.WriteString(gcoreWith(l.entries[l.add(e)-1], fields))
			}
			tr := tryText(t, text.String(), settings{})
			said := strings.Join(tr.Warnings, "\n")
			if reason := tr.advice(video.host, "ipv4").Reason; strings.Contains(reason, "nearly all of them") != (c.want != "") {
				t.Errorf("the reason is %q", reason)
			}
			if got := tr.Denials.Common; (len(got) > 0) != (c.want != "") || len(got) > 0 && (!strings.Contains(c.want, got[0].Value) && got[0].Value != "[waw-2]" || got[0].Requests != 40 || got[0].Refused != 40) {
				t.Errorf("in common: %+v", got)
			}
			for viewer, refused := range map[int]bool{3: false, 41: true} { // a ticket says it of who was refused so
				one := tr.ticket(t, stranger(viewer))
				if got := one.Common; (got != nil) != (c.want != "" && refused) || got != nil && !strings.Contains(video.host+": "+got.Says, c.want) {
					t.Errorf("ticket of viewer %d, refused as %q: %+v", viewer, one.Cause, got)
				}
			}
			if c.want == "" && (strings.Contains(said, "one edge (") || strings.Contains(said, "one country") || strings.Contains(said, "OPTIONS")) || !strings.Contains(said, c.want) {
				t.Errorf("want %q in:\n%s", c.want, said)
			}
		})
	}
}

// ticket is what the case has of who asked from an address.
func (tr *trial) ticket(t *testing.T, ip string) *finding.Ticket {
	t.Helper()
	one, err := ticket.Find(context.Background(), tr.store, tr.Analysis, ticket.Complaint{IP: netip.MustParseAddr(ip), Window: time.Hour, Keyed: true})
	if err != nil {
		t.Fatal(err)
	}
	return one
}

// TestLinksOfAnOldKey: an edge that has another key since 13:00 refuses links of the old one. With
// both keys that is said; with one, when the links began that hold with it.
func TestLinksOfAnOldKey(t *testing.T) {
	before, after := site{host: "cdn.test", key: "key-of-before", dir: true}, site{host: "cdn.test", key: "key-of-after", dir: true}
	var l little
	for i := range 40 {
		ip := stranger(i)
		link := before.link(fmt.Sprintf("/film%d/a.ts", i), ip)
		l.add(entry{host: before.host, target: link, ip: ip, status: 200, at: time.Duration(i+1) * time.Minute})
		if i > 30 {
			l.add(entry{host: before.host, target: link, ip: ip, status: 403, at: time.Hour + time.Duration(i)*time.Second})
		}
		l.add(entry{host: after.host, target: after.link(fmt.Sprintf("/film%d/a.ts", 50+i), stranger(50+i)), ip: stranger(50 + i), status: 200, at: time.Hour + time.Duration(i+1)*time.Minute})
	}
	for name, c := range map[string]struct {
		keys []string
		want string
	}{
		"both keys": {[]string{before.key, after.key}, "cdn.test: 9 of the 9 requests that were refused as unresolved_signature are signed with key 1 of those given, which the edge has not taken since 2026-11-01 12:40:00 UTC, while it takes another: links of before break; let it take both for as long as links live, and state not_after: 2026-11-01T12:40:01Z of that key in --config"},
		"the new":   {[]string{after.key}, "all links from 2026-11-01 13:01:00 UTC on reproduce, and none before does: the key, or what is signed, was changed then; give the old key, too"},
		"the old":   {[]string{before.key}, "all links up to 2026-11-01 12:40:00 UTC reproduce, and none from 2026-11-01 13:01:00 on does: the key, or what is signed, was changed then; give the new key, too"},
	} {
		tr := l.try(t, settings{ringOf: c.keys})
		said := strings.Join(tr.Warnings, "\n")
		if one := tr.ticket(t, stranger(35)); (one.Common != nil) != (len(c.keys) == 2) || one.Common != nil && !strings.Contains(one.Answer, "a key that the edge did not take any more") {
			t.Errorf("%s: the ticket says %s; %+v", name, one.Answer, one.Common)
		}
		if !strings.Contains(said, c.want) {
			t.Errorf("%s: want %q in:\n%s", name, c.want, said)
		}
	}
}

// TestTicketOfADamagedLink: padding that was percent-encoded is the mistake where it explains all malformed links
// of the host, and not where another one is cut off.
func TestTicketOfADamagedLink(t *testing.T) {
	var l little
	l.audience(video, 40)
	l.get(video, strings.Replace(video.link("/film/a.ts", stranger(50)), "&expires", "%3D%3D&expires", 1), stranger(50), 403)
	if one := l.try(t, settings{}).ticket(t, stranger(50)); one.Cause != "malformed" || one.Mistake != "padded base64" {
		t.Errorf("%s, %q", one.Cause, one.Mistake)
	}
	l.get(video, "/film/b.ts?md5=abc&expires=1893456000", stranger(51), 403)
	if one := l.try(t, settings{}).ticket(t, stranger(51)); one.Cause != "malformed" || one.Mistake != "" {
		t.Errorf("%s, %q", one.Cause, one.Mistake)
	}
}
