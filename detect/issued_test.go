package detect_test

import (
	"fmt"
	"strings"
	"testing"

	"ipdrift/detect/finding"
	"ipdrift/detect/search"
	"ipdrift/ingest"
	"ipdrift/token"
)

func record(t testing.TB, text string) map[uint64]ingest.Issued {
	t.Helper()
	scheme, _ := token.SchemeNamed("gcore")
	out, faults, err := ingest.ReadIssued(strings.NewReader(text), token.NewResources(scheme))
	if err != nil || faults.Unsigned > 0 {
		t.Fatalf("%+v, %v", faults, err)
	}
	return out
}

// TestIssued settles an address that no search finds, joins the links of one
// viewer, and counts those who never came.
func TestIssued(t *testing.T) {
	var l little
	l.audience(video, 40)
	lost := video.link("/film/seg1.ts", "233.252.0.77")
	line := l.get(video, lost, stranger(90), 403)
	text := "time,url,address,viewer\n"
	rows := `{"url":"https://CDN.test` + lost + `","ip":"233.252.0.77","viewer_id":"anna"}` + "\n"
	text += "1,https://cdn.test" + lost + ",233.252.0.77,anna\n"
	for n := range 3 {
		link := video.link(fmt.Sprintf("/part%d/seg1.ts", n), stranger(70+n))
		l.add(entry{host: video.host, target: link, ip: stranger(70 + n), status: 200, agent: fmt.Sprintf("player/%d", n)})
		text += fmt.Sprintf("1,https://cdn.test%s,%s,bert\n", link, stranger(70+n))
		rows += fmt.Sprintf(`{"url":"https://cdn.test%s","ip":%q,"viewer_id":"bert","time":1}`+"\n", link, stranger(70+n))
	}
	never := video.link("/never/seg1.ts", "233.252.0.78")
	text += "1,https://cdn.test" + never + ",233.252.0.78,cora\n"
	rows += `{"url":"https://cdn.test` + never + `","ip":"233.252.0.78","viewer_id":"cora"}` + "\n"
	tokens, jsons := "time,Token,ip,viewer id\n", ""
	paths := strings.ReplaceAll(text, "https://cdn.test", "")
	for _, row := range strings.Split(strings.TrimSpace(text), "\n")[1:] {
		v := strings.Split(row, ",")
		md5 := v[1][strings.Index(v[1], "md5=")+4:][:22]
		tokens += v[0] + "," + md5 + "," + v[2] + "," + v[3] + "\n"
		jsons += fmt.Sprintf(`{"md5":%q,"ip":%q,"viewer_id":%q}`+"\n", md5, v[2], v[3])
	}
	log := l.text(entry.text)
	tryText(t, log, settings{recover: search.RecoverNear}).want(t, line, "unresolved_signature unresolved_signature - - -")
	for name, text := range map[string]string{"csv": text, "json": rows, "csv of tokens": tokens, "json of tokens": jsons, "csv of paths": paths} {
		tr := tryText(t, log, settings{recover: search.RecoverNear, issued: record(t, text)})
		tr.want(t, line, "ip_mismatch ip_mismatch - recomputed 233.252.0.77")
		if tr.Users.Total != 42 || tr.Users.ByClass[finding.FirstRequest] != 1 || tr.Method.IdentityUsers["the signer's record"] != 1 {
			t.Errorf("%s: %+v %v", name, tr.Users.ByClass, tr.Method.IdentityUsers)
		}
		if said := strings.Join(tr.Warnings, " "); !strings.Contains(said, "1 of 5 issued links never reached the edge; of 1 of 3 viewers none did") {
			t.Errorf("%s: %q", name, said)
		}
	}
}

// TestIssuedIsNoProof: an address that the record names and the hash does not
// hold is none.
func TestIssuedIsNoProof(t *testing.T) {
	var l little
	l.audience(video, 40)
	lost := video.link("/film/seg1.ts", "233.252.0.77")
	line := l.get(video, lost, stranger(90), 403)
	tr := tryText(t, l.text(entry.text), settings{recover: search.RecoverNear, issued: record(t, "url,ip\nhttps://cdn.test"+lost+",233.252.0.1\n")})
	if tr.rows[line-1].signed == "233.252.0.1" {
		t.Errorf("%s", tr.rows[line-1])
	}
}

// TestIssuedToNobody: a viewer who is null is not told, and tokens that begin alike
// are not told apart.
func TestIssuedToNobody(t *testing.T) {
	var l little
	l.audience(video, 2)
	link := l.entries[0].target
	rows := ""
	for _, e := range l.entries {
		rows += fmt.Sprintf(`{"url":"https://cdn.test%s","viewer":null}`+"\n", e.target)
	}
	md5 := link[strings.Index(link, "md5=")+4:][:22]
	alike := "token,viewer\n" + md5 + ",bert\n" + md5[:6] + "0000000000000000,anna\n" + l.entries[1].target[strings.Index(l.entries[1].target, "md5=")+4:][:22] + ",anna\n"
	for name, text := range map[string]string{"null": rows, "alike": alike} {
		if tr := l.try(t, settings{issued: record(t, text)}); tr.Users.Total != 2 {
			t.Errorf("%s: %d users, want 2", name, tr.Users.Total)
		}
	}
}

// TestIssuedOnTwoHosts: users are of one host, whoever they are.
func TestIssuedOnTwoHosts(t *testing.T) {
	var l little
	text := "url,viewer\n"
	for _, s := range []site{video, folder} {
		l.audience(s, 2)
	}
	for _, e := range l.entries {
		text += "https://" + e.host + e.target + ",anna\n"
	}
	if tr := l.try(t, settings{issued: record(t, text)}); tr.Users.Total != 2 {
		t.Errorf("%d users, want anna on either host", tr.Users.Total)
	}
}

