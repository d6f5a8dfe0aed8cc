package token

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"ipdrift/token/lanes"
)

const (
	oldSecret, otherSecret = "old_secret", "other_secret"
	examinedAt             = 1893452400
)

// mistakeVector is one line of mistakes.tsv, whose head tells the columns.
type mistakeVector struct {
	name, also, target, hashed string
	suspect                    Suspect
	client                     netip.Addr
	scope                      string
}

func mistakeVectors(t testing.TB) []mistakeVector {
	t.Helper()
	var out []mistakeVector
	for _, f := range rows(t, "mistakes.tsv") {
		if len(f) != 9 {
			t.Fatalf("%d columns in %q", len(f), f)
		}
		v := mistakeVector{name: f[0], also: f[1], target: f[5], hashed: f[6], client: address(t, f[7]), scope: f[8]}
		v.suspect = suspectOf(t, f[5], f[2], f[3])
		v.suspect.Ports = v.name == "address_port"
		out = append(out, v)
	}
	if len(out) < 120 {
		t.Fatalf("%d vectors", len(out))
	}
	return out
}

func suspectOf(t testing.TB, target, clients, policy string) Suspect {
	t.Helper()
	s := Suspect{Target: []byte(target), Host: "cdn.example.com", Time: examinedAt,
		Keys: []Key{mustKey(t, testKey)}, OldKeys: []Key{mustKey(t, "older_secret"), mustKey(t, oldSecret)},
		OtherKeys: map[string][]Key{"zz.example": {mustKey(t, otherSecret)}, "other.example": {mustKey(t, "unused_secret"), mustKey(t, otherSecret)}}}
	for client := range strings.SplitSeq(clients, ",") {
		if client != "" {
			s.Clients = append(s.Clients, address(t, client))
		}
	}
	p := strings.Split(policy, ",")
	scope, ok := ParseScope(p[0])
	bits, err := strconv.Atoi(p[2])
	if !ok || err != nil {
		t.Fatalf("policy %q", policy)
	}
	s.Policy = Policy{Scope: scope, Bound: p[1] == "bound", Prefix4: uint8(bits)}
	return s
}

// A vector proves exactly its own mistake, says what was hashed, and for which address.
func TestExamineVectors(t *testing.T) {
	e := NewExaminer(scheme(t, "gcore"))
	for _, v := range mistakeVectors(t) {
		f, ok := e.Examine(&v.suspect)
		if ok != (v.name != "") || f.Mistake.Name != v.name || f.Also.Name != v.also {
			t.Errorf("%s: %s: found %q and %q, %s", v.name, v.target, f.Mistake.Name, f.Also.Name, f.Hashed)
			continue
		}
		if ok && (f.Hashed != v.hashed || f.Client != v.client || f.Scope.String() != v.scope) {
			t.Errorf("%s: hashed %s for %v, %v", v.name, f.Hashed, f.Client, f.Scope)
		}
		if e.hashes > 4300 && !v.suspect.Ports {
			t.Errorf("%s: %d hashes", v.name, e.hashes)
		}
	}
}

// The same links with one character of the token exchanged prove nothing.
func TestExamineProvesNothingByChance(t *testing.T) {
	e := NewExaminer(scheme(t, "gcore"))
	for _, v := range mistakeVectors(t) {
		i := strings.Index(v.target, "md5=") + len("md5=") + 6
		other := byte('Q')
		if c := v.target[i]; '0' <= c && c <= '9' || 'a' <= c && c <= 'f' {
			other = '0' + (c+1)%8 // stays a digit, and lower case
		}
		if v.target[i] == other {
			other++
		}
		v.suspect.Target = []byte(v.target[:i] + string(other) + v.target[i+1:])
		if f, ok := e.Examine(&v.suspect); ok {
			t.Errorf("%s: %s: found %q, %s", v.name, v.suspect.Target, f.Mistake.Name, f.Hashed)
		}
	}
}

