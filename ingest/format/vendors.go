package format

import (
	"bytes"
	"strings"
	"sync"
)

// vendor is JSON lines with one maker's keys. What their names mean stands in known, but for those that mean something else
// elsewhere.
type vendor struct {
	name, doc, source string
	marks             []string // how a line with its keys can be told: any of these stands in it
	foreign           string   // what a line of another maker has that bears such a mark, too
	names             map[string]meaning
	percent           fieldSet // fields that are percent-encoded on top of JSON's escapes
	slash             bool     // as in Format
}

var vendors = sync.OnceValue(func() []vendor {
	ms := map[string]meaning{"request_time": {field: tookMs}}
	return []vendor{
		// Keys are the names of fields, unless the customer gives them others (field_remap): G-Core/gcore-python (GitHub),
		// src/gcore/types/cdn/logs_uploader/logs_uploader_policy.py.
		{name: "gcore-json", doc: "Gcore Logs Uploader, JSON: chosen fields, $ before keys or not, WAAP fields",
			source: "https://gcore.com/docs/cdn/logs/logs-uploader", marks: []string{`"gcdn_`, `"$gcdn_`, `"waap_`, `"$waap_`}},
		{name: "cloudflare", doc: "Cloudflare Logpush http_requests, NDJSON: times as RFC 3339, Unix or Unix ns",
			source: "https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/zone/http_requests/", marks: []string{`"EdgeResponseStatus"`, `"ClientRequestURI"`}, foreign: cacheFlyMark},
		{name: "cloudfront-json", doc: "CloudFront standard logging v2, JSON or Parquet",
			source: "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html", marks: []string{`"cs-uri-stem"`, `"x-edge-`, `"x_edge_`},
			percent: percentFields},
		{name: "akamai", doc: "Akamai DataStream 2, JSON ('akamai:<field names>' for the structured format)",
			source: "https://techdocs.akamai.com/datastream2/v3/docs/log-format-1", marks: []string{`"cliIP"`, `"reqTimeSec"`}, percent: percentFields, slash: true},
		{name: "fastly", doc: "Fastly, its JSON templates: client_ip, timestamp, url, request_method or request, response_status",
			source: "https://www.fastly.com/documentation/guides/integrations/streaming-logs/custom-log-formats/", marks: []string{`"fastly_`, `"request_user_agent"`},
			names: fastlyNames()},
		{name: "bunny-json", doc: "bunny.net Logging API v2, JSON, as it answers or one object per line",
			source: "https://docs.bunny.net/api-reference/cdn-logging/logging-v2/query-cdn-access-logs-for-a-pull-zone", marks: []string{`"pullZoneId"`, `"PullZoneId"`},
			names: map[string]meaning{"path": {field: target}}}, // with its query
		{name: "cdn77", doc: "CDN77 real-time logs, JSON (CSV and TSV by their header: csv, tsv)",
			source: "https://client.cdn77.com/support/knowledgebase/traffic-logs/real-time-logs", marks: []string{`"clientRequestPath"`, `"resourceID"`},
			names: map[string]meaning{"timestamp": {field: started, rank: 1}, "locationid": {field: edge}}},
		{name: "yandex", doc: "Yandex Cloud CDN, JSON (its EdgeCDN provider writes gcore)",
			source: "https://yandex.cloud/en/docs/cdn/logs-ref", marks: []string{`"timestamp_ms":"20`, `"timestamp_ms": "20`}},
		{name: "alibaba", doc: "Alibaba Cloud CDN real-time logs, JSON",
			source: "https://www.alibabacloud.com/help/en/cdn/user-guide/fields-in-real-time-logs", marks: []string{alibabaMark}, names: ms},
		{name: "tencent", doc: "Tencent Cloud CDN real-time logs, JSON",
			source: "https://www.tencentcloud.com/document/product/614/42748", marks: []string{`"rsp_size"`}, names: ms},
		{name: "huawei", doc: "Huawei Cloud CDN logs, JSON",
			source: "https://support.huaweicloud.com/intl/en-us/usermanual-lts/lts_04_0536.html", marks: []string{`"hit_info"`}, foreign: alibabaMark,
			names: map[string]meaning{"request_time": {field: when}}},
		{name: "caddy", doc: "Caddy's access log, JSON",
			source: "https://caddyserver.com/docs/caddyfile/directives/log", marks: []string{`"http.log.access`}},
		{name: "traefik", doc: "Traefik's access log, JSON (its common format: nginx)",
			source: "https://doc.traefik.io/traefik/observability/access-logs/", marks: []string{`"DownstreamStatus"`}, names: traefikNames()},
		{name: "edgeone", doc: "Tencent EdgeOne, L7 access logs, JSON",
			source: "https://www.tencentcloud.com/document/product/1145/56253", marks: []string{`"EdgeResponseStatusCode"`}, names: edgeOneNames()},
		{name: "cachefly", doc: "CacheFly log shipping, JSON", // what EdgeTimeMS counts is not told: the sample has 0.09
			source: "https://kb.cachefly.com/kb/guide/en/log-shipping-fields-QZLD6SyBQr/Steps/4636660", marks: []string{cacheFlyMark}, names: cacheFlyNames()},
		{name: "ioriver", doc: "IO River, unified access log, JSON",
			source: "https://ioriver.io/docs/Guides/Streaming%20Logs/Unified%20Access%20Log%20Format", marks: []string{`"service_uid"`},
			names: map[string]meaning{"time_taken": {field: tookMs}, "geo_location": {field: country}}},
		{name: "envoy", doc: "Envoy and Istio, JSON with the keys of Istio's mesh configuration",
			source: "https://istio.io/latest/docs/tasks/observability/logs/access-log/", marks: []string{`"response_flags"`},
			names: map[string]meaning{"duration": {field: tookMs}, "downstream_remote_address": {field: client}}},
	}
})

