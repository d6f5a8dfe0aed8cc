package format

import (
	"bytes"
	"cmp"
	"net/netip"
	"strconv"
	"time"

	"ipdrift/ingest/figure"
)

// Facts gathers what records tell about the log itself: what takes away from the answers that it can give. Note each record,
// Merge those of several goroutines. The zero value is ready.
type Facts struct {
	Records   int64
	Queries   int64 // with a query string
	QueryCut  int64 // of a format that cannot carry one
	Shield    int64 // written by a shield server
	Sampled   int64 // that say that others are missing
	Forwarded int64 // whose address is what X-Forwarded-For says
	Bound     bool  // tokens reproduce with the addresses in X-Forwarded-For, and with no other
	Private   int64 // whose address is a private one
	Behind    int64 // whose address is public, and X-Forwarded-For names another one
	Yearless  int64 // whose time has no year
	Zoneless  int64 // whose time says no zone
	Unitless  int64 // whose request time is of a unit that nothing tells
	Page      bool  // they are a page of an answer, and others follow

	// Doubt says what the sample did not tell of the format for certain; "" for nothing (see Format.Doubt).
	Doubt string

	// YearFrom says what gave them one, such as "the file's date".
	YearFrom string

	firstYear, lastYear int

	four, six family
	edge      string // the first that was named
	edges     bool   // another one was named, or none
}

// family is what the addresses of one family show.
type family struct {
	whole  bool // one is not cut
	some   [distinct]netip.Addr
	seen   int   // of some
	dashed int64 // 0.0.0.0 or ::
}

// distinct is how many different addresses must all end in zeros before they are called cut: by chance that is less than one in
// 10 million for IPv4, whose last octet is zero in one of 256.
const distinct = 3

// Note counts a record. It costs a few nanoseconds.
func (f *Facts) Note(r *Record) {
	f.Records++
	if r.QueryCut {
		f.QueryCut++
	} else if bytes.IndexByte(r.Target, '?') >= 0 {
		f.Queries++
	}
	f.Shield += one(r.Shield)
	f.Sampled += one(r.Sampled)
	f.Forwarded += one(r.Forwarded)
	f.Private += one(private(r.Client))
	f.Behind += one(r.Behind)
	f.Zoneless += one(r.Zoneless)
	f.Unitless += one(r.Unitless)
	if r.Yearless {
		f.Yearless++
		f.noteYears(time.UnixMicro(r.Logged).UTC().Year())
	}
	if !f.edges {
		f.noteEdge(r.Viewer.Edge)
	}
	if r.Client.Is4() {
		f.four.note(r.Client)
	} else {
		f.six.note(r.Client)
	}
}

func (f *Facts) noteYears(years ...int) {
	for _, y := range years {
		if f.firstYear == 0 || y < f.firstYear {
			f.firstYear = y
		}
		f.lastYear = max(f.lastYear, y)
	}
}

func (f *Facts) noteEdge(name []byte) {
	switch {
	case len(name) == 0:
		f.edges = true
	case f.edge == "":
		f.edge = string(name)
	case f.edge != string(name):
		f.edges = true
	}
}

// Edge is the server or place that wrote all records; "" if they name several,
// or one of them names none.
func (f *Facts) Edge() string {
	if f.edges {
		return ""
	}
	return f.edge
}

func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func (f *family) note(a netip.Addr) {
	if a.IsUnspecified() {
		f.dashed++
		return
	}
	if f.whole {
		return
	}
	if !cut(a) {
		f.whole = true
		return
	}
	f.remember(a)
}

func (f *family) remember(a netip.Addr) {
	for _, b := range f.some[:f.seen] {
		if a == b {
			return
		}
	}
	if f.seen < distinct {
		f.some[f.seen] = a
		f.seen++
	}
}

// cut reports whether an address ends in zeros: the last octet of IPv4, the last 64 bits of IPv6.
func cut(a netip.Addr) bool {
	if a.Is4() {
		return a.As4()[3] == 0
	}
	tail := a.As16()
	return bytes.Equal(tail[8:], make([]byte, 8))
}

