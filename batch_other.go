//go:build !linux

package main

// asBatch is for Linux alone.
func asBatch() {}
