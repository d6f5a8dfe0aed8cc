package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"sync/atomic"

	"github.com/zeebo/xxh3"
)

// Checksum is of the text of a source: what was read, decompressed, before any
// line is cut.
type Checksum struct {
	Bytes  int64
	SHA256 string // of all, in hexadecimal digits
	XXH3   string // 128 bits, of all: what a case knows the source by
}

// Check reads a source to its end, in bounded memory, and gives its checksum. It
// takes about 3 s per GB of text where the processor has no instructions for
// SHA-256, which is why a load does without. A damaged source is an error.
func (s Source) Check(ctx context.Context, stdin io.Reader) (Checksum, error) {
	var stored atomic.Int64
	in, err := s.Open(ctx, stdin, &stored)
	if err != nil {
		return Checksum{}, err
	}
	defer in.Close()
	sha, fast := sha256.New(), xxh3.New()
	n, err := io.Copy(io.MultiWriter(sha, fast), in)
	if err != nil {
		return Checksum{}, err
	}
	whole := fast.Sum128().Bytes()
	return Checksum{n, digits(sha), hex.EncodeToString(whole[:])}, nil
}

func digits(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }
