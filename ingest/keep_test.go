package ingest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSettledAside has rows written out while others come, past the log of changes.
func TestSettledAside(t *testing.T) {
	path, ctx := filepath.Join(t.TempDir(), "c.duckdb"), context.Background()
	s, err := Create(path, Limits{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	grown := func(what string, by bool, do func() error) {
		t.Helper()
		size := func() int64 {
			info, err := os.Stat(path + ".part.wal")
			if err != nil {
				return 0
			}
			return info.Size()
		}
		before := size()
		if err := do(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got := size() > before; got != by {
			t.Errorf("%s: the log of changes grows: %t, want %t", what, got, by)
		}
	}
	agents, err := s.Rows("agent")
	if err != nil {
		t.Fatal(err)
	}
	add := func(id uint32) error { return agents.Append(ctx, id, strings.Repeat("agent", 100), false) }
	grown("flushed", true, func() error {
		agents.Begin()
		if err := add(1); err != nil {
			return err
		}
		return agents.Flush(ctx)
	})
	grown("settled", false, func() error {
		if err := add(2); err != nil {
			return err
		}
		if err := s.SettleAside(ctx, agents); err != nil {
			return err
		}
		return s.Settled(ctx)
	})
	tx, err := s.DB.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(`INSERT INTO ident VALUES (1, 1)`); err != nil {
		t.Fatal(err)
	}
	grown("beside another", true, func() error {
		if err := add(3); err != nil {
			return err
		}
		if err := s.SettleAside(ctx, agents); err != nil {
			return err
		}
		if err := s.Settled(ctx); err != nil {
			return err
		}
		return tx.Commit()
	})
	if n := one[int](t, s, `SELECT count(*) FROM agent`); n != 3 {
		t.Errorf("%d agents, want 3", n)
	}
	for _, value := range []string{"a", "b"} {
		grown("facts", false, func() error { return s.Settle(ctx, map[string]string{"name": value, "other": "c"}) })
	}
	if got := one[string](t, s, `SELECT string_agg(name || value, ' ' ORDER BY name) FROM about`); got != "nameb otherc" {
		t.Errorf("facts: %s", got)
	}
	if err := s.Keep(); err != nil {
		t.Fatal(err)
	}
}

// TestFailsAside has rows that cannot be written: who waits for them is told.
func TestFailsAside(t *testing.T) {
	for _, path := range []string{"", filepath.Join(t.TempDir(), "c.duckdb")} {
		s, err := Create(path, Limits{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		ctx := context.Background()
		agents, err := s.Rows("agent")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.DB.Exec(`DROP TABLE agent`); err != nil {
			t.Fatal(err)
		}
		if err := agents.Append(ctx, uint32(1), "a", false); err != nil {
			t.Fatal(err)
		}
		if err := s.SettleAside(ctx, agents); err != nil {
			t.Fatal(err)
		}
		if err := s.Settled(ctx); err == nil || !strings.Contains(err.Error(), "agent") {
			t.Errorf("%q: %v, want what is wrong with table agent", path, err)
		}
	}
}
