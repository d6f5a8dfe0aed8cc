package ingest

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"ipdrift/ingest/redact"
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
	found, err := seek(text, resources)
	if err != nil {
		return found, err
	}
	for word := range strings.FieldsSeq(text) {
		if other, err := seek(word, resources); err == nil && other != found && strings.Contains(word, "?") {
			return Sought{}, errors.New("there are several links with different tokens: give one of them")
		}
	}
	return found, nil
}

func seek(text string, resources *token.Resources) (Sought, error) {
	clean, _ := token.CleanURL(text)
	if !strings.ContainsAny(clean, "/?") {
		clean = clean[strings.LastIndexByte(clean, '=')+1:] // md5=…
		clean = string(token.Telling([]byte(clean)))
		if len(clean) < redact.Shown || slices.ContainsFunc([]byte(clean[:redact.Shown]), func(c byte) bool { return !redact.TokenByte(c) }) {
			return Sought{}, fmt.Errorf("at least the first %d characters of a token are needed, or the whole URL", redact.Shown)
		}
		return Sought{Token: clean[:redact.Shown]}, nil
	}
	damaged := false
	for _, link := range readings(clean) {
		bare := link[0] == '/' || link[0] == '?'
		if bare {
			link = "https://" + noHost + link
		}
		l, host, ok := readLink(link, resources, map[*token.Scheme]*token.Parser{})
		if !ok {
			damaged = damaged || l.Shape == token.BadShape
			continue
		}
		found := Sought{Token: redact.ValidText(string(shownOf(l.Token)))}
		if !bare {
			found.Hash = stableID([]byte(host), &l)
		}
		return found, nil
	}
	if damaged {
		return Sought{}, errors.New("the link is damaged or cut off: its token or its expiry is not whole")
	}
	return Sought{}, errors.New("the link holds no token of its scheme")
}

// readings are a link, and what it may be a redirect to or has percent-encoded.
func readings(link string) []string {
	list := []string{link}
	if plain, err := url.PathUnescape(link); err == nil && plain != link {
		list = append(list, plain, plain[max(0, strings.LastIndex(plain, "http")):])
	}
	return list
}
