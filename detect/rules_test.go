package detect_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ipdrift/detect/finding"
)

// says demands a warning.
func (tr *trial) says(t *testing.T, want string) {
	t.Helper()
	if said := strings.Join(tr.Warnings, "\n"); !strings.Contains(said, want) {
		t.Errorf("warnings %q, want them to say %q", said, want)
	}
}

func TestRule02NoQueryStrings(t *testing.T) {
	var l little
	for i := range 40 {
		l.get(folder, fmt.Sprintf("/v/%d/seg1.ts", i), stranger(i), 200)
		l.get(folder, fmt.Sprintf("/v/%d/seg2.ts", i), stranger(i+50), 403)
	}
	tr := l.try(t, settings{})
	tr.says(t, "no request has a query string: the tokens were stripped from this log")
	if tr.Users.Total != 0 || len(tr.Recommendations) != 0 {
		t.Errorf("%d users, %d recommendations without a token", tr.Users.Total, len(tr.Recommendations))
	}
}

func TestRule02ShortenedTokens(t *testing.T) {
	var l little
	for i := range 40 {
		target := folder.link(fmt.Sprintf("/v/%d/seg1.ts", i), stranger(i))
		at := strings.Index(target, "md5=") + 4
		l.get(folder, target[:at+6]+"..."+target[strings.IndexByte(target, '&'):], stranger(i), 200)
	}
	l.try(t, settings{}).says(t, "40 of 40 served tokens are malformed: the log seems to shorten or to mask them")
}

// TestRule03TheSignersOwnProxy: links for one address alone, asked for from
// everywhere, are no case for a mask.
func TestRule03TheSignersOwnProxy(t *testing.T) {
	const proxy = "192.0.2.200"
	var l little
	l.get(folder, folder.link("/own/seg1.ts", proxy), proxy, 200)
	for i := range 60 {
		link := folder.link(fmt.Sprintf("/v/%d/index.m3u8", i), proxy)
		for n := range 3 {
			l.get(folder, on(fmt.Sprintf("/v/%d/seg%d.ts", i, n), link), stranger(i), 403)
		}
	}
	tr := l.try(t, settings{})
	r := tr.advice(folder.host, "ipv4")
	if r == nil || r.Decision != finding.MaskNotEnough || r.Prefix != nil || !strings.Contains(r.Reason, "Most links were signed for one address, "+proxy) {
		t.Errorf("%s", asJSON(t, r))
	}
	if a, b := asJSON(t, tr.Analysis), asJSON(t, l.try(t, settings{unread: true}).Analysis); a != b {
		t.Errorf("where nobody reads the case: %s", firstDifference(a, b))
	}
	// Nor where all are in one network with the proxy: a carrier's service for its subscribers.
	var own little
	for i := range 60 {
		own.get(folder, folder.link(fmt.Sprintf("/v/%d/index.m3u8", i), proxy), fmt.Sprintf("192.0.%d.9", 3+i), 403)
	}
	if r := own.try(t, settings{}).advice(folder.host, "ipv4"); r == nil || r.Decision != finding.MaskNotEnough {
		t.Errorf("in one /16: %s", asJSON(t, r))
	}
	// Where most viewers share an address (CGNAT), or are in the network that links are bound
	// to, they are served there, and no proxy is behind it.
	for name, s := range map[string]site{"one address": folder, "one /24": {host: folder.host, dir: true, text: func(ip string) string { return ip[:strings.LastIndexByte(ip, '.')] + ".0" }}} {
		var l little
		l.audience(s, 20)
		for i := range 60 {
			link := s.link(fmt.Sprintf("/v/%d/index.m3u8", i), proxy)
			home := proxy
			if name == "one /24" {
				home = fmt.Sprintf("192.0.2.%d", 10+i)
			}
			l.get(s, link, home, 200)
			l.get(s, on(fmt.Sprintf("/v/%d/seg1.ts", i), link), stranger(i), 403)
		}
		tr := l.try(t, settings{})
		if r := tr.advice(s.host, "ipv4"); r == nil || strings.Contains(r.Reason, "Most links were signed") || len(tr.Signer) > 0 {
			t.Errorf("%s: %s, signer %+v", name, asJSON(t, r), tr.Signer)
		}
	}
	// Half of the links are not most, and a family at nine addresses is no audience.
	half, family := little{entries: l.entries[:len(l.entries):len(l.entries)]}, little{}
	half.audience(folder, 61)
	for i := range 60 {
		family.get(folder, folder.link(fmt.Sprintf("/v/%d/seg1.ts", i), proxy), stranger(i%9), 403)
	}
	family.get(folder, folder.link("/own/seg1.ts", proxy), proxy, 200)
	for name, l := range map[string]*little{"half": &half, "family": &family} {
		if r := l.try(t, settings{}).advice(folder.host, "ipv4"); strings.Contains(r.Reason, "Most links were signed") {
			t.Errorf("%s: %s", name, r.Reason)
		}
	}
	if len(tr.Signer) == 0 || tr.Signer[0].Mistake != "one_address" || tr.Signer[0].Links != 61 {
		t.Errorf("signer %+v", tr.Signer)
	}
}

