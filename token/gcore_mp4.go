package token

import "bytes"

// gcoreMP4 is the "advanced" MP4 token of Gcore Video Streaming (docs, "Protect VOD with a secure
// token"): MD5 over path, key, expires, speed, buffer and address, joined by underscores that stay
// where a part is missing. The path excludes a trailing /download or /download=<name>.
func gcoreMP4() *Scheme {
	return &Scheme{
		Name:    "gcore-mp4",
		Doc:     "Gcore Video Streaming, MP4 files: ?md5=…&expires=…[&speed=…][&buffer=…]",
		Params:  "md5, expires, speed, buffer",
		Hash:    "MD5 of path, key, expires, speed, buffer, address",
		Binds:   true,
		KeyForm: keyText,
		Vectors: "published",
		Source:  "Gcore docs, \"Protect VOD with a secure token\"",
		read:    readMP4,
		head: func(dst []byte, l *Link, path []byte, k Key) []byte {
			dst = k.append(append(append(dst, beforeDownload(path)...), '_'))
			dst = append(append(dst, '_'), l.Expires...)
			dst = append(append(dst, '_'), l.speed...)
			dst = append(append(dst, '_'), l.buffer...)
			return append(dst, '_')
		},
		tail: noTail,
		write: func(p SignParams, l *Link, token string) string {
			added := "md5=" + token + "&expires=" + string(l.Expires)
			if p.Speed != "" {
				added += "&speed=" + p.Speed
			}
			if p.Buffer != "" {
				added += "&buffer=" + p.Buffer
			}
			return withQuery(p.Target, []string{"md5", "expires", "speed", "buffer"}, added)
		},
	}
}

func readMP4(l *Link, target []byte, path, query span) {
	readQuery(l, target, path, query)
	if at, ok := argument(target, query, "speed"); ok {
		l.speed = target[at[0]:at[1]]
	}
	if at, ok := argument(target, query, "buffer"); ok {
		l.buffer = target[at[0]:at[1]]
	}
}

// beforeDownload cuts a last segment "download" or "download=<name>" off, with its slash.
func beforeDownload(path []byte) []byte {
	i := bytes.LastIndexByte(path, '/')
	if i <= 0 {
		return path
	}
	if last := path[i+1:]; string(last) == "download" || bytes.HasPrefix(last, []byte("download=")) {
		return path[:i]
	}
	return path
}
