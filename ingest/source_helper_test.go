package ingest

import (
	"os"
	"path/filepath"
	"testing"
)

// fixtures are logs as they lie on disks, compressed and not.
const fixtures = "../testdata/logs/sources"

const cloudFrontRows = `SELECT '203.0.113.' || (i % 250 + 1) AS "c-ip", DATE '2026-11-01' AS date, '00:00:05' AS time, 'GET' AS "cs-method", '/a/' || i || '.ts' AS "cs-uri-stem",
	'md5=8vAHfjuFGwiLpCsVjgfSqA&expires=1893456000' AS "cs-uri-query", 403 AS "sc-status", 'cdn.example.com' AS "x-host-header", CASE WHEN i % 2 = 0 THEN 'Agent "x"' END AS "cs(User-Agent)" FROM range(5000) r (i)`

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(fixtures, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
