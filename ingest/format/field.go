package format

import "strings"

// field is what a piece of a line means. The zero field means nothing to us.
type field uint8

const (
	skipped field = iota
	client
	forwarded // X-Forwarded-For: counts where client is none or a private address
	when      // the time in the line
	day       // a date whose clock stands in `when`
	started   // a start time of its own
	duration
	tookMs  // duration in milliseconds
	tookUs  // duration in microseconds
	request // "METHOD target HTTP/x"
	method
	target // path and query, or a whole URL
	path   // without query
	query
	status
	host
	agent
	referer
	country
	asn
	size
	code
	upstream
	shield
	scheme
	sample     // the share, or the one in how many, of the requests that are logged
	uid        // the id cookie as the client sent it
	uidSet     // the same as it was given out
	session    // of TLS
	connection // serial number on its edge
	edge       // the server that wrote the line
	identity   // cookies, or what --user field names
	trace      // id of the request, by which a ticket finds it
	fieldCount
)

// fieldNames are the words of Format.Fields, of a Map and of failures, in the order of the constants.
var fieldNames = strings.Split("text|client_ip|forwarded_for|time|date|start|request_time|request_time_ms|request_time_us|request|method|uri|path|query|"+
	"status|host|user_agent|referer|country|asn|bytes|reason_code|upstream_status|shield|scheme|sample_rate|"+
	"uid|uid_set|tls_session|connection|edge|identity|trace", "|")

func (f field) String() string { return fieldNames[f] }

func (f field) bit() uint64 { return 1 << f }

// known maps the name of a log variable or JSON key to its field. The name is lower case, with "_" for "-" and blanks, and
// without "$" (see foldName). Where a line has several names of one field, the lowest rank wins.
//
// Sources: nginx variables; Gcore raw logs, Logs Uploader and log viewer; CloudFront standard logs; Cloudflare Logpush http_requests;
// Akamai DataStream 2; Fastly's JSON template; bunny.net; CDN77; Caddy; IIS; Envoy; Medianova; IO River; Edgio; Yandex, Alibaba, Tencent and
// Huawei CDN exports.
func known(name string) (f field, rank uint8) {
	switch name {
	case "remote_addr", "client_ip", "clientip", "c_ip", "cliip", "request.client_ip":
		return client, 0
	case "ip", "client", "remote_ip", "client_addr", "client_address", "cip", "remote_host", "client.ip", "source.ip", "request.remote_ip", "remoteip",
		"ip_address", "ipaddress":
		return client, 1
	case "realip_remote_addr":
		return client, 3
	case "http_x_forwarded_for", "x_forwarded_for", "xforwardedfor", "clientrequestxforwardedfor", "forwarded_for", "xff",
		"request.headers.x_forwarded_for":
		return forwarded, 0
	case "masked_remote_addr":
		return client, 5

	case "msec", "timestamp_ms", "timestampms", "timestamp(ms)", "time_end", "edgeendtimestamp":
		return when, 0
	case "time_iso8601":
		return when, 1
	case "time_local", "time", "timestamp", "ts", "datetime", "unixtime", "date_time", "log_timestamp_ms":
		return when, 2
	case "@timestamp":
		return when, 4
	case "date":
		return day, 0
	case "timestamp_request_start", "edgestarttimestamp", "reqtimesec", "startutc", "starttimems", "start_time", "time_start", "request_start":
		return started, 0
	case "request_time", "time_taken", "duration":
		return duration, 0
	case "requesttimems", "request_time_ms", "duration_ms", "elapsed_ms", "time_elapsed_ms", "time_elapsed_msec":
		return tookMs, 0
	case "request_time_us", "duration_us", "elapsed_us", "time_elapsed_usec":
		return tookUs, 0
	case "sample_rate", "sampling_rate", "samplerate", "sampling", "log_sample_rate", "log_sampling_rate", "sample_interval", "sampleinterval":
		return sample, 0
	default:
		return knownRequest(name)
	}
}

func knownRequest(name string) (f field, rank uint8) {
	switch name {
	case "request", "request_line":
		return request, 0
	case "request_method", "method", "cs_method", "clientrequestmethod", "reqmethod", "verb", "http_method", "request.method":
		return method, 0
	case "request_uri", "clientrequesturi", "request.uri", "path_and_query", "pathandquery", "cs_uri":
		return target, 0
	case "url", "request_url", "uri_full":
		return target, 1
	case "reqpath":
		return target, 2
	case "uri", "path", "request_uri_path", "clientrequestpath", "cs_uri_stem", "request_path":
		return path, 0
	case "args", "query_string", "querystring", "querystr", "query", "cs_uri_query", "uri_param", "param",
		"query_params", "request_param":
		return query, 0

	case "x_host_header", "host_header", "url.domain":
		return host, 0
	case "host", "clientrequesthost", "reqhost", "request.host", "request_host":
		return host, 1
	case "http_host", "vhost", "domain", "authority", ":authority":
		return host, 2
	case "server_name", "cs(host)", "cs_host":
		return host, 3
	case "cname", "gcdn_vhost":
		return host, 4
	case "http_user_agent", "user_agent", "useragent", "ua", "cs(user_agent)", "cs_user_agent", "clientrequestuseragent",
		"request_user_agent", "agent", "request.headers.user_agent":
		return agent, 0
	case "http_referer", "referer", "referrer", "cs(referer)", "cs_referer", "clientrequestreferer", "request_referer",
		"http_referrer", "request.headers.referer":
		return referer, 0
	case "scheme":
		return scheme, 0
	default:
		return knownAnswer(name)
	}
}

