//go:build unix

package main

import (
	"os"
	"syscall"
)

// ignored are the signals whose cause is told as an error of the write that met
// it: a reader that has gone, and a file at the limit of its size. Go's own
// handler of the second may end the process where a thread of DuckDB meets it.
var ignored = []os.Signal{syscall.SIGPIPE, syscall.SIGXFSZ}
