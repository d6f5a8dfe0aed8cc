package token

import (
	"bytes"
	"strings"
)

// gcoreVideo is the path token of Gcore Video Streaming (docs, "Protect VOD with a secure token"):
// /videos/<client>_<video>/<token>/<expires>/<file>, MD5 over client, video, key, expires and
// address, joined by underscores of which the last stays without an address. The file is not hashed.
func gcoreVideo() *Scheme {
	return &Scheme{
		Name:    "gcore-video",
		Doc:     "Gcore Video Streaming, HLS and DASH: /videos/<client>_<video>/<token>/<expires>/…",
		Params:  "path: /<kind>/<client>_<video>/<token>/<expires>/",
		Hash:    "MD5 of client, video, key, expires, address",
		Binds:   true,
		KeyForm: keyText,
		Vectors: "own",
		Source:  "Gcore docs, \"Protect VOD with a secure token\"",
		whole:   true,
		read:    readVideo,
		head: func(dst []byte, l *Link, _ []byte, k Key) []byte {
			dst = k.append(append(append(dst, l.asset...), '_'))
			dst = append(append(dst, '_'), l.Expires...)
			return append(dst, '_')
		},
		tail:  noTail,
		write: writeVideo,
	}
}

// readVideo reads the second to fourth segment of the decoded path, of the raw path where that cannot be
// decoded. A path without anything that looks like a token behind the asset bears none.
func readVideo(l *Link, target []byte, path, _ span) {
	from := l.Path
	if !l.PathOK {
		from = l.RawPath
	}
	kind, rest := segment(from)
	asset, rest := segment(rest)
	if !isVideoKind(kind) || !isAsset(asset) {
		return
	}
	l.asset = asset
	text, rest := segment(rest)
	expires, _ := segment(rest)
	_, isSum := decodeSum(text)
	_, isTime := parseExpires(expires)
	if !isSum && !isTime {
		return
	}
	l.Token, l.TokenAt = text, whereIs(target, path, text)
	if len(expires) == 0 {
		l.spoil(DetailMissingExpires)
		return
	}
	l.Expires = expires
	l.decode()
}

func isAsset(name []byte) bool {
	client, video, ok := bytes.Cut(name, []byte("_"))
	return ok && len(client) > 0 && len(video) > 0
}

// segment cuts the first segment off, and the slash before it.
func segment(path []byte) (first, rest []byte) {
	path = bytes.TrimPrefix(path, []byte("/"))
	if i := bytes.IndexByte(path, '/'); i >= 0 {
		return path[:i], path[i:]
	}
	return path, nil
}

// isVideoKind knows the first segments: videos for VOD, cmaf and mpegts for live streams, streams in
// older documentation.
func isVideoKind(name []byte) bool {
	switch string(name) {
	case "videos", "cmaf", "mpegts", "streams":
		return true
	}
	return false
}

// whereIs finds the token of the decoded path in the target as written. Where its characters are
// percent-encoded, or stand there twice, it is all of the path: cutting it out never leaves a part.
func whereIs(target []byte, path span, token []byte) span {
	raw := target[path[0]:path[1]]
	if bytes.Count(raw, token) != 1 {
		return path
	}
	at := path[0] + bytes.Index(raw, token)
	return span{at, at + len(token)}
}

func writeVideo(p SignParams, l *Link, token string) string {
	path, _, _ := split([]byte(p.Target))
	kind, file := segment(l.Path)
	asset, file := segment(file)
	if l.Token != nil {
		_, file = segment(file)
		_, file = segment(file)
	}
	signed := strings.Join([]string{"", string(kind), string(asset), token, string(l.Expires)}, "/")
	return p.Target[:path[0]] + signed + string(file) + p.Target[path[1]:]
}
