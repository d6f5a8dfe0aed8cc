package ingest

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"

	"ipdrift/ingest/fetch"
)

// idKey is the key of the hashes that stand for ids of viewers. A case has one, drawn
// at random, and keeps it sealed with the keys of its runs, so that a run with one of
// these hashes ids as the runs before did. Where the case holds pseudonyms it follows
// from their key, and nothing of it is kept.
type idKey [32]byte

// Rows of table about: the sealed keys, and whether some runs had another.
const (
	aboutIDKey = "id key, sealed"
	aboutIDs   = "ids"
	idsAlike   = "hashed alike in every run"
	idsApart   = "hashed otherwise in some run"
)

// takeIDKey takes the key of the case that grows, or else draws one.
func (l *load) takeIDKey(ctx context.Context) error {
	sealed, alike, err := l.sealedKeys(ctx)
	if err != nil {
		return err
	}
	if l.Pseudonyms != nil {
		l.idKey, l.ids = l.Pseudonyms.Key().Derive("ids of viewers"), alike
		return nil
	}
	known := false
	var seals []cipher.AEAD
	for _, k := range l.Keys.All() {
		if secret, ok := k.Derive("ipdrift: seals the key of ids"); ok {
			seals = append(seals, seal(secret))
		}
	}
	opens := func(s cipher.AEAD) func([]byte) bool {
		return func(box []byte) bool {
			key, err := s.Open(nil, nil, box, nil)
			return err == nil && (!known || idKey(key) == l.idKey)
		}
	}
	for _, s := range seals {
		if i := slices.IndexFunc(sealed, opens(s)); i >= 0 && !known {
			key, _ := s.Open(nil, nil, sealed[i], nil)
			l.idKey, known = idKey(key), true
		}
	}
	if !known {
		rand.Read(l.idKey[:]) // never fails, as its documentation says
		known = true
		alike = alike && !l.store.grows
	}
	for _, s := range seals {
		if !slices.ContainsFunc(sealed, opens(s)) {
			sealed = append(sealed, s.Seal(nil, nil, l.idKey[:], nil))
		}
	}
	l.ids, l.sealed = alike, sealed
	return nil
}

// sealedKeys returns the sealed keys of the case that grows; alike reports whether all of its ids were
// hashed with one key.
func (l *load) sealedKeys(ctx context.Context) (sealed [][]byte, alike bool, err error) {
	if !l.store.grows {
		return nil, true, nil
	}
	err = fetch.Each(ctx, l.store.DB, `SELECT name, value FROM ipdrift_old.about WHERE name IN ('`+aboutIDKey+`', '`+aboutIDs+`') ORDER BY rowid`, func(scan fetch.Scan) error {
		var name, value string
		if err := scan(&name, &value); err != nil {
			return err
		}
		if name == aboutIDs {
			alike = value == idsAlike
			return nil
		}
		box, err := hex.DecodeString(value)
		sealed = append(sealed, box)
		return err
	})
	return sealed, alike, err
}

// seal is AES-256-GCM with a nonce drawn for each message.
func seal(key [32]byte) cipher.AEAD {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // of a length that is none
	}
	s, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return s
}

// aboutIDRows are the rows of table about, as SQL.
func (l *load) aboutIDRows() (sql string) {
	how := idsApart
	if l.ids {
		how = idsAlike
	}
	sql = fmt.Sprintf(`, ('%s', '%s')`, aboutIDs, how)
	for _, box := range l.sealed {
		sql += fmt.Sprintf(`, ('%s', '%x')`, aboutIDKey, box)
	}
	return sql
}

// IDsAlike reports whether all runs of a case hashed the ids of viewers with one key.
func (s *Store) IDsAlike(ctx context.Context) (bool, error) {
	how, _, err := s.Recall(ctx, aboutIDs)
	return how == idsAlike, err
}

// hash is what stands for an id that viewers of a host have; never 0. Who does not have
// the key cannot tell what it is made of.
func (k *idKey) hash(host []byte, kind byte, name, value []byte) uint64 {
	var space [512]byte
	text := append(append(space[:0], k[:]...), kind)
	for _, part := range [...][]byte{host, name} {
		text = append(binary.AppendUvarint(text, uint64(len(part))), part...)
	}
	sum := sha256.Sum256(append(text, value...))
	return binary.BigEndian.Uint64(sum[:8]) | 1
}
