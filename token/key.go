package token

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxKey is the longest key the Gcore API takes (schema of secure_key.key: maxLength 255). The
// portal asks for 6 to 32 characters.
const maxKey, shortKey, longKey = 255, 6, 32

const keyShown = "<key>"

// Key is a secret. Whatever prints it, by any verb of fmt, as JSON or as text, prints "<key>".
// The zero Key is no key: nothing verifies with it.
type Key struct {
	secret *string // behind a pointer, so that fmt cannot reach it through a foreign struct's unexported field
}

// NewKey makes a key of 1 to 255 bytes, taken as they are. The error never holds the secret.
func NewKey(secret string) (Key, error) {
	switch {
	case secret == "":
		return Key{}, errors.New("the key is empty")
	case len(secret) > maxKey:
		return Key{}, fmt.Errorf("the key has %d bytes, at most %d are possible", len(secret), maxKey)
	}
	secret = strings.Clone(secret)
	return Key{&secret}, nil
}

// ParseKey reads the contents of a key file: one line of 1 to 255 bytes, whose one trailing newline
// (\n or \r\n) is not part of the key. A byte order mark, a second line and
// blanks at the ends of the line are errors, which say the line and the fix. The warning, "" or a sentence, tells
// of quotes around the key, of a name before it (KEY=...), and of keys outside the 6 to 32 characters of the Gcore
// portal: all of them are taken as they stand. Neither error nor warning hold the key.
func ParseKey(file []byte) (key Key, warning string, err error) {
	return parseKey(file, true)
}

// ParseKey reads the contents of a key file for this scheme: as the function [ParseKey] does for schemes whose key
// is a text, without the warning about the Gcore portal's lengths for those of other vendors. Schemes whose key
// stands for bytes (see KeyForm) refuse one that is not of their form, and for RSA a PEM file of several lines is the key.
func (s *Scheme) ParseKey(file []byte) (key Key, warning string, err error) {
	if s.signs == rsaSHA1 || s.signs == rsaSHA256 {
		return parsePEM(file)
	}
	if bytes.Contains(file, []byte("-----BEGIN ")) {
		return Key{}, "", fmt.Errorf("the key file holds PEM, and the key of %s is %s: save that alone, on one line", s.Name, s.KeyForm)
	}
	key, warning, err = parseKey(file, strings.HasPrefix(s.Name, "gcore"))
	if err == nil {
		_, err = s.keyBytes(key)
	}
	if err != nil {
		return Key{}, "", err
	}
	return key, warning, nil
}

// Derive makes a key for another purpose, which a text names: HMAC-SHA-256 of the text. It is not ok for the zero key
// and for PEM, which may be public.
func (k Key) Derive(purpose string) (key [sha256.Size]byte, ok bool) {
	if k.IsZero() || strings.Contains(*k.secret, "-----BEGIN ") {
		return key, false
	}
	sum := hmac.New(sha256.New, []byte(*k.secret))
	sum.Write([]byte(purpose))
	return [sha256.Size]byte(sum.Sum(nil)), true
}

func parsePEM(file []byte) (Key, string, error) {
	if isWide(file) {
		return Key{}, "", pemFault(file)
	}
	text := string(bytes.TrimPrefix(file, []byte("\xef\xbb\xbf")))
	if _, err := publicKey(text); err != nil {
		return Key{}, "", pemFault([]byte(text))
	}
	return Key{&text}, "", nil
}

func parseKey(file []byte, portal bool) (key Key, warning string, err error) {
	text, cut := bytes.CutSuffix(file, []byte("\n"))
	if cut {
		text = bytes.TrimSuffix(text, []byte("\r"))
	}
	if err := checkKeyFile(text); err != nil {
		return Key{}, "", err
	}
	key, err = NewKey(string(text))
	if err != nil {
		return Key{}, "", err
	}
	return key, keyWarning(text, portal), nil
}

