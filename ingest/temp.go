package ingest

import "os"

// temporary begins the names of temporary files and of folders for them.
const temporary = "ipdrift-"

// TempFile makes a temporary file, which goes with the process, where a file that is
// open can be removed.
func TempFile(name string) (*os.File, error) {
	file, err := os.CreateTemp("", temporary+name)
	if err == nil {
		_ = os.Remove(file.Name()) // else DropFile does it
	}
	return file, err
}

// DropFile ends one; nil is none.
func DropFile(file *os.File) {
	if file != nil {
		file.Close()
		_ = os.Remove(file.Name())
	}
}
