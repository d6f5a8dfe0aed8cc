package format

import (
	"fmt"
	"strings"
)

// Format is one log format. It is immutable: share it between goroutines, and give each its own Parser.
type Format struct {
	Name   string // what --log-format takes: gcore, nginx, json; "nginx-like" for one learned from the lines
	Doc    string // one line for people
	layout *layout
	has    uint32 // the fields that lines carry, as far as known
}

// anyField is what JSON lines may carry before one is seen.
const anyField = 1<<fieldCount - 1 - 1<<skipped

// combined is nginx's built-in format (https://nginx.org/en/docs/http/ngx_http_log_module.html), which is Apache's, too.
const combined = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`

// Gcore raw logs: the fields in their order, each in double quotes (https://gcore.com/docs/cdn/logs/raw-logs-export-cdn-resource-logs).
// The fields past the internal status code (41 of 50) tell nothing that is used here.
const (
	gcoreFields = "remote_addr - remote_user time_local request status body_bytes_sent http_referer http_user_agent " +
		"bytes_sent edgename scheme host request_time upstream_response_time request_length http_range responding_node " +
		"upstream_cache_status upstream_response_length upstream_addr gcdn_api_client_id gcdn_api_resource_id uid_got " +
		"uid_set geoip_country_code geoip_city shield_type server_addr server_port upstream_status - " +
		"upstream_connect_time upstream_header_time shard_addr geoip2_data_asnumber connection connection_requests " +
		"http_traceparent http_x_forwarded_proto gcdn_internal_status_code"
	gcoreNeed = 13 // up to the host: older layouts end early
)

// Formats lists the formats that have a name of their own. The slice is the caller's.
func Formats() []*Format { return []*Format{gcore(), nginx(), jsonLines()} }

func gcore() *Format {
	var pieces []piece
	for i, name := range strings.Fields(gcoreFields) {
		sep := `" "`
		if i == 0 {
			sep = `"`
		}
		pieces = append(pieces, piece{text: sep}, variable(name))
	}
	l, _ := compile(append(pieces, piece{text: `"`}))
	for i := range l.steps {
		l.steps[i].guarded = false
	}
	l.need, l.scheme = gcoreNeed, true
	return &Format{"gcore", "Gcore raw logs: 50 fields in double quotes (13 are enough, more are fine)", l, l.has()}
}

func nginx() *Format {
	f, _ := fromTemplate(combined)
	f.Name, f.Doc = "nginx", "nginx and Apache combined: "+combined
	return f
}

func jsonLines() *Format {
	return &Format{"json", "one JSON object per line: nginx, Gcore uploader, Cloudflare, CloudFront, Akamai, Fastly, Caddy keys", nil, anyField}
}

// Named returns the format a user asks for: gcore, nginx (which is combined), json, or "nginx:" and a log_format string as
// it stands in the configuration, in one piece or several, with escape= and quotes or without. The error lists the names, or says
// what the log_format lacks.
func Named(spec string) (*Format, error) {
	if text, ok := strings.CutPrefix(spec, "nginx:"); ok {
		return fromTemplate(text)
	}
	var names []string
	for _, f := range Formats() {
		if f.Name == spec {
			return f, nil
		}
		names = append(names, f.Name)
	}
	return nil, fmt.Errorf("unknown log format %q: want %s or 'nginx:<log_format string>'", spec, strings.Join(names, ", "))
}

// NewParser returns a Parser for one goroutine.
func (f *Format) NewParser() *Parser { return &Parser{layout: f.layout} }

// Fields names what the lines carry, in the order they carry it; for JSON lines that Detect saw, in a fixed order.
func (f *Format) Fields() []string {
	if f.layout == nil {
		return fieldsOf(f.has)
	}
	var names []string
	for _, s := range f.layout.steps {
		if s.field != skipped {
			names = append(names, s.field.String())
		}
	}
	return names
}

// HasHost tells whether lines can carry the host. Without one all lines belong to the same, unnamed host.
func (f *Format) HasHost() bool { return f.hasAny(host) }

// HasQuery tells whether lines can carry a query string.
func (f *Format) HasQuery() bool { return f.hasAny(request, target, query) }

// HasStart tells whether lines can carry a start or a request time.
func (f *Format) HasStart() bool { return f.hasAny(started, duration) }

func (f *Format) hasAny(fields ...field) bool {
	for _, g := range fields {
		if f.has&g.bit() != 0 {
			return true
		}
	}
	return false
}
