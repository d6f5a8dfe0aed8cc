package scenario

import (
	"fmt"
	"slices"
	"strings"
)

// layout is a log format: a template whose $names are fields, and what stands
// before the first line.
type layout struct{ name, head, template string }

// layouts are the formats, by the names of "ipdrift formats". The vendors' field
// lists are the sources that it names.
func layouts() []layout {
	const combined = `$client - - [$clf] "$method $target HTTP/1.1" $status $bytes "$referer" "$agent"`
	return []layout{
		{"gcore", "", `"$client" "-" "-" "[$clf]" "$method $target HTTP/2.0" "$status" "$bytes" "$referer" "$agent" "$bytes" "[ed-up-gc0$server]" "https" "$host" "$took" "-" "312" "-" "[ed]" ` +
			`"$cache" "-" "-" "123" "4567" "$uidgot" "$uidset" "$country" "-" "shield_no" "192.0.2.10" "443" "$upstream" "-" "-" "-" "-" "$asn" "$conn" "$requests" "-" "-" "$code" ` +
			`"TLS_AES_128_GCM_SHA256" "$session" "$reused" "video/mp2t" "21" "PL" "45" "0" "-"`},
		{"gcore-uploader", "'$time_local';'$remote_addr';'$request_method';'$request_uri';'$status';'$body_bytes_sent';'$host';'$http_user_agent';'$timestamp_request_start';'$gcdn_internal_status_code'\n",
			`'[$clf]';'$client';'$method';'$target';'$status';'$bytes';'$host';'$agent';'$startmilli';'$code'`},
		{"gcore-viewer", "timestamp,path,method,referer,user_agent,client_ip,status,size,cname,resource_id,cache_status,datacenter\n",
			`$unix,$target,$method,$referer,"$agent",$client,$status,$bytes,$host,4567,$cache,ed$server`},
		{"gcore-json", "", `{"time_local":"$clf","remote_addr":"$client","request":"$method $target HTTP/2.0","status":"$status","body_bytes_sent":"$bytes","host":"$host","request_time":"$took","http_user_agent":"$agent",` +
			`"http_referer":"$referer","geoip2_country_code":"$country","geoip2_data_asnumber":"$asn","gcdn_internal_status_code":"$code","upstream_status":"$upstream","uid_got":"$uidgot","uid_set":"$uidset","connection":"$conn","ssl_session_id":"$session","ssl_session_reused":"$reused","shield_type":"shield_no"}`},
		{"nginx", "", combined + " $host $took"},
		{"apache", "", combined},
		{"apache-common", "", `$client - - [$clf] "$method $target HTTP/1.1" $status $bytes`},
		{"apache-vhost", "", "$host:443 " + combined},
		{"cloudfront", "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken\n",
			"$day\t$clock\tWAW5$server-P1\t$bytes\t$client\t$method\td111111abcdef8.cloudfront.net\t$path\t$status\t$referer\t$agentescaped\t$query\t-\tHit\t$requestid\t$host\thttps\t312\t$took"},
		{"w3c", "#Version: 1.0\n#Fields: date time c-ip cs-method cs-uri sc-status bytes time-taken cs(User-Agent) asn\n",
			"$day $clock $client $method $url $status $bytes $took $agentescaped $asn"},
		{"bunny", "", "HIT|$status|$unixmilli|$bytes|412|$client|$referer|$url|WAW|$agent|$requestid|$country"},
		{"keycdn", "", `$unixdot|plwa|$client|$status|$bytes|u1|77|$host|HIT|"$method $target HTTP/1.1"|[$clf]|"$referer"|"$agent"|https|TLSv1.3|$country|MZ|"AS$asn Example Telecom"|-`},
		{"cloudflare", "", `{"EdgeStartTimestamp":"$startiso","EdgeEndTimestamp":"$iso","ClientIP":"$client","ClientASN":$asn,"ClientCountry":"$country","ClientRequestMethod":"$method","ClientRequestHost":"$host",` +
			`"ClientRequestURI":"$target","EdgeResponseStatus":$status,"EdgeResponseBytes":$bytes,"ClientRequestUserAgent":"$agent","ClientRequestReferer":"$referer"}`},
		{"akamai", "", `{"version":"1","streamId":"12345","cp":"123456","reqId":"$requestid","reqTimeSec":"$startunix","cliIP":"$client","statusCode":"$status","reqHost":"$host","reqMethod":"$method","reqPath":"$path",` +
			`"queryStr":"$query","UA":"$agentescaped","country":"$country","asn":"$asn","cacheStatus":"1","bytes":"$bytes"}`},
		{"fastly", "", `{"timestamp":"$startzoned","client_ip":"$client","host":"$host","url":"$target","request_method":"$method","request_protocol":"HTTP/2","request_referer":"$referer","request_user_agent":"$agent",` +
			`"response_state":"HIT","response_status":$status,"response_body_size":$bytes,"fastly_server":"cache-waw1","fastly_is_edge":true}`},
		{"bunny-json", "", `{"timestamp":"$iso","pullZoneId":412,"requestId":"$requestid","cacheStatus":"HIT","statusCode":$status,"bytesSent":$bytes,"edgeLocation":"WA","scheme":"https","host":"$host","path":"$target","url":"$url",` +
			`"remoteIp":"$client","countryCode":"$country","userAgent":"$agent","referer":"$referer","asn":$asn}`},
		{"cdn77", "", `{"timestamp":"$startiso","startTimeMs":$startmilli,"clientIP":"$client","clientASN":$asn,"clientCountry":"$country","clientRequestHost":"$host","clientRequestMethod":"$method","clientRequestPath":"$target",` +
			`"clientRequestReferer":"$referer","clientRequestUserAgent":"$agent","responseStatus":$status,"responseBytes":$bytes,"requestTimeMs":$tookms,"resourceID":1693,"cacheStatus":"HIT","locationID":"warsawPL"}`},
		{"yandex", "", `{"resource_id":"1","timestamp_ms":"$isoblank","bytes_sent":$bytes,"request_uri":"$target","status":"$status","user_agent":"$agent","request_id":"$requestid","remote_addr":"$client",` +
			`"request_time":$took,"upstream_cache_status":"HIT","http_host":"$host"}`},
		{"alibaba", "", `{"unixtime":$unix,"domain":"$host","method":"$method","scheme":"https","uri":"$path","uri_param":"$query","client_ip":"$client","request_time":$tookms,"response_size":$bytes,` +
			`"return_code":$status,"user_agent":"$agent"}`},
		{"tencent", "", `{"app_id":"1","time":$unix,"client_ip":"$client","host":"$host","method":"$method","url":"$path","param":"$query","http_code":$status,"hit":"hit","rsp_size":$bytes,"request_time":$tookms,"ua":"$agent"}`},
		{"caddy", "", `{"level":"info","ts":$unixdot,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"$client","client_ip":"$client","proto":"HTTP/2.0","method":"$method","host":"$host",` +
			`"uri":"$target","headers":{"User-Agent":["$agent"],"Referer":["$referer"]}},"bytes_read":0,"duration":$took,"size":$bytes,"status":$status}`},
		{"json", "", `{"time":"$iso","remote_addr":"$client","host":"$host","method":"$method","uri":"$target","status":$status,"bytes":$bytes,"request_time":$took,"user_agent":"$agent","referer":"$referer"}`},
		{"csv", "time,client_ip,host,method,uri,status,bytes,request_time,user_agent,referer,country,asn\n", `$iso,$client,$host,$method,$target,$status,$bytes,$took,"$agent",$referer,$country,$asn`},
		{"tsv", "time\tclient_ip\thost\tmethod\turi\tstatus\tbytes\trequest_time\tuser_agent\treferer\tcountry\tasn\n", "$iso\t$client\t$host\t$method\t$target\t$status\t$bytes\t$took\t$agent\t$referer\t$country\t$asn"},
	}
}