// A key of hexadecimal digits that was decoded. Digests by
// printf '1893456000/live/seg-1.ts203.0.113.9 \xde\xad\xbe\xef\x00\x11\x22\x33' | openssl md5 -binary | openssl base64 | tr +/ -_ | tr -d =
func TestExamineFindsADecodedKey(t *testing.T) {
	e := NewExaminer(scheme(t, "gcore"))
	for secret, decodes := range map[string]bool{"deadbeef00112233": true, "DEADBEEF00112233": true, "3q2+7wARIjM=": true, "3q2-7wARIjM": true, "3q2+7wARIjMK": true,
		"deadbeef0011223": false, "3q2+7wARIj!M": false} {
		s := suspectOf(t, "/live/seg-1.ts?md5=A_rb6S9dd-RlEYHHdqZsiw&expires=1893456000", "203.0.113.9", "file,bound,0")
		s.Keys = []Key{mustKey(t, secret)}
		if f, ok := e.Examine(&s); ok != decodes || ok && f.Mistake.Name != "decoded_key" {
			t.Errorf("%s: found %q", secret, f.Mistake.Name)
		}
	}
}

func TestEveryMistakeHasAVector(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range mistakeVectors(t) {
		seen[v.name] = true
	}
	for _, v := range otherVectors(t) {
		seen[v.mistake] = true
	}
	names := map[string]bool{}
	for _, m := range Mistakes() {
		if names[m.Name] || m.Says == "" || m.Fix == "" || strings.HasSuffix(m.Says+m.Fix, ".") {
			t.Errorf("%q is there twice, or says nothing, or ends in a full stop", m.Name)
		}
		if names[m.Name] = true; !seen[m.Name] {
			t.Errorf("no vector for %s", m.Name)
		}
	}
	for _, d := range []Detail{DetailNoAddress, DetailAddress, DetailNoMask, DetailMasked, DetailEncodedPath, DetailNoSlash, DetailNoSpace} {
		if !names[strings.TrimPrefix(string(d), "signer:")] {
			t.Errorf("no mistake for the detail %s", d)
		}
	}
}

// Where the verifier names a mistake, the examiner names the same.
func TestVerifierAndExaminerAgree(t *testing.T) {
	verifier, named := NewVerifier(scheme(t, "gcore")), 0
	for _, v := range mistakeVectors(t) {
		client := v.suspect.client()
		r := verifier.Verify(Request{Target: v.suspect.Target, Client: client, Time: examinedAt}, v.suspect.Policy, v.suspect.Keys)
		if !strings.HasPrefix(string(r.Detail), "signer:") {
			continue
		}
		if named++; string(r.Detail) != "signer:"+v.name {
			t.Errorf("%s: the verifier says %q", v.name, r.Detail)
		}
	}
	if named < 10 {
		t.Errorf("the verifier named %d", named)
	}
}

func TestFoundTellsTheKey(t *testing.T) {
	e := NewExaminer(scheme(t, "gcore"))
	for _, v := range mistakeVectors(t) {
		f, _ := e.Examine(&v.suspect)
		switch v.name {
		case "old_key":
			if f.Key != 1 || f.Host != "" {
				t.Errorf("old key %d of %q", f.Key, f.Host)
			}
		case "other_host_key":
			if f.Key != 1 || f.Host != "other.example" {
				t.Errorf("key %d of %q", f.Key, f.Host)
			}
		case "parent_dir":
			if want := strings.Count(v.target, "/") - strings.Count(strings.TrimSuffix(v.hashed, "203.0.113.9 <key>"), "/"); f.Up != want {
				t.Errorf("%s: %d up", v.hashed, f.Up)
			}
		}
		v.suspect.Keys = []Key{{}, mustKey(t, "first_tried"), mustKey(t, testKey)}
		if again, _ := e.Examine(&v.suspect); again.Mistake != f.Mistake || v.name != "" && strings.HasSuffix(f.Hashed, " <key>") &&
			v.name != "old_key" && v.name != "other_host_key" && again.Key != 2 {
			t.Errorf("%s: with three keys %q by key %d", v.name, again.Mistake.Name, again.Key)
		}
	}
}

