package format

import "sync"

// alb is the log of Amazon's Application Load Balancer. A port is glued to each address, IPv6 ones without brackets. Its time is that of
// the answer; the request's start comes late in the line, and what stands behind it tells nothing that is used here.
var alb = sync.OnceValue(func() *Format {
	const template = `$type $time $elb $client_ip:$client_port $target_addr $to_target $in_target $from_target $status $upstream_status ` +
		`$received $bytes_sent "$request" "$http_user_agent" $ssl_cipher $ssl_protocol $target_group "$trace_id" "$sni" "$cert" $rule $request_start`
	return awsOf(template, "alb", "AWS Application Load Balancer access log", "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html")
})

// elb is the log of Amazon's Classic Load Balancer. Its time is that of the request.
var elb = sync.OnceValue(func() *Format {
	const template = `$request_start $elb $client_ip:$client_port $target_addr $to_target $in_target $from_target $status $upstream_status ` +
		`$received $bytes_sent "$request" "$http_user_agent" $ssl_cipher $ssl_protocol`
	return awsOf(template, "elb", "AWS Classic Load Balancer access log", "https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html")
})

// s3 is the server access log of Amazon S3. Its time is that of the request, its key stands in the request, too, and columns behind the
// Host header may become more.
var s3 = sync.OnceValue(func() *Format {
	return s3Of(s3Columns+` $host_id $signature $ssl_cipher $auth $host`, "s3", "Amazon S3 server access log")
})

// s3Old is that of before 2019, and whatever has no Host header.
var s3Old = sync.OnceValue(func() *Format {
	return s3Of(s3Columns, "s3-2018", "Amazon S3 server access log of before 2019: no host")
})

const s3Columns = `$owner $bucket [$request_start] $client_ip $requester $request_id $operation $key "$request" $status $error ` +
	`$bytes_sent $object $request_time_ms $turn_around "$http_referer" "$http_user_agent" $version`

func s3Of(template, name, doc string) *Format {
	f := awsOf(template, name, doc, "https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html")
	f.urls = false
	return f
}

func awsOf(template, name, doc, source string) *Format {
	f, _ := fromTemplate(template, nil)
	f.Name, f.Doc, f.Source = name, doc, source
	f.urls, f.fixed = true, true
	return f
}
