package token

// cdnSun is CDNsun's URL signing (github.com/CDNsun, url-signing-function-*): MD5 over expiry, path, key and address.
// The address stands in the parameter ip as well, so a mismatch is seen without the key. Expiry and
// address are optional.
func cdnSun() *Scheme {
	return &Scheme{
		Name:    "cdnsun",
		Doc:     "CDNsun URL signing: ?secure=…[&expires=…][&ip=…]",
		Params:  "secure, expires, ip",
		Hash:    "MD5 of expires, path, key, ip",
		Binds:   true,
		Visible: true,
		Tells:   true,
		KeyForm: keyText,
		Vectors: "own",
		Source:  "github.com/CDNsun/url-signing-function-dotnet",
		ipText:  true,
		address: noAddress,
		read:    readCDNsun,
		head: func(dst []byte, l *Link, path []byte, k Key) []byte {
			return append(k.append(append(append(dst, l.Expires...), path...)), l.Params...)
		},
		tail: noTail,
		draft: func(_ *Scheme, p SignParams, _ *Link, sum []byte) (string, error) {
			added := "secure=" + base64URL(sum) + "&expires=" + p.expires()
			if p.Client.IsValid() {
				added += "&ip=" + string(AppendAddr(nil, p.Client))
			}
			return withQuery(p.Target, []string{"secure", "expires", "ip"}, added), p.wholeAddress()
		},
	}
}

func readCDNsun(l *Link, target []byte, _, query span) {
	l.says = saysNone
	expires, dated := argument(target, query, "expires")
	secure, ok := argument(target, query, "secure")
	if !ok {
		if dated {
			l.spoil(DetailMissingMD5)
		}
		return
	}
	l.Token, l.TokenAt = target[secure[0]:secure[1]], secure
	bound := true
	if ip, ok := argument(target, query, "ip"); ok {
		l.Params = target[ip[0]:ip[1]]
		bound = l.bind(l.Params)
	}
	l.settle(DetailBadMD5, l.isMD5(l.Token), l.until(target[expires[0]:expires[1]], dated))
	l.bounded(bound)
}