func knownAnswer(name string) (f field, rank uint8) {
	switch name {
	case "status", "status_code", "statuscode", "sc_status", "responsestatus", "edgeresponsestatus", "response_status", "resp_status", "http_status":
		return status, 0
	case "response_code", "http_code", "return_code", "code", "response":
		return status, 1
	case "body_bytes_sent", "bytes", "size", "sc_bytes", "edgeresponsebodybytes", "response_body_size", "resp_body_size", "bytessent", "responsebytes":
		return size, 0
	case "bytes_sent", "edgeresponsebytes", "response_size", "rsp_size", "totalbytes", "response_bytes", "bytes_out":
		return size, 1
	case "gcdn_internal_status_code", "internal_status_code", "reason_code":
		return code, 0
	case "upstream_status", "originresponsestatus", "origin_status":
		return upstream, 0
	case "shield_type":
		return shield, 0
	case "geoip_country_code", "geoip2_country_code", "country_code", "country", "clientcountry", "c_country", "geo_country_code", "countrycode", "client_country":
		return country, 0
	case "geo_country":
		return country, 1
	case "asn", "clientasn", "as_number", "asnumber", "client_asn":
		return asn, 0
	default:
		return knownViewer(name)
	}
}

// knownViewer recognises what tells viewers apart.
func knownViewer(name string) (field, uint8) {
	switch name {
	case "uid_got":
		return uid, 0
	case "uid_set":
		return uidSet, 0
	case "ssl_session_id", "tls_session_id":
		return session, 0
	case "connection":
		return connection, 0
	case "edgename":
		return edge, 0
	case "responding_node", "fastly_server":
		return edge, 1
	case "x_edge_location", "edgelocation", "edgecolocode", "datacenter", "pop", "fastly_pop", "pop_datacenter", "server_datacenter":
		return edge, 2
	case "http_cookie", "cs(cookie)", "cs_cookie", "cookie", "cookies", "request.headers.cookie":
		return identity, 0
	case "http_traceparent", "traceparent", "trace_id", "traceid", "x_edge_request_id", "cf_ray", "rayid":
		return trace, 0
	case "request_id", "requestid", "reqid", "x_request_id", "http_x_request_id":
		return trace, 1
	}
	return knownElsewhere(name)
}

// knownElsewhere recognises what is called otherwise where logs are gathered: the Elastic Common Schema, Google Cloud's httpRequest, Azure
// Front Door's properties, the tables that AWS gives for its logs in Athena, and Splunk's extractions.
func knownElsewhere(name string) (field, uint8) {
	switch name {
	case "httprequest.remoteip", "properties.clientip", "request_ip":
		return client, 1
	case "_time", "event_time":
		return when, 2
	case "request_creation_time":
		return started, 0
	case "properties.timetaken":
		return duration, 0
	case "http.request.method", "httprequest.requestmethod", "properties.httpmethod", "request_verb":
		return method, 0
	case "url.original", "httprequest.requesturl", "properties.requesturi":
		return target, 1
	case "url.path", "uri_path":
		return path, 0
	case "url.query", "uri_query":
		return query, 0
	case "http.response.status_code", "httprequest.status", "properties.httpstatuscode", "elb_status_code":
		return status, 0
	case "user_agent.original", "httprequest.useragent", "properties.useragent":
		return agent, 0
	case "http.request.referrer", "httprequest.referer", "properties.referer", "cs_referrer":
		return referer, 0
	case "http.response.body.bytes", "httprequest.responsesize", "properties.responsebytes", "sent_bytes":
		return size, 1
	case "source.geo.country_iso_code", "client.geo.country_iso_code":
		return country, 1
	case "source.as.number", "client.as.number":
		return asn, 1
	}
	return knownGeo(name)
}

// knownGeo recognises the geoip variables, whose names are the administrator's own past the prefix.
func knownGeo(name string) (field, uint8) {
	switch {
	case !strings.HasPrefix(name, "geoip"):
	case strings.Contains(name, "asn"), strings.Contains(name, "autonomous_system_number"):
		return asn, 1
	case strings.Contains(name, "country_code"), strings.Contains(name, "country_iso"):
		return country, 1
	}
	return skipped, 0
}

// foldName appends name in the spelling that known expects.
func foldName(dst, name []byte) []byte {
	for i, c := range name {
		switch {
		case c == '$' && i == 0:
			continue
		case c == '-', c == ' ':
			c = '_'
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}
