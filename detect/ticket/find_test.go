package ticket_test

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ipdrift/detect/detecttest"
	"ipdrift/detect/finding"
	"ipdrift/detect/ticket"
	"ipdrift/ingest"
	"ipdrift/testdata/nginx/demo"
)

const nginx = "../../testdata/nginx/"

// demoCase is the demo log, analysed with its key.
func demoCase(t *testing.T) (*ingest.Store, *finding.Analysis) {
	t.Helper()
	return detecttest.Case(t, "", nginx+"video-demo.log.gz", "auto", "", demo.Key(t, nginx))
}

// refusal is a refused request as the truth of the demo log has it.
type refusal struct {
	host, subscriber, scenario string
	client, signed             netip.Addr
	at                         time.Time
}

// mismatches are the first refusals of a viewer whose address moved, of each scenario on each host.
func mismatches(t *testing.T) (out []refusal) {
	t.Helper()
	lines, truth := demo.Read(t, nginx)
	stamp := regexp.MustCompile(`\[(.+?)\]`)
	met := map[string]bool{}
	for i, row := range truth {
		if row[4] != "ip_mismatch" || row[5] == "shared_link" || met[row[1]+row[5]] {
			continue
		}
		met[row[1]+row[5]] = true
		at, err := time.Parse("02/Jan/2006:15:04:05 -0700", stamp.FindStringSubmatch(lines[i])[1])
		if err != nil {
			t.Fatal(err)
		}
		r := refusal{row[1], row[6], row[5], netip.MustParseAddr(row[7]), netip.MustParseAddr(row[8]), at}
		if r.host == "masked.example.com" { // where the /24 is hashed
			network, _ := r.signed.Prefix(24)
			r.signed = network.Masked().Addr()
		}
		out = append(out, r)
	}
	return out
}

