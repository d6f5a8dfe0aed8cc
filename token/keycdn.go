package token

// keyCDN is KeyCDN's secure token for access control (keycdn.com/support/secure-token): MD5 over path, key and
// expiry. No address can be bound. The edge answers 403 to a wrong token and 410 to an expired one.
func keyCDN() *Scheme {
	return &Scheme{
		Name:     "keycdn",
		Doc:      "KeyCDN secure token: ?token=…&expire=…",
		Params:   "token, expire",
		Hash:     "MD5 of path, key, expire",
		KeyForm:  keyText,
		Vectors:  "own",
		Source:   "keycdn.com/support/secure-token",
		fileOnly: true,
		address:  noAddress,
		read: func(l *Link, target []byte, _, query span) {
			l.says = saysNone
			l.readNamed(target, query, "token", "expire")
		},
		head: func(dst []byte, l *Link, path []byte, k Key) []byte {
			return append(k.append(append(dst, path...)), l.Expires...)
		},
		tail: noTail,
		draft: func(_ *Scheme, p SignParams, _ *Link, sum []byte) (string, error) {
			return withQuery(p.Target, []string{"token", "expire"}, "token="+base64URL(sum)+"&expire="+p.expires()), nil
		},
	}
}
