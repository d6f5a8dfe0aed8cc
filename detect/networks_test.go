package detect_test

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"ipdrift/detect/finding"
	"ipdrift/ingest"
)

// mmdb writes a file of networks, in the words of GeoLite2-ASN or of IPinfo.
func mmdb(t testing.TB, ipinfo bool, nets map[string]uint32) string {
	t.Helper()
	w, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Test-ASN", IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	for text, asn := range nets {
		_, p, err := net.ParseCIDR(text)
		if err != nil {
			t.Fatal(err)
		}
		r := mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(asn), "autonomous_system_organization": mmdbtype.String(fmt.Sprint("Carrier ", asn))}
		if ipinfo {
			r = mmdbtype.Map{"asn": mmdbtype.String(fmt.Sprint("AS", asn)), "as_name": mmdbtype.String(fmt.Sprint("Carrier ", asn))}
		}
		if asn == 0 {
			r = mmdbtype.Map{"country": mmdbtype.String("PL")}
		}
		if err := w.Insert(p, r); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return write(t, "asn.mmdb", b.String())
}

// moved40 are 40 viewers of one carrier who are refused in another /24.
func moved40() *little {
	var l little
	l.audience(video, 40)
	for i := range 40 {
		home, away := fmt.Sprintf("198.51.%d.9", i), fmt.Sprintf("198.51.%d.9", i+100)
		link := video.link(fmt.Sprintf("/film%d/seg1.ts", i), home)
		l.get(video, link, home, 200)
		l.get(video, on(fmt.Sprintf("/film%d/seg2.ts", i), link), away, 403)
	}
	return &l
}

func TestNetworksOutOfAFile(t *testing.T) {
	for _, ipinfo := range []bool{false, true} {
		nets, err := ingest.OpenNetworks(mmdb(t, ipinfo, map[string]uint32{"198.51.0.0/16": 64501, "20.0.0.0/8": 64502}))
		if err != nil {
			t.Fatal(err)
		}
		defer nets.Close()
		tr := tryText(t, moved40().text(entry.text), settings{networks: nets})
		r := tr.advice("cdn.test", "ipv4")
		if r == nil || len(r.Carriers) != 1 || r.Carriers[0].ASN == nil || *r.Carriers[0].ASN != 64501 || r.Carriers[0].Name != "Carrier 64501" {
			t.Fatalf("%+v", r)
		}
		if n := tr.Denials.Networks[0]; n.Name != "Carrier 64501" || n.Prefix != "198.51.0.0/16" {
			t.Errorf("%+v", n)
		}
		if n := tr.scalar(t, `SELECT count(*) FROM requests WHERE asn = 64502`); n != 40 {
			t.Errorf("%d requests of AS64502, want 40", n)
		}
	}
	gcore := moved40()
	nets, err := ingest.OpenNetworks(mmdb(t, false, map[string]uint32{"0.0.0.0/1": 64501, "128.0.0.0/1": 64501}))
	if err != nil {
		t.Fatal(err)
	}
	defer nets.Close()
	if n := tryText(t, gcore.text(entry.gcore), settings{networks: nets}).scalar(t, `SELECT count(*) FROM requests WHERE asn <> 64500`); n != 0 {
		t.Errorf("%d requests whose ASN is not the log's", n)
	}
}

func TestRule03NodesOutOfAFile(t *testing.T) {
	nets, err := ingest.OpenNetworks(mmdb(t, false, map[string]uint32{"192.0.2.0/24": 16509}))
	if err != nil {
		t.Fatal(err)
	}
	defer nets.Close()
	var l little
	l.audience(video, 40)
	for i := range 60 {
		link := video.link(fmt.Sprintf("/film%d/seg1.ts", i), stranger(100+i))
		l.add(entry{host: video.host, target: link, ip: "192.0.2.99", status: 403, agent: fmt.Sprintf("player/1.%d", i%6)})
	}
	if tr := tryText(t, l.text(entry.text), settings{networks: nets}); tr.Users.ByClass[finding.FirstRequest] != 0 || !strings.Contains(strings.Join(tr.Warnings, " "), "is a node") {
		t.Errorf("%v %q", tr.Users.ByClass, tr.Warnings)
	}
}

// TestAnnouncedNetworks finds a signing address that only the announced network
// of the request leads to.
func TestAnnouncedNetworks(t *testing.T) {
	var l little
	l.audience(video, 40)
	link := video.link("/film/seg1.ts", "100.66.3.4")
	line := l.get(video, link, "100.70.1.1", 403)
	text := l.text(entry.text)
	nets, err := ingest.OpenNetworks(mmdb(t, false, map[string]uint32{"100.64.0.0/12": 64501}))
	if err != nil {
		t.Fatal(err)
	}
	defer nets.Close()
	tryText(t, text, settings{}).want(t, line, "unresolved_signature unresolved_signature - - -")
	tryText(t, text, settings{networks: nets}).want(t, line, "ip_mismatch ip_mismatch - recomputed 100.66.3.4")
}

func TestOpenNetworksRefuses(t *testing.T) {
	for _, path := range []string{write(t, "x.mmdb", "no database"), filepath.Join(t.TempDir(), "none"), mmdb(t, false, map[string]uint32{"198.51.0.0/16": 0})} {
		if n, err := ingest.OpenNetworks(path); err == nil || n != nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, %v", path, n, err)
		}
	}
	if n := (*ingest.Networks)(nil).Find(netip.MustParseAddr("198.51.100.1")); n != (ingest.Network{}) {
		t.Errorf("%+v", n)
	}
}
