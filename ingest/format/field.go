package format

import (
	"slices"
	"strings"
)

// field is what a piece of a line means. The zero field means nothing to us.
type field uint8

const (
	skipped field = iota
	client
	forwarded // X-Forwarded-For or a header like it: see Parser.forwarded
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

func (f field) bit() fieldSet { return 1 << f }

// fieldSet is some fields, by their bits.
type fieldSet uint64

func (s fieldSet) any(fields ...field) bool {
	for _, f := range fields {
		if s&f.bit() != 0 {
			return true
		}
	}
	return false
}

func (s fieldSet) names() (names []string) {
	for f := client; f < fieldCount; f++ {
		if s&f.bit() != 0 {
			names = append(names, f.String())
		}
	}
	return names
}

// known maps the name of a log variable or JSON key to its field. The name is lower case, with "_" for "-" and blanks, and
// without "$" (see foldName). Where a line has several names of one field, the lowest rank wins.
func known(name string) (field, uint8) {
	if m, ok := spellings[name]; ok {
		return m.field, m.rank
	}
	if n := len(name) - len("_s"); n > 0 && (name[n:] == "_s" || name[n:] == "_d") { // properties in Azure's Log Analytics, with their type
		if m, ok := spellings["properties."+name[:n]]; ok {
			return m.field, m.rank
		}
	}
	return knownGeo(name)
}

// spellings are the names that logs have for fields, by name.
var spellings = func() map[string]meaning {
	all := map[string]meaning{}
	for line := range strings.Lines(spelt) {
		words := strings.Fields(line)
		m := meaning{field(slices.Index(fieldNames, words[0])), words[1][0] - '0'}
		for _, name := range words[2:] {
			all[name] = m
		}
	}
	return all
}()

// spelt lists them: a field and a rank, then the names.
//
// Sources: nginx variables; Gcore raw logs, Logs Uploader and log viewer; CloudFront standard logs; Cloudflare Logpush http_requests;
// Akamai DataStream 2; Fastly's JSON template; bunny.net; CDN77; Caddy; IIS; Envoy; Medianova; IO River; Edgio; Yandex, Alibaba, Tencent and
// Huawei CDN exports; Edgecast; Vercel's log drains; WordPress VIP. What is called otherwise where logs are gathered: the Elastic Common Schema, Google Cloud's httpRequest, Azure Front
// Door's properties, also as Log Analytics exports them, the tables that AWS gives for its logs in Athena, and Splunk's extractions.
const spelt = `client_ip 0 remote_addr client_ip clientip c_ip cliip request.client_ip
client_ip 1 ip client remote_ip client_addr client_address cip remote_host client.ip source.ip request.remote_ip remoteip ip_address
client_ip 1 ipaddress httprequest.remoteip properties.clientip request_ip proxy.clientip
client_ip 3 realip_remote_addr
client_ip 5 masked_remote_addr
forwarded_for 0 http_x_forwarded_for x_forwarded_for xforwardedfor clientrequestxforwardedfor forwarded_for xff forwardedfor
forwarded_for 0 request.headers.x_forwarded_for
forwarded_for 1 http_x_real_ip x_real_ip real_ip http_cf_connecting_ip cf_connecting_ip http_true_client_ip true_client_ip
forwarded_for 1 http_x_client_ip x_client_ip http_fastly_client_ip fastly_client_ip http_x_original_forwarded_for x_original_forwarded_for
forwarded_for 1 request.headers.x_real_ip request.headers.cf_connecting_ip request.headers.true_client_ip
time 0 msec timestamp_ms timestampms timestamp(ms) time_end edgeendtimestamp
time 1 time_iso8601
time 2 time_local time timestamp ts datetime unixtime date_time log_timestamp_ms _time event_time
time 2 timegenerated timegenerated_[utc]
time 4 @timestamp
date 0 date
start 0 timestamp_request_start edgestarttimestamp reqtimesec startutc starttimems start_time time_start request_start request_creation_time
start 0 proxy.timestamp started_at
request_time 0 request_time time_taken duration properties.timetaken
request_time_ms 0 latencies.request requesttimems request_time_ms duration_ms elapsed_ms time_elapsed_ms time_elapsed_msec
request_time_us 0 request_time_us reqtime_microsec duration_us elapsed_us time_elapsed_usec
request 0 request request_line
method 0 request_method method cs_method clientrequestmethod reqmethod verb http_method request.method http.request.method
method 0 httprequest.requestmethod properties.httpmethod request_verb request_type proxy.method
uri 0 request_uri clientrequesturi request.uri path_and_query pathandquery cs_uri
uri 1 url request_url uri_full url.original httprequest.requesturl properties.requesturi proxy.path
uri 2 reqpath
path 0 uri path request_uri_path clientrequestpath cs_uri_stem request_path url.path uri_path
query 0 args query_string querystring querystr query cs_uri_query uri_param param query_params request_param url.query uri_query
query 0 request_query request_querystring request_query_string request_args uri_args http_request_args
status 0 status status_code statuscode sc_status responsestatus edgeresponsestatus response_status resp_status http_status
status 0 http.response.status_code response.status httprequest.status properties.httpstatuscode elb_status_code edgeresponsestatuscode proxy.statuscode
status 1 response_code http_code return_code code response
host 0 x_host_header host_header url.domain proxy.host
host 1 cs_uri_host host clientrequesthost reqhost request.host request_host
host 2 http_host vhost domain authority :authority
host 3 server_name cs(host) cs_host request_headers.host request.headers.host
host 4 cname gcdn_vhost
user_agent 0 http_user_agent user_agent useragent ua cs(user_agent) cs_user_agent clientrequestuseragent request_user_agent agent
user_agent 0 request.headers.user_agent user_agent.original httprequest.useragent properties.useragent
user_agent 0 c_user_agent proxy.useragent request_headers.user_agent
referer 0 http_referer referer referrer cs(referer) cs_referer clientrequestreferer request_referer http_referrer request.headers.referer
referer 0 http.request.referrer httprequest.referer properties.referer cs_referrer c_referrer proxy.referer
country 0 geoip_country_code geoip2_country_code country_code country clientcountry c_country geo_country_code countrycode client_country
country 1 geo_country jsonpayload.clientregioncode source.geo.country_iso_code client.geo.country_iso_code
asn 0 asn clientasn as_number asnumber client_asn
asn 1 jsonpayload.clientasn source.as.number client.as.number
bytes 0 body_bytes_sent bytes size sc_bytes edgeresponsebodybytes response_body_size resp_body_size bytessent responsebytes
bytes 1 bytes_sent edgeresponsebytes response_size rsp_size totalbytes response_bytes bytes_out http.response.body.bytes
bytes 1 httprequest.responsesize properties.responsebytes sent_bytes proxy.responsebytesize body_size body_bytes send_bytes response.size
reason_code 0 gcdn_internal_status_code internal_status_code reason_code
upstream_status 0 upstream_status originresponsestatus origin_status
shield 0 shield_type
scheme 0 scheme
sample_rate 0 sample_rate sampling_rate samplerate sampling log_sample_rate log_sampling_rate sample_interval sampleinterval
uid 0 uid_got
uid_set 0 uid_set
tls_session 0 ssl_session_id tls_session_id
connection 0 connection
edge 0 edgename
edge 1 responding_node fastly_server
edge 2 x_edge_location edgelocation edgecolocode datacenter pop fastly_pop pop_datacenter server_datacenter
identity 0 http_cookie cs(cookie) cs_cookie cookie cookies request.headers.cookie
trace 0 http_traceparent traceparent trace_id traceid x_edge_request_id cf_ray rayid
trace 1 request_id requestid reqid x_request_id http_x_request_id`

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

// folded is name in the spelling that known expects.
func folded(name string) string { return string(foldName(nil, []byte(name))) }

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