// Formats lists the log formats that can be written, by their names in
// "ipdrift formats". The slice is the caller's.
func Formats() []string {
	var names []string
	for _, l := range layouts() {
		names = append(names, l.name)
	}
	return names
}

// piece is a field, with the text before it.
type piece struct {
	before string
	field  field
}

// printer writes lines in one format.
type printer struct {
	head   string
	pieces []piece
	end    string
	clock  seconds
}

func newPrinter(name string) (*printer, error) {
	all := layouts()
	at := slices.IndexFunc(all, func(l layout) bool { return l.name == name })
	if at < 0 {
		return nil, fmt.Errorf("no made-up logs of format %q: choose one of %s", name, strings.Join(Formats(), ", "))
	}
	p := &printer{head: all[at].head}
	names := fieldNames()
	rest := all[at].template
	for {
		before, after, found := strings.Cut(rest, "$")
		if !found {
			p.end = rest + "\n"
			return p, nil
		}
		n := strings.IndexFunc(after+" ", func(r rune) bool { return r < 'a' || r > 'z' })
		f := slices.Index(names[:], after[:n])
		if f < 1 {
			return nil, fmt.Errorf("format %s has no field %q", name, after[:n])
		}
		p.pieces = append(p.pieces, piece{before, field(f)})
		rest = after[n:]
	}
}

func (p *printer) append(b []byte, l *line) []byte {
	p.clock.at(l.at)
	for _, piece := range p.pieces {
		b = append(b, piece.before...)
		b = p.clock.appendField(b, piece.field, l)
	}
	return append(b, p.end...)
}