// Every common proxy is found, whichever part of the path was hashed with it.
func TestExamineFindsEveryProxy(t *testing.T) {
	e := NewExaminer(scheme(t, "gcore"))
	for _, proxy := range commonProxies() {
		for _, over := range []string{"/live/seg-1.ts", "/live/"} {
			token := seal("1893456000" + over + proxy.String() + " " + testKey)
			s := suspectOf(t, "/live/seg-1.ts?md5="+token+"&expires=1893456000", "203.0.113.9", "file,bound,0")
			f, ok := e.Examine(&s)
			if !ok || f.Mistake.Name != "private_address" || f.Client != proxy {
				t.Fatalf("%s over %s: found %q for %s", proxy, over, f.Mistake.Name, f.Client)
			}
		}
	}
}

// The stated bounds: hashes and allocations of a search in vain.
func TestExamineIsBounded(t *testing.T) {
	e := NewExaminer(scheme(t, "gcore"))
	for _, target := range []string{
		"/My%20dir/a+b%2520c/" + strings.Repeat("d/", 40) + "e.ts?x=1&md5={}&expires=1893456000",
		"/My%20dir/a+b%2520c/" + strings.Repeat("d/", 40) + "e.ts?x=1&md5={}&expires=3600",
		"/My%20dir/a+b%2520c/" + strings.Repeat("d/", 40) + "e.ts?x=1&md5={}&expires=01893456000123",
	} {
		for _, client := range []string{"203.0.113.9", "2001:db8::1"} {
			s := suspectOf(t, strings.Replace(target, "{}", seal("nothing of that"), 1), client, "file,bound,24")
			s.OldKeys, s.OtherKeys = nil, nil
			if _, ok := e.Examine(&s); ok || e.hashes > 4300 || e.hashes < 3000 {
				t.Errorf("%s: found %v after %d hashes", target, ok, e.hashes)
			}
			one := e.hashes
			none(t, "Examine", func() { e.Examine(&s) })
			s.Ports = true
			if _, ok := e.Examine(&s); ok || e.hashes-one < 2*lanes.Ports || e.hashes-one > mostLaned {
				t.Errorf("%s: found %v after %d hashes, all ports tried", target, ok, e.hashes)
			}
			none(t, "Examine with ports", func() { e.Examine(&s) })
			s.Ports = false
			s.Clients = append(s.Clients, address(t, "198.51.100.77"))
			if e.Examine(&s); e.hashes-one > 1600 {
				t.Errorf("%s: %d hashes for one more client", target, e.hashes-one)
			}
		}
	}
}

func TestExamineOtherSchemes(t *testing.T) {
	signed := func(name, secret, client string) []byte {
		p := SignParams{Target: "/videos/7_abc/720.mp4", Expires: examinedAt + 60, Client: address(t, client), Key: mustKey(t, secret)}
		link, err := Sign(scheme(t, name), p)
		if err != nil {
			t.Fatal(err)
		}
		return []byte(link)
	}
	for _, name := range []string{"gcore-video", "gcore-mp4"} {
		e := NewExaminer(scheme(t, name))
		for _, c := range []struct{ secret, client, want string }{
			{testKey, testClient, ""},
			{testKey, "", "no_address"},
			{testKey, "10.0.0.9", "private_address"},
			{oldSecret, testClient, "old_key"},
			{otherSecret, testClient, "other_host_key"},
			{"nobodys_secret", testClient, ""},
		} {
			s := suspectOf(t, "", testClient, "auto,bound,0")
			s.Target = signed(name, c.secret, c.client)
			f, ok := e.Examine(&s)
			if f.Mistake.Name != c.want || ok != (c.want != "") || ok && !strings.Contains(f.Hashed, keyShown) {
				t.Errorf("%s: found %q, %s; want %q", name, f.Mistake.Name, f.Hashed, c.want)
			}
		}
		s := suspectOf(t, string(signed(name, testKey, testClient)), testClient, "auto,free,0")
		if f, _ := e.Examine(&s); f.Mistake.Name != "address" {
			t.Errorf("%s: found %q", name, f.Mistake.Name)
		}
	}
}