// TestRule04NAT64: the address inside a translated one is tried, though the log
// never shows it.
func TestRule04NAT64(t *testing.T) {
	var l little
	l.audience(folder, 40)
	line := l.get(folder, folder.link("/v/seg1.ts", "198.51.100.10"), "64:ff9b::c633:640a", 403)
	other := l.get(folder, folder.link("/w/seg1.ts", "198.51.100.10"), "2001:db8::c633:640a", 403)
	tr := l.try(t, settings{})
	tr.want(t, line, "ip_mismatch ip_mismatch - recomputed 198.51.100.10")
	tr.want(t, other, "ip_mismatch ip_mismatch - recomputed 198.51.100.10") // the log knows it by now
	alone := little{entries: append(l.entries[:40:40], l.entries[41])}
	alone.try(t, settings{}).want(t, 41, "unresolved_signature unresolved_signature - - -")
}

// TestRule08EdgesInOneLog: lines that two edges wrote a second apart have no order, those of one
// edge have, in whatever log they stand. The requests go to and fro between two addresses.
func TestRule08EdgesInOneLog(t *testing.T) {
	for _, c := range []struct {
		name     string
		edges    [2]string
		logs     int
		switches int64
	}{{"one edge", [2]string{"waw1", "waw1"}, 1, 5}, {"two edges", [2]string{"waw1", "fra2"}, 1, 1}, {"one edge, two logs", [2]string{"waw1", "waw1"}, 2, 5}} {
		t.Run(c.name, func(t *testing.T) {
			var l little
			l.audience(folder, 40)
			home, away := "198.51.100.10", "203.0.113.20"
			target := folder.link("/v/seg1.ts", home)
			for n := range 6 {
				e := entry{host: folder.host, target: on(fmt.Sprintf("/v/seg%d.ts", n), target), ip: home, status: 200, agent: "mover", edge: c.edges[n%2]}
				if n%2 == 1 {
					e.ip, e.status = away, 403
				}
				l.add(e)
			}
			parts := make([]little, c.logs)
			for n, e := range l.entries {
				parts[n%c.logs].entries = append(parts[n%c.logs].entries, e)
			}
			var s settings
			for n, p := range parts {
				s.files = append(s.files, write(t, fmt.Sprint("log", n), p.text(entry.gcore)))
			}
			u := tryFiles(t, s).Users.Flagged
			if len(u) != 1 || u[0].Class != finding.Rotating || u[0].Switches != c.switches {
				t.Errorf("%+v, want one who rotates with %d switches", u, c.switches)
			}
		})
	}
}

// TestRule08WhoIsNeverRefused: nor have a viewer's requests of one second an order who goes from
// address to address where the edge binds to the /24. Each set of addresses is a second.
func TestRule08WhoIsNeverRefused(t *testing.T) {
	masked := site{host: folder.host, dir: true, text: cutAt(24)}
	for _, c := range []struct {
		seconds  [][]int
		switches int64
	}{
		{[][]int{{1}, {1}}, 0},
		{[][]int{{1}, {2}}, 1},
		{[][]int{{1, 2}}, 1},
		{[][]int{{1, 2, 1, 2}}, 1},
		{[][]int{{1, 2}, {2}}, 1},
		{[][]int{{2, 1}, {2}}, 1},
		{[][]int{{1}, {2, 1}, {2}}, 1},
		{[][]int{{1}, {2, 1}, {1}}, 2},
		{[][]int{{1}, {2, 3}, {1}}, 3},
		{[][]int{{1, 2}, {1, 2}, {2, 1}}, 3},
		{[][]int{{1}, {2}, {1}, {2}}, 3},
	} {
		var l little
		l.audience(masked, 40)
		target := masked.link("/v/seg1.ts", "198.51.100.1")
		for second, set := range c.seconds {
			for n, to := range set {
				l.add(entry{host: masked.host, target: on(fmt.Sprintf("/v/seg%d.ts", 10*second+n), target), ip: fmt.Sprint("198.51.100.", to), status: 200, agent: "mover", at: time.Duration(100+second) * time.Second})
			}
		}
		tr := l.try(t, settings{})
		const of = `SELECT any_value(switches) FROM users JOIN requests USING (user_id) WHERE user_agent = 'mover' HAVING count(DISTINCT user_id) = 1`
		if n := tr.scalar(t, of); n != c.switches {
			t.Errorf("%v: %d switches, want %d", c.seconds, n, c.switches)
		}
	}
}

