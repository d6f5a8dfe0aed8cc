// Package sourcetest makes files for the tests of packages that read sources.
package sourcetest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"database/sql"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/marcboeker/go-duckdb"

	"ipdrift/ingest/fetch"
)

// An answer of bunny.net's API, and the lines in it: those that its documentation prints, with
// other values.
const (
	BunnyFirst = `{"timestamp":"2026-11-23T09:26:12.043+00:00","pullZoneId":412,"requestId":"322b688bd63fb63f2babe9de30a5d262","cacheStatus":"MISS","statusCode":403,` +
		`"bytesSent":312,"edgeLocation":"WA","scheme":"https","host":"z.b-cdn.net","path":"/v/1/a.ts?token=x&expires=1","url":"https://z.b-cdn.net/v/1/a.ts?token=x&expires=1",` +
		`"remoteIp":"203.0.113.7","countryCode":"PL","userAgent":"a \"}{\" b\\","referer":null,"asn":64500,"asnOrganization":"Example"}`
	BunnySecond = `{"timestamp":"2026-11-23T09:26:13.043+00:00","pullZoneId":412,"statusCode":200,"host":"z.b-cdn.net","path":"/v/1/b.ts","remoteIp":"203.0.113.8","more":[{"data":[{}]}]}`
	BunnyTail   = `],"pagination":{"offset":0,"limit":2,"returned":2,"hasMore":true},"query":{"pullZoneId":412}}`
	BunnyAnswer = `{"data":[` + BunnyFirst + "," + BunnySecond + BunnyTail
)

// Write writes a file, and the folders that it lies in. It returns its path.
func Write(t testing.TB, dir, name string, data []byte) string {
	t.Helper()
	p := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

// Gzip compresses.
func Gzip(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Zip makes an archive; a name ends in = and what the member holds.
func Zip(t testing.TB, members ...string) []byte {
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

// Tar makes an archive; a name ends in = and what the file holds.
func Tar(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		name, text, _ := strings.Cut(f, "=")
		err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Mode: 0o600})
		if err == nil {
			_, err = io.WriteString(w, text)
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

// Parquet writes the rows of a query, in groups of 2,048. It returns the path.
func Parquet(t testing.TB, query string) string {
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
