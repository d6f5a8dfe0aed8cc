package source

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"ipdrift/ingest/source/sourcetest"
)

// fixtures are logs as the real tools store them; testdata/logs/sources/make.sh
// made them.
const fixtures = "../../testdata/logs/sources"

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(fixtures, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// inflate reads a file that holds data to its end.
func inflate(t testing.TB, data []byte) (string, error) {
	t.Helper()
	var read atomic.Int64
	file := &stored{file: io.NopCloser(bytes.NewReader(data)), size: int64(len(data))}
	in, err := file.inflate(nil, &read)
	if err != nil {
		return "", err
	}
	out, err := io.ReadAll(in)
	if err == nil && read.Load() != int64(len(data)) {
		t.Errorf("%d stored bytes counted, want %d", read.Load(), len(data))
	}
	if n, again := in.Read(make([]byte, 1)); n != 0 || again == nil || err != nil && again != err {
		t.Errorf("after %v, reading goes on with %d bytes, %v", err, n, again)
	}
	return string(out), err
}

func TestOpenWhatTheToolsWrite(t *testing.T) {
	want := string(fixture(t, "access.log"))
	for _, name := range []string{
		"one.gz", "members.gz", "padded.gz", "one.zst", "frames.zst", "skippable-first.zst",
		"one.bz2", "streams.bz2", "one.xz", "small.xz", "nocheck.xz", "filters.xz", "blocks.xz", "streams.xz", "access.log",
	} {
		if got, err := inflate(t, fixture(t, name)); err != nil || got != want {
			t.Errorf("%s: %d bytes, %v; want %d bytes", name, len(got), err, len(want))
		}
	}
	for name, want := range map[string]string{
		"tar.gz":      "a tar archive inside the gzip data is not read: unpack it first",
		"archive.tar": "a tar archive is not read: unpack it first",
		"zip.gz":      "a zip archive inside the gzip data is not read: unpack it first",
	} {
		if _, err := inflate(t, fixture(t, name)); err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %q", name, err, want)
		}
	}
}

func TestOpen(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 100_000)
	for name, c := range map[string]struct {
		data []byte
		want string
		err  string
	}{
		"empty":                    {data: nil, want: ""},
		"one byte":                 {data: []byte("x"), want: "x"},
		"plain":                    {data: []byte("a\nb"), want: "a\nb"},
		"gzip":                     {data: sourcetest.Gzip(t, []byte("a\nb\n")), want: "a\nb\n"},
		"gzip, several members":    {data: slices.Concat(sourcetest.Gzip(t, []byte("a\n")), sourcetest.Gzip(t, nil), sourcetest.Gzip(t, []byte("b\n"))), want: "a\nb\n"},
		"gzip, an empty member":    {data: sourcetest.Gzip(t, nil), want: ""},
		"gzip, long":               {data: sourcetest.Gzip(t, []byte(long)), want: long},
		"gzip of gzip":             {data: sourcetest.Gzip(t, sourcetest.Gzip(t, []byte("a"))), err: "gzip data inside the gzip data is not read: unpack it first"},
		"gzip magic alone":         {data: []byte{0x1f, 0x8b}, err: "truncated at byte 2 (of 2): the gzip data ends too early"},
		"gzip, wrong method":       {data: []byte{0x1f, 0x8b, 7, 0, 0, 0, 0, 0, 0, 0}, err: "damaged at byte 10 (of 10): invalid gzip data"},
		"zstd, nothing in it":      {data: []byte("\x28\xb5\x2f\xfd\x00\x00"), err: "truncated at byte 6 (of 6): the zstd data ends too early"},
		"bzip2, cut":               {data: []byte("BZh91AY&SY"), err: "truncated at byte 10 (of 10): the bzip2 data ends too early"},
		"begins like bzip2":        {data: []byte("BZh9 is a line\n"), want: "BZh9 is a line\n"},
		"xz, cut":                  {data: []byte("\xfd7zXZ\x00"), err: "truncated at byte 4 (of 6): the xz data ends too early"},
		"zip":                      {data: []byte("PK\x03\x04abcd"), err: "a zip archive is not read: unpack it first"},
		"7z":                       {data: []byte("7z\xbc\xaf\x27\x1c\x00\x04"), err: "a 7z archive is not read: unpack it first"},
		"rar":                      {data: []byte("Rar!\x1a\x07\x01\x00"), err: "a rar archive is not read: unpack it first"},
		"begins like a known one":  {data: []byte("PK\x03"), want: "PK\x03"},
		"zstd, window too large":   {data: fixture(t, "window.zst"), err: "to decompress this zstd data takes more than 128 MiB of memory; decompress it first"},
		"xz, dictionary too large": {data: fixture(t, "dictionary.xz"), err: "to decompress this xz data takes more than 128 MiB of memory; decompress it first"},
		"zstd, with a dictionary":  {data: []byte("\x28\xb5\x2f\xfd\x07\x58\x34\xd3\x12\x69\x11\x00\x00a\n\x55\xc8\xcc\x1e"), err: "stopped at byte 10 (of 19): this zstd data was compressed with a dictionary, which is not read; decompress it first"}, // zstd -D
		"HAR":                      {data: []byte("{\n  \"log\": {\n    \"version\": \"1.2\",\n    \"creator\": {\n      \"name\": \"WebInspector\",\n"), err: errHAR.Error()},
		"gzip, HAR":                {data: sourcetest.Gzip(t, []byte(`{"log":{"version":"1.2","creator":{"name":"Firefox"}}}`)), err: errHAR.Error()},
		"begins like HAR":          {data: []byte(`{"log":{"version":"1.2"},"status":403}`), want: `{"log":{"version":"1.2"},"status":403}`},
		"lzma":                     {data: []byte("\x5d\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00\x30\x82\x9c\xff\xff\xff\xf0\x00\x00\x00"), err: "an lzma file is not read: unpack it first"}, // xz --format=lzma
		"xz, another filter":       {data: fixture(t, "filter.xz"), err: "stopped at byte 20 (of 488): this xz data went through a filter or has a checksum that is not read; decompress it first"},
	} {
		got, err := inflate(t, c.data)
		switch {
		case c.err != "" && (err == nil || !strings.HasSuffix(err.Error(), c.err)):
			t.Errorf("%s: error %v, want %s", name, err, c.err)
		case c.err == "" && (err != nil || got != c.want):
			t.Errorf("%s: %d bytes, %v; want %d bytes", name, len(got), err, len(c.want))
		}
	}
}
