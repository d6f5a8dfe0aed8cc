// Package format turns one line of an access log into a Record, and finds out which format a log has.
//
// It knows the CDNs' own formats (see Formats), nginx's log_format and Apache's LogFormat (given, or learned from the lines), columns
// with a header, and JSON lines. It reads no files. The only state between lines, caches aside, are the columns that a header line
// names: Format.After follows them through a source, and Parser.Use gives them to the Parser of a goroutine.
package format

import (
	"fmt"
	"net/netip"
)

// Record is one request as its line tells it. Its slices alias the line or the Parser's scratch: they are valid until
// the next Parse with the same Parser, and may hold any bytes, invalid UTF-8 among them.
type Record struct {
	Logged     int64      // µs since the Unix epoch (UTC): the time in the line
	Start      int64      // µs since the Unix epoch: when the request started; Logged where the line does not tell
	Resolution int64      // µs: the grain of Start, 1e6 for whole seconds, 1e3 for milliseconds
	Yearless   bool       // the time has no year: Parser.Latest gave it one
	Zoneless   bool       // the time says no zone, and is read as UTC
	Unitless   bool       // a request time stands in the line, and nothing tells its unit: it is not read
	HasStart   bool       // the line tells the start, by a request time or a start field
	Duration   int64      // µs, -1 unknown
	Client     netip.Addr // zone dropped; IPv4-mapped kept as written
	Host       []byte     // nil if the line has none; letter case as written, port cut off
	Method     []byte     // nil if the line has none
	Target     []byte     // path and query, undecoded: log escaping is undone, percent-encoding never
	UserAgent  []byte     // nil if none
	Referer    []byte     // nil if none
	Country    []byte     // nil unknown; as written, usually ISO 3166 alpha-2
	ASN        uint32     // 0 unknown
	Status     uint16     // HTTP status, 0..999
	Bytes      int64      // response bytes, -1 unknown
	Code       uint16     // gcdn_internal_status_code, 0 none
	Upstream   uint16     // upstream_status, the last one if several; 0 none
	Shield     bool       // written by a shield server: shield_type is present and not shield_no
	QueryCut   bool       // the format cannot carry a query string
	Forwarded  bool       // Client is what X-Forwarded-For says, which a client can write itself
	Behind     bool       // Client is a public address, and X-Forwarded-For names another one
	Sampled    bool       // the line says that not every request was logged
	Viewer     Viewer     // what tells viewers apart
}

// Failure says why a line is not a request. The zero value means that it is one.
type Failure struct {
	Reason string // one of the Reason constants; "" for a good line
	Column int    // 1-based byte column, within the line (or one past its end)
	Want   string // what was expected there
}

// Header tells that the line is neither a request nor damage: it names the columns of the lines behind it, or is a comment. It counts
// as rejected, so that every line of a source is accounted for, but says nothing against the log.
func (f Failure) Header() bool { return f.Reason == ReasonHeader }

// The reasons a line can fail for: a closed set, fit for counting.
const (
	ReasonBlank    = "blank line"
	ReasonHeader   = "header line" // names the columns, or is a comment: see Failure.Header
	ReasonFields   = "too few fields"
	ReasonShifted  = "shifted fields"
	ReasonQuote    = "open quote"
	ReasonJSON     = "bad json"
	ReasonAddress  = "bad address"
	ReasonMasked   = "masked address"
	ReasonTime     = "bad time"
	ReasonStatus   = "bad status"
	ReasonNoTarget = "no request"
)

// Misfit says how far the best format came with a sample that no format fits.
type Misfit struct {
	Best   string // name of the format that came furthest; "" where none could be tried
	Parsed int    // lines of the sample that Best parsed
	Lines  int    // lines of the sample that are not blank
	Line   int    // 1-based in the sample: where the typical failure stands; 0 if there is none
	Column int    // 1-based byte column of that failure
	Want   string // what was expected there
	Text   string // at most 80 printable bytes around the column; values after "=" and long tokens are starred out; "" for a line that may be a key
}

// Error says it in one sentence, with a way out.
func (m *Misfit) Error() string {
	const wayOut = `name the format with --log-format ("ipdrift formats" lists them), or leave the file out`
	if m.Line == 0 {
		return "no log format fits: " + m.Want
	}
	near := ""
	if m.Text != "" {
		near = fmt.Sprintf(", near %#q", m.Text)
	}
	return fmt.Sprintf("no log format fits: %s came furthest, with %d of %d lines; line %d, column %d: want %s%s; %s",
		m.Best, m.Parsed, m.Lines, m.Line, m.Column, m.Want, near, wayOut)
}
