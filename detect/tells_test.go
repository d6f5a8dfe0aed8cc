package detect_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"ipdrift/detect/finding"
	"ipdrift/token"
)

// signs makes links of other schemes than gcore's.
type signs struct {
	scheme *token.Scheme
	key    token.Key
}

func signsOf(t *testing.T, scheme, key string) signs {
	t.Helper()
	s, err := token.SchemeNamed(scheme)
	if err != nil {
		t.Fatal(err)
	}
	k, err := token.NewKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return signs{s, k}
}

// link signs a path for an address, "" for none.
func (s signs) link(t *testing.T, path, ip string) string {
	t.Helper()
	p := token.SignParams{Target: path, Expires: later, Key: s.key}
	if ip != "" {
		p.Client = netip.MustParseAddr(ip)
	}
	target, err := token.Sign(s.scheme, p)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// moved has 40 viewers who go on at another address of their /16, and are refused there.
func (l *little) moved(t *testing.T, link func(path, ip string) string) {
	t.Helper()
	for i := range 40 {
		from, to := fmt.Sprintf("77.5.%d.7", i), fmt.Sprintf("77.5.%d.9", 100+i)
		target := link(fmt.Sprintf("/film/%d.mp4", i), from)
		for n, ip := range []string{from, from, from, to} {
			l.add(entry{host: video.host, target: target, ip: ip, status: 200 + 203*(n/3), agent: fmt.Sprint("player/", i), at: time.Hour + time.Duration(i*60+n*6)*time.Second})
		}
	}
}

// TestRule04ALinkThatNamesNoAddress: a link that is bound to none, as itself or its scheme tells, is not refused for a
// changed address, and no key is needed to know it.
// A case that grows knows it from its first run.
func TestRule04ALinkThatNamesNoAddress(t *testing.T) {
	for _, c := range []struct {
		scheme, key string
		want        finding.Decision
	}{
		{"keycdn", secret, finding.KeepCurrent},
		{"cdn77", secret, finding.KeepCurrent},
		{"fastly", "bGl0dGxlLWtleQ==", finding.KeepCurrent},
		{"cloudflare", secret, finding.KeepCurrent},
		{"nginx:$arg_md5,$arg_expires;$secure_link_expires$uri KEY", secret, finding.KeepCurrent},
		{"akamai", "abcdef0123456789", finding.InsufficientEvidence},
		{"cdnsun", secret, finding.InsufficientEvidence},
		{"bunny", secret, finding.InsufficientEvidence},
	} {
		var l little
		s := signsOf(t, c.scheme, c.key)
		l.moved(t, func(path, _ string) string { return s.link(t, path, "") })
		stated := settings{noKey: true, stated: token.Resource{Scheme: s.scheme}}
		for run, tr := range []*trial{l.try(t, stated), l.grow(t, func(int) settings { return stated }, len(l.entries)-2)} {
			if rec := tr.Recommendations[0]; rec.Decision != c.want || rec.AffectedUsers != 0 || tr.Denials.ByCause["unchecked"] != 40 {
				t.Errorf("%s, %d: %s, %d affected: %s; refused for %v", c.scheme, run, rec.Decision, rec.AffectedUsers, rec.Reason, tr.Denials.ByCause)
			}
		}
	}
}

// TestRule18ALinkThatNamesItsAddress: of a hash that does not hold, the address is in doubt only where the link does not name
// it. In a case that grows, it is told by what the first run saw.
func TestRule18ALinkThatNamesItsAddress(t *testing.T) {
	for _, c := range []struct {
		scheme, key, other string
		doubted            int64
	}{
		{"akamai", "abcdef0123456789", "0123456789abcdef", 0},
		{"cdnsun", secret, "other-key", 0},
		{"bunny", secret, "other-key", 12},
	} {
		var l little
		s, foreign := signsOf(t, c.scheme, c.key), signsOf(t, c.scheme, c.other)
		for i := range 60 {
			ip := stranger(i)
			l.add(entry{host: video.host, target: s.link(t, fmt.Sprintf("/film/a%d.mp4", i), ip), ip: ip, status: 200})
		}
		l.moved(t, func(path, ip string) string { return s.link(t, path, ip) })
		for i := range 12 {
			ip := stranger(100 + i)
			l.add(entry{host: video.host, target: foreign.link(t, fmt.Sprintf("/film/b%d.mp4", i), ip), ip: ip, status: 403, at: 3*time.Hour + time.Duration(i)*time.Minute})
		}
		stated := settings{keys: map[string]string{"": c.key}, stated: token.Resource{Scheme: s.scheme}}
		for run, tr := range []*trial{l.try(t, stated), l.grow(t, func(int) settings { return stated }, len(l.entries)-1)} {
			if rec := tr.Recommendations[0]; rec.Decision != finding.Widen || *rec.Prefix != 16 || rec.UnresolvedUsers != c.doubted || tr.Denials.ByCause["unresolved_signature"] != 12 {
				t.Errorf("%s, %d: %s, %d unresolved: %s; refused for %v", c.scheme, run, rec.Decision, rec.UnresolvedUsers, rec.Reason, tr.Denials.ByCause)
			}
		}
	}
}

// TestRule15LinksThatNameAddressesAreCounted: without a key, too, all users count whose links name an address, refused or
// not; and what a link names stands in the case.
func TestRule15LinksThatNameAddressesAreCounted(t *testing.T) {
	for scheme, key := range map[string]string{"akamai": "abcdef0123456789", "cdnsun": secret} {
		var l little
		s := signsOf(t, scheme, key)
		for i := range 60 {
			l.add(entry{host: video.host, target: s.link(t, fmt.Sprintf("/film/a%d.mp4", i), stranger(i)), ip: stranger(i), status: 200})
			l.add(entry{host: video.host, target: s.link(t, fmt.Sprintf("/film/b%d.mp4", i), ""), ip: stranger(i), status: 200, agent: "another/2.0"})
		}
		l.moved(t, func(path, ip string) string { return s.link(t, path, ip) })
		stated := settings{noKey: true, stated: token.Resource{Scheme: s.scheme}}
		for run, tr := range []*trial{l.try(t, stated), l.grow(t, func(int) settings { return stated }, 100)} {
			if rec := tr.Recommendations[0]; rec.Decision != finding.Widen || rec.AffectedUsers != 40 || rec.BoundUsers == nil || *rec.BoundUsers != 100 {
				t.Errorf("%s, %d: %s, %d of %v: %s", scheme, run, rec.Decision, rec.AffectedUsers, rec.BoundUsers, rec.Reason)
			}
		}
	}
}
