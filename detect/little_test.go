package detect_test

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

const secret = "little-key"

var (
	noon  = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	later = noon.Add(24 * time.Hour).Unix()
	past  = noon.Add(-time.Hour).Unix()
)

// site is how the links of one host are made.
type site struct {
	host string
	key  string              // secret if empty
	dir  bool                // the directory is hashed, else the file
	text func(string) string // what is hashed of an address; nil: all of it
}

func (s site) hashed(ip string) string {
	if s.text == nil {
		return ip
	}
	return s.text(ip)
}

// link is a target signed for an address, valid for a day.
func (s site) link(path, ip string) string { return s.until(path, ip, later) }

func (s site) until(path, ip string, expires int64) string {
	over := path
	if s.dir {
		over = path[:strings.LastIndexByte(path, '/')+1]
	}
	return s.over(path, over, s.hashed(ip), expires)
}

// over is a target whose token is signed over any path and address text. The
// recipe is the vendor's: expires path address, one space, key.
func (s site) over(path, signed, address string, expires int64) string {
	key := s.key
	if key == "" {
		key = secret
	}
	sum := md5.Sum([]byte(fmt.Sprint(expires) + signed + address + " " + key))
	return fmt.Sprintf("%s?md5=%s&expires=%d", path, base64.RawURLEncoding.EncodeToString(sum[:]), expires)
}

// on is the target of another file under the token of a first one.
func on(path, target string) string { return path + target[strings.IndexByte(target, '?'):] }

// entry is one line of a little log.
type entry struct {
	host, target, ip string
	status           int
	code, upstream   int           // fields of the Gcore format; 0: "-"
	asn              int           // of the Gcore format; 0: 64500
	edge             string        // of the Gcore format; "": ed
	uid              string        // id cookie, of the Gcore format; "": none
	at               time.Duration // after noon, when the line is written
	took             time.Duration
	agent, method    string
}

// text is nginx's combined with host and request time.
func (e entry) text() string {
	return fmt.Sprintf("%s - - [%s] \"%s %s HTTP/1.1\" %d 100 \"-\" \"%s\" %s %.3f\n",
		e.ip, e.when(), e.method, e.target, e.status, e.agent, e.host, e.took.Seconds())
}

func (e entry) when() string { return noon.Add(e.at).Format("02/Jan/2006:15:04:05 -0700") }

// gcore is a Gcore raw log's line: 50 quoted fields.
func (e entry) gcore() string {
	f := make([]string, 50)
	for i := range f {
		f[i] = "-"
	}
	number := func(n int) string {
		if n == 0 {
			return "-"
		}
		return fmt.Sprint(n)
	}
	asn, edge := e.asn, e.edge
	if asn == 0 {
		asn = 64500
	}
	if edge == "" {
		edge = "ed"
	}
	set := map[int]string{
		1: e.ip, 4: "[" + e.when() + "]", 5: e.method + " " + e.target + " HTTP/1.1", 6: fmt.Sprint(e.status), 7: "100",
		9: e.agent, 10: "300", 11: "[" + edge + "]", 12: "https", 13: e.host, 14: fmt.Sprintf("%.3f", e.took.Seconds()), 16: "200", 18: "[ed]",
		22: "1", 23: "2", 26: "PL", 28: "shield_no", 29: "192.0.2.10", 30: "443", 31: number(e.upstream), 36: fmt.Sprint(asn), 37: "1", 38: "1", 41: number(e.code),
	}
	if e.uid != "" {
		set[24] = e.uid
	}
	for i, v := range set {
		f[i-1] = v
	}
	return `"` + strings.Join(f, `" "`) + "\"\n"
}

// little is a log in the making. Lines are a second apart unless they say when.
type little struct{ entries []entry }

// add appends a line and returns its number.
func (l *little) add(e entry) int {
	if e.at == 0 {
		e.at = time.Duration(len(l.entries)) * time.Second
	}
	if e.agent == "" {
		e.agent = "player/1.0"
	}
	if e.method == "" {
		e.method = "GET"
	}
	l.entries = append(l.entries, e)
	return len(l.entries)
}

// get appends a plain line.
func (l *little) get(s site, target, ip string, status int) int {
	return l.add(entry{host: s.host, target: target, ip: ip, status: status})
}

// audience adds viewers from unrelated networks, each served once with a link
// of its own: what a host is calibrated with.
func (l *little) audience(s site, viewers int) {
	for i := range viewers {
		ip := stranger(i)
		l.get(s, s.link(fmt.Sprintf("/crowd/%d/a.ts", i), ip), ip, 200)
	}
}

// audience6 is an audience on IPv6.
func (l *little) audience6(s site, viewers int) {
	for i := range viewers {
		ip := fmt.Sprintf("2001:db8:%x:7::1:5", i+1)
		l.get(s, s.link(fmt.Sprintf("/crowd6/%d/a.ts", i), ip), ip, 200)
	}
}

// stranger is an address of a /16 of its own.
func stranger(i int) string { return fmt.Sprintf("%d.%d.7.9", 20+i/200, 1+i%200) }

func (l *little) text(line func(entry) string) string {
	var b strings.Builder
	for _, e := range l.entries {
		b.WriteString(line(e))
	}
	return b.String()
}
