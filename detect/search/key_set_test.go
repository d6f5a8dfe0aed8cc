package search

import (
	"fmt"
	"testing"

	"ipdrift/token"
)

// TestKeySets has three hosts with one key, of which one is left out, and two with others.
func TestKeySets(t *testing.T) {
	key := func(secret string) token.Key {
		k, err := token.NewKey(secret)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	one, old := key("one"), key("old")
	var sites []*Host
	for i, keys := range [][]token.Key{{one}, {one}, {one, old}, nil, {key("other")}, {one}} {
		name := fmt.Sprintf("%d.example", i)
		sites = append(sites, &Host{Name: name, Keys: keys})
	}
	sets := KeySets(sites[1:])
	got := ""
	for _, s := range sets {
		got += fmt.Sprintf("%s %d %t\n", s.Host, len(s.Keys), s.ForeignTo(sites[0]))
	}
	if want := "1.example 1 false\n2.example 2 true\n4.example 1 true\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestSampleOf(t *testing.T) {
	for hosts, want := range map[int]int{1: 30, 500: 30, 1000: 15, 100_000: 3} {
		var suspects []*Suspect
		for range hosts {
			h := &Host{}
			suspects = append(suspects, &Suspect{Host: h}, &Suspect{Host: h})
		}
		if got := sampleOf(suspects, nil); got != want {
			t.Errorf("%d hosts: %d links of each, want %d", hosts, got, want)
		}
	}
}
