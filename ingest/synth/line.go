package synth

import "strconv"

// write appends one log line and counts it.
func (g *generator) write(s *session, status int, v verdict) {
	s.seen = true
	g.statuses[status]++
	g.verdicts[v]++
	millis := 5 + g.rng.IntN(900)
	if status != 200 {
		millis = 0
	}
	if g.o.Format == "gcore" {
		g.gcore(s, status, v, millis)
		return
	}
	g.nginx(s, status, v, millis)
}

// nginx writes $remote_addr - $remote_user [$time_local] "$request" $status
// $body_bytes_sent "$http_referer" "$http_user_agent" $host $request_time.
func (g *generator) nginx(s *session, status int, v verdict, millis int) {
	b := append(g.buf, s.addrText...)
	b = append(b, " - - ["...)
	b = append(b, g.clock.at(g.now)...)
	b = append(b, `] "GET `...)
	b = g.appendTarget(b, s, v)
	b = append(b, ` HTTP/1.1" `...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, g.size(status), 10)
	b = append(b, ` "`...)
	b = g.appendReferer(b, s)
	b = append(b, `" "`...)
	b = g.appendAgent(b, s)
	b = append(b, `" `...)
	b = append(b, g.o.Hosts[s.host]...)
	b = append(b, ' ')
	b = appendSeconds(b, millis)
	g.buf = append(b, '\n')
}

// gcore writes the 50 fields of a Gcore raw log.
func (g *generator) gcore(s *session, status int, v verdict, millis int) {
	size := g.size(status)
	cache, reason := gcoreWords(status)
	b := append(g.buf, '"')
	b = append(b, s.addrText...)
	b = append(b, `" "-" "-" "[`...)
	b = append(b, g.clock.at(g.now)...)
	b = append(b, `]" "GET `...)
	b = g.appendTarget(b, s, v)
	b = append(b, ` HTTP/2.0" "`...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = appendNext(b, size)
	b = append(b, `" "`...)
	b = g.appendReferer(b, s)
	b = append(b, `" "`...)
	b = g.appendAgent(b, s)
	b = appendNext(b, size+249)
	b = append(b, `" "[ed-up-gc01]" "https" "`...)
	b = append(b, g.o.Hosts[s.host]...)
	b = append(b, `" "`...)
	b = appendSeconds(b, millis)
	b = append(b, `" "-" "312" "-" "[ed]" "`...)
	b = append(b, cache...)
	b = append(b, `" "-" "-" "123" "4567" "-" "-" "PL" "-" "shield_no" "192.0.2.10" "443" "-" "-" "-" "-" "-" "`...)
	b = strconv.AppendInt(b, int64(64500+s.agent%8), 10)
	b = appendNext(b, 100000000+int64(s.serial))
	b = appendNext(b, int64(s.seq+1))
	b = append(b, `" "-" "-" "`...)
	b = append(b, reason...)
	b = append(b, `" "TLS_AES_128_GCM_SHA256" "-" "." "video/mp2t" "21" "PL" "45" "0" "-"`...)
	g.buf = append(b, '\n')
}

// appendNext ends a quoted field and begins the next with a number.
func appendNext(b []byte, n int64) []byte {
	return strconv.AppendInt(append(b, `" "`...), n, 10)
}

func (g *generator) size(status int) int64 {
	if status != 200 {
		return 146
	}
	return 200_000 + int64(g.rng.IntN(1_800_000))
}

func appendSeconds(b []byte, millis int) []byte {
	return append(b, '0'+byte(millis/1000), '.', '0'+byte(millis/100%10), '0'+byte(millis/10%10), '0'+byte(millis%10))
}

// appendTarget writes the request target. A malformed or tampered token is made
// from the viewer's good one.
func (g *generator) appendTarget(b []byte, s *session, v verdict) []byte {
	b = appendFile(g.appendDir(b, s), s)
	token := s.token
	switch v {
	case malformed:
		return g.appendBroken(b, s)
	case unresolved:
		at := g.rng.IntN(20)
		if token[at]--; !isLetter(token[at]) {
			token[at] = 'Q'
		}
	}
	b = append(append(b, "?md5="...), token[:]...)
	return strconv.AppendInt(append(b, "&expires="...), s.expires, 10)
}

func isLetter(c byte) bool { return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' }

func (g *generator) appendBroken(b []byte, s *session) []byte {
	token := s.token[:]
	switch g.rng.IntN(4) {
	case 0: // the player lost the second parameter
		return append(append(b, "?md5="...), token...)
	case 1: // cut off when it was copied
		token = token[:19]
	case 2:
		return append(append(append(b, "?md5="...), token...), "&expires=never"...)
	default: // standard base64
		b = append(append(b, "?md5=+"...), token[1:]...)
		return strconv.AppendInt(append(b, "&expires="...), s.expires, 10)
	}
	b = append(append(b, "?md5="...), token...)
	return strconv.AppendInt(append(b, "&expires="...), s.expires, 10)
}

// appendDir writes the directory with its trailing slash. Links for one file
// live in a tree of their own.
func (g *generator) appendDir(b []byte, s *session) []byte {
	if s.file {
		return appendPadded(append(b, "/download/collection-"...), s.title%100, 5, '/')
	}
	b = appendPadded(append(b, "/vod/eu-central/title-"...), s.title, 5, '/')
	return append(b, renditions[s.dir]...)
}

func appendFile(b []byte, s *session) []byte {
	if s.file {
		b = strconv.AppendUint(append(b, "episode-"...), s.serial, 36)
		return appendPadded(append(b, '-'), s.seq/rangesPerFile, 4, '.', 'm', 'p', '4')
	}
	if s.seq == 0 {
		return append(b, "index.m3u8"...)
	}
	return appendPadded(append(b, "segment-"...), s.seq, 6, '.', 't', 's')
}

func appendPadded(b []byte, n, width int, tail ...byte) []byte {
	for p := pow10(width - 1); p > n && p > 1; p /= 10 {
		b = append(b, '0')
	}
	return append(strconv.AppendInt(b, int64(n), 10), tail...)
}

func pow10(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}

func (g *generator) appendReferer(b []byte, s *session) []byte {
	b = append(b, referers[s.ref]...)
	if g.o.Hostile {
		b = strconv.AppendUint(append(b, "?visit="...), s.serial*0x9e3779b97f4a7c15, 36)
	}
	return b
}

func (g *generator) appendAgent(b []byte, s *session) []byte {
	a := agents[s.agent]
	b = strconv.AppendInt(append(b, a.head...), int64(s.version), 10)
	b = append(b, a.tail...)
	if g.o.Hostile {
		b = strconv.AppendUint(append(b, " id/"...), s.serial*0xbf58476d1ce4e5b9, 36)
	}
	return b
}
