package ingest

import (
	"fmt"
	"strings"
)

// These must be found nowhere: they have the shape of an MD5 token, 22 characters of base64url.
const (
	planted  = "Zq7-Xw_9KjT2mPvL4sRbYg"
	planted2 = "aB3_dE6-gH9kLmN0pQrStU"
)

// escaped is a text with all its bytes percent-encoded.
func escaped(text string) string {
	var out strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&out, "%%%02X", c)
	}
	return out.String()
}
