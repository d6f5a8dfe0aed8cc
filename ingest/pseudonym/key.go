package pseudonym

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
)

// KeySize is the length of a key in bytes: two keys of AES-128.
const KeySize = 32

// Key is a pseudonym key. It is never printed. The zero Key is none.
type Key struct {
	secret [KeySize]byte
	kept   bool // in a file, so that another run can have it
}

// ParseKey reads the text of a key file: 64 hexadecimal digits, as
// "openssl rand -hex 32" writes them. The error does not quote them.
func ParseKey(text []byte) (Key, error) {
	secret, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) != KeySize {
		return Key{}, errors.New("want 64 hexadecimal digits and nothing else")
	}
	k := Key{secret: [KeySize]byte(secret), kept: true}
	if [KeySize / 2]byte(k.secret[:]) == [KeySize / 2]byte(k.secret[KeySize/2:]) { // all would stay as it is
		return Key{}, errors.New("its two halves are the same; want 64 hexadecimal digits drawn at random")
	}
	return k, nil
}

// NewKey draws a key that ends with the run: nobody can undo what it does.
func NewKey() Key {
	k := Key{}
	rand.Read(k.secret[:]) // never fails, as its documentation says
	return k
}

// Kept reports whether another run can have the key.
func (k Key) Kept() bool { return k.kept }

// Check is a text that tells the key from others and says nothing about it.
func (k Key) Check() string {
	sum := k.Derive("check of a pseudonym key")
	return hex.EncodeToString(sum[:16])
}

// Derive makes a key for another purpose, which a text names.
func (k Key) Derive(purpose string) [sha256.Size]byte {
	sum := hmac.New(sha256.New, k.secret[:])
	sum.Write([]byte("ipdrift: " + purpose))
	return [sha256.Size]byte(sum.Sum(nil))
}

// String keeps the key out of what formats it.
func (k Key) String() string { return "pseudonym key" }

// GoString does the same.
func (k Key) GoString() string { return k.String() }