func TestExaminerNeverPrints(t *testing.T) {
	v := mistakeVectors(t)[10]
	e := NewExaminer(scheme(t, "gcore"))
	f, _ := e.Examine(&v.suspect)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		text := fmt.Sprintf(verb+verb+verb, e, f, v.suspect.Keys)
		if strings.Contains(text, testKey) || strings.Contains(text, fmt.Sprintf("%x", testKey)) {
			t.Errorf("%s prints the key", verb)
		}
	}
}

func TestCommonProxies(t *testing.T) {
	list, seen := commonProxies(), map[netip.Addr]bool{}
	for _, a := range list {
		if seen[a] || !isLocal(a) {
			t.Errorf("%v is there twice or not local", a)
		}
		seen[a] = true
	}
	if len(list) != 1329 {
		t.Errorf("%d addresses, the comment says otherwise", len(list))
	}
	for _, public := range []string{"100.63.255.255", "100.128.0.1", "172.32.0.1", "192.169.0.1", "2001:db8::1", "8.8.8.8"} {
		if isLocal(netip.MustParseAddr(public)) {
			t.Errorf("%s counts as local", public)
		}
	}
}

func FuzzExamine(f *testing.F) {
	const secret = "never-to-be-seen-4711"
	for _, v := range mistakeVectors(f) {
		f.Add(v.target, "cdn.example.com:443", uint32(0xcb007109), false)
	}
	for _, odd := range []string{"", "*", "/?md5=&expires=", "/%zz?md5=x", "/?md5=%&expires=%", "https://h?md5=a?b?md5=c&expires=9223372036854775807"} {
		f.Add(odd, "", uint32(0), true)
	}
	for _, v := range otherVectors(f) {
		f.Add(string(v.suspect.Target), "cdn.example.com", uint32(0xcb007109), false)
	}
	e, others := NewExaminer(scheme(f, "gcore")), []*Examiner(nil)
	for _, s := range Schemes()[1:] {
		others = append(others, NewExaminer(s))
	}
	key := mustKey(f, secret)
	f.Fuzz(func(t *testing.T, target, host string, client uint32, signed bool) {
		if strings.Contains(target+host, secret) {
			t.Skip()
		}
		a := netip.AddrFrom4([4]byte{byte(client >> 24), byte(client >> 16), byte(client >> 8), byte(client)})
		s := Suspect{Target: []byte(target), Host: host, Clients: []netip.Addr{a}, Time: int64(client), Policy: Policy{Bound: true},
			Keys: []Key{key}, OldKeys: []Key{key}, OtherKeys: map[string][]Key{host: {key}}}
		if signed { // so that hashes do hold
			link, err := Sign(e.scheme, SignParams{Target: target, Expires: 1 + int64(client), Key: key})
			if err == nil {
				s.Target = []byte(link)
			}
		}
		before := string(s.Target)
		found, ok := e.Examine(&s)
		if ok != (found.Mistake.Name != "") || string(s.Target) != before {
			t.Errorf("%q: found %v %q", target, ok, found.Mistake.Name)
		}
		for _, other := range others {
			if found, ok := other.Examine(&s); ok && (found.Mistake.Name == "" || strings.Contains(found.Hashed, secret)) {
				t.Errorf("%q: found %q", target, found.Mistake.Name)
			}
		}
		x := Explain(e.scheme, &s)
		if text := fmt.Sprintf("%+v %+v %s", found, x, fmt.Sprint(e)); strings.Contains(text, secret) ||
			strings.Contains(text, base64.RawURLEncoding.EncodeToString([]byte(secret))) {
			t.Errorf("%q: the key is shown", target)
		}
	})
}