// TestIssuedKeepsQuiet: an error holds nothing of a record.
func TestIssuedKeepsQuiet(t *testing.T) {
	scheme, _ := token.SchemeNamed("gcore")
	_, _, err := ingest.ReadIssued(strings.NewReader("1,https://cdn.test"+video.link("/a/seg1.ts", "233.252.0.77")+",233.252.0.77,anna\n"), token.NewResources(scheme))
	if err == nil || strings.Contains(strings.ToLower(err.Error()), "md5") || strings.Contains(err.Error(), "233.252") {
		t.Errorf("%v", err)
	}
}

// TestIssuedAsFound: records as editors and loggers leave them.
func TestIssuedAsFound(t *testing.T) {
	scheme, _ := token.SchemeNamed("gcore")
	link := "https://cdn.test" + video.link("/a/seg1.ts", "233.252.0.77")
	for _, text := range []string{
		"\ufeffurl,ip\n" + link + ",233.252.0.77\n",
		"\ufeff\r\n  {\"url\": \"" + link + "\", \"ip\": \"233.252.0.77:41234\"}\n",
		"Zeit;URL;IP\r\n1;" + link + ";233.252.0.77\r\n", // Excel where the comma parts decimals
		"url\tip\n" + link + "\t233.252.0.77\n",
	} {
		got, faults, err := ingest.ReadIssued(strings.NewReader(text), token.NewResources(scheme))
		if len(got) != 1 || faults != (ingest.IssuedFaults{Records: 1}) || err != nil {
			t.Errorf("%q: %d records, %+v, %v", text, len(got), faults, err)
		}
		for _, r := range got {
			if r.Client.String() != "233.252.0.77" {
				t.Errorf("%q: address %v", text, r.Client)
			}
		}
	}
}

func TestIssuedRefuses(t *testing.T) {
	scheme, _ := token.SchemeNamed("gcore")
	for text, want := range map[string]int64{"url\n/a?md5=x\n": 1, "url\nhttps://cdn.test/a.ts\n": 1, "{\"url\":\"::\"}\n{}\n": 2, "": 0} {
		if got, faults, err := ingest.ReadIssued(strings.NewReader(text), token.NewResources(scheme)); len(got) > 0 || faults.Unsigned != want || faults.Records != want || err != nil {
			t.Errorf("%q: %v %+v %v", text, got, faults, err)
		}
	}
	link := "https://cdn.test" + video.link("/a/seg1.ts", "233.252.0.77")
	half := "url,ip\n" + link + ",203.0.113.\n" + link + ",\nhttps://cdn.test/page,233.252.0.77\n"
	if got, faults, err := ingest.ReadIssued(strings.NewReader(half), token.NewResources(scheme)); len(got) != 1 || faults != (ingest.IssuedFaults{Records: 3, Unsigned: 1, FirstUnsigned: 3, Addresses: 1, FirstAddress: 1}) || err != nil {
		t.Errorf("%d records, %+v, %v", len(got), faults, err)
	}
	for _, text := range []string{"[{\"url\": \"::\"}]", "a,b\n1,2\n", "{\"url\":", "url\n\"x\n"} {
		if _, _, err := ingest.ReadIssued(strings.NewReader(text), token.NewResources(scheme)); err == nil {
			t.Errorf("%q is read", text)
		} else if strings.HasPrefix(text, "{") && !strings.Contains(err.Error(), "object 1") {
			t.Errorf("%q: %v", text, err)
		} else if strings.HasPrefix(text, "[") && !strings.Contains(err.Error(), "a JSON array is not read") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestIssuedMapped: the signer's record writes an IPv4 address in IPv6's form, and what was
// hashed is either text.
func TestIssuedMapped(t *testing.T) {
	for _, hashed := range []string{"233.252.0.77", "::ffff:233.252.0.77"} {
		var l little
		l.audience(video, 40)
		link := video.link("/film/seg1.ts", hashed)
		line := l.get(video, link, stranger(90), 403)
		tr := l.try(t, settings{issued: record(t, "url,address\nhttps://cdn.test"+link+",::ffff:233.252.0.77\n")})
		tr.want(t, line, "ip_mismatch ip_mismatch - recomputed "+hashed)
	}
}

// TestIssuedToSeveral: a page with links that is cached hands one link to several viewers. It is nobody's, whatever the
// order of the records, and is named; a record without a viewer says nothing about it.
func TestIssuedToSeveral(t *testing.T) {
	var l little
	l.audience(video, 40)
	text := func(viewers ...string) string {
		rows := "url,viewer\n"
		for i := range 3 {
			for _, v := range viewers {
				rows += "https://cdn.test" + l.entries[i].target + "," + v + "\n"
			}
		}
		return rows
	}
	for name, c := range map[string]struct {
		record string
		users  int64
		said   bool
	}{
		"to several":        {text("anna", "bert", "anna"), 40, true},
		"to one, twice":     {text("anna", "anna"), 38, false},
		"to one and nobody": {text("anna", ""), 38, false},
	} {
		tr := l.try(t, settings{issued: record(t, c.record)})
		const said = "by the signer's record several viewers were handed the same link, 3 of 3 links in the log"
		if got := strings.Join(tr.Warnings, " "); tr.Users.Total != c.users || strings.Contains(got, said) != c.said {
			t.Errorf("%s: %d users, want %d; %q", name, tr.Users.Total, c.users, got)
		}
	}
}
