package main

import (
	"fmt"
	"strings"

	"ipdrift/ingest/redact"
	"ipdrift/report"
	"ipdrift/token"
)

// withoutTokensOf cuts the tokens that the schemes find in a line's target out of a text
// that may repeat them.
func withoutTokensOf(target, text []byte) []byte {
	for _, s := range token.Schemes() {
		var l token.Link
		token.NewParser(s).Parse(target, &l)
		text = redact.CutOwn(text, redact.OwnToken(l.Token))
	}
	return text
}

// cutTarget shows a request target without its token, whatever the scheme
// (the given ones first: theirs may have options), and without the values of
// other parameters.
func cutTarget(target []byte, first ...*token.Scheme) string {
	text := string(target)
	for _, s := range append(first, token.Schemes()...) {
		var l token.Link
		token.NewParser(s).Parse([]byte(text), &l)
		text = string(redact.CutOwn([]byte(shownTarget([]byte(text), &l)), redact.OwnToken(l.Token)))
	}
	return text
}

// shownTarget cuts the token out of a target, and the values of its other
// parameters.
func shownTarget(target []byte, l *token.Link) string {
	text := string(target)
	if from, to := l.TokenAt[0], l.TokenAt[1]; to > from {
		text = text[:from] + shortToken(target[from:to]) + text[to:]
	}
	path, query, ok := strings.Cut(text, "?")
	path = redact.WithoutTokens(path)
	if !ok {
		return report.Clean(path)
	}
	parts := strings.Split(query, "&")
	for i, part := range parts {
		name, value, ok := strings.Cut(part, "=")
		switch low := strings.ToLower(name); {
		case low == "expires":
			parts[i] = name + "=" + shownExpires(value)
		case low == "md5":
			parts[i] = name + "=" + shortToken([]byte(value))
		case ok:
			parts[i] = name + "=..."
		default: // a token may stand without a name
			parts[i] = shortToken([]byte(part))
		}
	}
	return report.Clean(path + "?" + strings.Join(parts, "&"))
}

// shownExpires is an expiry, of which all but digits may be more than that.
func shownExpires(text string) string {
	if strings.Trim(text, "0123456789") == "" {
		return text
	}
	return fmt.Sprintf("%.32s", redact.StoredText([]byte(text)))
}

// shortToken is as much of a token as may be shown.
func shortToken(t []byte) string {
	if len(t) <= redact.Shown {
		return string(t)
	}
	return string(t[:redact.Shown]) + "..."
}
