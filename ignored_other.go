//go:build !unix

package main

import (
	"os"
	"syscall"
)

// ignored are the signals whose cause is told as an error of the write that met
// it: a reader that has gone.
var ignored = []os.Signal{syscall.SIGPIPE}