// Merge adds what other goroutines noted.
func (f *Facts) Merge(other *Facts) {
	f.Records += other.Records
	f.Queries += other.Queries
	f.QueryCut += other.QueryCut
	f.Shield += other.Shield
	f.Sampled += other.Sampled
	f.Forwarded += other.Forwarded
	f.Private += other.Private
	f.Behind += other.Behind
	f.Zoneless += other.Zoneless
	f.Unitless += other.Unitless
	f.Page = f.Page || other.Page
	f.Bound = f.Bound || other.Bound
	f.Doubt = cmp.Or(f.Doubt, other.Doubt)
	if other.Records > 0 {
		f.edges = f.edges || other.edges || f.edge != "" && f.edge != other.edge
		f.edge = other.edge
	}
	if other.Yearless > 0 {
		f.Yearless += other.Yearless
		f.YearFrom = other.YearFrom
		f.noteYears(other.firstYear, other.lastYear)
	}
	f.four.merge(&other.four)
	f.six.merge(&other.six)
}

func (f *family) merge(other *family) {
	f.whole = f.whole || other.whole
	f.dashed += other.dashed
	for _, a := range other.some[:other.seen] {
		f.remember(a)
	}
}

func (f *family) cut() bool { return !f.whole && f.seen == distinct }

// Sentences says each fact that takes something away, one sentence each, without a period; nil if there is none. name is the
// format's (Format.Name).
func (f *Facts) Sentences(name string) (out []string) {
	add := func(is bool, text string, args ...any) {
		if is {
			out = append(out, figure.Sentence(text, args...))
		}
	}
	dashed := f.four.dashed + f.six.dashed
	add(f.four.cut(), "IPv4 addresses were cut before logging (all end in .0): tokens bound to an address cannot be checked; turn anonymisation off and log again")
	add(f.six.cut(), "IPv6 addresses were cut to /64 before logging: tokens bound to one cannot be checked")
	add(dashed > 0, "%d of %d {address was|addresses were} removed before logging (0.0.0.0 or ::)", dashed, f.Records)
	add(f.QueryCut > 0, "%d of %d {line|lines} cannot carry a query string: tokens in it are not in the log", f.QueryCut, f.Records)
	add(f.Records > 0 && f.Queries == 0 && f.QueryCut == 0, "no line has a query string: it may have been stripped from the log")
	add(f.Sampled > 0, "the log is sampled: requests are missing, so no rates and no order of requests can be told from it")
	add(f.Shield > 0, "%d of %d {line was|lines were} written by shield servers or cache shards: another server of the CDN asked, and logged that, too", f.Shield, f.Records)
	add(f.Forwarded > 0 && f.Bound, "%d of %d {address is|addresses are} from X-Forwarded-For or a header like it: served tokens reproduce with what stands there, and none with the address of the connection", f.Forwarded, f.Records)
	add(f.Forwarded > 0 && !f.Bound, "%d of %d {address is|addresses are} from X-Forwarded-For or a header like it, which a client can write itself", f.Forwarded, f.Records)
	add(f.Records > 0 && f.Private == f.Records, "all client addresses are private: unless the viewers are in the network of the server, they are those of a proxy before it; log X-Forwarded-For, or let the server take the address from there")
	add(f.Behind*2 > f.Records, "%d of %d {line names|lines name} another public address in X-Forwarded-For or a header like it: where the client's address is that of a load balancer or another CDN, and the server takes the viewer's from there, name that value as client_ip (map in the configuration) or $remote_addr (--log-format)", f.Behind, f.Records)
	add(f.Zoneless > 0 && f.Zoneless == f.Records, "the times say no zone: they are read as UTC")
	add(f.Zoneless > 0 && f.Zoneless < f.Records, "%d of %d times say no zone: they are read as UTC", f.Zoneless, f.Records)
	add(f.Yearless > 0 && f.firstYear == f.lastYear, "%d of %d {time has|times have} no year: %s was taken, from %s", f.Yearless, f.Records, strconv.Itoa(f.lastYear), f.YearFrom)
	add(f.firstYear < f.lastYear, "%d of %d {time has|times have} no year: %s to %s were taken, from %s", f.Yearless, f.Records, strconv.Itoa(f.firstYear), strconv.Itoa(f.lastYear), f.YearFrom)
	add(f.Doubt != "", "%s", f.Doubt)
	add(f.Unitless > 0, "%d request {time is|times are} too large for seconds, and nothing says of which unit: they are not read; under map in the configuration, request_time_ms, request_time_us or request_time names the field with its unit", f.Unitless)
	add(f.Page, "the log is one page of an answer, and more follow (hasMore): requests that are in no page given are missing")
	add(name == viewerName && f.Records == viewerRows, "exactly 10,000 rows: the log viewer's export ends there, and the rest is missing")
	return out
}

const viewerRows = 10000 // https://gcore.com/docs/cdn/logs/log-viewer-view-and-download-cdn-resource-logs
