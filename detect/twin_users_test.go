package detect_test

import (
	"crypto/md5"
	"database/sql"
	"encoding/base64"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"ipdrift/detect/finding"
)

// counted is a user as the view shows it.
type counted struct {
	class                                                              finding.Class
	requests, refusals, mismatches, addresses, p24, p16, interruptions int
}

// count counts one user.
func (u *twinUser) count(tw *twinWorld) (c counted) {
	c.requests = len(u.lines)
	addresses, p24, p16 := map[string]bool{}, map[string]bool{}, map[string]bool{}
	served, unresolved := 0, false
	for _, l := range u.lines {
		addresses[l.ip] = true
		if strings.Contains(l.ip, ":") {
			p24[""] = true
		} else {
			p24[octets(l.ip, 3)], p16[octets(l.ip, 2)] = true, true
		}
		if l.status == 200 || l.status == 206 {
			served++
		}
		unresolved = unresolved || l.refused() && l.verdict == "unresolved_signature" && !l.mistaken()
	}
	if c.addresses = len(addresses); !p24[""] {
		c.p24, c.p16 = len(p24), len(p16)
	}
	for _, r := range u.merged() {
		c.refusals++
		if r.mismatch() {
			c.mismatches++
		}
	}
	switch {
	case c.mismatches > 0 && strings.HasPrefix(u.lines[0].agent, "facebookexternalhit/"):
		c.class = finding.Undetermined // a link preview
	case c.mismatches > 0 && served > 0:
		c.class = finding.Rotating
	case c.mismatches > 0 && tw.handedOn(u):
		c.class = finding.Undetermined
	case c.mismatches > 0:
		c.class = finding.FirstRequest
	case unresolved:
		c.class = finding.Undetermined
	default:
		c.class = finding.Unchanged
	}
	if tw.interrupted(u) {
		c.interruptions = 1
	}
	return c
}

// handedOn reports whether the first mismatch of a user whom nothing was served is a playlist, asked
// for when three segments had been served at other addresses with the same link, which
// then went on there or had not been used for 30 s.
func (tw *twinWorld) handedOn(u *twinUser) bool {
	n := slices.IndexFunc(u.lines, (*twinLine).mismatch)
	first := u.lines[n]
	segments, last := 0, int64(0)
	for _, l := range tw.lines {
		if l.md5 != first.md5 || l.expires != first.expires || l.host != first.host || l.ip == first.ip || l.status >= 300 {
			continue
		}
		if last = max(last, l.startMs); l.startMs < first.startMs && strings.HasSuffix(l.path, ".ts") {
			segments++
		}
	}
	return segments >= 3 && strings.HasSuffix(first.path, ".m3u8") && (last > first.startMs || first.startMs-last > 30_000)
}

// mistaken reports whether the hash holds once a signer's mistake is made: no
// address, no slash behind the directory, no blank before the key.
func (l *twinLine) mistaken() bool {
	dir := l.path[:strings.LastIndexByte(l.path, '/')]
	for _, path := range []string{l.path, dir + "/"} {
		joined := md5.Sum([]byte(l.expires + path + l.ip + secret))
		if l.holds(path, "") || base64.RawURLEncoding.EncodeToString(joined[:]) == l.md5 {
			return true
		}
	}
	return l.holds(dir, l.ip)
}

// merged is the refusals of a user without retries: of those for one path from
// one address within 30 s of the first, the first.
func (u *twinUser) merged() (out []*twinLine) {
	for _, l := range u.lines {
		again := func(r *twinLine) bool { return r.ip == l.ip && r.path == l.path && l.startMs-r.startMs <= 30_000 }
		if l.refused() && !slices.ContainsFunc(out, again) {
			out = append(out, l)
		}
	}
	return out
}

