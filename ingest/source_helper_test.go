package ingest

import (
	"archive/zip"
	"bytes"
	"database/sql"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/marcboeker/go-duckdb"

	"ipdrift/ingest/fetch"
)

// fixtures are logs as they lie on disks, compressed and not.
const fixtures = "../testdata/logs/sources"

const (
	bunnyFirst = `{"timestamp":"2026-11-23T09:26:12.043+00:00","pullZoneId":412,"requestId":"322b688bd63fb63f2babe9de30a5d262","cacheStatus":"MISS","statusCode":403,` +
		`"bytesSent":312,"edgeLocation":"WA","scheme":"https","host":"z.b-cdn.net","path":"/v/1/a.ts?token=x&expires=1","url":"https://z.b-cdn.net/v/1/a.ts?token=x&expires=1",` +
		`"remoteIp":"203.0.113.7","countryCode":"PL","userAgent":"a \"}{\" b\\","referer":null,"asn":64500,"asnOrganization":"Example"}`
	bunnySecond = `{"timestamp":"2026-11-23T09:26:13.043+00:00","pullZoneId":412,"statusCode":200,"host":"z.b-cdn.net","path":"/v/1/b.ts","remoteIp":"203.0.113.8","more":[{"data":[{}]}]}`
	bunnyTail   = `],"pagination":{"offset":0,"limit":2,"returned":2,"hasMore":true},"query":{"pullZoneId":412}}`
	envelopes   = `{"data":[` + bunnyFirst + "," + bunnySecond + bunnyTail
)

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

// zipOf makes an archive; a name ends in = and what the member holds.
func zipOf(t testing.TB, members ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		name, text, _ := strings.Cut(m, "=")
		f, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(f, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func writeParquet(t *testing.T, query string) string {
	t.Helper()
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer connector.Close()
	db := sql.OpenDB(connector)
	defer db.Close()
	path := filepath.Join(t.TempDir(), "o'rows.parquet")
	if _, err := db.Exec(`COPY (` + query + `) TO ` + fetch.Quoted(path) + ` (FORMAT parquet, ROW_GROUP_SIZE 2048)`); err != nil {
		t.Fatal(err)
	}
	return path
}
