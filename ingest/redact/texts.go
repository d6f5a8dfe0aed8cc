package redact

import (
	"strings"
	"unsafe"
)

// Path is a directory or file name as it is stored. The text of this one and of those below
// may be a view of what they are given.
func Path(b []byte) (string, bool) { return WithoutTokens(view(b)), true }

// Agent is a user agent as it is stored; false where there is none.
func Agent(b []byte) (string, bool) {
	return ValidText(CutHashed(cutNamed(cutQueries(view(b))))), b != nil
}

// RefererText is a referer as it is stored; false where there is none.
func RefererText(b []byte) (string, bool) { return WithoutTokens(view(CutReferer(b))), b != nil }

func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// Name is the name of a file without the query that a download leaves in it, which may
// hold the token of a link or the signature of a bucket.
func Name(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		s := spell(part)
		if query := indexOr(s.meant, '?'); query < len(s.meant) && strings.IndexByte(s.meant[query:], '=') > 0 {
			part = part[:s.place(query)] + "?" + Mark
		}
		parts[i] = cutNamed(part)
	}
	return strings.Join(parts, "/")
}
