package token

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// mediaVault is Limelight's, later Edgio's, MediaVault (docs.edg.io, "MediaVault"): MD5 over key and URL with all
// parameters before h, which is the last that counts. s and e bound the time, ip is an address or a range, and p
// says how many characters of the URL are hashed before the parameters. The URL is hashed with scheme and host, so the
// request's host must be known.
func mediaVault() *Scheme {
	return &Scheme{
		Name:    "mediavault",
		Doc:     "Limelight and Edgio MediaVault: ?s=…&e=…&p=…&ip=…&h=…",
		Params:  "s, e, p, ip, h",
		Hash:    "MD5 of key, URL, parameters before h",
		Binds:   true,
		Visible: true,
		Tells:   true,
		Needs:   "host",
		KeyForm: keyText,
		Vectors: "published",
		Source:  "docs.edg.io, MediaVault, \"Generate a Hash using Bash Commands\"",
		origins: true,
		hexed:   true,
		address: noAddress,
		read:    readMediaVault,
		head: func(dst []byte, l *Link, path []byte, k Key) []byte {
			dst = k.append(dst)
			from := len(dst)
			if l.whole {
				path = l.RawPath
			}
			dst = append(l.base(dst), path...)
			if l.whole && l.cut < len(dst)-from {
				dst = dst[:from+l.cut]
			}
			if len(l.Params) > 0 {
				dst = append(append(dst, '?'), l.Params...)
			}
			return dst
		},
		tail:  noTail,
		draft: draftMediaVault,
	}
}

func readMediaVault(l *Link, target []byte, _, query span) {
	l.says = saysNone
	l.hashRaw()
	at, ok := exact(target, query, "h")
	if !ok {
		return
	}
	l.Token, l.TokenAt = target[at[0]:at[1]], at
	l.Params = bytes.TrimSuffix(target[query[0]:at[0]-len("h=")], []byte("&"))
	l.fields = cutParams(l.fields, l.Params, '&')
	bound := true
	if ip, ok := find(l.fields, "ip"); ok {
		bound = l.bind(l.decodedPercent(ip))
	}
	n, hex := unhexed(l.Sum[:], l.Token)
	end, dated := find(l.fields, "e")
	l.settle(DetailBadMD5, hex && n == len(l.Sum), l.until(end, dated))
	l.bounded(bound)
	if start, ok := find(l.fields, "s"); ok {
		l.Start, _ = parseExpires(start)
	}
	if length, ok := find(l.fields, "p"); ok && l.PathOK {
		l.readPrefixLength(length)
	}
}

func (l *Link) readPrefixLength(text []byte) {
	cut, ok := parseExpires(text)
	if !ok {
		return
	}
	l.cut, l.whole, l.reach = int(min(cut, 1<<20)), true, reachFile
	if l.cut <= l.baseLength()+len(parent(l.Path)) {
		l.reach = reachDir
	}
}

// baseLength is the length of scheme and host, of the shorter scheme where both are possible.
func (l *Link) baseLength() int {
	if len(l.origin) > 0 || len(l.seen.Host) == 0 {
		return len(l.origin)
	}
	return len("http://") + len(l.seen.Host)
}

func draftMediaVault(_ *Scheme, p SignParams, l *Link, sum []byte) (string, error) {
	if len(l.origin) == 0 {
		return "", errors.New("mediavault hashes the whole URL, give it with https:// and host")
	}
	added := "e=" + p.expires()
	if p.Dir {
		added += "&p=" + strconv.Itoa(len(l.origin)+len(parent(l.Path)))
	}
	if p.Client.IsValid() {
		added += "&ip=" + p.rangeText()
	}
	bare, _, _ := strings.Cut(p.Target, "#")
	return withQuery(bare, []string{"s", "e", "p", "ip", "h"}, added+"&h="+hex.EncodeToString(sum)), nil
}

// rangeText is the client address, or its network in CIDR form.
func (p SignParams) rangeText() string {
	network := maskOf(p.Client.Unmap(), p.bits())
	if network.IsSingleIP() {
		return network.Addr().String()
	}
	return fmt.Sprint(network)
}
