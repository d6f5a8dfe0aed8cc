package source

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// What bunny.net's Logging API v2 answers (https://docs.bunny.net/api-reference/cdn-logging/logging-v2/query-cdn-access-logs-for-a-pull-zone),
// with values of ours.
const (
	bunnyFirst = `{"timestamp":"2026-11-23T09:26:12.043+00:00","pullZoneId":412,"requestId":"322b688bd63fb63f2babe9de30a5d262","cacheStatus":"MISS","statusCode":403,` +
		`"bytesSent":312,"edgeLocation":"WA","scheme":"https","host":"z.b-cdn.net","path":"/v/1/a.ts?token=x&expires=1","url":"https://z.b-cdn.net/v/1/a.ts?token=x&expires=1",` +
		`"remoteIp":"203.0.113.7","countryCode":"PL","userAgent":"a \"}{\" b\\","referer":null,"asn":64500,"asnOrganization":"Example"}`
	bunnySecond = `{"timestamp":"2026-11-23T09:26:13.043+00:00","pullZoneId":412,"statusCode":200,"host":"z.b-cdn.net","path":"/v/1/b.ts","remoteIp":"203.0.113.8","more":[{"data":[{}]}]}`
	bunnyTail   = `],"pagination":{"offset":0,"limit":2,"returned":2,"hasMore":true},"query":{"pullZoneId":412}}`
	envelopes   = `{"data":[` + bunnyFirst + "," + bunnySecond + bunnyTail
)

