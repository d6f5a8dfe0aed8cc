package ingest

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/oschwald/maxminddb-golang/v2"
)

// Networks tells whose an address is, out of an MMDB file such as GeoLite2-ASN,
// DB-IP's ASN Lite or IPinfo's. It is safe for concurrent use.
type Networks struct{ db *maxminddb.Reader }

// Network is what is known of an address. The zero value is nothing.
type Network struct {
	ASN    uint32
	Name   string       // of the operator, as the file has it
	Prefix netip.Prefix // the announced network, or the part of it that the file tells apart
}

// record holds the names of MaxMind and DB-IP (autonomous_system_…,
// https://dev.maxmind.com/geoip/docs/databases/asn) and of IPinfo (asn, as_name
// or name, https://ipinfo.io/developers/ipinfo-lite-database).
type record struct {
	Number  uint32 `maxminddb:"autonomous_system_number"`
	Owner   string `maxminddb:"autonomous_system_organization"`
	ASN     string `maxminddb:"asn"`
	ASName  string `maxminddb:"as_name"`
	AltName string `maxminddb:"name"`
}

// OpenNetworks opens an MMDB file; Close closes it.
func OpenNetworks(path string) (*Networks, error) {
	db, err := maxminddb.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: not an MMDB file that can be read: %w; GeoLite2-ASN.mmdb is one", path, err)
	}
	if n := (&Networks{db}); n.holds() {
		return n, nil
	}
	db.Close()
	return nil, fmt.Errorf("%s: an MMDB file without AS numbers (its type is %q); GeoLite2-ASN.mmdb has them", path, db.Metadata.DatabaseType)
}

// holds reports whether the first networks have an AS number.
func (n *Networks) holds() bool {
	looked := 0
	for result := range n.db.Networks() {
		if read(result).ASN != 0 {
			return true
		}
		if looked++; looked == 1000 {
			break
		}
	}
	return false
}

// Close lets go of the file.
func (n *Networks) Close() error { return n.db.Close() }

// Find returns the network that an address belongs to. It takes a microsecond or so; n may be nil.
func (n *Networks) Find(ip netip.Addr) Network {
	if n == nil || !ip.IsValid() {
		return Network{}
	}
	return read(n.db.Lookup(ip.Unmap()))
}

func read(result maxminddb.Result) Network {
	var r record
	if !result.Found() || result.Decode(&r) != nil {
		return Network{}
	}
	out := Network{ASN: r.Number, Name: r.Owner, Prefix: result.Prefix()}
	if out.ASN == 0 {
		asn, err := strconv.ParseUint(strings.TrimPrefix(r.ASN, "AS"), 10, 32)
		if err != nil {
			return Network{}
		}
		out.ASN = uint32(asn)
	}
	for _, name := range []string{r.ASName, r.AltName} {
		if out.Name == "" {
			out.Name = name
		}
	}
	return out
}
