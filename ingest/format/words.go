package format

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Map says under which name a log has a field of ours: field → column, variable or key, as in {"client_ip": "cip"}. Case,
// "$" before the name and "-" or a blank for "_" do not count; a key within a JSON object is written with a dot, as in
// "request.client_ip". A field that is mapped is read from nowhere else. MapFields lists the fields.
type Map map[string]string

// mapDocs is what MapFields tells, in its order.
const mapDocs = `client_ip: the client's address
forwarded_for: X-Forwarded-For or a header like it, read where client_ip is none or private, or a key tells that it is the viewer's
time: when the line was written, or the request ended
date: the date, where time is a clock alone
start: when the request began
request_time: how long it took, in seconds
request_time_ms: the same in milliseconds
request_time_us: the same in microseconds
host: the host that was asked for
method: the method
uri: path and query, or a whole URL
path: the path alone
query: the query string alone
request: method, path and query, protocol in one
status: the HTTP status
bytes: bytes of the response
user_agent: the User-Agent
referer: the Referer
country: the client's country
asn: the client's autonomous system
reason_code: Gcore's internal status code
upstream_status: the origin's status
shield: Gcore's shield type
sample_rate: the share, or the one in how many, of the requests that are logged
uid: the id cookie as the client sent it
uid_set: the id cookie as it was given out
tls_session: the id of the TLS session
connection: the number of the connection on its edge
edge: the server that wrote the line
identity: the viewer's id, for --user field; cookies otherwise
trace: the id of the request, such as a traceparent`

// MapFields lists the fields that a Map may name, each with a few words on it: "client_ip: the client's address". The slice
// is the caller's.
func MapFields() []string { return strings.Split(mapDocs, "\n") }

// meaning is what a name in a log stands for: of several names of one field, the lowest rank is read.
type meaning struct {
	field
	rank uint8
}

// words is a vocabulary: what it does not define is known's. The nil *words is known's alone.
type words struct {
	names  map[string]meaning
	mapped fieldSet // the fields that are read from names alone
}

// meaning looks up a folded name.
func (w *words) meaning(name string) (field, uint8) {
	if w == nil {
		return known(name)
	}
	if m, ok := w.names[name]; ok {
		return m.field, m.rank
	}
	f, rank := known(name)
	if w.mapped&f.bit() != 0 {
		return skipped, 0
	}
	return f, rank
}

// with adds a Map. It fails for a field that there is not, and for two fields out of one column.
func (w *words) with(m Map) (*words, error) {
	if len(m) == 0 {
		return w, nil
	}
	out := &words{names: map[string]meaning{}}
	if w != nil {
		out.mapped = w.mapped
		maps.Copy(out.names, w.names)
	}
	taken := map[string]string{}
	for _, ours := range slices.Sorted(maps.Keys(m)) {
		f, ok := mappable(ours)
		name := folded(m[ours])
		switch {
		case !ok:
			return nil, fmt.Errorf("map: there is no field %q: the fields are %s", ours, strings.Join(mapNames(), ", "))
		case name == "":
			return nil, fmt.Errorf("map: %s is mapped to nothing: name a column or key of the log", ours)
		case taken[name] != "":
			return nil, fmt.Errorf("map: %s and %s are both mapped to %q: leave one out", taken[name], ours, m[ours])
		}
		taken[name] = ours
		out.names[name] = meaning{field: f}
		out.mapped |= f.bit() | rivals(f)
	}
	return out, nil
}

// missing is the first mapped column that is not among names, "" if all are.
func (w *words) missing(m Map, names []string) string {
	have := map[string]bool{}
	for _, n := range names {
		have[folded(n)] = true
	}
	for _, ours := range slices.Sorted(maps.Keys(m)) {
		if !have[folded(m[ours])] {
			return m[ours]
		}
	}
	return ""
}

func mapNames() (names []string) {
	for _, doc := range MapFields() {
		name, _, _ := strings.Cut(doc, ":")
		names = append(names, name)
	}
	return names
}

func mappable(name string) (field, bool) {
	if !slices.Contains(mapNames(), name) {
		return skipped, false
	}
	return field(slices.Index(fieldNames, name)), true
}

// rivals are the fields that would be read instead of f, were they there.
func rivals(f field) fieldSet {
	switch f {
	case client:
		return forwarded.bit()
	case target, method:
		return request.bit()
	case path:
		return request.bit() | target.bit()
	case duration, tookMs, tookUs:
		return duration.bit() | tookMs.bit() | tookUs.bit()
	}
	return 0
}