func indented(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(text), "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// lineUp is what documents makes of a text, however it is read.
func lineUp(t testing.TB, text string) string {
	t.Helper()
	read := func(in io.Reader) string {
		out, err := io.ReadAll(documents(in, []byte(text)[:min(len(text), headSize)], new(bool)))
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	all := read(strings.NewReader(text))
	if len(text) < 64<<10 {
		if slow := read(iotest.OneByteReader(strings.NewReader(text))); slow != all {
			t.Fatalf("read byte by byte: %q, not %q", slow, all)
		}
	}
	return all
}

// elastic is an answer of _search (https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-search).
const elastic = `{"took":5,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},"hits":{"total":{"value":20,"relation":"eq"},"max_score":1.3,"hits":[` +
	bunnyFirst + "," + bunnySecond + `]}}` + "\n"

func TestDocumentsAreLines(t *testing.T) {
	both := bunnyFirst + "\n" + bunnySecond + "\n"
	flat := strings.ReplaceAll(indented(t, "["+bunnyFirst+"]"), "\n", " ")
	for name, c := range map[string]struct{ text, want string }{
		"an array":                {"[" + bunnyFirst + "," + bunnySecond + "]", both},
		"an array with lines":     {"[\n" + bunnyFirst + ",\n" + bunnySecond + "\n]\n", both},
		"an indented array":       {indented(t, "["+bunnyFirst+","+bunnyFirst+"]"), strings.Repeat(strings.Trim(flat, "[] ")+"\n", 2)},
		"an envelope":             {envelopes, both},
		"envelopes":               {envelopes + "\n" + envelopes, both + both},
		"an empty envelope":       {`{"data":` + "[" + bunnyTail, ""},
		"the AWS CLI's events":    {`{"events": [` + bunnyFirst + `, ` + bunnySecond + `], "searchedLogStreams": []}`, both},
		"Elasticsearch's hits":    {elastic, both},
		"a byte order mark":       {ByteOrderMark + envelopes, both},
		"glued":                   {bunnyFirst + bunnySecond, both},
		"glued with commas":       {bunnyFirst + ", " + bunnySecond, both},
		"lines of JSON":           {both, both},
		"one line of JSON":        {bunnyFirst, bunnyFirst},
		"text":                    {"[23/Nov/2026] {\"a\":1}{\"b\":2}\n", "[23/Nov/2026] {\"a\":1}{\"b\":2}\n"},
		"data of its own":         {`{"client_ip":"203.0.113.7","data":[{"a":1}]}` + "\n", `{"client_ip":"203.0.113.7","data":[{"a":1}]}` + "\n"},
		"nothing":                 {" \n", " \n"},
		"a cut line among others": {bunnyFirst[:90] + "\n" + both, bunnyFirst[:90] + "\n" + both},
		"an object cut":           {"[" + bunnyFirst + "," + bunnyFirst[:90] + "\n," + bunnySecond + "]", bunnyFirst + "\n" + bunnyFirst[:90] + "\n" + bunnySecond + "\n"},
		"cut at a comma":          {`[{"a":1,` + "\n" + `{"b":2}]`, `{"a":1, ` + "\n" + `{"b":2}` + "\n"},
		"cut in an envelope":      {`{"data":[{"a":1},{"b":` + "\n", `{"a":1}` + "\n" + `{"b": `},
		"not JSON in between":     {`[{"a":1}` + "\nnot JSON, {}\n" + `{"b":2}]`, `{"a":1}` + "\nnot JSON, {}\n" + `{"b":2}` + "\n"},
		"too deep":                {`[{"a":` + strings.Repeat("[", maxNesting+9) + "\n" + `{"b":2}]`, `{"a":` + strings.Repeat("[", maxNesting-1) + "\n" + `{"b":2}` + "\n"},
	} {
		if got := lineUp(t, c.text); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", name, got, c.want)
		}
	}
}

// FuzzDocuments: no object of an array is lost or changed, whatever stands in it; no text makes it stop.
func FuzzDocuments(f *testing.F) {
	for _, text := range []string{envelopes, elastic, "[" + bunnyFirst + "," + bunnySecond + "]", indented(f, envelopes), bunnyFirst + bunnySecond, `[{"a":"\\\""},{"b":[{}]}]`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.SplitAfter(lineUp(t, text), "\n")
		var list []map[string]any
		if json.Unmarshal([]byte(text), &list) != nil || slices.ContainsFunc(list, func(o map[string]any) bool { return len(o) == 0 }) || depth(text) > maxNesting {
			return
		}
		for i, object := range list {
			want, _ := json.Marshal(object)
			var got map[string]any
			if err := json.Unmarshal([]byte(lines[i]), &got); err != nil {
				t.Fatalf("object %d: %v in %q", i, err, lines[i])
			}
			if has, _ := json.Marshal(got); string(has) != string(want) {
				t.Fatalf("object %d: %s, want %s", i, has, want)
			}
		}
	})
}

func depth(text string) (most int) {
	now := 0
	for _, c := range text {
		switch c {
		case '{', '[':
			now++
			most = max(most, now)
		case '}', ']':
			now--
		}
	}
	return most
}

// TestPageOfAnAnswer: an answer of bunny.net's API that ends with "hasMore": true is a part of the log, unless the page behind it is there.
func TestPageOfAnAnswer(t *testing.T) {
	last := strings.Replace(envelopes, `"hasMore":true`, `"hasMore":false`, 1)
	for name, c := range map[string]struct {
		text string
		page bool
	}{
		"a page":          {envelopes, true},
		"indented":        {indented(t, envelopes), true},
		"the last page":   {last, false},
		"both":            {envelopes + "\n" + last, false},
		"the first alone": {last + "\n" + envelopes, true},
		"within a record": {`{"data":[` + strings.Replace(bunnyFirst, `"asn"`, `"hasMore":true,"asn"`, 1) + `]}`, false},
		"lines":           {bunnyFirst + "\n" + bunnySecond + "\n", false},
	} {
		path := filepath.Join(t.TempDir(), "page.json")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, facts, err := Head(t.Context(), Source{Path: path}, nil)
		if err != nil || facts.Page != c.page {
			t.Errorf("%s: page %v, %v", name, facts.Page, err)
		}
	}
}