// TestRule09OnlyWhatGoesOnIsOneViewer: ten minutes later another network asks with the same
// link, once. Where it begins anew it may be anybody, unless a cookie tells, and so it may with a
// playlist in a live stream, which everybody joins where it is; where it goes on it is the same viewer.
func TestRule09OnlyWhatGoesOnIsOneViewer(t *testing.T) {
	const uid = "uid=7F0000011A2B3C4D"
	for name, c := range map[string]struct {
		files []string
		uid   string
		want  finding.Class
	}{
		"anew":               {[]string{"index.m3u8", "seg1.ts", "seg2.ts", "seg3.ts", "seg4.ts", "seg5.ts"}, "", finding.Undetermined},
		"anew, one cookie":   {[]string{"index.m3u8", "seg1.ts", "seg2.ts", "seg3.ts"}, uid, finding.Rotating},
		"from where it was":  {[]string{"seg4.ts", "seg5.ts", "seg6.ts"}, "", finding.Rotating},
		"a live stream goes": {[]string{"index.m3u8", "seg154.ts", "seg155.ts"}, "", finding.Undetermined},
		"live, one cookie":   {[]string{"index.m3u8", "seg154.ts", "seg155.ts"}, uid, finding.Rotating},
	} {
		t.Run(name, func(t *testing.T) {
			var l little
			l.audience(folder, 40)
			home, away := "198.51.100.10", "203.0.113.20"
			link := folder.link("/v/index.m3u8", home)
			for n, file := range []string{"index.m3u8", "seg1.ts", "seg2.ts", "seg3.ts"} {
				l.add(entry{host: folder.host, target: on("/v/"+file, link), ip: home, status: 200, uid: c.uid, at: time.Hour + time.Duration(n*4)*time.Second, agent: "mover"})
			}
			for n, file := range c.files {
				l.add(entry{host: folder.host, target: on("/v/"+file, link), ip: away, asn: 64999, status: 403, uid: c.uid, at: time.Hour + time.Duration(600+n*4)*time.Second, agent: "mover"})
			}
			text := l.text(func(e entry) string { return strings.Replace(e.gcore(), `"1" "1" "-" "-"`, `"-" "1" "-" "-"`, 1) })
			if got := tryText(t, text, settings{}).Users; got.ByClass[c.want] != 1 || got.Total != 41 {
				t.Errorf("%v %+v, want one %s", got.ByClass, got.Flagged, c.want)
			}
		})
	}
}

// TestRule05MixedAnswersProveNothing: an object store answers 403 for what it
// does not have, whatever address asks.
func TestRule05MixedAnswersProveNothing(t *testing.T) {
	var l little
	l.audience(folder, 40)
	for i := range 60 {
		a, b := fmt.Sprintf("198.51.%d.10", i), fmt.Sprintf("198.51.%d.99", i)
		for n := range 6 {
			ip, status, from := a, 200, 200
			if n%2 == 1 {
				ip = b
			}
			if n > 3 {
				status, from = 403, 403
			}
			e := entry{host: folder.host, target: folder.link(fmt.Sprintf("/v/%d/seg%d.ts", i, n), ip), ip: ip, status: status, upstream: from, agent: fmt.Sprint("p", i)}
			l.add(e)
		}
	}
	tr := l.tryGcore(t, settings{user: "token"})
	if tr.Users.ByClass[finding.Rotating] != 0 || tr.Denials.ByCause["refused_elsewhere"] != 120 || tr.Denials.ByDetail["refused_elsewhere"]["origin"] != 120 {
		t.Errorf("classes %v, causes %v, details %v", tr.Users.ByClass, tr.Denials.ByCause, tr.Denials.ByDetail)
	}
	if r := tr.advice(folder.host, "ipv4"); r.Decision != finding.KeepCurrent || r.AffectedUsers != 0 {
		t.Errorf("%s: %s", r.Decision, r.Reason)
	}
}

