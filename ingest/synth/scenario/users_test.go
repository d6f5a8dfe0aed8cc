package scenario

import (
	"maps"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

// person is what the test knows of a user from the lines alone.
type person struct {
	requests, served, refusals, mismatches int
	carriers                               map[string]bool
	lost                                   map[int]bool // prefixes that would not have saved all
	family                                 string
	fell                                   *request // the last refusal, until the user recovers
	stale                                  map[string]bool
}

// TestUsersFromTheirLines recomputes the rows of users and the sums of the
// answers from the requests.
func TestUsersFromTheirLines(t *testing.T) {
	for _, w := range Scenarios() {
		w.Seed, w.Lines, w.Format = 22, 8_000, "nginx"
		m := run(t, w)
		people := map[string]*person{}
		verdicts, causes := map[string]int64{}, map[string]int64{}
		for _, r := range requests(t, m) {
			if people[r.user] == nil {
				people[r.user] = &person{carriers: map[string]bool{}, lost: map[int]bool{}, stale: map[string]bool{}}
			}
			people[r.user].see(&r)
			people[r.user].harm(&r)
			verdicts[r.verdict]++
			if r.cause != "" {
				causes[r.cause]++
			}
		}
		if !maps.Equal(verdicts, m.answers.Verdicts) || !maps.Equal(causes, m.answers.Causes) {
			t.Errorf("%s: %v %v, answered %v %v", w.Name, verdicts, causes, m.answers.Verdicts, m.answers.Causes)
		}
		users := table(t, m.users)
		if len(users) != len(people) || int64(len(users)) != m.answers.Users {
			t.Fatalf("%s: %d rows of users, %d in the log, %d answered", w.Name, len(users), len(people), m.answers.Users)
		}
		compareUsers(t, &w, users, people, m.answers)
	}
}

func (p *person) see(r *request) {
	p.requests++
	p.carriers[r.carrier] = true
	if r.cause == "" {
		p.served++
	} else {
		p.refusals++
	}
	if r.verdict != "ip_mismatch" {
		return
	}
	p.mismatches++
	prefixes := []int{64, 56, 48}
	family := "ipv6"
	if r.signed.Is4() {
		prefixes, family = []int{24, 16}, "ipv4"
	}
	if p.family == "" {
		p.family = family
	}
	for _, bits := range prefixes {
		if !netip.PrefixFrom(r.signed, bits).Contains(r.addr) {
			p.lost[bits] = true
		}
	}
}

// harm is rule of evidence 12: a token that was never refused and a served request
// within 10 s, or any served request where the refused token was valid.
func (p *person) harm(r *request) {
	switch {
	case r.cause != "":
		if p.fell = r; r.verdict != "valid" {
			p.stale[r.md5] = true
		}
	case p.fell == nil || r.at.Sub(p.fell.at) > 10*time.Second:
	case p.fell.verdict == "valid" || !p.stale[r.md5]:
		p.fell = nil
	}
}

func compareUsers(t *testing.T, w *World, users []map[string]string, people map[string]*person, a *Answers) {
	t.Helper()
	classes, affected, saved := map[string]int64{}, map[string]int64{}, map[string]int64{}
	for _, u := range users {
		p := people[u["user"]]
		for name, want := range map[string]int{"requests": p.requests, "served": p.served, "refusals": p.refusals, "ip_mismatches": p.mismatches} {
			if u[name] != strconv.Itoa(want) {
				t.Fatalf("%s: %s: %s is %s, the lines say %d", w.Name, u["user"], name, u[name], want)
			}
		}
		for _, bits := range []int{24, 16, 64, 56, 48} {
			want := ""
			if p.mismatches > 0 && (bits < 32) == (p.family == "ipv4") && bits != 48 || p.mismatches > 0 && bits == 48 && p.family == "ipv6" {
				want = strconv.FormatBool(!p.lost[bits])
			}
			if got := u["saved"+strconv.Itoa(bits)]; got != want {
				t.Fatalf("%s: %s: a /%d would have saved: %q, the lines say %q", w.Name, u["user"], bits, got, want)
			}
		}
		if got, want := u["interrupted"], strconv.FormatBool(p.fell != nil); got != want {
			t.Fatalf("%s: %s: interrupted is %s, the lines say %s", w.Name, u["user"], got, want)
		}
		class := u["class"]
		classes[class]++
		want := "unchanged"
		if p.mismatches > 0 {
			want = map[bool]string{true: "rotating", false: "first_request"}[p.served > 0]
		}
		if class != want && class != "many_networks" && class != "undetermined" {
			t.Fatalf("%s: %s is %s, the lines say %s", w.Name, u["user"], class, want)
		}
		if class == "rotating" || class == "first_request" {
			key := u["host"] + p.family
			affected[key]++
			for _, bits := range []int{24, 16, 64, 56, 48} {
				if u["saved"+strconv.Itoa(bits)] == "true" {
					saved[key+strconv.Itoa(bits)]++
				}
			}
		}
	}
	if !maps.Equal(classes, a.Classes) {
		t.Errorf("%s: classes %v, answered %v", w.Name, classes, a.Classes)
	}
	for _, m := range a.Masks {
		if m.AffectedUsers != affected[m.Host+m.Family] {
			t.Errorf("%s: %s %s: %d affected users, the rows say %d", w.Name, m.Host, m.Family, m.AffectedUsers, affected[m.Host+m.Family])
		}
		for _, s := range m.Shares {
			if want := saved[m.Host+m.Family+strconv.Itoa(s.Prefix)]; s.Users != want {
				t.Errorf("%s: %s /%d saves %d users, the rows say %d", w.Name, m.Host, s.Prefix, s.Users, want)
			}
		}
	}
}

// TestIdentity finds the uid cookie set by a viewer's first line and got from all
// others, and a TLS session that is resumed, in the fields of Gcore's raw log.
func TestIdentity(t *testing.T) {
	m := made(t, "rotation24", 20_000, "gcore")
	uids, sessions := map[string]string{}, map[string]string{}
	rows := table(t, m.truth)
	n := 0
	for line := range strings.Lines(string(m.log)) {
		f := strings.Split(strings.Trim(line, "\"\n"), `" "`)
		if len(f) != 50 {
			t.Fatalf("%d fields: %s", len(f), line)
		}
		user, got, set, session, reused := rows[n]["user"], f[23], f[24], f[42], f[43]
		n++
		uid, known := uids[user]
		switch {
		case !known:
			uids[user], sessions[user] = set, session
			if got != "-" || reused != "." {
				t.Fatalf("first line: %s", line)
			}
		case uid != got || set != "-" || session != sessions[user] || (reused == "r") != (session != "-"):
			t.Fatalf("%s had %s and %s: %s", user, uid, sessions[user], line)
		}
	}
	with := [2]int{}
	for user := range uids {
		if strings.HasPrefix(uids[user], "uid=") {
			with[0]++
		}
		if len(sessions[user]) == 64 {
			with[1]++
		}
	}
	within(t, "cookies", float64(with[0])/float64(len(uids)), 0.3, int64(len(uids)))
	within(t, "sessions", float64(with[1])/float64(len(uids)), 0.2, int64(len(uids)))
}
