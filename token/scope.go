package token

import (
	"bytes"
	"slices"
)

// Scope says which part of a request's path was hashed. The zero value is [ScopeAuto].
type Scope uint8

// The scopes. A directory is hashed with its trailing slash and covers the files directly inside
// (Gcore CDN, "Token with Query String Forwarding").
const (
	ScopeAuto     Scope = iota // file or directory, whichever verifies
	ScopeFile                  // the whole path
	ScopeDir                   // up to and with the last slash
	ScopeAncestor              // a directory above that one; the edge does not accept it
)

// ScopeWhole is the scope reported for schemes whose hash does not depend on the file (gcore-video):
// one token covers all files of the asset, as a directory token does.
const ScopeWhole = ScopeDir

var scopeWords = [4]string{"auto", "file", "dir", "ancestor"}

// String returns the scope's word: "auto", "file", "dir" or "ancestor".
func (s Scope) String() string {
	if int(s) >= len(scopeWords) {
		return "unknown"
	}
	return scopeWords[s]
}

// ParseScope is the inverse of [Scope.String]; false for any other word.
func ParseScope(word string) (Scope, bool) {
	i := slices.Index(scopeWords[:], word)
	return Scope(max(i, 0)), i >= 0
}

// ScopePath returns the part of a decoded path that a scope hashes, as a slice of that path: all of
// it, its directory, or for [ScopeAncestor] the directory up levels (1 or more) above that. It is
// nil where there is none: above the root, for [ScopeAuto], and for a path without a slash.
func ScopePath(path []byte, scope Scope, up int) []byte {
	switch scope {
	case ScopeFile:
		return path
	case ScopeDir:
		return parent(path)
	case ScopeAncestor:
		if up < 1 {
			return nil
		}
		dir := parent(path)
		for ; up > 0 && dir != nil; up-- {
			dir = parent(dir[:len(dir)-1])
		}
		return dir
	}
	return nil
}

// parent returns the path up to and with its last slash, nil if it has none.
func parent(path []byte) []byte {
	i := bytes.LastIndexByte(path, '/')
	if i < 0 {
		return nil
	}
	return path[:i+1]
}
