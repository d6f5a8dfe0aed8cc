package rig

import (
	"fmt"
	"net/netip"
	"strings"
)

// Conf is what nginx serves.
type Conf struct {
	Hosts     []Host
	LogFormat string // of access.log; CustomerFormat if empty
	Body      string // path, nginx variables allowed, of the file that answers accepted requests; none: an empty body
	HTTP      string // more directives for all hosts
}

// CustomerFormat is combined with host and request time at the end.
const CustomerFormat = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $host $request_time`

// Host is one virtual host and its rule for links, set as Gcore documents it:
// no valid token 403, expired 410.
type Host struct {
	Name    string
	Key     string
	Dir     bool // the directory with its trailing slash is hashed, else the file
	Bound   bool // the client address is hashed too
	Prefix4 int  // 8, 16 or 24: IPv4 addresses are cut; 0: whole
	Prefix6 int  // IPv6 addresses in Networks6 are cut; 0: whole
	Form    string
	// Networks6 lists the IPv6 networks of Prefix6 bits that nginx knows; it can
	// cut no other address.
	Networks6 []netip.Prefix
	Refuse    string // more nginx directives, tried on valid links
}

// The text forms of a cut IPv4 address. IPv6 ones have the form of FormNetwork,
// or of FormCIDR if that is asked for.
const (
	FormNetwork   = "network"    // 198.51.100.0
	FormCIDR      = "cidr"       // 198.51.100.0/24
	FormOctets    = "octets"     // 198.51.100
	FormOctetsDot = "octets-dot" // 198.51.100.
)

func (c Conf) text(dir, addr string) string {
	format := c.LogFormat
	if format == "" {
		format = CustomerFormat
	}
	var b strings.Builder
	fmt.Fprintf(&b, head, dir, addr, strings.ReplaceAll(format, `'`, `\'`), dir, dir, dir, dir, dir, dir, dir)
	b.WriteString(c.HTTP)
	for i, h := range c.Hosts {
		h.write(&b, i, addr, c.Body)
	}
	b.WriteString("}\n")
	return b.String()
}

const head = `daemon off;
master_process off;
pid %s/nginx.pid;
events { worker_connections 4096; }
http {
    # on %s
    log_format customer '%s';
    log_format oracle escape=json "$http_x_seq\t$status\t$secure_link\t$secure_link_expires\t$remote_addr\t$host\t$msec\t$request_time\t$uri";
    access_log %s/access.log customer;
    access_log %s/oracle.log oracle;
    client_body_temp_path %s/tmp; proxy_temp_path %s/tmp; fastcgi_temp_path %s/tmp; uwsgi_temp_path %s/tmp; scgi_temp_path %s/tmp;
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Client-IP;
    keepalive_timeout 300s;
    keepalive_requests 10000000;
    lingering_close always;
    large_client_header_buffers 8 32k;
    server_names_hash_bucket_size 128;
    server_tokens off;
    etag off;
    default_type application/octet-stream;
    map $uri $dir { "~(?s)^(.*/)" $1; }
`

// write adds the virtual host and the map that makes the hashed address text.
func (h Host) write(b *strings.Builder, i int, addr, body string) {
	bound := ""
	if h.Bound {
		bound = "$bound" + fmt.Sprint(i)
		h.writeBound(b, i)
	}
	path := "$uri"
	if h.Dir {
		path = "$dir"
	}
	answer := "return 200;"
	if body != "" {
		answer = "alias " + body + ";"
	}
	fmt.Fprintf(b, `    server {
        listen %s;
        server_name %s;
        location ~ ^ {
            secure_link $arg_md5,$arg_expires;
            secure_link_md5 "$secure_link_expires%s%s %s";
            if ($secure_link = "") { return 403; }
            if ($secure_link = "0") { return 410; }
            %s
            %s
        }
    }
`, addr, h.Name, path, bound, h.Key, h.Refuse, answer)
}

func (h Host) writeBound(b *strings.Builder, i int) {
	fmt.Fprintf(b, "    geo $net6_%d {\n        default \"\";\n", i)
	for _, n := range h.Networks6 {
		fmt.Fprintf(b, "        %s %s;\n", n, h.cutText(n))
	}
	b.WriteString("    }\n")
	fmt.Fprintf(b, "    map \"$net6_%d $remote_addr\" $bound%d {\n        default $remote_addr;\n        \"~^(?<a>\\S+) \" $a;\n", i, i)
	if re, text := h.cut4(); re != "" {
		fmt.Fprintf(b, "        \"~^ %s\" \"%s\";\n", re, text)
	}
	b.WriteString("    }\n")
}

// cut4 is a pattern of dotted quads and what becomes of them.
func (h Host) cut4() (pattern, text string) {
	if h.Prefix4 == 0 {
		return "", ""
	}
	kept := h.Prefix4 / 8
	pattern = `(?<k>\d+` + strings.Repeat(`\.\d+`, kept-1) + `)` + strings.Repeat(`\.\d+`, 4-kept) + "$"
	zeros := strings.Repeat(".0", 4-kept)
	return pattern, map[string]string{
		FormNetwork:   "$k" + zeros,
		FormCIDR:      fmt.Sprintf("${k}%s/%d", zeros, h.Prefix4),
		FormOctets:    "$k",
		FormOctetsDot: "${k}.",
	}[h.Form]
}
