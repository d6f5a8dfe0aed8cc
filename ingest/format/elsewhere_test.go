package format

import (
	"bytes"
	"fmt"
	"testing"
)

// TestNamesElsewhere reads a request as logs have it that were gathered and exported by others: the names are those of the Elastic Common
// Schema, of Google Cloud's LogEntry and Azure Front Door (samples in elastic/integrations), of the tables in the AWS documentation on
// Athena, of Splunk and Kibana, and those in the documentation of Vercel, WordPress VIP and Alibaba's ESA. The URLs and addresses are ours.
func TestNamesElsewhere(t *testing.T) {
	const (
		query  = "?md5=8vAHfjuFGwiLpCsVjgfSqA&expires=1893456000"
		whole  = "https://cdn.example.com/v/1.ts" + query
		second = "2026-11-23T09:26:12Z"
	)
	for name, text := range map[string]string{
		"ECS": `{"@timestamp":"` + second + `","source":{"ip":"203.0.113.7","as":{"number":64500}},"http":{"request":{"method":"GET"},"response":{"status_code":403,"body":{"bytes":612}}},` +
			`"url":{"original":"/v/1.ts` + query + `","path":"/v/1.ts","domain":"cdn.example.com"},"user_agent":{"original":"curl/8.0","name":"curl"},"host":{"name":"web-1"}}`,
		"ECS without the original": `{"@timestamp":"` + second + `","client":{"ip":"203.0.113.7"},"http.request.method":"GET","http.response.status_code":"403","http.response.body.bytes":612,` +
			`"url":{"path":"/v/1.ts","query":"` + query[1:] + `","domain":"cdn.example.com"},"user_agent.original":"curl/8.0"}`,
		"Google Cloud": `{"insertId":"1","jsonPayload":{"statusDetails":"denied_by_signed_request"},"httpRequest":{"requestMethod":"GET","requestUrl":"` + whole + `","requestSize":"577","status":403,` +
			`"responseSize":"612","userAgent":"curl/8.0","remoteIp":"203.0.113.7:9989","serverIp":"10.5.3.1:9090"},"timestamp":"` + second + `","receiveTimestamp":"2026-11-23T09:26:13Z"}`,
		"Azure Front Door": `{"category":"FrontdoorAccessLog","properties":{"clientIp":"203.0.113.7","httpMethod":"GET","httpStatusCode":"403","requestUri":"https://cdn.example.com:443/v/1.ts` + query + `",` +
			`"responseBytes":"612","socketIp":"203.0.113.9","userAgent":"curl/8.0"},"time":"` + second + `"}`,
		"Vercel": `{"id":"1","source":"static","host":"my-app-abc123.vercel.app","timestamp":1795425972043,"statusCode":403,"path":"/v/1.ts","proxy":{"timestamp":1795425972000,"method":"GET",` +
			`"host":"cdn.example.com","path":"/v/1.ts` + query + `","userAgent":["curl/8.0"],"statusCode":403,"clientIp":"203.0.113.7","responseByteSize":612}}`,
		"WordPress VIP": `{"request_url":"/v/1.ts` + query + `","timestamp":"23/Nov/2026:09:26:12 +0000","request_type":"GET","http_x_forwarded_for":"","true_client_ip":"","remote_addr":"203.0.113.7",` +
			`"status":"403","http_host":"cdn.example.com","body_bytes_sent":"612","http_user_agent":"curl/8.0"}`,
		"Alibaba ESA": `{"EdgeStartTimestamp":"2026-11-23T17:26:12+08:00","ClientIP":"203.0.113.7","ClientRequestHost":"cdn.example.com","ClientRequestMethod":"GET",` +
			`"ClientRequestURI":"/v/1.ts` + query + `","ClientRequestUserAgent":"curl/8.0","EdgeResponseBodyBytes":612,"EdgeResponseStatusCode":403}`,
		"Athena, ALB": "type,time,elb,client_ip,client_port,elb_status_code,target_status_code,received_bytes,sent_bytes,request_verb,request_url,request_proto,user_agent,domain_name\n" +
			"h2," + second + ",app/x/1,203.0.113.7,2817,403,200,34,612,GET," + whole + ",HTTP/2.0,curl/8.0,cdn.example.com",
		"Athena, CloudFront": "date,time,location,bytes,request_ip,method,host,uri,status,referrer,user_agent,query_string,host_header\n" +
			"2026-11-23,09:26:12,WAW50-P1,612,203.0.113.7,GET,d1.cloudfront.net,/v/1.ts,403,-,curl/8.0," + query[1:] + ",cdn.example.com",
		"Splunk": "_time,clientip,method,uri_path,uri_query,status,bytes,useragent,host\n" + second + ",203.0.113.7,GET,/v/1.ts," + query[1:] + ",403,612,curl/8.0,cdn.example.com",
		"Kibana": "\"@timestamp\",\"source.ip\",\"http.request.method\",\"url.original\",\"http.response.status_code\",\"http.response.body.bytes\",\"user_agent.original\",\"url.domain\"\n" +
			"\"Nov 23, 2026 @ 09:26:12.000\",\"203.0.113.7\",GET,\"/v/1.ts" + query + "\",403,612,\"curl/8.0\",\"cdn.example.com\"",
		"a spreadsheet": "Time;Client IP;Host;Method;URL;Status;Bytes;User Agent\n" +
			"23.11.2026 09:26:12;203.0.113.7;cdn.example.com;GET;/v/1.ts" + query + ";403;612;curl/8.0",
		"Log Analytics": "\"TimeGenerated [UTC]\",\"clientIp_s\",\"hostName_s\",\"httpMethod_s\",\"requestUri_s\",\"httpStatusCode_d\",\"responseBytes_s\",\"userAgent_s\"\n" +
			"\"11/23/2026, 9:26:12.000 AM\",\"203.0.113.7\",\"cdn.example.com\",\"GET\",\"https://cdn.example.com:443/v/1.ts" + query + "\",\"403\",\"612\",\"curl/8.0\"",
		"bars between blanks": "2026-11-23 09:26:12 | 203.0.113.7 | 403 | 612 | GET | cdn.example.com | /v/1.ts" + query + " | curl/8.0",
		"names with blanks": "Time;Client IP;Host;Request Method;Request URI;HTTP Status;Bytes Sent;User-Agent\n" +
			"2026-11-23 09:26:12;203.0.113.7;cdn.example.com;GET;/v/1.ts" + query + ";403;612;curl/8.0",
	} {
		lines := bytes.Split([]byte(text), []byte("\n"))
		p := detected(t, lines).NewParser()
		var r Record
		bad := p.Parse(lines[len(lines)-1], &r)
		got := fmt.Sprintf("%d %s %s %s %s %d %d %s", r.Start, r.Client, r.Host, r.Method, r.Target, r.Status, r.Bytes, r.UserAgent)
		if want := fmt.Sprintf("%d 203.0.113.7 cdn.example.com GET /v/1.ts%s 403 612 curl/8.0", at(12000), query); got != want || bad.Reason != "" {
			t.Errorf("%s: %+v\n got %s\nwant %s", name, bad, got, want)
		}
		if r.Zoneless != (name == "Kibana" || name == "a spreadsheet" || name == "Log Analytics" || name == "bars between blanks" || name == "names with blanks") {
			t.Errorf("%s: zoneless %v", name, r.Zoneless)
		}
	}
}

// TestQueriesThatAreOmitted: where some objects have a query string, those without one had none; it was not cut off.
func TestQueriesThatAreOmitted(t *testing.T) {
	line := `{"@timestamp":"2026-11-23T09:26:12Z","source":{"ip":"203.0.113.7"},"http":{"request":{"method":"GET"},"response":{"status_code":200}},"url":{"path":"/v/1.ts"%s}}`
	with, without := fmt.Appendf(nil, line, `,"query":"expires=1893456000"`), fmt.Appendf(nil, line, "")
	for _, c := range []struct {
		lines [][]byte
		cut   bool
	}{{[][]byte{with, without}, false}, {[][]byte{without, without}, true}} {
		f := detected(t, c.lines)
		var r Record
		if bad := f.NewParser().Parse(without, &r); bad.Reason != "" || r.QueryCut != c.cut || len(f.Notes()) > 0 != c.cut {
			t.Errorf("%+v, cut %v, notes %q; want %v", bad, r.QueryCut, f.Notes(), c.cut)
		}
	}
}
