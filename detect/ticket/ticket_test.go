package ticket

import (
	"database/sql"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/detect/identity"
	"ipdrift/detect/judge"
	"ipdrift/ingest"
	"ipdrift/ingest/fetch"
)

// TestSpellings: 203.0.113.7 is cb00:7107 in hexadecimal digits.
func TestSpellings(t *testing.T) {
	const four = "203.0.113.7 ::ffff:203.0.113.7 64:ff9b::cb00:7107"
	for ip, want := range map[string]string{
		"203.0.113.7": four, "::ffff:203.0.113.7": four, "64:ff9b::203.0.113.7": four,
		"2001:db8::7": "2001:db8::7", "64:ff9b:1::cb00:7107": "64:ff9b:1::cb00:7107",
	} {
		var got []string
		for _, a := range spellings(netip.MustParseAddr(ip)) {
			got = append(got, a.String())
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s: %s, want %s", ip, text, want)
		}
	}
}

// TestWithin asks the database which of some clients are in a network.
func TestWithin(t *testing.T) {
	conn := clients(t, "203.0.113.7", "::ffff:203.0.113.9", "203.0.114.7", "203.1.113.7", "0.0.0.0", "2001:db8:1:2::7", "2001:db8:1:3::7", "2001:db8:2:2::7", "::7")
	for network, want := range map[string]string{
		"203.0.113.0/24":    "1 2",
		"203.0.0.0/16":      "1 2 3",
		"198.51.100.0/24":   "",
		"0.0.0.0/24":        "5",
		"2001:db8:1:2::/64": "6",
		"2001:db8:1::/48":   "6 7",
		"::/64":             "9",
	} {
		if got := ids(t, conn, within(netip.MustParsePrefix(network))); got != want {
			t.Errorf("%s holds the clients %q, want %q", network, got, want)
		}
	}
	q := &inquiry{conn: conn}
	for ip, want := range map[string]string{"203.0.113.7": "1", "203.0.113.9": "2", "64:ff9b::203.0.114.7": "3", "2001:db8:1:3::7": "7", "192.0.2.1": ""} {
		list, err := q.clients(t.Context(), spellings(netip.MustParseAddr(ip)))
		if got := ids(t, conn, "SELECT id FROM client WHERE id IN ("+list+")"); err != nil || got != want {
			t.Errorf("%s has the clients %q, want %q (%v)", ip, got, want, err)
		}
	}
}

