package ingest

import (
	"errors"
	"fmt"
	"strings"

	"ipdrift/token"
)

// Sought is a link as a ticket names it.
type Sought struct {
	Token string // first characters, as column token of table link has them
	Hash  uint64 // of the whole link, as column hash has it; 0: only a token was given
}

// Seek reads a signed URL as it was pasted, its path and query alone, a token, or
// the first characters of one. The error says what is missing, and never quotes
// what was given.
func Seek(text string, resources *token.Resources) (Sought, error) {
	text = strings.TrimSpace(text)
	if !strings.ContainsAny(text, "/?") {
		if len(text) < tokenShown || !allOf(text[:tokenShown], tokenByte) {
			return Sought{}, fmt.Errorf("at least the first %d characters of a token are needed, or the whole URL", tokenShown)
		}
		return Sought{Token: text[:tokenShown]}, nil
	}
	bare := strings.HasPrefix(text, "/")
	if bare {
		text = "https://" + noHost + text
	}
	clean, _ := token.CleanURL(text)
	l, host, ok := readLink(clean, resources, map[*token.Scheme]*token.Parser{})
	if !ok {
		return Sought{}, errors.New("the URL holds no well-formed token of its scheme")
	}
	found := Sought{Token: string(l.Token[:min(tokenShown, len(l.Token))])}
	if !bare {
		found.Hash = stableID([]byte(host), &l)
	}
	return found, nil
}

func allOf(text string, fits func(byte) bool) bool {
	for i := range len(text) {
		if !fits(text[i]) {
			return false
		}
	}
	return true
}
