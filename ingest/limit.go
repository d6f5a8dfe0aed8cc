package ingest

import (
	"crypto/sha256"
	"fmt"
	"unicode/utf8"

	"ipdrift/ingest/redact"
)

// What is stored of a text is limited: DuckDB takes a block of 256 KiB of memory for each of
// more than 4096 bytes, for the 2048 rows that it reads at once (its 1.1.2,
// WriteOverflowStringsToDisk). Tokens are verified over the whole.
const (
	maxText = 4000 // bytes, to be followed by what limited adds, of a folder, a file name, a user agent, a referer
	maxName = 255  // of a host (RFC 1035, 2.3.4), a country
)

// limited cuts a text that is longer than most bytes. What stands behind the cut tells
// it from others that begin like it, and is the same in every run.
func limited(text string, most int) string {
	if len(text) <= most {
		return text
	}
	end := most
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return fmt.Sprintf("%s%s[%d bytes, %x]", text[:end], redact.Mark, len(text), sha256.Sum256([]byte(text)))
}