// clients is a case that holds some, numbered from 1; a log has them as they are written here.
func clients(t *testing.T, list ...string) *sql.Conn {
	t.Helper()
	store, err := ingest.Create("", ingest.Limits{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	conn, err := store.DB.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	for i, text := range list {
		ip := netip.MustParseAddr(text)
		family := 6
		if ip.Unmap().Is4() {
			family = 4
		}
		var halves [2]uint64
		for i, b := range ip.As16() {
			halves[i/8] = halves[i/8]<<8 | uint64(b)
		}
		if _, err := conn.ExecContext(t.Context(), fmt.Sprintf(`INSERT INTO client (id, family, mapped, hi, lo) VALUES (%d, %d, %d, %d, %d)`, i+1, family, len(text)&1, halves[0], halves[1])); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

// ids are what a query selects, in order.
func ids(t *testing.T, conn *sql.Conn, query string) string {
	t.Helper()
	var list []string
	if err := fetch.Each(t.Context(), conn, query+" ORDER BY id", func(scan fetch.Scan) error {
		var id uint32
		err := scan(&id)
		list = append(list, number(id))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(list, " ")
}

// TestShownID: what is no user id may be a link, or name a person.
func TestShownID(t *testing.T) {
	for text, want := range map[string]string{
		"61b390507183724e":  "61b390507183724e",
		"61b390":            "61b390",
		"":                  "",
		"anna":              "anna",
		"anna-maria":        "anna-m…",
		"61b390507183724ef": "61b390…",
		"61B390507183724E":  "61B390…",
		"günter.müller":     "günte…",
		"anna-über":         "anna-…", // the sixth byte is half a letter
	} {
		if got := shownID(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}

// user is who has a link under a user agent.
func user(link, agent uint32) sighting {
	return sighting{Key: identity.Key{Link: link, Agent: agent}}
}

// bare is a client that asked without a token.
func bare(client, agent uint32) sighting {
	s := user(0, agent)
	s.client = client
	return s
}

// brief names sightings by link, user agent and client, and the client that was given to one.
func brief(list []sighting) string {
	var out []string
	for _, s := range list {
		out = append(out, fmt.Sprintf("%d.%d.%d+%d", s.Link, s.Agent, s.client, s.bare))
	}
	return strings.Join(out, " ")
}

// TestAdopt: requests without a token are those of the only user with their user agent.
func TestAdopt(t *testing.T) {
	for name, c := range map[string]struct {
		found []sighting
		want  string
	}{
		"a user and a client":        {[]sighting{user(1, 7), bare(3, 7)}, "1.7.0+3"},
		"the client first":           {[]sighting{bare(3, 7), user(1, 7)}, "1.7.0+3"},
		"another user agent":         {[]sighting{user(1, 8), bare(3, 7)}, "1.8.0+0 0.7.3+0"},
		"two users with it":          {[]sighting{user(1, 7), user(2, 7), bare(3, 7)}, "1.7.0+0 2.7.0+0 0.7.3+0"},
		"one of two users":           {[]sighting{user(1, 7), user(2, 8), bare(3, 7)}, "1.7.0+3 2.8.0+0"},
		"two clients":                {[]sighting{user(1, 7), bare(3, 7), bare(4, 7)}, "1.7.0+3 0.7.4+0"},
		"a client with two":          {[]sighting{user(1, 7), bare(3, 7), bare(3, 9)}, "1.7.0+3 0.9.3+0"},
		"only users":                 {[]sighting{user(1, 7), user(2, 7)}, "1.7.0+0 2.7.0+0"},
		"only clients":               {[]sighting{bare(3, 7), bare(4, 7)}, "0.7.3+0 0.7.4+0"},
		"clients first, other agent": {[]sighting{bare(4, 9), bare(3, 7), user(1, 7)}, "0.9.4+0 0.7.3+0 1.7.0+0"},
	} {
		if got := brief(adopt(slices.Clone(c.found))); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestRank puts the most telling user first: each of these goes before all that follow.
func TestRank(t *testing.T) {
	with := func(link uint32, refused, mismatch, near, n int64) sighting {
		s := user(link, 1)
		s.refused, s.mismatch, s.near, s.n = refused, mismatch, near, n
		return s
	}
	tokenless := bare(1, 1)
	tokenless.refused, tokenless.n = 9, 9
	want := []sighting{
		with(9, 1, 1, 500, 1),  // an address was the cause
		with(8, 5, 1, 600, 99), // later
		with(7, 9, 0, 400, 9),  // another cause, near the time
		with(6, 2, 0, 500, 9),
		with(5, 1, 0, 500, 9), // refused less
		with(3, 1, 0, 500, 8), // asked less
		with(4, 1, 0, 500, 8), // the higher link
		tokenless,
		with(2, 0, 0, 0, 100), // nothing was refused
	}
	for range 20 {
		got := slices.Clone(want)
		slices.Reverse(got)
		got[0], got[4] = got[4], got[0]
		if rank(got); brief(got) != brief(want) {
			t.Fatalf("%s, want %s", brief(got), brief(want))
		}
	}
}

// TestMove says how far the nearest request is from the time said.
func TestMove(t *testing.T) {
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		first, last time.Duration // of the viewer's requests, from the time said; the one that to names is the nearest
		want        string
		to          time.Duration
	}{
		"later":            {2 * time.Minute, 9 * time.Minute, "2 min later:", 2 * time.Minute},
		"an hour earlier":  {-3 * time.Hour, -58 * time.Minute, "58 min earlier (close to a multiple of half an hour, perhaps another time zone):", -58 * time.Minute},
		"half an hour off": {34*time.Minute + 59*time.Second, time.Hour, "34 min 59 s later (close to a multiple of half an hour, perhaps another time zone):", 34*time.Minute + 59*time.Second},
		"another date":     {-25 * time.Hour, -24 * time.Hour, "1 d earlier (close to whole days, perhaps another date):", -24 * time.Hour},
		"no time zone":     {15 * time.Hour, 16 * time.Hour, "15 h later:", 15 * time.Hour},
		"35 minutes off":   {35 * time.Minute, 44 * time.Minute, "35 min later:", 35 * time.Minute},
		"a longer visit":   {35 * time.Minute, 54*time.Minute + 59*time.Second, "35 min later:", 35 * time.Minute},
		"around half":      {23 * time.Minute, 32 * time.Minute, "23 min later (its requests lie around a multiple of half an hour, perhaps another time zone):", 23 * time.Minute},
		"before and after": {-2 * time.Hour, 3 * time.Hour, "30 min 5 s later (close to a multiple of half an hour, perhaps another time zone):", 30*time.Minute + 5*time.Second},
		"a short visit":    {-58 * time.Minute, -54*time.Minute - 56*time.Second, "54 min 56 s earlier (its requests lie around a multiple of half an hour, perhaps another time zone):", -54*time.Minute - 56*time.Second},
		"between":          {36 * time.Minute, 54 * time.Minute, "36 min later:", 36 * time.Minute},
	} {
		q := &inquiry{Complaint: Complaint{At: at, Window: time.Minute}, out: &finding.Ticket{}}
		q.move(&sighting{first: at.Add(c.first).UnixMicro(), last: at.Add(c.last).UnixMicro(), nearest: at.Add(c.to).UnixMicro()}, "its token")
		want := []string{"Nothing by its token at that time; the nearest request is " + c.want + " that time is shown."}
		if !slices.Equal(q.out.Search, want) || !q.out.From.Equal(at.Add(c.to-time.Minute)) || !q.out.To.Equal(at.Add(c.to+time.Minute)) {
			t.Errorf("%s: %q, from %v to %v", name, q.out.Search, q.out.From, q.out.To)
		}
	}
}

// TestBroken names three files that could not be read.
func TestBroken(t *testing.T) {
	a := &finding.Analysis{}
	for i, s := range []finding.Source{{Path: "good"}, {Path: "a", Error: "damaged", Lines: 7}, {Path: "b", Error: "missing"}, {Path: "c", Error: "x", Lines: 1}, {Path: "d", Error: "x"}, {Path: "e", Error: "x"}} {
		a.Input.Sources = append(a.Input.Sources, s)
		q := &inquiry{a: a, out: &finding.Ticket{}}
		q.broken()
		want := []string{
			"Cannot tell what stood in a after line 7, because the file could not be read there.",
			"Cannot tell what stood in b, because the file could not be read there.",
			"Cannot tell what stood in c after line 1, because the file could not be read there.",
			"Cannot tell what stood in 1 more file, for the same reason.",
		}
		if i == 5 {
			want[3] = "Cannot tell what stood in 2 more files, for the same reason."
		}
		if got := q.out.Cannot; strings.Join(got, "\n") != strings.Join(want[:min(i, 4)], "\n") {
			t.Errorf("of %d files: %q", i+1, got)
		}
	}
}

// TestSetting takes the recommendation for the family of the signing address, else any of the host.
func TestSetting(t *testing.T) {
	users := int64(50)
	a := &finding.Analysis{Recommendations: []finding.Recommendation{
		{Host: "a.test", Family: "ipv4", Decision: finding.Widen, BoundUsers: &users},
		{Host: "a.test", Family: "ipv6", Decision: finding.KeepCurrent, BoundUsers: &users},
		{Host: "b.test", Family: "ipv4", Decision: finding.InsufficientEvidence},
	}}
	six, four := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("203.0.113.7")
	signed := func(client, signer netip.Addr) *judge.Complaint {
		return &judge.Complaint{Group: judge.Group{Signed: []netip.Addr{signer}}, Incidents: []judge.Incident{{Event: judge.Event{Client: client}}, {Event: judge.Event{Client: client, Refused: true}}}}
	}
	both := &judge.Complaint{Group: judge.Group{Signed: []netip.Addr{four, six}}, Incidents: []judge.Incident{{Event: judge.Event{Client: four}}, {Event: judge.Event{Client: four, Link: 1, Refused: true}}}}
	for name, c := range map[string]struct {
		host         string
		complaint    *judge.Complaint
		want         finding.Decision
		refusalsOnly bool
	}{
		"signed for IPv4":         {"a.test", signed(six, four), finding.Widen, false},
		"signed for IPv6":         {"a.test", signed(four, six), finding.KeepCurrent, false},
		"nobody knows for what":   {"a.test", signed(four, netip.Addr{}), finding.Widen, false},
		"served for IPv4 before":  {"a.test", both, finding.KeepCurrent, false},
		"no requests":             {"a.test", &judge.Complaint{}, finding.Widen, false},
		"the other family's host": {"b.test", signed(six, six), finding.InsufficientEvidence, true},
		"of no host":              {"c.test", signed(four, four), "", false},
	} {
		q := &inquiry{a: a, out: &finding.Ticket{}}
		q.setting(c.host, finding.Policy{}, c.complaint)
		var got finding.Decision
		if q.out.Host != nil {
			got = q.out.Host.Decision
		}
		if got != c.want || c.complaint.RefusalsOnly != c.refusalsOnly {
			t.Errorf("%s: %q, want %q; only refusals: %t", name, got, c.want, c.complaint.RefusalsOnly)
		}
	}
}

// TestSettingIsUnsettled as the report's heading is: by the least share that a mask must accept.
func TestSettingIsUnsettled(t *testing.T) {
	for low, want := range map[float64]bool{0.76: true, 0.81: false} {
		a := &finding.Analysis{Method: finding.Method{Thresholds: map[string]float64{"accepted_low": 0.8}}, Recommendations: []finding.Recommendation{
			{Host: "a.test", Family: "ipv4", Decision: finding.Widen, UnresolvedUsers: 27, IfUnresolvedCount: finding.Bound{Share: 0.9, Low: low}},
		}}
		q := &inquiry{a: a, out: &finding.Ticket{}}
		q.setting("a.test", finding.Policy{}, &judge.Complaint{})
		if h := q.out.Host; h.Unsettled != want || h.Unresolved != 27 || h.IfUnresolved == nil || h.IfUnresolved.Low != low {
			t.Errorf("at least %g: %+v", low, h)
		}
	}
}

// TestCommonScheme is that of all hosts, if it is one.
func TestCommonScheme(t *testing.T) {
	of := func(schemes ...string) (all []finding.Calibration) {
		for _, s := range schemes {
			all = append(all, finding.Calibration{Policy: finding.Policy{Scheme: s}})
		}
		return all
	}
	for want, all := range map[string][]finding.Calibration{"gcore": of("gcore", "gcore"), "bunny": of("bunny"), "": of("bunny", "gcore", "gcore")} {
		if got := commonScheme(all); got != want {
			t.Errorf("%v have %q in common, want %q", all, got, want)
		}
	}
}

// TestOf: the condition finds requests of a user by all links that are theirs, and those of a client
// without a token by its user agent.
func TestOf(t *testing.T) {
	if got := (&inquiry{}).of(); got != "(false)" {
		t.Errorf("of nobody: %s", got)
	}
	conn := clients(t)
	for _, s := range []string{
		"CREATE TEMP TABLE h AS SELECT * FROM (VALUES (1, 1, 7, 0, 3), (2, 2, 7, 0, 3), (3, 0, 7, 0, 3), (4, 0, 8, 0, 3), (5, 0, 7, 0, 4), (6, 1, 8, 0, 3)) AS v(id, link, agent, ident, client)",
		"INSERT INTO member (link, agent, ident, first_link, first_agent, salt, circle) VALUES (2, 7, 0, 1, 7, 0, 0)", // link 2 is of the user of link 1
	} {
		if _, err := conn.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	with := user(1, 7)
	with.bare = 3
	for name, c := range map[string]struct {
		users []sighting
		want  string
	}{
		"a user":                     {[]sighting{user(1, 7)}, "1 2"},
		"with what came without":     {[]sighting{with}, "1 2 3"},
		"a client":                   {[]sighting{bare(3, 7)}, "3"},
		"another user of the link":   {[]sighting{user(1, 8)}, "6"},
		"who is the user of another": {[]sighting{user(2, 7)}, ""},
		"two":                        {[]sighting{user(1, 8), bare(4, 7)}, "5 6"},
	} {
		if got := ids(t, conn, "SELECT h.id FROM h "+joinMember+" WHERE "+(&inquiry{}).of(c.users...)); got != c.want {
			t.Errorf("%s: requests %q, want %q", name, got, c.want)
		}
	}
}

// TestPlaces names lines, and a line that no request has.
func TestPlaces(t *testing.T) {
	if got := places(nil) + "; " + places([]ingest.Position{{Source: 1, Line: 2}, {Source: 3, Line: 4}}); got != "(0, -1); (0, -1), (1, 2), (3, 4)" {
		t.Error(got)
	}
}

// TestOneOfTheOtherHosts: of a host that is judged together with others it is known how links are bound, but not how many of its
// viewers are affected.
func TestOneOfTheOtherHosts(t *testing.T) {
	a := &finding.Analysis{
		Calibration: []finding.Calibration{
			{Host: finding.OtherHosts, Status: finding.Verified, Policy: finding.Policy{Prefix4: 24}},
			{Host: "own.test", Status: finding.Verified, Policy: finding.Policy{Prefix4: 32}},
		},
		Denials:         finding.Denials{Common: []finding.Common{{Host: finding.OtherHosts}, {Host: "own.test"}}},
		Recommendations: []finding.Recommendation{{Host: finding.OtherHosts, Family: "ipv4"}, {Host: "own.test", Family: "ipv4"}},
	}
	for host, want := range map[string]string{"own.test": "verified /32 true 1", "rare.test": "verified /24 false 0"} {
		q, c := &inquiry{a: a, out: &finding.Ticket{}}, &judge.Complaint{}
		q.circumstances(host, c)
		if got := fmt.Sprintf("%s /%d %t %d", c.Calibration, c.CurrentPrefix4, q.out.Host != nil, len(c.Common)); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
}
