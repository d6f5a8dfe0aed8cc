package detect

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/token"
)

// TestSessionsOfOtherHosts: hosts that are judged as one do not have the sessions of the one that the database happens to name last.
func TestSessionsOfOtherHosts(t *testing.T) {
	ctx := context.Background()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	a := &analysis{Options: Options{Resources: &token.Resources{}, Keys: &token.Keyring{}}, hosts: map[string]*host{"own.test": {}, finding.OtherHosts: {}}, logTraits: logTraits{picked: map[string]bool{"own.test": true}}}
	if a.conn, err = db.Conn(ctx); err != nil {
		t.Fatal(err)
	}
	defer a.conn.Close()
	if _, err := a.conn.ExecContext(ctx, `CREATE TABLE link AS FROM (VALUES (1, 'own.test'), (2, 'u1.test'), (3, 'u2.test')) l (id, host);
		CREATE TABLE person AS SELECT id AS link, 2 AS requests, TIMESTAMP '2026-11-23' AS first, TIMESTAMP '2026-11-23' + to_minutes(id) AS last FROM link`); err != nil {
		t.Fatal(err)
	}
	if err := a.sessions(ctx); err != nil {
		t.Fatal(err)
	}
	if own, others := a.hosts["own.test"].session, a.hosts[finding.OtherHosts].session; own != time.Minute || others != 0 {
		t.Errorf("sessions of %s and, of the others, %s; want a minute and none known", own, others)
	}
}