// TestRule07ServedLate: served long after their expiry, links tell of a clock;
// a moment after it, they tell nothing.
func TestRule07ServedLate(t *testing.T) {
	for late, says := range map[time.Duration]bool{time.Hour: true, 2 * time.Second: false} {
		var l little
		for i := range 40 {
			ip, at := stranger(i), time.Duration(i)*time.Minute
			link := folder.until(fmt.Sprintf("/v/%d/seg1.ts", i), ip, noon.Add(at-late).Unix())
			l.add(entry{host: folder.host, target: link, ip: ip, status: 200, at: at})
		}
		tr := l.try(t, settings{})
		if c := tr.host(t, folder.host); c.Status != finding.Verified || c.Verified != 40 {
			t.Errorf("%v late: %s, %d of %d: a late link holds all the same", late, c.Status, c.Verified, c.Tokens)
		}
		if said := strings.Contains(strings.Join(tr.Warnings, "\n"), "40 links were served after their expiry"); said != says {
			t.Errorf("%v late: said %v, want %v: %q", late, said, says, tr.Warnings)
		}
	}
}

// TestRule07NoMaskByAWrongClock: a log two hours ahead makes every link late, those of viewers who moved, too.
func TestRule07NoMaskByAWrongClock(t *testing.T) {
	for ahead, want := range map[time.Duration]finding.Decision{0: finding.Widen, 2 * time.Hour: finding.InsufficientEvidence} {
		var l little
		for i := range 160 {
			ip, at, moved := stranger(i), time.Duration(i)*time.Minute, i%2 == 0
			for n := range 6 {
				e := entry{host: folder.host, ip: ip, status: 200, at: at + time.Duration(10*n)*time.Second + ahead}
				e.target = folder.until(fmt.Sprintf("/v/%d/seg%d.ts", i, n), ip, noon.Add(at+time.Hour).Unix())
				if moved && n > 3 {
					e.ip, e.status = beside(ip), 403
				}
				l.add(e)
			}
		}
		tr := l.try(t, settings{})
		r := tr.advice(folder.host, "ipv4")
		if r.Decision != want || strings.Contains(r.Reason, "160 links were served after their expiry") != (ahead > 0) {
			t.Errorf("%v ahead: %s: %s", ahead, r.Decision, r.Reason)
		}
	}
}

// TestRule07StoppedBeforeExpiry: a log that is hours behind makes expired links look valid, and their
// refusals those of another rule.
func TestRule07StoppedBeforeExpiry(t *testing.T) {
	for name, c := range map[string]struct {
		served int           // requests, one in 20 s, before two are refused
		left   time.Duration // until the expiry then, by the log's clock
		more   time.Duration // from link to link
		says   bool
	}{
		"five hours behind":               {4, 5*time.Hour - 10*time.Second, 0, true},
		"a quarter of an hour behind":     {4, 15*time.Minute - 10*time.Second, 0, true},
		"in time":                         {4, -10 * time.Second, 0, false},
		"refused at once, an hour's link": {0, time.Hour - 10*time.Second, 0, false},
		"refused soon, an hour's link":    {1, time.Hour - 30*time.Second, 0, false},
		"another rule, at any time":       {4, time.Hour, 97 * time.Second, false},
	} {
		var l little
		l.audience(folder, 40)
		for i := range 60 {
			ip, at := stranger(i), time.Duration(i+1)*time.Minute
			until := noon.Add(at + time.Duration(c.served)*20*time.Second + c.left + time.Duration(i)*c.more).Unix()
			for n := range c.served + 2 {
				e := entry{host: folder.host, ip: ip, status: 200, at: at + time.Duration(n)*20*time.Second}
				if n >= c.served {
					e.status = 403
				}
				e.target = on(fmt.Sprintf("/v/%d/seg%d.ts", i, n), folder.until(fmt.Sprintf("/v/%d/seg0.ts", i), ip, until))
				l.add(e)
			}
		}
		tr := l.try(t, settings{})
		said := strings.Contains(strings.Join(tr.Warnings, "\n"), "60 of 60 links that were served, and then refused before their expiry")
		reason := tr.advice(folder.host, "ipv4").Reason
		if said != c.says || strings.Contains(reason, "set the time zone of the log and of the signer right first") != c.says {
			t.Errorf("%s: %s %q", name, reason, tr.Warnings)
		}
	}
}

