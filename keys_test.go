package main

import (
	"fmt"
	"io"
	"testing"

	"ipdrift/token"
)

// TestKeysOfAHost: a case notes the key of a request in a byte, of which one value is for none.
func TestKeysOfAHost(t *testing.T) {
	var found []keyText
	for i := range 255 {
		found = append(found, keyText{host: "a.example.com", where: "a", text: fmt.Appendf(nil, "secretkey%d", i)})
	}
	found = append(found, keyText{where: "b", text: []byte("secretkey of others")}, found[0])
	resources := token.NewResources(token.Schemes()[0])
	ring, _, err := keyring(resources, found, io.Discard)
	if err != nil || len(ring.For([]byte("a.example.com"))) != 255 {
		t.Fatalf("255 keys and one again: %v", err)
	}
	found = append(found, keyText{host: "A.example.com", where: "c", text: []byte("one more")})
	if _, _, err := keyring(resources, found, io.Discard); err == nil || err.Error() != "c: more than 255 keys of one host" {
		t.Errorf("256 keys: %v", err)
	}
}
