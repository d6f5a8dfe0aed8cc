package token

import "strings"

// gcore is the secure token of Gcore CDN (docs, "Configure secure token"): MD5 over expires, path,
// address, one space and key, in the query parameters md5 and expires. The server side is nginx's
// secure_link with "$secure_link_expires$uri$remote_addr key".
func gcore() *Scheme {
	return &Scheme{
		Name:    "gcore",
		Aliases: []string{"edgecenter", "yandex", "vk", "orange"},
		Doc:     "Gcore CDN secure token, nginx secure_link: ?md5=…&expires=…",
		Params:  "md5, expires",
		Hash:    "MD5 of expires, path, address, blank, key",
		Binds:   true,
		KeyForm: keyText,
		Vectors: "published",
		Source:  "Gcore docs, \"Configure secure token\"; nginx manual, ngx_http_secure_link_module",
		read:    readQuery,
		head: func(dst []byte, l *Link, path []byte, _ Key) []byte {
			return append(append(dst, l.Expires...), path...)
		},
		tail: func(dst []byte, _ *Link, _ []byte, k Key) []byte { return k.append(append(dst, ' ')) },
		write: func(p SignParams, l *Link, token string) string {
			return withQuery(p.Target, []string{"md5", "expires"}, "md5="+token+"&expires="+string(l.Expires))
		},
	}
}

// withQuery sets the token's parameters behind those the target has. Older values of the named
// parameters are taken out, because the first of a name wins.
func withQuery(target string, replaced []string, added string) string {
	target, fragment, _ := strings.Cut(target, "#")
	path, query, _ := strings.Cut(target, "?")
	var kept []string
	for parameter := range strings.SplitSeq(query, "&") {
		if parameter != "" && !namedOne([]byte(parameter), replaced) {
			kept = append(kept, parameter)
		}
	}
	if added != "" {
		kept = append(kept, added)
	}
	signed := path + "?" + strings.Join(kept, "&")
	if fragment != "" {
		signed += "#" + fragment
	}
	return signed
}
