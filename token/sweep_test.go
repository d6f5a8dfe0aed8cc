package token

import (
	"net/netip"
	"testing"
)

// The list holds an address of every kind of text: the one link is signed for each in turn.
func TestAmongFindsEveryKindOfAddress(t *testing.T) {
	texts := map[string]string{ // as nginx prints them
		"198.51.100.7": "198.51.100.7", "2001:db8::1": "2001:db8::1", "::cb00:7109": "::203.0.113.9",
		"::ffff:203.0.113.9": "::ffff:203.0.113.9", "fe80::1%eth0": "fe80::1", "0.0.0.0": "0.0.0.0",
	}
	list := []netip.Addr{{}}
	for address := range texts {
		list = append(list, netip.MustParseAddr(address))
	}
	laid := NewList(list)
	for i, a := range list[1:] {
		trier, _ := aimed(t, "/a/b", "/a/b"+texts[a.String()])
		if got, tried, ok := trier.Among(laid, 0, len(list)); !ok || got != i+1 || tried != uint64(i)+2 {
			t.Errorf("%v: got %d after %d, %v", a, got, tried, ok)
		}
		if !trier.Hit(a, Binding{}) {
			t.Errorf("%v: no hit after the list", a)
		}
	}
	trier, _ := aimed(t, "/a/b", "/a/b192.0.2.1")
	if _, tried, ok := trier.Among(laid, 0, len(list)); ok || tried != uint64(len(list)) {
		t.Errorf("found in a list without it, after %d", tried)
	}
	if _, tried, ok := NewTrier(scheme(t, "gcore")).Among(laid, 0, len(list)); ok || tried != 0 {
		t.Errorf("not aimed: tried %d, %v", tried, ok)
	}
	if got, tried, ok := trier.Among(laid, 2, 4); ok || tried != 2 {
		t.Errorf("found %d in a part without it, after %d", got, tried)
	}
	none(t, "Among", func() { trier.Among(laid, 0, len(list)) })
}

// A trier that has searched for one link must search for the next, and not for the last.
func TestSearchFollowsTheAim(t *testing.T) {
	trier, first := aimed(t, "/a", "/a192.0.2.1")
	_, second := aimed(t, "/a", "/a192.0.2.2")
	prefix := netip.MustParsePrefix("192.0.2.0/24")
	for _, c := range []struct {
		link *Link
		path string
		want string
	}{{first, "/a", "192.0.2.1"}, {second, "/a", "192.0.2.2"}, {second, "/b", "invalid IP"}, {first, "/a", "192.0.2.1"}} {
		trier.Aim(c.link, []byte(c.path), mustKey(t, testKey))
		if a, _, _ := trier.Sweep(prefix); a.String() != c.want {
			t.Errorf("%s: got %v, want %s", c.path, a, c.want)
		}
	}
}
