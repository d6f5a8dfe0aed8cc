package detect_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ipdrift/detect/search"
)

// TestFullSearchesStopWhereTheKeyIsTheQuestion: of 8 refused links with forged hashes all are
// searched where others of the host reproduce, and 3 where none does, unless one of these is
// found: then the address is the question. Each search is told beforehand.
func TestFullSearchesStopWhereTheKeyIsTheQuestion(t *testing.T) {
	for name, c := range map[string]struct {
		served int
		links  site // that are refused
		of     string
		want   []string
		warned bool
	}{
		"others reproduce":   {40, site{host: folder.host, dir: true, key: "forged"}, "stranger", []string{"0/8", "1/8", "2/8", "3/8", "4/8", "5/8", "6/8", "7/8"}, false},
		"none reproduces":    {0, site{host: folder.host, dir: true, key: "forged"}, "stranger", []string{"0/3", "1/3", "2/3"}, true},
		"of another address": {0, folder, "1.1.200.9", []string{"0/3", "1/8", "2/8", "3/8", "4/8", "5/8", "6/8", "7/8"}, false},
	} {
		var l little
		l.audience(folder, c.served)
		for i := range 8 {
			ip := stranger(100 + i)
			signed := ip
			if c.of != "stranger" {
				signed = c.of
			}
			l.get(folder, c.links.link(fmt.Sprintf("/f/%d/a.ts", i), signed), ip, 403)
		}
		var told []string
		tr := l.try(t, settings{
			recover: search.RecoverFull, search: func(done, of int) { told = append(told, fmt.Sprintf("%d/%d", done, of)) },
			tries: func(l *search.Limits) { l.Networks = 1<<8 + 2 }, // 1.0.0.0/16 and 1.1.0.0/16 are the highest
		})
		if warned := strings.Contains(strings.Join(tr.Warnings, "\n"), "5 links were not searched through all of IPv4, as no hash of their host reproduces and the first 3 were in vain"); !slices.Equal(told, c.want) || warned != c.warned {
			t.Errorf("%s: searched %v, want %v: %q", name, told, c.want, tr.Warnings)
		}
	}
}
