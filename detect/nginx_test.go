package detect_test

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"ipdrift/testdata/nginx/rig"
)

// allowed are the verdicts that fit what $secure_link held. Where it holds
// nothing nginx says no more than "not good".
var allowed = map[string][]string{
	"1": {"valid"},
	"0": {"expired"},
	"":  {"malformed", "unsigned", "ip_mismatch", "expired_ip_mismatch", "wrong_path", "unresolved_signature"},
}

// traffic is what a running nginx was asked, logged and answered.
type traffic struct {
	lines   []string // of its access log
	answers []rig.Answer
	cases   []rig.Case // by Answer.Seq
}

// playTraffic sends every measured case, generated ones, and links enough to
// teach each host's policy.
func playTraffic(t *testing.T) traffic {
	t.Helper()
	if path, why := rig.Available(); path == "" {
		t.Fatal(why)
	}
	server, err := rig.Start(t.TempDir(), rig.Conf{Hosts: rig.Hosts()})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	cases := teaching()
	for _, c := range rig.Cases(3, 6000) {
		if uniform(c) {
			cases = append(cases, c)
		}
	}
	cases = append(cases, rig.AroundNow(time.Now().Unix())...)
	var sent []rig.Request
	for i, c := range cases {
		r := c.Request(i)
		for n, h := range r.Headers {
			if strings.HasPrefix(h, "User-Agent:") {
				r.Headers[n] = "User-Agent: rig/1.0"
			}
		}
		sent = append(sent, r)
	}
	if _, err := server.All(sent); err != nil {
		t.Fatal(err)
	}
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(server.AccessLog())
	if err != nil {
		t.Fatal(err)
	}
	answers, err := server.Oracle()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) != len(answers) {
		t.Fatalf("%d lines, %d answers", len(lines), len(answers))
	}
	return traffic{lines, answers, cases}
}

// uniform tells a case whose host treats all addresses of a family alike. The
// rig's nginx cuts only dotted quads and the IPv6 networks it was told, and
// takes others whole; no vendor's edge does.
func uniform(c rig.Case) bool {
	h, _ := rig.HostNamed(c.Host)
	ip := netip.MustParseAddr(c.Client)
	known := slices.ContainsFunc(h.Networks6, func(p netip.Prefix) bool { return p.Contains(ip) })
	return ip.Is4() || known || len(h.Networks6) == 0 && !(ip.Is4In6() && h.Prefix4 > 0)
}

// teaching are 40 good links for each host, half of them on IPv6 where the
// host cuts IPv6 addresses.
func teaching() (cases []rig.Case) {
	for _, h := range rig.Hosts() {
		for i := range 40 {
			ip := netip.MustParseAddr(fmt.Sprintf("100.%d.%d.23", i, 100+i))
			if len(h.Networks6) > 0 && i%2 == 0 {
				ip = h.Networks6[i/2%len(h.Networks6)].Addr().Next()
			}
			path, expires := fmt.Sprintf("/teach/%d/a.ts", i), fmt.Sprint(1893456000+i)
			cases = append(cases, rig.Case{
				Name: "teaching", Host: h.Name, Client: ip.String(),
				Target: path + "?md5=" + h.Sign(path, expires, ip) + "&expires=" + expires,
			})
		}
	}
	return cases
}

// TestEveryLineAsNginx is the differential test: every line's verdict fits the
// answer that nginx gave.
func TestEveryLineAsNginx(t *testing.T) {
	play := playTraffic(t)
	keys := map[string]string{"": rig.Hosts()[0].Key}
	t.Run("customer", func(t *testing.T) {
		tr := tryFiles(t, settings{keys: keys, threads: 2, files: []string{write(t, "access.log", strings.Join(play.lines, ""))}})
		play.compare(t, tr, play.order(func(rig.Answer) string { return "" }))
	})
	t.Run("combined", func(t *testing.T) { // no host in the line: a file for each, named after it
		tr := tryFiles(t, settings{keys: keys, threads: 2, files: play.split(t)})
		play.compare(t, tr, play.order(func(a rig.Answer) string { return a.Host }))
	})
}

// order lists the answers as the view lists the requests: by source, then line.
func (p traffic) order(source func(rig.Answer) string) []rig.Answer {
	out := slices.Clone(p.answers)
	slices.SortStableFunc(out, func(a, b rig.Answer) int { return strings.Compare(source(a), source(b)) })
	return out
}

// split writes the log as nginx's combined, one file for each host.
func (p traffic) split(t *testing.T) (files []string) {
	logs := map[string]string{}
	for i, line := range p.lines {
		host := p.answers[i].Host
		logs[host] += line[:strings.LastIndex(line, `" `)+1] + "\n"
	}
	for host, text := range logs {
		files = append(files, write(t, host, text))
	}
	return files
}

func (p traffic) compare(t *testing.T, tr *trial, answers []rig.Answer) {
	t.Helper()
	if len(tr.rows) != len(answers) {
		t.Fatalf("%d requests in the case, %d answers of nginx", len(tr.rows), len(answers))
	}
	for _, h := range rig.Hosts() {
		if c := tr.host(t, h.Name); c.Status != "verified" {
			t.Errorf("%s: %s: %s", h.Name, c.Status, c.Reason)
		}
	}
	met, wrong := map[string]int{}, 0
	for i, a := range answers {
		got := tr.rows[i]
		met[got.verdict]++
		if slices.Contains(allowed[a.SecureLink], got.verdict) {
			continue
		}
		if wrong++; wrong <= 20 {
			what := rig.Case{}
			if a.Seq >= 0 {
				what = p.cases[a.Seq]
			}
			t.Errorf("%s, %s: nginx says %q (%d), we %s, to %q from %s", a.Host, what.Name, a.SecureLink, a.Status, got, what.Target, a.Client)
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d lines are judged otherwise than nginx judged them", wrong, len(answers))
	}
	for verdict, least := range map[string]int{
		"valid": 1500, "expired": 200, "malformed": 500, "unsigned": 50, "wrong_path": 50, "unresolved_signature": 200, "ip_mismatch": 30,
	} {
		if met[verdict] < least {
			t.Errorf("%d lines are %s, want at least %d", met[verdict], verdict, least)
		}
	}
}
