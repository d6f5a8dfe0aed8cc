package token

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// coding is what a signer made of the key.
type coding string

const (
	undecoded  coding = "undecoded" // its text, where it stands for bytes
	toHex      coding = "hex"
	toBase64   coding = "base64"
	fromHex    coding = "unhex"
	fromBase64 coding = "unbase64"
	fromLine   coding = "trimmed unbase64" // as of "echo KEY | base64"
)

// of returns the key as it was made, "" where it cannot be.
func (c coding) of(s *Scheme, key string) string {
	var raw []byte
	switch c {
	case undecoded:
		return s.lock([]byte(key))
	case toHex:
		return hex.EncodeToString([]byte(key))
	case toBase64:
		return base64.StdEncoding.EncodeToString([]byte(key))
	case fromHex:
		raw, _ = hex.DecodeString(key)
	case fromBase64:
		var err error
		if raw, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(standardAlphabet.Replace(key), "=")); err != nil {
			raw = nil
		}
	case fromLine:
		line, _ := strings.CutSuffix(fromBase64.of(s, key), "\n")
		return line
	default:
		return key
	}
	return string(raw)
}

var standardAlphabet = strings.NewReplacer("-", "+", "_", "/")

// undecodedKey tries the text of a key that stands for bytes, and the key as secrets are kept, whose text stands for it.
func (e *Examiner) undecodedKey() bool {
	r, codings := e.right, []coding{toHex, toBase64}
	if e.scheme.lock != nil {
		codings = []coding{undecoded}
	}
	for _, r.coding = range codings {
		for _, r.after = range [...]string{"", "\n"} {
			if e.either(r) {
				return true
			}
		}
	}
	return false
}

// decodedKey tries the bytes that a key's text could stand for.
func (e *Examiner) decodedKey() bool {
	r := e.right
	for _, r.coding = range [...]coding{fromHex, fromBase64, fromLine} {
		if *e.keyOf(r).secret != "" && e.either(r) {
			return true
		}
	}
	return false
}

// wide is a way of writing a text in UTF-16.
type wide uint8

const (
	narrow       wide = iota // not at all
	littleEndian             // Encoding.Unicode of .NET, NVARCHAR of SQL Server
	bigEndian
	markedLittle // utf-16 of Python, with a byte order mark
	markedBig    // UTF-16 of Java, with a byte order mark
)

func (w wide) append(dst, text []byte) []byte {
	little := w == littleEndian || w == markedLittle
	var units [2]uint16
	put := func(r rune) {
		for _, u := range utf16.AppendRune(units[:0], r) {
			if little {
				dst = append(dst, byte(u), byte(u>>8))
			} else {
				dst = append(dst, byte(u>>8), byte(u))
			}
		}
	}
	if w >= markedLittle {
		put('\ufeff')
	}
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		put(r)
		text = text[n:]
	}
	return dst
}

func (e *Examiner) wideText() bool {
	r := e.right
	for _, r.wide = range [...]wide{littleEndian, bigEndian, markedLittle, markedBig} {
		if !e.link.digest.algorithm.keyed() && e.either(r) {
			return true
		}
	}
	return false
}

// latinPath tries a path whose letters were written as a byte each, and one whose bytes were taken for letters.
func (e *Examiner) latinPath() bool {
	path, ok := appendLatin(e.path[:0], e.link.Path)
	if e.path = path; ok && e.withPath(path) {
		return true
	}
	e.path = appendLetters(e.path[:0], e.link.Path)
	return len(e.path) > len(e.link.Path) && e.withPath(e.path)
}

// appendLatin appends a text of UTF-8 in Latin-1; false where that changes nothing or cannot be.
func appendLatin(dst, text []byte) (out []byte, ok bool) {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r > 0xff {
			return dst, false
		}
		dst, text, ok = append(dst, byte(r)), text[n:], ok || n > 1
	}
	return dst, ok
}

// appendLetters appends in UTF-8 the letters that bytes stand for in Latin-1.
func appendLetters(dst, text []byte) []byte {
	for _, c := range text {
		dst = utf8.AppendRune(dst, rune(c))
	}
	return dst
}

// otherHash tries other hashes of the same text, whole or cut to the length of an MD5.
func (e *Examiner) otherHash() bool {
	r := e.right
	for _, r.digest = range [...]algorithm{plainSHA1, plainSHA256} {
		if e.takesMD5() && e.either(r) {
			return true
		}
	}
	return false
}

// hmac tries HMACs of the text without its key, or with it.
func (e *Examiner) hmac() bool {
	r := e.right
	for _, r.digest = range [...]algorithm{hmacMD5, hmacSHA1, hmacSHA256} {
		for _, without := range [...][2]bool{{true, true}, {true, false}, {false, false}} {
			r.keyless, r.spaceless = without[0], without[1]
			if e.takesMD5() && e.either(r) {
				return true
			}
		}
	}
	return false
}

// takesMD5 reports whether all tokens of the scheme are MD5 digests.
func (e *Examiner) takesMD5() bool { return e.scheme.signs == plainMD5 && len(e.scheme.also) == 0 }
