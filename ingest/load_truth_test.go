package ingest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ipdrift/ingest/source/sourcetest"
	"ipdrift/ingest/synth"
	"ipdrift/token"
)

// TestTruth compares what was stored with what the generator says it wrote.
func TestTruth(t *testing.T) {
	for name, o := range map[string]synth.Options{
		"nginx": {Seed: 1, Lines: 20_000}, "gcore": {Seed: 2, Lines: 20_000, Format: "gcore"},
		"hostile": {Seed: 3, Lines: 20_000, Hostile: true},
	} {
		text, want := synthLog(t, o)
		s, got := loadText(t, testOptions(t), text)
		if src := got.Sources[0]; src.Parsed != want.Lines || src.Rejected != 0 || src.Err != nil {
			t.Errorf("%s: %+v, want %d lines, all parsed", name, src, want.Lines)
		}
		count := func(where string) int64 {
			return one[int64](t, s, `SELECT count(*) FROM hit JOIN outcome o ON o.id = hit.outcome WHERE `+where)
		}
		for status, n := range want.Statuses {
			if got := count(fmt.Sprintf("o.status = %d", status)); got != n {
				t.Errorf("%s: %d lines with status %d, want %d", name, got, status, n)
			}
		}
		// A link signed for a neighbour whose address ends in .0 has the hash of a
		// network: it matches a mask here, and detect reads it as another address.
		whole := fmt.Sprintf("matched AND bind <> %d", token.BindMask)
		for where, n := range map[string]int64{
			fmt.Sprintf("%s AND late <= %d", whole, NearExpiry):                want.Verdicts["valid"],
			fmt.Sprintf("%s AND late >= %d", whole, AtExpiry):                  want.Verdicts["expired"],
			fmt.Sprintf("NOT matched AND shape = %d", token.BadShape):          want.Verdicts["malformed"],
			fmt.Sprintf("NOT (%s) AND shape = %d", whole, token.Signed):        want.Verdicts["ip_mismatch"] + want.Verdicts["unresolved_signature"],
			fmt.Sprintf("shape = %d OR matched AND shape <> 1", token.NoToken): 0,
		} {
			if got := count(where); got != n {
				t.Errorf("%s: %d lines are %s, want %d", name, got, where, n)
			}
		}
		if rows := one[int64](t, s, `SELECT count(*) FROM requests`); rows != want.Lines {
			t.Errorf("%s: view requests has %d rows, want %d", name, rows, want.Lines)
		}
		if got.Queries != want.Lines {
			t.Errorf("%s: %d requests with a query string, want %d", name, got.Queries, want.Lines)
		}
	}
}

// TestMatchedAsDuckDBSaysIt recomputes every token in SQL.
func TestMatchedAsDuckDBSaysIt(t *testing.T) {
	text, _ := synthLog(t, synth.Options{Seed: 4, Lines: 20_000, Refused: 0.2})
	s, _ := loadText(t, testOptions(t), text)
	var b strings.Builder
	b.WriteString("line,ip,path,token,expires\n")
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		ip, rest, _ := strings.Cut(line, " ")
		_, rest, _ = strings.Cut(rest, `"GET `)
		target, _, _ := strings.Cut(rest, " ")
		path, query, _ := strings.Cut(target, "?md5=")
		md5, expires, _ := strings.Cut(query, "&expires=")
		fmt.Fprintf(&b, "%d,%s,%s,%s,%s\n", i+1, ip, path, md5, expires)
	}
	csv := sourcetest.Write(t, t.TempDir(), "oracle.csv", []byte(b.String()))
	const oracle = `WITH said AS (SELECT *, regexp_replace(path, '[^/]*$', '') AS dir FROM read_csv('%s', all_varchar = true)), judged AS (
		SELECT line::BIGINT AS line, coalesce(token = %s OR token = %s, false) AS ok FROM said)
		SELECT count(*) FILTER (o.matched IS DISTINCT FROM j.ok) || ' differ, ' || count(*) FILTER (j.ok) || ' hold' FROM judged j JOIN hit h ON h.line = j.line JOIN outcome o ON o.id = h.outcome`
	hash := func(column string) string {
		return `rtrim(translate(base64(unhex(md5(expires || ` + column + ` || ip || ' ` + testKey + `'))), '+/', '-_'), '=')`
	}
	got := one[string](t, s, fmt.Sprintf(oracle, csv, hash("path"), hash("dir")))
	matched := one[int64](t, s, `SELECT count(*) FROM hit JOIN outcome o ON o.id = hit.outcome WHERE o.matched`)
	if want := fmt.Sprintf("0 differ, %d hold", matched); got != want || matched < 10_000 {
		t.Errorf("DuckDB: %s; want %s and at least 10000", got, want)
	}
}

