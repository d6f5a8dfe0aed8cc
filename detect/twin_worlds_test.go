package detect_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"ipdrift/detect/finding"
	"ipdrift/ingest/synth/scenario"
)

// twinLine is a line of a made-up world, judged on its own.
type twinLine struct {
	hitLine
	agent           string
	verdict, signed string
}

func (l *twinLine) refused() bool { return l.status == 403 || l.status == 410 }

func (l *twinLine) mismatch() bool { return l.refused() && l.verdict == "ip_mismatch" }

// twinUser is a link under one user agent.
type twinUser struct {
	lines []*twinLine // in the order of the log, which is that of time
	first int         // line
}

// TestTwinOnEveryWorld judges the lines of every scenario by brute force, counts
// their users with plain loops, and demands the same of the views: verdicts,
// causes and signing addresses of the lines, counts and classes of the users, and
// what every prefix would have accepted.
func TestTwinOnEveryWorld(t *testing.T) {
	met := map[finding.Class]int{}
	for i, w := range scenario.Scenarios() {
		t.Run(w.Name, func(t *testing.T) {
			w.Seed, w.Lines, w.Users, w.Format = 900+uint64(i), 2400, 200, "nginx"
			var log bytes.Buffer
			if _, err := scenario.Run(context.Background(), w, secret, scenario.Sinks{Logs: []scenario.Sink{{Name: "log", Writer: &log}}}, nil); err != nil {
				t.Fatal(err)
			}
			tr := tryText(t, log.String(), settings{user: "token"})
			tw := newTwin(t, &w, log.String(), tr)
			tw.sameUsers(t, tr, met)
			tw.sameMasks(t, tr)
		})
	}
	for _, class := range []finding.Class{finding.Rotating, finding.FirstRequest, finding.ManyNetworks, finding.Unchanged, finding.Undetermined} {
		if met[class] < 50 {
			t.Errorf("%d users are %s in all worlds", met[class], class)
		}
	}
}

// twinWorld is what the twin finds in a log.
type twinWorld struct {
	hosts map[string]*scenario.Host
	lines []*twinLine
	users map[string]*twinUser
}

func newTwin(t *testing.T, w *scenario.World, log string, tr *trial) *twinWorld {
	tw := &twinWorld{hosts: map[string]*scenario.Host{}, users: map[string]*twinUser{}}
	for i := range w.Hosts {
		tw.hosts[w.Hosts[i].Name] = &w.Hosts[i]
	}
	var addresses []string
	for line := range strings.Lines(log) {
		l := &twinLine{hitLine: takeApart(t, line), agent: strings.Split(line, `"`)[5]}
		tw.lines = append(tw.lines, l)
		if !slices.Contains(addresses, l.ip) {
			addresses = append(addresses, l.ip)
		}
	}
	for i, l := range tw.lines {
		got := tr.rows[i]
		l.verdict, l.signed = tw.judge(l, addresses)
		if l.verdict == "unresolved_signature" && (got.verdict == "ip_mismatch" || got.verdict == "expired_ip_mismatch") {
			// The search goes further than the twin: its own hash is the proof.
			l.verdict, l.signed = tw.judge(l, []string{got.signed})
		}
		tw.sameLine(t, i, l, got)
		if l.hitLine.signed {
			key := l.host + l.md5 + l.expires + l.agent
			if tw.users[key] == nil {
				tw.users[key] = &twinUser{first: i}
			}
			tw.users[key].lines = append(tw.users[key].lines, l)
		}
	}
	return tw
}

// judge tries the addresses over the path that this host hashes.
func (tw *twinWorld) judge(l *twinLine, addresses []string) (verdict, signed string) {
	h := tw.hosts[l.host]
	dir := l.path[:strings.LastIndexByte(l.path, '/')+1]
	path, above := l.path, dir
	if h.Scope == "dir" {
		path, above = dir, dir[:strings.LastIndexByte(dir[:max(0, len(dir)-1)], '/')+1]
	}
	late := map[bool]string{true: "expired_ip_mismatch", false: "ip_mismatch"}
	switch {
	case l.md5 == "" && l.expires == "":
		return "unsigned", "-"
	case !l.hitLine.signed:
		return "malformed", "-"
	case l.holds(path, hashed(h, l.ip)):
		return map[bool]string{true: "expired", false: "valid"}[l.late()], cmp.Or(hashed(h, l.ip), "-")
	}
	for _, a := range addresses {
		if l.holds(path, hashed(h, a)) {
			return late[l.late()], cmp.Or(hashed(h, a), "-")
		}
	}
	if l.holds(above, hashed(h, l.ip)) {
		return "wrong_path", cmp.Or(hashed(h, l.ip), "-")
	}
	return "unresolved_signature", "-"
}

func (h hitLine) late() bool {
	var deadline int64
	fmt.Sscan(h.expires, &deadline)
	return deadline < h.start
}

// hashed is the text of an address as an edge hashes it.
func hashed(h *scenario.Host, address string) string {
	ip, err := netip.ParseAddr(address)
	switch {
	case err != nil || h.Bind == "none":
		return ""
	case h.Bind == "mask" && ip.Is4():
		return netip.PrefixFrom(ip, h.Prefix4).Masked().Addr().String()
	case h.Bind == "mask":
		return netip.PrefixFrom(ip, h.Prefix6).Masked().Addr().String()
	}
	return address
}

func (tw *twinWorld) sameLine(t *testing.T, i int, l *twinLine, got row) {
	t.Helper()
	cause := "-"
	switch {
	case l.refused() && l.verdict == "valid":
		cause = "refused_elsewhere"
	case l.refused():
		cause = l.verdict
	}
	if got.verdict != l.verdict || got.cause != cause || got.signed != l.signed && l.verdict != "unresolved_signature" {
		t.Fatalf("line %d: %s; the twin says %s %s … %s", i+1, got, l.verdict, cause, l.signed)
	}
}
