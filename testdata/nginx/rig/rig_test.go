package rig

import (
	"os"
	"strings"
	"testing"
	"time"
)

// run sends cases to a fresh nginx and returns what it said, by case.
func run(t *testing.T, cases []Case) ([]int, []*Answer, *Server) {
	t.Helper()
	s, err := Start(t.TempDir(), Conf{Hosts: Hosts()})
	if err != nil {
		t.Fatal(err)
	}
	requests := make([]Request, len(cases))
	for i, c := range cases {
		requests[i] = c.Request(i)
	}
	statuses, err := s.All(requests)
	if stopped := s.Stop(); err != nil || stopped != nil {
		t.Fatal(err, stopped)
	}
	all, err := s.Oracle()
	if err != nil {
		t.Fatal(err)
	}
	answers := make([]*Answer, len(cases))
	for i := range all {
		if seq := all[i].Seq; seq >= 0 {
			answers[seq] = &all[i]
		}
	}
	return statuses, answers, s
}

// TestNginxAnswersAsMeasured proves table and rig against each other: every row
// gets the status that was measured, and every sound made-up link is accepted.
func TestNginxAnswersAsMeasured(t *testing.T) {
	cases := Cases(1, 6000)
	statuses, answers, _ := run(t, cases)
	met := map[int]int{}
	for i, c := range cases {
		met[statuses[i]]++
		if c.Want != 0 && statuses[i] != c.Want {
			t.Errorf("%s: %s from %s: %d, want %d", c.Name, c.Target, c.Client, statuses[i], c.Want)
		}
		a := answers[i]
		if a == nil {
			if statuses[i] != 400 {
				t.Errorf("%s: %s: no answer in the oracle's log", c.Name, c.Target)
			}
			continue
		}
		if want := map[string]int{"": 403, "0": 410, "1": 200}[a.SecureLink]; statuses[i] != want && statuses[i] != 400 || a.Status != statuses[i] {
			t.Errorf("%s: %s: status %d, logged %d, $secure_link %q", c.Name, c.Target, statuses[i], a.Status, a.SecureLink)
		}
	}
	for status, least := range map[int]int{200: 1500, 403: 1500, 410: 300, 400: 8} {
		if met[status] < least {
			t.Errorf("only %d of %d cases end with %d", met[status], len(cases), status)
		}
	}
}

func TestBothLogsHaveTheSameOrder(t *testing.T) {
	cases := Cases(2, 1500)
	_, _, s := run(t, cases)
	text, err := os.ReadFile(s.AccessLog())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	answers, err := s.Oracle()
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != len(answers) || len(lines) < len(cases) {
		t.Fatalf("%d requests, %d lines, %d answers", len(cases), len(lines), len(answers))
	}
	for i, a := range answers {
		if !strings.HasPrefix(lines[i], a.Client+" - - [") || !strings.Contains(lines[i], `" `+a.Host+" ") && a.Seq >= 0 {
			t.Fatalf("line %d is %s, its answer %+v", i+1, lines[i], a)
		}
	}
}

func TestValidUntilTheSecondHasPassed(t *testing.T) {
	now := time.Now().Unix()
	cases := AroundNow(now)
	statuses, answers, _ := run(t, cases)
	for i := range cases {
		want := 200
		if now+int64(i)-3 < int64(answers[i].Start) {
			want = 410
		}
		if statuses[i] != want {
			t.Errorf("%s, at %.3f: %d, want %d", cases[i].Name, answers[i].Start-float64(now), statuses[i], want)
		}
	}
}

// TestPublicVectors ties the signer to the documentation, not to nginx alone.
func TestPublicVectors(t *testing.T) {
	for _, v := range [][5]string{
		{"2147483647", "/images/1.jpg", "1.2.3.4", "secret_key", "14nsJ0zrjGipdIbehZ1tRw"},
		{"1893456000", "/videos/video-1/", "", "secret_key", "CfiN7Uc9aq72wIBHSVmzvw"},
		{"1893456000", "/images/1.jpg", "2001:db8::1", "secret_key", "kuPKo49qOzYBe7SmfSOmWg"},
		{"2147483647", "/s/link", "127.0.0.1", "secret", "_e4Nc3iduzkWRm01TBBNYw"},
	} {
		if got := Token(v[0], v[1], v[2], v[3]); got != v[4] {
			t.Errorf("Token(%q) = %s", v[:4], got)
		}
	}
}

func TestCasesRepeat(t *testing.T) {
	a, b, other := Cases(7, 3000), Cases(7, 3000), Cases(8, 3000)
	differ := 0
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("case %d of one seed: %+v and %+v", i, a[i], b[i])
		}
		if a[i] != other[i] {
			differ++
		}
	}
	if differ < 1000 {
		t.Errorf("two seeds share all but %d cases", differ)
	}
}