func TestThreadsGiveTheSame(t *testing.T) {
	text, _ := synthLog(t, synth.Options{Seed: 5, Lines: 12_000})
	hostile, _ := synthLog(t, synth.Options{Seed: 6, Lines: 12_000, Hostile: true, Format: "gcore"})
	dir := t.TempDir()
	sourcetest.Write(t, dir, "a.log", []byte(text+"junk\n"))
	sourcetest.Write(t, dir, "b.log.gz", sourcetest.Gzip(t, []byte(hostile)))
	var want []string
	var wantRejects []string
	for _, threads := range []int{1, 2, 4} {
		o := testOptions(t)
		o.Threads = threads
		s, loaded := loadArgs(t, o, dir)
		got := query[string](t, s, contents)
		rejects := query[string](t, s, `SELECT concat_ws('|', source, line, reason, text) FROM rejects ORDER BY ALL`)
		var kept int
		for _, of := range loaded.Unproven.links {
			kept += len(of.list)
		}
		got = append(got, fmt.Sprintf("%d attempts of %d links", kept, len(loaded.Unproven.links)))
		if threads == 1 {
			want, wantRejects = got, rejects
			continue
		}
		diff(t, fmt.Sprintf("%d threads", threads), got, want)
		diff(t, fmt.Sprintf("%d threads, rejects", threads), rejects, wantRejects)
	}
	if len(want) != 24_001 || len(wantRejects) != 1 {
		t.Errorf("%d rows and %d rejects, want 24000 + 1 and 1", len(want), len(wantRejects))
	}
}

// TestOrderDoesNotMatter loads the same requests forwards and backwards: how
// the link of a served request verifies is a property of the request. Masks
// of refused ones may be found later.
func TestOrderDoesNotMatter(t *testing.T) {
	const expires = logTime + 3600
	sign := func(path, hashed, text string) string {
		return fmt.Sprintf("%s?md5=%s&expires=%d", path, signedFor(expires, hashed, text, testKey), expires)
	}
	for name, lines := range map[string][]string{
		"a directory's own index is file and directory": {
			testLine("203.0.113.7", sign("/a/x.ts", "/a/x.ts", "203.0.113.7"), 200),
			testLine("203.0.113.7", sign("/a/", "/a/", "203.0.113.7"), 200),
			testLine("203.0.113.8", sign("/b/x.ts", "/b/", "203.0.113.8"), 200),
		},
		"an address that is its own network": {
			testLine("198.51.100.9", sign("/a/x.ts", "/a/", "198.51.100.0"), 200),
			testLine("203.0.113.0", sign("/a/y.ts", "/a/", "203.0.113.0"), 200),
			testLine("203.0.113.9", sign("/b/y.ts", "/b/", "203.0.113.9"), 200),
		},
		"two masks with one network": {
			testLine("198.51.100.9", sign("/a/x.ts", "/a/", "198.51.0.0"), 200),
			testLine("203.0.0.5", sign("/a/y.ts", "/a/", "203.0.0.0"), 200),
		},
		"refused before it is served, under a mask": {
			testLine("198.51.100.9", sign("/a/x.ts", "/a/", "198.51.100.0"), 403),
			testLine("198.51.100.9", sign("/a/x.ts", "/a/", "198.51.100.0"), 200),
		},
		"refused by one viewer, served to another, under a mask": {
			testLine("198.51.100.9", sign("/a/x.ts", "/a/", "198.51.100.0"), 403),
			testLine("203.0.113.77", sign("/b/x.ts", "/b/", "203.0.113.0"), 200),
		},
	} {
		const how = `SELECT concat_ws('|', c.address, d.text || f.text, o.status, 'matched', o.matched, 'scope', o.scope, 'bind', o.bind, o.prefix, o.form)
			FROM hit h JOIN outcome o ON o.id = h.outcome JOIN clients c ON c.id = h.client JOIN dir d ON d.id = h.dir JOIN file f ON f.id = h.file WHERE o.status = 200 ORDER BY ALL`
		o := testOptions(t)
		o.Threads = 1
		o.Format = namedFormat(t, combinedHost)
		forward, _ := loadText(t, o, strings.Join(lines, ""))
		slices.Reverse(lines)
		backward, _ := loadText(t, o, strings.Join(lines, ""))
		diff(t, name, query[string](t, backward, how), query[string](t, forward, how))
	}
}