func checkKeyFile(text []byte) error {
	switch {
	case len(text) == 0:
		return errors.New("the key file is empty: save the key in it, on one line")
	case bytes.HasPrefix(text, []byte("\xef\xbb\xbf")):
		return errors.New("line 1 of the key file begins with a byte order mark, save it as UTF-8 without one")
	case isWide(text) || bytes.IndexByte(text, 0) >= 0:
		return errors.New("the key file is UTF-16 or binary, save it as UTF-8 without a byte order mark")
	case bytes.ContainsAny(text, "\r\n"):
		return fmt.Errorf("the key file has more than one line, line %d holds more than the key: keep the key alone on one line", secondLine(text))
	case len(bytes.TrimSpace(text)) != len(text):
		return errors.New("line 1 of the key file begins or ends with a blank, which would count as part of the key: take it out")
	case len(text) > maxKey:
		return fmt.Errorf("line 1 of the key file has %d bytes, and a key has at most %d: keep the key alone in the file", len(text), maxKey)
	}
	return nil
}

// isWide reports whether a text is UTF-16, by its byte order mark.
func isWide(text []byte) bool {
	return bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff"))
}

// secondLine is the number of the line where what does not belong there begins.
func secondLine(text []byte) int {
	line := 1
	for i, c := range text {
		switch {
		case c == '\n' || c == '\r' && (i+1 == len(text) || text[i+1] != '\n'):
			line++
		case c != '\r' && line > 1:
			return line
		}
	}
	return line
}

func keyWarning(text []byte, portal bool) string {
	n := len(text)
	switch {
	case n > 2 && text[0] == text[n-1] && strings.IndexByte("\"'`", text[0]) >= 0:
		return "the key stands in quotes, which count as part of it: take them out if they do not belong there"
	case isAssigned(text):
		return "a name stands before the key, which counts as part of it: save the key alone"
	case portal && (n < shortKey || n > longKey):
		return fmt.Sprintf("the key has %d characters, the portal asks for %d to %d", n, shortKey, longKey)
	}
	return ""
}

// isAssigned reports whether a text gives its key a name, as settings do: secret_key=..., "key: ...".
func isAssigned(text []byte) bool {
	i := bytes.IndexAny(text, "=:")
	if i < 0 || len(bytes.Trim(text[i:], "=:")) == 0 {
		return false
	}
	name := bytes.ToLower(text[:i])
	return bytes.Contains(name, []byte("key")) || bytes.Contains(name, []byte("secret"))
}

// Unwrapped returns what may be meant where a key stands as in settings: within quotes, behind a name and "=" or ":", before a semicolon or
// a comma. Only hashes tell whether one of them is the key; there are at most two.
func (k Key) Unwrapped() (keys []Key) {
	if k.IsZero() {
		return nil
	}
	text := *k.secret
	if i := strings.IndexAny(text, "=:"); i > 0 && !strings.ContainsRune("\"'`", rune(text[0])) || i > 1 && text[i-1] == text[0] {
		keys = appendInner(keys, text, text[i+1:])
	}
	return appendInner(keys, text, text)
}

// appendInner adds what stands within the quotes of a value, or before its end, unless that is all of the text.
func appendInner(keys []Key, text, value string) []Key {
	value = strings.TrimSpace(strings.TrimRight(strings.TrimSpace(value), ";,"))
	if n := len(value); n > 2 && value[0] == value[n-1] && strings.IndexByte("\"'`", value[0]) >= 0 {
		value = value[1 : n-1]
	}
	if value != text && value != "" {
		keys = append(keys, Key{&value})
	}
	return keys
}

// IsZero reports whether k is no key.
func (k Key) IsZero() bool { return k.secret == nil }

// Equal reports whether both are the same secret, in time that depends on the lengths alone.
func (k Key) Equal(other Key) bool {
	if k.IsZero() || other.IsZero() {
		return k.IsZero() == other.IsZero()
	}
	return subtle.ConstantTimeCompare([]byte(*k.secret), []byte(*other.secret)) == 1
}

// String returns "<key>".
func (k Key) String() string { return keyShown }

// GoString returns "<key>".
func (k Key) GoString() string { return keyShown }

// Format writes "<key>" for every verb and flag.
func (k Key) Format(f fmt.State, _ rune) { io.WriteString(f, keyShown) }

// MarshalText returns "<key>" and no error.
func (k Key) MarshalText() ([]byte, error) { return []byte(keyShown), nil }

// MarshalJSON returns the string "<key>" and no error.
func (k Key) MarshalJSON() ([]byte, error) { return []byte(`"` + keyShown + `"`), nil }

func (k Key) append(dst []byte) []byte {
	if k.IsZero() {
		return dst
	}
	return append(dst, *k.secret...)
}