// TestRule07NoMaskByAClockBehind: in a log two hours behind, viewers who moved after their link had expired seem to have moved before it.
func TestRule07NoMaskByAClockBehind(t *testing.T) {
	for behind, want := range map[time.Duration]finding.Decision{0: finding.KeepCurrent, 2 * time.Hour: finding.InsufficientEvidence} {
		var l little
		for i := range 160 {
			ip, at, moved := stranger(i), time.Duration(i)*time.Minute, i%2 == 0
			for n := range 6 {
				e := entry{host: folder.host, ip: ip, status: 200, at: at + time.Duration(20*n)*time.Second - behind}
				e.target = folder.until(fmt.Sprintf("/v/%d/seg%d.ts", i, n), ip, noon.Add(at+70*time.Second).Unix())
				if n > 3 {
					e.status = 403
				}
				if moved && n > 3 {
					e.ip = beside(ip)
				}
				l.add(e)
			}
		}
		r := l.try(t, settings{}).advice(folder.host, "ipv4")
		if r.Decision != want || strings.Contains(r.Reason, "were refused 120 minutes before their expiry") != (behind > 0) {
			t.Errorf("%v behind: %s: %s", behind, r.Decision, r.Reason)
		}
	}
}

// TestRule07AClockThatJumps: a few lines of other years are named, and spoil no time range.
func TestRule07AClockThatJumps(t *testing.T) {
	year := 365 * 24 * time.Hour
	for _, c := range []struct {
		early, late, want int
		says              string
	}{
		{2, 1, 3, "3 requests lie far from the rest (2026-11-01), as where a clock stood wrong: 2 up to 56 years before it (1970-01-01), " +
			"1 up to 73 years after it (2099-12-31); --since 2026-11-01T12:00:00Z and --until 2026-11-01T12:00:41Z leave such lines out"},
		{1, 0, 1, "1 request lies far from the rest"},
		{0, 0, 0, ""},
		{5, 0, 0, ""}, // more than a tenth: several logs, maybe
	} {
		var l little
		l.audience(folder, 40)
		l.get(folder, folder.link("/v/seg1.ts", stranger(60)), stranger(61), 403)
		for n := range c.early {
			l.add(entry{host: folder.host, target: folder.link("/v/seg1.ts", stranger(70)), ip: stranger(70), status: 200, at: -noon.Sub(time.Unix(int64(n+60), 0))})
		}
		for range c.late {
			l.add(entry{host: folder.host, target: folder.link("/v/seg1.ts", stranger(71)), ip: stranger(71), status: 403, at: 73*year + 78*24*time.Hour})
		}
		l.entries[0].at = 0
		tr := l.try(t, settings{twice: true})
		first, last := tr.Input.Period()
		said := strings.Join(tr.Warnings, "\n")
		if !strings.Contains(said, c.says) || strings.Contains(said, "far from the rest") != (c.want > 0) {
			t.Errorf("%d early, %d late: %q", c.early, c.late, tr.Warnings)
		}
		if c.want > 0 && (last.Sub(*first) != 40*time.Second || tr.Input.Last.Sub(*tr.Input.First) < 50*year || tr.Denials.OverTime == nil || tr.Denials.OverTime.Step > 10) {
			t.Errorf("%d early, %d late: %v to %v, %+v", c.early, c.late, first, last, tr.Denials.OverTime)
		}
		if s := tr.Input.Strays; (s == nil) != (c.want == 0) || s != nil && (s.Before != int64(c.early) || s.After != int64(c.late)) {
			t.Errorf("%d early, %d late: %+v", c.early, c.late, s)
		}
	}
}

// TestRule02ExpiryStatusIsLearned from links whose hash holds.
func TestRule02ExpiryStatusIsLearned(t *testing.T) {
	for _, status := range []int{410, 403} {
		var l little
		l.audience(folder, 40)
		for i := range 5 {
			l.get(folder, folder.until("/v/seg1.ts", stranger(i), past), stranger(i), status)
		}
		if got := l.try(t, settings{}).host(t, folder.host).Policy.Expired; len(got) != 1 || got[0] != status {
			t.Errorf("%v, want %d", got, status)
		}
	}
}
