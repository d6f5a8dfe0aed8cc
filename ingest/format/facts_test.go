package format

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// noted are the facts of records with these addresses and a query each.
func noted(addresses ...string) *Facts {
	var f Facts
	for _, a := range addresses {
		f.Note(&Record{Client: netip.MustParseAddr(a), Target: []byte("/a?b=c")})
	}
	return &f
}

func TestFactsOfAddresses(t *testing.T) {
	for _, c := range []struct {
		addresses string
		want      string // in the one sentence; "" for none
	}{
		{"203.0.113.7", ""},
		{"203.0.113.0", ""},
		{"203.0.113.0 198.51.100.0 203.0.113.0", ""}, // two viewers by chance
		{"203.0.113.0 198.51.100.0 192.0.2.0", "IPv4 addresses were cut"},
		{"203.0.113.0 198.51.100.0 192.0.2.0 192.0.2.1", ""},
		{"192.0.2.1 203.0.113.0 198.51.100.0 192.0.2.0", ""},
		{"2001:db8:: 2001:db8:1:: 2001:db8:2::", "IPv6 addresses were cut to /64"},
		{"2001:db8:: 2001:db8:1:: 2001:db8:2::1", ""},
		{"0.0.0.0 ::", "2 of 2 addresses were removed"},
	} {
		// one goroutine, and three that are merged
		list := strings.Fields(c.addresses)
		var merged Facts
		for i := range 3 {
			var mine []string
			for j := i; j < len(list); j += 3 {
				mine = append(mine, list[j])
			}
			merged.Merge(noted(mine...))
		}
		for _, f := range []*Facts{noted(list...), &merged} {
			got := f.Sentences("nginx")
			if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], c.want)) {
				t.Errorf("%s: %q, want %q", c.addresses, got, c.want)
			}
		}
	}
}

func TestFactsOfRecords(t *testing.T) {
	for _, c := range []struct {
		change func(*Record)
		want   string
	}{
		{func(*Record) {}, "[]"},
		{func(r *Record) { r.QueryCut = true }, "[100 of 100 lines cannot carry a query string: tokens in it are not in the log]"},
		{func(r *Record) { r.Target = []byte("/a") }, "[no line has a query string: it may have been stripped from the log]"},
		{func(r *Record) { r.Sampled = true }, "[the log is sampled: requests are missing, so no rates and no order of requests can be told from it]"},
		{func(r *Record) { r.Shield = true }, "[100 of 100 lines were written by shield servers or cache shards: another server of the CDN asked, and logged that, too]"},
		{func(r *Record) { r.Forwarded = true }, "[100 of 100 addresses are from X-Forwarded-For or a header like it, which a client can write itself]"},
		{func(r *Record) { r.Client = netip.AddrFrom4([4]byte{10, 0, 0, r.Client.As4()[3]}) }, "[all client addresses are private: unless the viewers are in the network of the server, they are those of a proxy before it; log X-Forwarded-For, or let the server take the address from there]"},
		{func(r *Record) { r.Behind = true }, "[100 of 100 lines name another public address in X-Forwarded-For or a header like it: where the client's address is that of a load balancer or another CDN, and the server takes the viewer's from there, name that value as client_ip (map in the configuration) or $remote_addr (--log-format)]"},
		{func(r *Record) { r.Zoneless = true }, "[the times say no zone: they are read as UTC]"},
	} {
		var f Facts
		for i := range 100 {
			r := Record{Client: netip.AddrFrom4([4]byte{203, 0, 113, byte(i + 1)}), Target: []byte("/a?b=c")}
			c.change(&r)
			f.Note(&r)
		}
		if got := fmt.Sprint(f.Sentences("csv")); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
	f := Facts{Records: 10000, Queries: 1}
	if got := fmt.Sprint(f.Sentences("gcore-viewer")); !strings.Contains(got, "exactly 10,000 rows") {
		t.Error(got)
	}
	for name, records := range map[string]int64{"gcore-viewer": 9999, "nginx-combined": 10000} {
		if got := (&Facts{Records: records, Queries: 1}).Sentences(name); got != nil {
			t.Errorf("%d records of %s: %q", records, name, got)
		}
	}
	f.Merge(&Facts{Zoneless: 1})
	if got := fmt.Sprint(f.Sentences("json")); !strings.Contains(got, "1 of 10,000 times say no zone") {
		t.Error(got)
	}
	f.Merge(&Facts{Page: true})
	if got := fmt.Sprint(f.Sentences("bunny-json")); !strings.Contains(got, "one page of an answer") {
		t.Error(got)
	}
}

func TestNotes(t *testing.T) {
	for file, want := range map[string]string{
		"bunny-bars.log": "cut before logging", "yandex.log": "read as UTC", "gcore.log": "shield servers", "bunny-json.log": "removed before logging", "nginx-combined.log": "",
	} {
		got := strings.Join(detected(t, fixture(t, file)).Notes(), "; ")
		if !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}

func TestFactsOfEdges(t *testing.T) {
	for _, c := range []struct{ names, want string }{
		{"fr5 fr5 fr5 fr5", "fr5"}, {"fr5 fr5 ams2 fr5", ""}, {"fr5 fr5 fr5 ams2", ""}, {"fr5 - fr5 fr5", ""}, {"- - - -", ""}, {"- - - fr5", ""},
	} {
		for parts := range 3 { // one goroutine, and up to three that are merged
			some := make([]Facts, parts+1)
			for i, name := range strings.Fields(c.names) {
				r := Record{Client: netip.MustParseAddr("203.0.113.7")}
				if name != "-" {
					r.Viewer.Edge = []byte(name)
				}
				some[i%(parts+1)].Note(&r)
			}
			var all Facts
			for i := range some {
				all.Merge(&some[i])
			}
			if all.Merge(&Facts{}); all.Edge() != c.want {
				t.Errorf("%s by %d: %q, want %q", c.names, parts+1, all.Edge(), c.want)
			}
		}
	}
}

// TestZonesOfRecords: a time that was read before says the same of its zone.
func TestZonesOfRecords(t *testing.T) {
	p := named(t, "nginx:$remote_addr [$time_local] \"$request\" $status").NewParser()
	for i, c := range []struct {
		time string
		want bool
	}{{"2026-11-23 09:26:12", true}, {"2026-11-23 09:26:12", true}, {"2026-11-23 09:26:12.5", true}, {"2026-11-23T09:26:12Z", false}, {"2026-11-23T09:26:12+00:00", false},
		{"1795425972", false}, {"1795425972.937", false}, {"23/Nov/2026:09:26:12", true}, {"23/Nov/2026:09:26:12 +0000", false}, {"23/Nov/2026:09:26:12 +0000", false},
		{"20261123T092612", true}, {"20261123T092612Z", false}} {
		var r Record
		if bad := p.Parse([]byte("203.0.113.7 ["+c.time+"] \"GET /a.ts HTTP/1.1\" 200"), &r); bad.Reason != "" || r.Zoneless != c.want {
			t.Errorf("line %d, %s: %+v, zoneless %v", i+1, c.time, bad, r.Zoneless)
		}
	}
}
