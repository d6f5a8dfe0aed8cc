package format

import "sync"

// Formats lists the formats that have a name of their own. The slice is the caller's.
func Formats() []*Format {
	list := []*Format{gcore(), gcoreUploader(), gcoreViewer()}
	list = append(list, nginx(), apache(), apacheCommon(), apacheVhost(), liteSpeed(), cloudFront(), w3c(), bunny(), keyCDN(), alibabaOffline(), alb(), elb(), s3(), s3Old(), haproxy(), squid())
	for _, v := range vendors() {
		list = append(list, v.format())
	}
	return append(list, jsonLines(), csv(), tsv())
}

// combined is nginx's built-in format, which is Apache's, too.
const combined = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`

var nginx = sync.OnceValue(func() *Format {
	f, _ := fromTemplate(combined, nil)
	f.Name, f.Doc = "nginx", "nginx and Apache combined: "+combined
	return f
})

// liteSpeed keeps the quotes around the logFormat of its own configuration.
var liteSpeed = sync.OnceValue(func() *Format {
	f, _ := fromTemplate(`"`+combined+`"`, nil)
	f.Name, f.Doc = "litespeed", "OpenLiteSpeed: combined, the whole line in quotes"
	f.Source = "https://github.com/litespeedtech/openlitespeed/blob/master/dist/docs/VHGeneral_Help.html"
	return f
})

// keyCDN writes 19 fields, the last octet of addresses cut off. The host is the zone's alias, or its domain.
var keyCDN = sync.OnceValue(func() *Format {
	const template = `$msec|$pop|$remote_addr|$status|$bytes_sent|$uid|$zid|$host|$cache|"$request"|[$clock]|"$http_referer"|"$http_user_agent"|` +
		`$scheme|$tls|$country|$region|"$asn"|$range`
	f, _ := fromTemplate(template, nil)
	f.fixed = true
	f.Name, f.Doc, f.Source = "keycdn", "KeyCDN: 19 fields separated by bars, the last octet of addresses 0", "https://www.keycdn.com/support/cdn-log-format"
	return f
})

// alibabaOffline has the bytes of the request before those of the response. Its milliseconds are not read: whether the time is that of
// the request's start or end is not told.
var alibabaOffline = sync.OnceValue(func() *Format {
	f, _ := fromTemplate(`[$time_local] $remote_addr $proxy $took "$http_referer" "$request" $status $request_length $bytes_sent $cache "$http_user_agent" "$content_type"`, nil)
	f.fixed = true
	f.Name, f.Doc, f.Source = "alibaba-offline", "Alibaba Cloud CDN, offline logs: 12 values", "https://www.alibabacloud.com/help/doc-detail/27142.htm"
	return f
})

func jsonLines() *Format {
	return &Format{Name: "json", Doc: "one JSON object per line, keys by their usual names or a map", Source: "https://jsonlines.org", has: anyField}
}
