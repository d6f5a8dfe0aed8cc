package format

import (
	"bytes"
	"fmt"
	"strings"
)

// Format is one log format. It is immutable: share it between goroutines, and give each its own Parser.
type Format struct {
	Name   string // what --log-format takes; "nginx-like" for one learned from the lines
	Doc    string // one line for people
	Source string // where its maker describes it; "" where nobody does

	layout   *layout                       // text around values; nil for columns and JSON lines
	columns  *columns                      // nil for text and JSON lines, and before the header that names them
	cutter   func(*Parser, []byte) Failure // for a format that is neither
	heads    heading
	heading  string // the header line that columns or layout come from, as it stands
	words    *words
	given    Map
	pieces   []piece  // what layout was compiled from, where its values have names
	has      fieldSet // the fields that lines carry, as far as known
	escape   escape
	iis      bool // a #Software line says so
	whole    bool // the sample had queries: a line without one had none
	urls     bool // targets are whole URLs, with their host
	slash    bool // paths come without their first slash
	unitless bool // request times are whole numbers of a unit that nothing tells
	fixed    bool // nobody but its maker says what a line holds
	hosts    bool // targets begin with their host, without a scheme
	ports    bool // every address bears a port
	dates    dateOrder
	percent  fieldSet // the fields that the log's writer percent-encodes
	doubt    string   // a sentence on what the sample did not tell for certain; ""
	notes    []string
}

// escape is how a log writes what would end a value.
type escape uint8

const (
	backslashed escape = iota
	verbatim           // not at all
	doubled            // a quote in a quoted value stands twice
)

// unescaped reports whether no value of the line has escaping to undo.
func (f *Format) unescaped(line []byte) bool {
	return f.percent == 0 && (f.escape == verbatim || f.escape == backslashed && bytes.IndexByte(line, '\\') < 0)
}

// anyField is what JSON lines may carry before one is seen.
const anyField = 1<<fieldCount - 1 - 1<<skipped

// templated are the formats whose fields are given behind their name and a colon.
const templated = "'gcore:<field names>', 'nginx:<log_format string>', 'apache:<LogFormat string>', 'akamai:<field names>', " +
	"'w3c:<field names>', 'csv:<column names>' or 'tsv:<column names>'"

// Named returns the format a user asks for: one of Formats by its name, or one of templated. The text of nginx: is a
// log_format string, that of apache: a LogFormat string, each as it stands in the configuration, in one piece or several,
// with quotes or without. The names of the others are separated by commas or blanks; those of gcore: may also be a pattern
// with $ before each name, as in "$remote_addr";"$time_local". Fields that the names of spec lack may come from m, as in
// WithMap; nil: from nowhere. The error lists the names, or says what the text lacks.
func Named(spec string, m Map) (*Format, error) {
	name, text, given := strings.Cut(spec, ":")
	if given {
		if f, err := fromText(name, text, m); f != nil || err != nil {
			return f, err
		}
	}
	var names []string
	for _, f := range Formats() {
		if f.Name == spec {
			return f.WithMap(m)
		}
		names = append(names, f.Name)
	}
	return nil, fmt.Errorf("unknown log format %q: want %s, %s", spec, strings.Join(names, ", "), templated)
}

// fromText builds a format from what the user tells of it; neither a format nor an error if there is no such kind.
func fromText(kind, text string, m Map) (f *Format, err error) {
	w, err := (*words)(nil).with(m)
	switch {
	case err != nil:
	case kind == "nginx":
		f, err = fromTemplate(text, w)
	case kind == "apache":
		f, err = fromLogFormat(text)
	case kind == "gcore":
		f, err = gcoreOf(text, w)
	case kind == "akamai", kind == "w3c", kind == "csv", kind == "tsv":
		f, err = columnsOf(kind, text, m)
	}
	if f == nil || err != nil {
		return nil, err
	}
	return f.WithMap(m)
}

