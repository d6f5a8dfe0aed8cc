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

	"ipdrift/ingest/source/sourcetest"
)

// What bunny.net's Logging API v2 answers (https://docs.bunny.net/api-reference/cdn-logging/logging-v2/query-cdn-access-logs-for-a-pull-zone),
// with values of ours.
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
	sourcetest.BunnyFirst + "," + sourcetest.BunnySecond + `]}}` + "\n"

func TestDocumentsAreLines(t *testing.T) {
	both := sourcetest.BunnyFirst + "\n" + sourcetest.BunnySecond + "\n"
	flat := strings.ReplaceAll(indented(t, "["+sourcetest.BunnyFirst+"]"), "\n", " ")
	for name, c := range map[string]struct{ text, want string }{
		"an array":                {"[" + sourcetest.BunnyFirst + "," + sourcetest.BunnySecond + "]", both},
		"an array with lines":     {"[\n" + sourcetest.BunnyFirst + ",\n" + sourcetest.BunnySecond + "\n]\n", both},
		"an indented array":       {indented(t, "["+sourcetest.BunnyFirst+","+sourcetest.BunnyFirst+"]"), strings.Repeat(strings.Trim(flat, "[] ")+"\n", 2)},
		"an envelope":             {sourcetest.BunnyAnswer, both},
		"sourcetest.BunnyAnswer":  {sourcetest.BunnyAnswer + "\n" + sourcetest.BunnyAnswer, both + both},
		"an empty envelope":       {`{"data":` + "[" + sourcetest.BunnyTail, ""},
		"the AWS CLI's events":    {`{"events": [` + sourcetest.BunnyFirst + `, ` + sourcetest.BunnySecond + `], "searchedLogStreams": []}`, both},
		"Elasticsearch's hits":    {elastic, both},
		"an agent in its hits":    {`{"took":5,"hits":{"hits":[{"agent_id":"a","b":1},{"agent_id":"a","b":2}]}}` + "\n", `{"agent_id":"a","b":1}` + "\n" + `{"agent_id":"a","b":2}` + "\n"},
		"Edgecast's logs":         {`{"account_number":"0001","agent_id":"12","datestamp":"20261123","logs":[` + sourcetest.BunnyFirst + "," + sourcetest.BunnySecond + `],"platform":"wpc","seq_num":0}`, both},
		"a byte order mark":       {ByteOrderMark + sourcetest.BunnyAnswer, both},
		"glued":                   {sourcetest.BunnyFirst + sourcetest.BunnySecond, both},
		"glued with commas":       {sourcetest.BunnyFirst + ", " + sourcetest.BunnySecond, both},
		"lines of JSON":           {both, both},
		"one line of JSON":        {sourcetest.BunnyFirst, sourcetest.BunnyFirst},
		"text":                    {"[23/Nov/2026] {\"a\":1}{\"b\":2}\n", "[23/Nov/2026] {\"a\":1}{\"b\":2}\n"},
		"data of its own":         {`{"client_ip":"203.0.113.7","data":[{"a":1}]}` + "\n", `{"client_ip":"203.0.113.7","data":[{"a":1}]}` + "\n"},
		"logs of its own":         {`{"client_ip":"203.0.113.7","agent_id":"a","logs":[{"a":1}]}` + "\n", `{"client_ip":"203.0.113.7","agent_id":"a","logs":[{"a":1}]}` + "\n"},
		"nothing":                 {" \n", " \n"},
		"a cut line among others": {sourcetest.BunnyFirst[:90] + "\n" + both, sourcetest.BunnyFirst[:90] + "\n" + both},
		"an object cut":           {"[" + sourcetest.BunnyFirst + "," + sourcetest.BunnyFirst[:90] + "\n," + sourcetest.BunnySecond + "]", sourcetest.BunnyFirst + "\n" + sourcetest.BunnyFirst[:90] + "\n" + sourcetest.BunnySecond + "\n"},
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
	for _, text := range []string{sourcetest.BunnyAnswer, elastic, "[" + sourcetest.BunnyFirst + "," + sourcetest.BunnySecond + "]", indented(f, sourcetest.BunnyAnswer), sourcetest.BunnyFirst + sourcetest.BunnySecond, `[{"a":"\\\""},{"b":[{}]}]`} {
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
	last := strings.Replace(sourcetest.BunnyAnswer, `"hasMore":true`, `"hasMore":false`, 1)
	for name, c := range map[string]struct {
		text string
		page bool
	}{
		"a page":          {sourcetest.BunnyAnswer, true},
		"indented":        {indented(t, sourcetest.BunnyAnswer), true},
		"the last page":   {last, false},
		"both":            {sourcetest.BunnyAnswer + "\n" + last, false},
		"the first alone": {last + "\n" + sourcetest.BunnyAnswer, true},
		"within a record": {`{"data":[` + strings.Replace(sourcetest.BunnyFirst, `"asn"`, `"hasMore":true,"asn"`, 1) + `]}`, false},
		"lines":           {sourcetest.BunnyFirst + "\n" + sourcetest.BunnySecond + "\n", false},
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
