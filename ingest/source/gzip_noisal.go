//go:build !isal || !cgo

package source

var gzipMembers = gzipInGo
