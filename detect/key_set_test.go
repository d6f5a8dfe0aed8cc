package detect

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
	a := &analysis{hosts: map[string]*host{}}
	for i, keys := range [][]token.Key{{one}, {one}, {one, old}, nil, {key("other")}, {one}} {
		name := fmt.Sprintf("%d.example", i)
		a.hosts[name] = &host{name: name, keys: keys}
		a.names = append(a.names, name)
	}
	sets := a.keySets(func(h *host) bool { return h.name != "0.example" })
	got := ""
	for _, s := range sets {
		got += fmt.Sprintf("%s %d %t\n", s.host, len(s.keys), s.foreignTo(a.hosts["0.example"]))
	}
	if want := "1.example 1 false\n2.example 2 true\n4.example 1 true\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestSampleOf(t *testing.T) {
	for hosts, want := range map[int]int{1: 30, 500: 30, 1000: 15, 100_000: 3} {
		var suspects []*suspect
		for range hosts {
			h := &host{}
			suspects = append(suspects, &suspect{host: h}, &suspect{host: h})
		}
		if got := sampleOf(suspects, nil); got != want {
			t.Errorf("%d hosts: %d links of each, want %d", hosts, got, want)
		}
	}
}
