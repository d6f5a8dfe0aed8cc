package token

import (
	"crypto"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"hash"
)

// algorithm is how a message becomes the digest that a link bears.
type algorithm uint8

const (
	plainMD5 algorithm = iota
	plainSHA1
	plainSHA256
	hmacMD5
	hmacSHA1
	hmacSHA256
	rsaSHA1
	rsaSHA256
)

// size is the length of the digest in bytes, 0 for signatures, whose length is the key's.
func (a algorithm) size() int {
	switch a {
	case plainMD5, hmacMD5:
		return md5.Size
	case plainSHA1, hmacSHA1:
		return sha1.Size
	case plainSHA256, hmacSHA256:
		return sha256.Size
	}
	return 0
}

// keyed reports whether the digest is an HMAC.
func (a algorithm) keyed() bool { return a == hmacMD5 || a == hmacSHA1 || a == hmacSHA256 }

func (a algorithm) newMAC(key []byte) hash.Hash {
	switch a {
	case hmacMD5:
		return hmac.New(md5.New, key)
	case hmacSHA1:
		return hmac.New(sha1.New, key)
	case hmacSHA256:
		return hmac.New(sha256.New, key)
	}
	return nil
}

// digested is the digest of a link that is not an MD5 (that one is Link.Sum).
type digested struct {
	algorithm algorithm
	sum       [sha256.Size]byte
	signature []byte // of RSA, in place of sum
}

// engine checks digests that are not a plain MD5. It keeps what it has made of the keys.
type engine struct {
	ready map[readyFor]*readyKey
	key   *readyKey
	want  digested
	out   []byte
}

type readyFor struct {
	secret    *string
	algorithm algorithm
}

// readyKey is a key as an algorithm takes it. All of it is nil where the key's text is not what the scheme takes.
type readyKey struct {
	mac    hash.Hash
	public *rsa.PublicKey
	plain  bool
}

// mostReady bounds the memory of keys: the keys of a few hosts, with two algorithms each.
const mostReady = 1024

// aim sets what the next digests are compared with; false where the key is of no use to the scheme.
func (e *engine) aim(s *Scheme, d digested, k Key) bool {
	e.want.algorithm, e.want.sum = d.algorithm, d.sum
	e.want.signature = append(e.want.signature[:0], d.signature...)
	at := readyFor{k.secret, d.algorithm}
	if e.ready == nil || len(e.ready) >= mostReady {
		e.ready = map[readyFor]*readyKey{}
	}
	e.key = e.ready[at]
	if e.key == nil {
		e.key = s.readyKey(k, d.algorithm)
		e.ready[at] = e.key
	}
	return e.key.plain || e.key.mac != nil || e.key.public != nil
}

func (s *Scheme) readyKey(k Key, a algorithm) *readyKey {
	switch a {
	case plainSHA1, plainSHA256:
		return &readyKey{plain: true}
	case rsaSHA1, rsaSHA256:
		public, _ := publicKey(*k.secret) // an error leaves no key
		return &readyKey{public: public}
	}
	bytes, err := s.keyBytes(k)
	if err != nil {
		return &readyKey{}
	}
	return &readyKey{mac: a.newMAC(bytes)}
}

func (s *Scheme) keyBytes(k Key) ([]byte, error) {
	if s.unlock == nil || *k.secret == "" {
		return []byte(*k.secret), nil
	}
	return s.unlock(*k.secret)
}

// sum digests a message; the result is the engine's. It is nil for signatures.
func (e *engine) sum(message []byte) []byte {
	switch {
	case e.key.plain:
		kind := crypto.SHA256
		if e.want.algorithm == plainSHA1 {
			kind = crypto.SHA1
		}
		e.out = hashed(kind, message, e.out[:0])
	case e.key.mac != nil:
		e.key.mac.Reset()
		e.key.mac.Write(message)
		e.out = e.key.mac.Sum(e.out[:0])
	default:
		return nil
	}
	return e.out
}

// holds reports whether the message has the wanted digest, or signature.
func (e *engine) holds(message []byte) bool {
	if e.key.public != nil {
		return e.signed(message)
	}
	sum := e.sum(message)
	return len(sum) > 0 && subtle.ConstantTimeCompare(sum, e.want.sum[:len(sum)]) == 1
}

func (e *engine) signed(message []byte) bool {
	kind, sum := crypto.SHA1, e.out[:0]
	if e.want.algorithm == rsaSHA256 {
		kind = crypto.SHA256
	}
	sum = hashed(kind, message, sum)
	e.out = sum
	return rsa.VerifyPKCS1v15(e.key.public, kind, sum, e.want.signature) == nil
}

func hashed(kind crypto.Hash, message, dst []byte) []byte {
	if kind == crypto.SHA256 {
		sum := sha256.Sum256(message)
		return append(dst, sum[:]...)
	}
	sum := sha1.Sum(message)
	return append(dst, sum[:]...)
}
