package ingest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"ipdrift/ingest/source"
	"ipdrift/ingest/source/sourcetest"
)

func noisy(seed uint64, n int) []byte {
	out := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed)}).Read(out)
	return out
}

func contentOf(t testing.TB, in io.Reader, s *shelf) *meter {
	t.Helper()
	m := newMeter(in, s)
	if err := m.drain(context.Background(), true); err != nil {
		t.Fatal(err)
	}
	return m
}

func shaHex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// The 128-bit hashes are those of xxhsum -H2 (xxHash 0.8).
func TestContent(t *testing.T) {
	for _, c := range []struct{ text, hash string }{
		{"", "99aa06d3014798d86001c324468d497f"},
		{"a", "a96faf705af16834e6c632b61e964e1f"},
		{"abc", "06b05ab6733a618578af5f94892f3950"},
	} {
		got := contentOf(t, strings.NewReader(c.text), nil).content()
		if want := (content{int64(len(c.text)), c.hash, shaHex([]byte(c.text)), shaHex([]byte(c.text))}); got != want {
			t.Errorf("%q: %+v, want %+v", c.text, got, want)
		}
	}
	for _, n := range []int{edge - 1, edge, edge + 1, 2 * edge, 3*edge + 7, 1<<20 + 5} {
		text := noisy(1, n)
		for name, in := range map[string]io.Reader{"whole": bytes.NewReader(text), "bytes": iotest.OneByteReader(bytes.NewReader(text)), "halves": iotest.HalfReader(bytes.NewReader(text))} {
			got := contentOf(t, in, nil).content()
			if got.size != int64(n) || got.head != shaHex(text[:min(n, edge)]) || got.tail != shaHex(text[max(0, n-edge):]) {
				t.Errorf("%d bytes as %s: %+v", n, name, got)
			}
		}
	}
}

// What a text starts with is found, and nothing else, however it is read.
func TestShelf(t *testing.T) {
	text := noisy(2, 5*edge)
	rapid.Check(t, func(r *rapid.T) {
		sizes := rapid.SliceOfDistinct(rapid.OneOf(rapid.IntRange(1, len(text)), rapid.SampledFrom([]int{1, edge - 1, edge, edge + 1, 2 * edge})), func(n int) int { return n }).Draw(r, "sizes")
		n := rapid.IntRange(1, len(text)).Draw(r, "n")
		other := rapid.IntRange(0, n-1).Draw(r, "byte that differs")
		var s shelf
		want := []int{}
		same := -1
		slices.Sort(sizes)
		for id, size := range sizes {
			s.add(contentOf(t, bytes.NewReader(text[:size]), nil).content(), id)
			changed := slices.Clone(text[:size])
			changed[other%size] ^= 1
			s.add(contentOf(t, bytes.NewReader(changed), nil).content(), 1000+id)
			if size == n {
				same = id
			} else if size < n {
				want = append(want, id)
			}
		}
		var in io.Reader = bytes.NewReader(text[:n])
		if rapid.Bool().Draw(r, "by halves") {
			in = iotest.HalfReader(in)
		}
		gotSame, got := contentOf(t, in, &s).verdict()
		if gotSame != same || same < 0 && !slices.Equal(append([]int{}, got...), want) {
			r.Fatalf("%d bytes against %v: same as %d and started with %v, want %d and %v", n, sizes, gotSame, got, same, want)
		}
	})
}

// A text that starts with nothing known is not read to its end for it.
func TestDrainStops(t *testing.T) {
	var s shelf
	s.add(contentOf(t, bytes.NewReader(noisy(3, 2*edge)), nil).content(), 1)
	in := bytes.NewReader(noisy(4, 1<<24))
	if err := newMeter(in, &s).drain(context.Background(), false); err != nil || in.Len() < 1<<23 {
		t.Errorf("%v, and %d bytes are left of %d", err, in.Len(), 1<<24)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := newMeter(in, nil).drain(ctx, true); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want it to stop", err)
	}
}

func BenchmarkMeter(b *testing.B) {
	text := noisy(5, 64<<20)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	buf := make([]byte, chunkSize)
	for b.Loop() {
		m := newMeter(bytes.NewReader(text), &shelf{})
		for {
			if _, err := m.Read(buf); err != nil {
				break
			}
		}
		m.content()
	}
}

// A case grows by users told apart as before, and is left as it was by others.
func TestGrownCaseKeepsItsUsers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.duckdb")
	for run, user := range []string{"query:it's", "query:it's", "auto", "ip+ua", "query:it's"} {
		s, err := Create(path, Limits{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		log := fmt.Sprintf(`203.0.113.7 - - [23/Nov/2026:09:26:%02d +0000] "GET /a.ts HTTP/1.1" 200 1`+"\n", run)
		sources, err := source.List(t.Context(), []string{sourcetest.Write(t, t.TempDir(), "a.log", []byte(log))})
		if err != nil {
			t.Fatal(err)
		}
		o := testOptions(t)
		if o.Identity, err = ParseIdentity(user); err != nil {
			t.Fatal(err)
		}
		_, err = Load(context.Background(), s, sources, o)
		if other := user != "query:it's"; other != (err != nil) || other && !strings.Contains(err.Error(), "the case tells users apart by --user query:it's") {
			t.Errorf("run %d, %s: %v", run, user, err)
		}
		if err == nil {
			err = s.Keep()
		}
		if err := errors.Join(err, s.Close()); err != nil && !strings.Contains(err.Error(), "--user") {
			t.Fatal(err)
		}
	}
}