// TestFind looks for viewers of the demo log by what they would tell, and holds the ticket to
// the truth: what they were refused for, and the narrowest mask that would have let them in.
func TestFind(t *testing.T) {
	store, a := demoCase(t)
	masks := map[string]int{ // the narrowest that covers the move; 0: none does
		"moves_in_24": 24, "moves_in_16": 16, "moves_far": 0, "first_request_in_24": 24, "first_request_in_16": 16, "moves_in_64": 64, "ipv6_to_ipv4": 0,
	}
	all := mismatches(t)
	if len(all) != 9 {
		t.Fatalf("%d scenarios of hosts, want 7 of one and 2 of another", len(all))
	}
	for _, r := range all {
		find := func(c ticket.Complaint) *finding.Ticket {
			t.Helper()
			c.Keyed, c.Masks4, c.Masks6 = true, []int{24, 16}, []int{64, 56, 48}
			got, err := ticket.Find(t.Context(), store, a, c)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		holds := func(how string, got *finding.Ticket, search string) {
			t.Helper()
			if !got.Found || !strings.Contains(strings.Join(got.Search, " "), search) {
				t.Errorf("%s by %s: %t, %q", r.subscriber, how, got.Found, got.Search)
				return
			}
			if got.Viewer.Host != r.host || got.Cause != "ip_mismatch" || got.Basis != "recomputed" || !slices.Contains(got.Viewer.Addresses, r.client.String()) {
				t.Errorf("%s by %s: %s, %s (%s) of %q", r.subscriber, how, got.Viewer.Host, got.Cause, got.Basis, got.Viewer.Addresses)
			}
			if !strings.Contains(got.Answer, r.signed.String()) || (got.Prefix == nil) != (masks[r.scenario] == 0) || got.Prefix != nil && *got.Prefix != masks[r.scenario] {
				t.Errorf("%s by %s: %v, want /%d: %s", r.subscriber, how, got.Prefix, masks[r.scenario], got.Answer)
			}
		}
		near := ticket.Complaint{IP: r.client, At: r.at, Window: 15 * time.Minute}
		told := find(near)
		holds("its address", told, "Found by the address itself.")
		near.At = r.at.Add(2 * time.Hour)
		holds("its address, two hours off", find(near), "2 h earlier (close to a multiple of half an hour, perhaps another time zone)")
		holds("its user id", find(ticket.Complaint{User: told.Viewer.ID}), "Found by its user id.")
		holds("its user id, with an address that it has not", find(ticket.Complaint{User: told.Viewer.ID, IP: netip.MustParseAddr("203.0.113.9")}), "203.0.113.9 is not among its addresses.")
		how := "Found by the address itself."
		if strings.HasPrefix(r.scenario, "first_request") || r.host == "masked.example.com" { // nobody has asked from there
			how = "asked for nothing at that time; links that were signed for it came from another one then"
		}
		holds("the signed address", find(ticket.Complaint{IP: r.signed, At: r.at, Window: 15 * time.Minute}), how)
	}
}

// The owner of a link, and who uses it elsewhere.
const owner, other = "198.51.100.7", "203.0.113.9"

// lent is the case of a link that its owner is served with until 12:00:32, and that another player asks with elsewhere at
// 12:00:40, which is answered so.
func lent(t *testing.T, answer int) (*ingest.Store, *finding.Analysis) {
	const path, expires, secret = "/film/", "1795449600", "not a secret"
	hash := md5.Sum([]byte(expires + path + owner + " " + secret))
	query := "?md5=" + base64.RawURLEncoding.EncodeToString(hash[:]) + "&expires=" + expires
	var log strings.Builder
	for n := range 9 {
		fmt.Fprintf(&log, "%s - - [23/Nov/2026:12:00:%02d +0000] \"GET %sseg-%d.ts%s HTTP/1.1\" 200 9 \"-\" \"owner/1\" cdn.test 0.01\n", owner, 4*n, path, n, query)
	}
	fmt.Fprintf(&log, "%s - - [23/Nov/2026:12:00:40 +0000] \"GET %sseg-0.ts%s HTTP/1.1\" %d 9 \"-\" \"other/1\" cdn.test 0.01\n", other, path, query, answer)
	file := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(file, []byte(log.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return detecttest.Case(t, "", file, "auto", "", secret)
}

// TestWhoeverAskedIsTold: a link is used at the address that it was signed for, and elsewhere by another player in vain.
// The latter is shown, and was found by the address itself only if that is its own.
func TestWhoeverAskedIsTold(t *testing.T) {
	store, a := lent(t, 403)
	for ip, want := range map[string]string{
		other: "Found by the address itself.",
		owner: owner + " asked at that time, too; shown is who was refused at another address, with a link that was signed for it.",
	} {
		got, err := ticket.Find(t.Context(), store, a, ticket.Complaint{IP: netip.MustParseAddr(ip), At: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Window: time.Minute, Keyed: true})
		if err != nil || !slices.Equal(got.Search, []string{want}) || !slices.Equal(got.Viewer.Addresses, []string{other}) {
			t.Errorf("%s: %q, want %q; %q (%v)", ip, got.Search, want, got.Viewer.Addresses, err)
		}
	}
}

// TestWhoeverWasServedElsewhereIsNotRefused: nearest to the time is another player, who was served with the link, too.
func TestWhoeverWasServedElsewhereIsNotRefused(t *testing.T) {
	store, a := lent(t, 200)
	got, err := ticket.Find(t.Context(), store, a, ticket.Complaint{IP: netip.MustParseAddr(owner), At: time.Date(2026, 11, 23, 12, 0, 40, 0, time.UTC), Window: time.Minute, Keyed: true})
	want := owner + " asked at that time, too; shown is who came from another address, with a link that was signed for it."
	if err != nil || !slices.Equal(got.Search, []string{want}) || !slices.Equal(got.Viewer.Addresses, []string{other}) {
		t.Errorf("%q, want %q; %q (%v)", got.Search, want, got.Viewer.Addresses, err)
	}
}

// TestTheKeyOfAnotherHost: it tells nothing of this one, whose links nobody could check.
func TestTheKeyOfAnotherHost(t *testing.T) {
	const line = `203.0.113.9 - - [23/Nov/2026:12:00:00 +0000] "GET /film/a.ts?md5=14nsJ0zrjGipdIbehZ1tRw&expires=1795449600 HTTP/1.1" 403 9 "-" "player/1" cdn.test 0.01`
	file := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(file, []byte(line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	store, a := detecttest.Case(t, "", file, "auto", "another.test", "not a secret")
	got, err := ticket.Find(t.Context(), store, a, ticket.Complaint{IP: netip.MustParseAddr("203.0.113.9"), Keyed: true})
	if err != nil || got.Cause != "unchecked" || !strings.Contains(got.Answer, "as no key of this host was given") || len(got.Cannot) == 0 || !strings.Contains(got.Cannot[0], "because no key of this host was given") {
		t.Errorf("%s, %s, %q (%v)", got.Cause, got.Answer, got.Cannot, err)
	}
}

// TestNeighbours: the address is not in the log, but one of its /24 (IPv6: /64) is, at that time.
func TestNeighbours(t *testing.T) {
	store, a := demoCase(t)
	for _, r := range mismatches(t) {
		raw := r.client.AsSlice()
		raw[len(raw)-1] = 1 // nobody has it
		ip, _ := netip.AddrFromSlice(raw)
		c := ticket.Complaint{IP: ip, At: r.at, Window: 5 * time.Minute, Masks4: []int{24, 16}, Masks6: []int{64}}
		const said = " is not in the log near that time; the same /"
		for at, want := range map[time.Duration]bool{0: true, 48 * time.Hour: false} {
			c.At = r.at.Add(at)
			got, err := ticket.Find(t.Context(), store, a, c)
			if err != nil {
				t.Fatal(err)
			}
			if got.Found != want || strings.Contains(strings.Join(got.Search, " "), ip.String()+said) != want {
				t.Errorf("%s, %s later: found %t, %q", ip, at, got.Found, got.Search)
			}
		}
	}
}

// TestNobodyIsFound says how near the log came.
func TestNobodyIsFound(t *testing.T) {
	store, a := demoCase(t)
	at := time.Date(2026, 11, 23, 15, 34, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		c      ticket.Complaint
		answer string
		search string
	}{
		"an address that nobody is near": {ticket.Complaint{IP: netip.MustParseAddr("203.0.113.9"), At: at, Window: time.Minute}, "Nobody was found: the log has no request that fits.", "203.0.113.9: no request at any time. 203.0.113.0/24: no request at any time. 203.0.0.0/16: no request at any time."},
		"another day":                    {ticket.Complaint{IP: netip.MustParseAddr("203.0.113.9"), At: at.AddDate(0, 0, 2), Window: time.Minute}, "Nobody was found: the log covers another time.", "The log runs from 2026-11-23 15:33:40 to 2026-11-23 15:34:51 UTC."},
		"an IPv6 address":                {ticket.Complaint{IP: netip.MustParseAddr("2001:db9::1")}, "Nobody was found: the log has no request that fits.", "2001:db9::/48: no request at any time."},
		"an id":                          {ticket.Complaint{User: "0123456789abcdef"}, "Nobody was found: the log has no request that fits.", "The log runs from"},
		"a token":                        {ticket.Complaint{Sought: ingest.Sought{Token: "AAAAAA"}}, "Nobody was found: the log has no request that fits.", "The log runs from"},
		"no line":                        {ticket.Complaint{ByLine: true}, "Nobody was found: the log has no request that fits.", "The log runs from"},
	} {
		got, err := ticket.Find(t.Context(), store, a, c.c)
		if err != nil {
			t.Fatal(err)
		}
		if got.Found || got.Viewer != nil || got.Answer != c.answer || !strings.Contains(strings.Join(got.Search, " "), c.search) || got.Scheme != "gcore" || len(got.Ask) == 0 || len(got.Cannot) != 1 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
