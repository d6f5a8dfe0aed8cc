// Package temp makes temporary files and folders, and removes those of runs that were killed.
package temp

import "os"

// Prefix begins the names of temporary files and of folders for them.
const Prefix = "ipdrift-"

// File makes a temporary file, which goes with the process, where a file that is
// open can be removed.
func File(name string) (*os.File, error) {
	file, err := os.CreateTemp("", Prefix+name)
	if err == nil {
		_ = os.Remove(file.Name()) // else Drop does it
	}
	return file, err
}

// Drop closes and removes a temporary file; it may be nil.
func Drop(file *os.File) {
	if file != nil {
		file.Close()
		_ = os.Remove(file.Name())
	}
}