// WithMap returns the format with some fields read from where m says. It fails for a field that there is not, and, where the
// names of the log's columns are known, for a column that there is not. Formats without names, such as bunny's, take no map.
func (f *Format) WithMap(m Map) (*Format, error) {
	if len(m) == 0 {
		return f, nil
	}
	words, err := f.words.with(m)
	if err != nil {
		return nil, err
	}
	out := *f
	out.words, out.given = words, m
	switch {
	case f.columns != nil:
		return out.renamed(f.columns.names)
	case f.pieces != nil:
		return out.recompiled()
	case f.layout != nil || f.cutter != nil:
		return nil, fmt.Errorf("map: the values of %s have no names", f.Name)
	}
	return &out, nil
}

// Seen is f with what a sample of a log tells of how it writes things: what comes first in dates such as 03/11/2026, and whether
// every address bears a port. Detect's formats know.
func (f *Format) Seen(lines [][]byte) *Format {
	t := try(f, lines, len(lines))
	out := *f
	out.ports, out.dates = t.ports.all(), t.dates.order()
	return &out
}

// recompiled reads the pieces of a template with the words of f.
func (f *Format) recompiled() (*Format, error) {
	var names []string
	pieces := append([]piece(nil), f.pieces...)
	for i, p := range pieces {
		if p.name != "" {
			pieces[i].field, pieces[i].rank = f.words.meaning(folded(p.name))
			names = append(names, p.name)
		}
	}
	if lacks := f.words.missing(f.given, names); lacks != "" {
		return nil, fmt.Errorf("map: the format has no value %q: it has %s", lacks, strings.Join(names, ", "))
	}
	l, err := compile(pieces)
	if err != nil {
		return nil, err
	}
	l.scheme, l.need = f.layout.scheme, min(f.layout.need, l.need)
	if f.layout.stray {
		l.unguard()
	}
	f.layout, f.has = l, l.has()
	return f, complete(f.has, ourWords)
}

// NewParser returns a Parser for one goroutine.
func (f *Format) NewParser() *Parser { return &Parser{format: f} }

// Fields names what the lines carry, in the order they carry it; for JSON lines that Detect saw, in a fixed order.
func (f *Format) Fields() []string {
	var names []string
	switch {
	case f.layout != nil:
		for _, s := range f.layout.steps {
			if s.field != skipped {
				names = append(names, s.field.String())
			}
		}
	case f.columns != nil:
		for _, role := range f.columns.roles {
			if role != skipped {
				names = append(names, role.String())
			}
		}
	default:
		names = f.has.names()
	}
	return names
}

// Notes are sentences on what the sample showed that takes away from what the log can tell: addresses cut, query strings
// cut, times without a zone. Facts says the same of a whole source. A format that Detect did not find has none.
func (f *Format) Notes() []string { return append([]string(nil), f.notes...) }

// Doubt says what the sample did not tell for certain; "" for nothing.
func (f *Format) Doubt() string { return f.doubt }

// HasHost reports whether lines can carry the host. Without one all lines belong to the same, unnamed host.
func (f *Format) HasHost() bool { return f.has.any(host) || f.urls }

// HasQuery reports whether lines can carry a query string.
func (f *Format) HasQuery() bool { return f.has.any(request, target, query) }

// HasStart reports whether lines can carry a start or a request time.
func (f *Format) HasStart() bool { return f.has.any(started, duration, tookMs, tookUs) }

// dialect is whose words say what is missing.
type dialect int

const (
	nginxWords dialect = iota
	apacheWords
	ourWords // of a Map
)

// complete says what a log must tell for its requests to be judged, if the set of fields lacks it.
func complete(set fieldSet, words dialect) error {
	lacks := func(fields ...field) bool { return !set.any(fields...) }
	say := func(what string, names ...string) error { return fmt.Errorf("%s is missing: %s", what, names[words]) }
	switch {
	case lacks(client, forwarded):
		return say("the client address", "$remote_addr", "%h or %a", "client_ip")
	case lacks(when, started, day):
		return say("the time", "$time_local, $time_iso8601 or $msec", "%t", "time or start")
	case lacks(request) && (lacks(target, path) || lacks(method)):
		return say("the request", "$request, or $request_method with $request_uri", "%r, or %m with %U%q", "uri, or path and query, or request")
	case lacks(status):
		return say("the status", "$status", "%>s", "status")
	}
	return nil
}

// enough is complete for formats that may leave the method out.
func enough(set fieldSet) bool { return complete(set|method.bit(), ourWords) == nil }
