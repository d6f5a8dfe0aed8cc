package judge

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"ipdrift/detect/finding"
	"ipdrift/token"
)

const second = int64(1e6)

// The scenes of these tests: one signing address and others at known distance.
const (
	home   = "198.51.100.10"
	same24 = "198.51.100.77"
	same16 = "198.51.7.7"
	far    = "203.0.113.5"
	far2   = "192.0.2.8"
	far3   = "100.64.9.9"
	v6     = "2001:db8:1::5"
)

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

// scene builds a group request by request.
type scene struct{ Group }

func newScene() *scene {
	return &scene{Group{Signed: []netip.Addr{ip(home)}}}
}

func (s *scene) add(at int64, client, name string, edit func(*Event)) *scene {
	e := Event{Time: at * second, Client: ip(client), Name: name, Dir: 1, File: fileOf(name), UA: 1, Who: 1}
	e.End, e.Began = e.Time, true
	edit(&e)
	s.Events = append(s.Events, e)
	return s
}

// fileOf is a stand-in for the dictionary of file names.
func fileOf(name string) (id uint32) {
	for i := range len(name) {
		id = id*31 + uint32(name[i])
	}
	return id
}

func (s *scene) ok(at int64, client, name string) *scene {
	return s.add(at, client, name, served)
}

func (s *scene) no(at int64, client, name string, v token.Verdict) *scene {
	return s.add(at, client, name, refused(v))
}

func served(e *Event) { e.Served, e.Status, e.Verdict = true, 200, token.Valid }

func refused(v token.Verdict) func(*Event) {
	return func(e *Event) { e.Refused, e.Status, e.Verdict = true, 403, v }
}

// sort puts the events in the order of time.
func (s *scene) sort() {
	slices.SortStableFunc(s.Events, func(a, b Event) int { return cmp.Compare(a.Time, b.Time) })
}

// took says how long the last event took, in seconds.
func (s *scene) took(seconds int64) *scene {
	s.Events[len(s.Events)-1].End += seconds * second
	return s
}

// logged says that the log tells no start.
func (s *scene) logged() *scene {
	for i := range s.Events {
		s.Events[i].Began = false
	}
	return s
}

// ua gives the last event another user agent, and so another user.
func (s *scene) ua(id uint32) *scene {
	e := &s.Events[len(s.Events)-1]
	e.UA, e.Who = id, id
	return s
}

// asn gives the last event an operator.
func (s *scene) asn(id uint32) *scene {
	s.Events[len(s.Events)-1].ASN = id
	return s
}

func (s *scene) users() []User { return Users(&s.Group, Default()) }

// only is the verdict over the only user of a scene.
func (s *scene) only(t *testing.T) *User {
	t.Helper()
	users := s.users()
	if len(users) != 1 {
		t.Fatalf("%d users, want 1", len(users))
	}
	return &users[0]
}

func want(t *testing.T, u *User, class finding.Class, reason string) {
	t.Helper()
	if u.Class != class {
		t.Errorf("class %s (%s), want %s", u.Class, u.Reason, class)
	}
	if !strings.Contains(u.Reason, reason) {
		t.Errorf("reason %q, want it to say %q", u.Reason, reason)
	}
}

// of gives the last event to a user and a link, by their numbers.
func (s *scene) of(who, link uint32) *scene {
	e := &s.Events[len(s.Events)-1]
	e.Who, e.Link = who, link
	return s
}

// signedFor adds a link.
func (s *scene) signedFor(client string) *scene {
	s.Signed = append(s.Signed, ip(client))
	return s
}
