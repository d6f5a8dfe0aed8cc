package source

import (
	"bufio"
	"io"

	"github.com/klauspost/compress/gzip"
)

// gzipInGo is for builds without ISA-L, and its twin in tests.
func gzipInGo(in *bufio.Reader) func() (io.Reader, error) {
	gz := new(gzip.Reader)
	return func() (io.Reader, error) {
		if err := gz.Reset(in); err != nil {
			return nil, err
		}
		gz.Multistream(false)
		return gz, nil
	}
}