// interrupted reports whether nothing was served within 10 s after the last
// refusal: at the same address with another link or, where the refused token was
// valid, with this one.
func (tw *twinWorld) interrupted(u *twinUser) bool {
	var last *twinLine
	for _, l := range u.lines {
		if l.refused() && (last == nil || l.startMs >= last.startMs) {
			last = l
		}
	}
	if last == nil {
		return false
	}
	for _, l := range tw.lines {
		own := slices.Contains(u.lines, l)
		if (own && last.verdict == "valid" || !own && l.host == last.host && l.ip == last.ip && l.agent == last.agent && l.hitLine.signed) && l.status < 300 && l.startMs > last.startMs && l.startMs-last.startMs <= 10_000 {
			return false
		}
	}
	return true
}

// found reads the users of the view, by their first lines.
func found(t *testing.T, tr *trial) map[int]counted {
	t.Helper()
	rows, err := tr.store.DB.Query(`SELECT min(r.line) - 1, any_value(u.class), any_value(u.requests), any_value(u.refusals), any_value(u.ip_mismatches), any_value(u.addresses),
		any_value(u.prefixes24), any_value(u.prefixes16), any_value(u.interrupted) FROM users u JOIN requests r USING (user_id) GROUP BY u.user_id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[int]counted{}
	for rows.Next() {
		var first int
		var c counted
		var p24, p16 sql.NullInt64
		var interrupted bool
		if err := rows.Scan(&first, &c.class, &c.requests, &c.refusals, &c.mismatches, &c.addresses, &p24, &p16, &interrupted); err != nil {
			t.Fatal(err)
		}
		if c.p24, c.p16 = int(p24.Int64), int(p16.Int64); interrupted {
			c.interruptions = 1
		}
		out[first] = c
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// sameUsers compares every user. That a link was requested from many networks, or handed
// to who was never served, is for the rules alone to say: the twin takes their word where
// links are handed on.
func (tw *twinWorld) sameUsers(t *testing.T, tr *trial, met map[finding.Class]int) {
	t.Helper()
	got := found(t, tr)
	if len(got) != len(tw.users) {
		t.Errorf("%d users, the twin counts %d", len(got), len(tw.users))
	}
	for _, u := range tw.users {
		want, is := u.count(tw), got[u.first]
		passedOn := is.class == finding.ManyNetworks || is.class == finding.Undetermined && want.class == finding.FirstRequest
		if passedOn && tw.hosts[u.lines[0].host].Mix.Posted > 0 {
			want.class = is.class
		}
		met[is.class]++
		if is != want {
			t.Errorf("the user of line %d: %+v, the twin counts %+v", u.first+1, is, want)
		}
	}
}

// sameMasks replays every prefix over the users whom the rules call affected.
func (tw *twinWorld) sameMasks(t *testing.T, tr *trial) {
	t.Helper()
	got := found(t, tr)
	for _, rec := range tr.Recommendations {
		var affected int64
		accepted := map[int]int64{}
		for _, u := range tw.users {
			class := got[u.first].class
			if u.lines[0].host != rec.Host || class != finding.Rotating && class != finding.FirstRequest || u.family() != rec.Family {
				continue
			}
			affected++
			for _, s := range rec.Curve {
				if u.accepted(s.Prefix) {
					accepted[s.Prefix]++
				}
			}
		}
		if rec.AffectedUsers != affected {
			t.Errorf("%s %s: %d users affected, the twin counts %d", rec.Host, rec.Family, rec.AffectedUsers, affected)
		}
		for _, s := range rec.Curve {
			if s.AcceptedUsers != accepted[s.Prefix] {
				t.Errorf("%s %s /%d: accepts %d users, the twin counts %d", rec.Host, rec.Family, s.Prefix, s.AcceptedUsers, accepted[s.Prefix])
			}
		}
	}
}

// family is that of the address which the first mismatch was signed for.
func (u *twinUser) family() string {
	for _, l := range u.lines {
		if l.mismatch() {
			return map[bool]string{true: "ipv6", false: "ipv4"}[strings.Contains(l.signed, ":")]
		}
	}
	return ""
}

// accepted reports whether a prefix would have let in all that was refused.
func (u *twinUser) accepted(prefix int) bool {
	for _, l := range u.lines {
		if !l.mismatch() {
			continue
		}
		signed, err := netip.ParseAddr(l.signed)
		if err != nil || inCommon(signed, netip.MustParseAddr(l.ip)) < prefix {
			return false
		}
	}
	return true
}
