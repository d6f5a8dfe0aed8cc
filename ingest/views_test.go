package ingest

import (
	"fmt"
	"strings"
	"testing"
)

// promised are the columns of contract.md, "Views of a kept case". Types are
// named where the contract names them, or where only one makes sense.
var promised = map[string]string{
	"requests": `source VARCHAR, line BIGINT, time TIMESTAMP, client_ip VARCHAR, host VARCHAR, method VARCHAR, path VARCHAR, status SMALLINT, bytes BIGINT,
		user_agent VARCHAR, country VARCHAR, asn UINTEGER, verdict VARCHAR, cause VARCHAR, detail VARCHAR, basis VARCHAR, signed_ip VARCHAR, user_id VARCHAR`,
	"rejects": `source VARCHAR, line BIGINT, reason VARCHAR, text VARCHAR`,
	"users": `user_id VARCHAR, host VARCHAR, class VARCHAR, reason VARCHAR, requests BIGINT, refusals BIGINT, ip_mismatches BIGINT, addresses BIGINT, prefixes24 BIGINT,
		prefixes16 BIGINT, switches BIGINT, interrupted BOOLEAN, first TIMESTAMP, last TIMESTAMP`,
	"tokens": `token VARCHAR, host VARCHAR, expires TIMESTAMP, scope VARCHAR, signed_ip VARCHAR, basis VARCHAR, users BIGINT, requests BIGINT, refusals BIGINT`,
	"masks": `host VARCHAR, asn UINTEGER, family VARCHAR, prefix INTEGER, affected_users BIGINT, accepted_users BIGINT, accepted_share DOUBLE, low DOUBLE, high DOUBLE,
		accepted_requests BIGINT, strangers_let_in DOUBLE, exposure DOUBLE`,
}

func TestViewsAreAsPromised(t *testing.T) {
	s, err := Open(keptCase(t, "x.duckdb"), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for view, columns := range promised {
		has := map[string]string{}
		rows, err := s.DB.Query(`DESCRIBE ` + view)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range scanStrings(t, rows) {
			has[row[0]] = row[1]
		}
		rows.Close()
		for column := range strings.SplitSeq(columns, ",") {
			name, kind, _ := strings.Cut(strings.TrimSpace(column), " ")
			if has[name] != kind {
				t.Errorf("%s.%s is %q, want %s", view, name, has[name], kind)
			}
		}
	}
}

func TestRequestsView(t *testing.T) {
	const raw = `"203.0.113.7" "-" "-" "[01/Nov/2026:00:00:05 +0000]" "GET /a/b%%20c.ts?x=1 HTTP/2.0" "403" "146" "%s" "%s" "395" "[ed-up-gc01]" "https" "CDN.example.com" "2.000" "-" "312" "-" "[ed]" "HIT" "-" "-" "123" "4567" "-" "-" "%s" "-" "shield_no" "192.0.2.10" "443" "-" "-" "-" "-" "-" "%s" "100000001" "1" "-" "-" "1005" "TLS_AES_128_GCM_SHA256" "-" "." "video/mp2t" "21" "PL" "45" "0" "-"` + "\n"
	o := testOptions(t)
	o.Format = namedFormat(t, "gcore")
	s, _ := loadText(t, o, fmt.Sprintf(raw, "https://r.example/?q=1", "Agent", "PL", "64500")+fmt.Sprintf(raw, "-", "-", "-", "-"))
	rows, err := s.DB.Query(`SELECT source LIKE '%access.log', line, epoch(time)::BIGINT, client_ip, host, method, path, status, bytes, coalesce(user_agent, 'NULL'), coalesce(country, 'NULL'), coalesce(asn::VARCHAR, 'NULL'),
		verdict IS NULL, cause IS NULL, detail IS NULL, basis IS NULL, signed_ip IS NULL, user_id IS NULL, coalesce(referer, 'NULL'), edge_code FROM requests ORDER BY line`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for i, row := range scanStrings(t, rows) {
		rest := "Agent PL 64500"
		referer := "https://r.example/"
		if i == 1 {
			rest, referer = "NULL NULL NULL", "NULL"
		}
		want := fmt.Sprintf("true %d %d 203.0.113.7 cdn.example.com GET /a/b%%20c.ts 403 146 %s true true true true true true %s 1005", i+1, logTime+3, rest, referer)
		if got := strings.Join(row, " "); got != want {
			t.Errorf("line %d:\n got %s\nwant %s", i+1, got, want)
		}
	}
}

// TestWordsOfTheViews numbers the words as the tables do.
func TestWordsOfTheViews(t *testing.T) {
	s, _ := loadText(t, testOptions(t), plainLines(1))
	causes, bases := Causes(), Bases()
	for i, word := range Verdicts() {
		for _, q := range []string{`DELETE FROM judged`, fmt.Sprintf(`INSERT INTO judged SELECT outcome, 0, 0, 0, 0, %d, %d, %d, 'd' FROM hit`, i, Place(causes, causes[i]), Place(bases, bases[i%3]))} {
			if _, err := s.DB.Exec(q); err != nil {
				t.Fatal(err)
			}
		}
		want := word + " " + causes[i] + " " + bases[i%3]
		if got := one[string](t, s, `SELECT verdict || ' ' || cause || ' ' || basis FROM requests`); got != want {
			t.Errorf("number %d is shown as %q, want %q", i, got, want)
		}
	}
	if Place(causes, "no such word") != 0 || Place(causes, RefusedElsewhere) != uint8(len(causes)) {
		t.Errorf("places of no word and the last: %d, %d", Place(causes, "no such word"), Place(causes, RefusedElsewhere))
	}
	want := "unchecked valid expired malformed ip_mismatch expired_ip_mismatch wrong_path unresolved_signature unsigned refused_elsewhere"
	if got := strings.Join(causes, " "); got != want {
		t.Errorf("causes: %s, want %s", got, want)
	}
}

// TestTokensView shows a deadline that no calendar holds.
func TestTokensView(t *testing.T) {
	var lines strings.Builder
	for _, expires := range []string{"1900000000", "1", "9223372036854775807", "99999999999999"} {
		lines.WriteString(testLine("203.0.113.7", "/a.ts?md5="+planted+"&expires="+expires, 403))
	}
	o := testOptions(t)
	o.Format = namedFormat(t, combinedHost)
	s, _ := loadText(t, o, lines.String())
	got := strings.Join(query[string](t, s, `SELECT token || ' ' || host || ' ' || expires::VARCHAR || ' ' || (users IS NULL) FROM tokens ORDER BY expires`), "; ")
	const line = "Zq7-Xw cdn.example.com "
	want := line + "1970-01-01 00:00:01 true; " + line + "2030-03-17 17:46:40 true; " + line + "9999-12-31 23:59:59 true; " + line + "9999-12-31 23:59:59 true"
	if got != want {
		t.Errorf("tokens: %s; want %s", got, want)
	}
}