func edgeOneNames() map[string]meaning {
	return map[string]meaning{"requesttime": {field: started}, "edgeendtime": {field: when}, "edgeresponsetime": {field: tookMs}, "requesturl": {field: path},
		"requesturlquerystring": {field: query}, "requestmethod": {field: method}, "requesthost": {field: host}, "requestua": {field: agent},
		"requestreferer": {field: referer}, "edgeresponsestatuscode": {field: status}, "clientregion": {field: country}, "edgeserverid": {field: edge}}
}

const alibabaMark = `"unixtime"`

const cacheFlyMark = `"ClientReqHTTPHost"`

func cacheFlyNames() map[string]meaning {
	return map[string]meaning{"clientipv4": {field: client, rank: 1}, "clientipv6": {field: client, rank: 2}, "clientreqhttphost": {field: host},
		"clientreqhttpmethod": {field: method}, "clientrequri": {field: target}, "clientreqpath": {field: path}, "clientreqquery": {field: query},
		"clientuseragent": {field: agent}, "clientreqreferer": {field: referer}, "edgereqid": {field: trace}}
}

// fastlyNames are keys of Fastly's templates, in which a timestamp is time.start and time_elapsed is time.elapsed.usec. What is not
// written by the edge that the client asked is written by a shield.
func fastlyNames() map[string]meaning {
	return map[string]meaning{"timestamp": {field: started, rank: 1}, "time_elapsed": {field: tookUs}, "fastly_is_edge": {field: shield}, "is_edge": {field: shield}}
}

// traefikNames are the keys of Traefik. Its duration is in nanoseconds, its time that of the line's writing: StartUTC, which is
// read, tells more.
func traefikNames() map[string]meaning {
	return map[string]meaning{"clienthost": {field: client}, "clientaddr": {field: client, rank: 1}, "downstreamstatus": {field: status},
		"requestmethod": {field: method}, "requestpath": {field: target}, "requesthost": {field: host}, "requestaddr": {field: host, rank: 1},
		"downstreamcontentsize": {field: size}, "originstatus": {field: upstream}, "duration": {}, "time": {}}
}

// percentFields are percent-encoded by CloudFront and Akamai. Their targets are, too, but there the client's own encoding
// cannot be told from the log's, but for a "%" that was encoded again, or a first slash that was encoded at all.
const percentFields = 1<<agent | 1<<referer | 1<<target | 1<<path | 1<<query

func (v *vendor) format() *Format {
	f := jsonLines()
	f.Name, f.Doc, f.Source, f.percent, f.slash = v.name, v.doc, v.source, v.percent, v.slash
	if v.names != nil {
		f.words = &words{names: v.names}
	}
	return f
}

// vendorOf finds whose JSON lines these are: nearly all of the objects must bear one vendor's marks, and no other's.
func vendorOf(lines [][]byte) *Format {
	var objects [][]byte
	for _, line := range lines {
		if objectAt(line) >= 0 {
			objects = append(objects, line)
		}
	}
	if len(objects) == 0 {
		return nil
	}
	var found *Format
	for _, v := range vendors() {
		marked := 0
		for _, line := range objects {
			if v.marked(line) {
				marked++
			}
		}
		if float64(marked) < mostly*float64(len(objects)) {
			continue
		}
		if found != nil {
			return nil
		}
		found = v.format()
	}
	return found
}

// vendorOfNames finds whose keys the names of columns are; nil: nobody's.
func vendorOfNames(names []string) *Format {
	object := []byte(`{"` + strings.Join(names, `":0,"`) + `":0}`)
	return vendorOf([][]byte{object})
}

func (v *vendor) marked(line []byte) bool {
	if v.foreign != "" && bytes.Contains(line, []byte(v.foreign)) {
		return false
	}
	for _, m := range v.marks {
		if bytes.Contains(line, []byte(m)) {
			return true
		}
	}
	return false
}
