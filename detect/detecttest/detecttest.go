// Package detecttest makes cases for the tests of packages that read them.
package detecttest

import (
	"testing"

	"ipdrift/detect"
	"ipdrift/detect/finding"
	"ipdrift/detect/judge"
	"ipdrift/detect/search"
	"ipdrift/ingest"
	"ipdrift/ingest/source"
	"ipdrift/token"
)

// Case is a log with what an analysis says of it, under the key of a host, or of all (""). It is in the file
// path, or in memory (""); user is who is one user.
func Case(t testing.TB, path, log, user, host, secret string) (*ingest.Store, *finding.Analysis) {
	t.Helper()
	key, err := token.NewKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	ring := &token.Keyring{}
	ring.Add(host, key)
	scheme, _ := token.SchemeNamed("gcore")
	resources := token.NewResources(scheme)
	store, err := ingest.Create(path, ingest.Limits{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	identity, err := ingest.ParseIdentity(user)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := ingest.Load(t.Context(), store, []source.Source{{Path: log, Named: true, Size: -1}}, ingest.Options{Resources: resources, Keys: ring, Threads: 2, Identity: identity})
	if err != nil {
		t.Fatal(err)
	}
	a, err := detect.Analyze(t.Context(), store, loaded, detect.Options{
		Resources: resources, Keys: ring, Masks4: []int{24, 16}, Masks6: []int{64, 56, 48}, Recover: search.RecoverNear, Threads: 2, Thresholds: judge.Default(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return store, a
}
