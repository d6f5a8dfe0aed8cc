package format

import (
	"fmt"
	"strings"
	"sync"
)

// Gcore raw logs: the fields in their order, each in double quotes. The fields past the TLS session (43 of 50) tell nothing
// that is used here. EdgeCenter's and Yandex's EdgeCDN have other fields from 39 on, a hexadecimal request id in place of the code.
const (
	gcoreFields = "remote_addr - remote_user time_local request status body_bytes_sent http_referer http_user_agent " +
		"bytes_sent edgename scheme host request_time upstream_response_time request_length http_range responding_node " +
		"upstream_cache_status upstream_response_length upstream_addr gcdn_api_client_id gcdn_api_resource_id uid_got " +
		"uid_set geoip_country_code geoip_city shield_type server_addr server_port upstream_status - " +
		"upstream_connect_time upstream_header_time shard_addr geoip2_data_asnumber connection connection_requests " +
		"http_traceparent http_x_forwarded_proto gcdn_internal_status_code ssl_cipher ssl_session_id"
	gcoreNeed   = 13 // up to the host: older layouts end early
	gcoreSource = "https://gcore.com/docs/cdn/logs/raw-logs-export-cdn-resource-logs-to-your-storage"
)

var gcore = sync.OnceValue(func() *Format {
	f, _ := quotedFields(strings.Fields(gcoreFields), nil)
	f.Name, f.Doc = "gcore", "Gcore raw logs: 50 fields in double quotes (13 are enough, more are fine); EdgeCenter and EdgeCDN, too"
	f.layout.need, f.layout.scheme = gcoreNeed, true
	return f
})

// quotedFields is the uploader's default: each value in double quotes, a blank between them. Quotes are not escaped.
func quotedFields(names []string, w *words) (*Format, error) {
	var pieces []piece
	for i, name := range names {
		sep := `" "`
		if i == 0 {
			sep = `"`
		}
		pieces = append(pieces, piece{text: sep}, variable(name, w))
	}
	pieces = append(pieces, piece{text: `"`})
	f, err := compiled(pieces)
	if err != nil {
		return nil, err
	}
	f.layout.unguard()
	f.Source = gcoreSource
	return f, nil
}

// gcoreOf reads the field list of a Logs Uploader policy (https://gcore.com/docs/cdn/logs/logs-uploader): names alone, for the default
// delimiter and separator, or a pattern that shows both. Fields behind the list, such as WAAP's, do no harm.
func gcoreOf(text string, w *words) (*Format, error) {
	f, err := gcorePattern(text, w)
	if err != nil {
		return nil, fmt.Errorf("gcore fields: %w", err)
	}
	if !enough(f.has) {
		return nil, fmt.Errorf("gcore fields: %w", complete(f.has|method.bit(), nginxWords))
	}
	f.Name, f.Doc, f.Source = "gcore:"+text, "Gcore Logs Uploader, fields "+text, "https://gcore.com/docs/cdn/logs/logs-uploader"
	return f, nil
}

func gcorePattern(text string, w *words) (*Format, error) {
	if !strings.Contains(text, "$") {
		return quotedFields(nameList(text), w)
	}
	return variables(text, w)
}

// nameList cuts names at commas and blanks.
func nameList(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' })
}

func gcoreUploader() *Format {
	return &Format{Name: "gcore-uploader", Doc: "Gcore Logs Uploader, text, with a first line of $names ('gcore:<field names>' where there is none)",
		Source: "https://gcore.com/docs/cdn/logs/logs-uploader", heads: dollarRow, has: anyField}
}

const viewerName = "gcore-viewer"

// viewerColumns tell the log viewer's export from other tables with a header.
const viewerColumns = "resource_id cache_status datacenter client_ip"

func gcoreViewer() *Format {
	f := csv()
	f.Name, f.Doc = viewerName, "Gcore log viewer, CSV or TSV with its header row (at most 10,000 rows of 24 hours)"
	f.Source = "https://gcore.com/docs/cdn/logs/log-viewer-view-and-download-cdn-resource-logs"
	return f
}
