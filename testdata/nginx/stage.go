package main

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"ipdrift/testdata/nginx/rig"
)

// stage is where the viewers meet nginx. It remembers why each request was made.
type stage struct {
	server *rig.Server
	pace   float64
	seq    atomic.Int64
	mu     sync.Mutex
	sent   map[int]purpose
}

// purpose is what is known about a request before nginx judges it.
type purpose struct {
	scenario, subscriber string
	host                 rig.Host
	signed, client       netip.Addr
	deadline             int64
	flaw                 string // verdict that the link's make demands: malformed, wrong_path; "" for a sound one
}

// play lets all viewers play at once and waits for the last one.
func (s *stage) play(viewers []*viewer) error {
	s.sent = map[int]purpose{}
	var wait sync.WaitGroup
	failed := make(chan error, len(viewers))
	for _, v := range viewers {
		v.stage, v.conn = s, s.server.Dial()
		wait.Go(func() {
			v.pause(0, 40_000)
			v.script(v)
			if err := v.conn.Close(); v.err == nil {
				v.err = err
			}
			if v.err != nil {
				failed <- fmt.Errorf("%s, %s: %w", v.id, v.scenario, v.err)
			}
		})
	}
	wait.Wait()
	close(failed)
	return <-failed
}

// viewer is one subscriber with one player.
type viewer struct {
	*rand.Rand
	stage         *stage
	conn          *rig.Client
	err           error // first failure; ends the play
	id, scenario  string
	script        func(*viewer)
	host          rig.Host
	addr, signed  netip.Addr
	agent, refers string
	dir           string
	seq           int
	lifetime      int64 // seconds of a link
	deadline      int64
	flaw          func(v *viewer, token string) (query, verdict string)
}

func (v *viewer) chance(percent int) bool { return v.IntN(100) < percent }

// pause waits between two bounds in milliseconds.
func (v *viewer) pause(from, to int) {
	time.Sleep(time.Duration(float64(from+v.IntN(to-from)) * v.stage.pace * float64(time.Millisecond)))
}

// fetchLink is what the site does: it signs for the address it sees.
func (v *viewer) fetchLink(seen netip.Addr) {
	v.signed = seen
	v.deadline = time.Now().Unix() + v.lifetime
}

// get requests one file of the directory and returns the status, 0 after a failure.
func (v *viewer) get(name string) int {
	if v.err != nil {
		return 0
	}
	token := v.host.Sign(v.dir+name, fmt.Sprint(v.deadline), v.signed)
	query, flaw := fmt.Sprintf("?md5=%s&expires=%d", token, v.deadline), ""
	if v.flaw != nil {
		query, flaw = v.flaw(v, token)
	}
	seq := int(v.stage.seq.Add(1))
	v.stage.mu.Lock()
	v.stage.sent[seq] = purpose{v.scenario, v.id, v.host, v.signed, v.addr, v.deadline, flaw}
	v.stage.mu.Unlock()
	path := (&url.URL{Path: v.dir + name}).EscapedPath()
	status, err := v.conn.Do(path+query, "Host: "+v.host.Name, "X-Client-IP: "+v.addr.String(), fmt.Sprint("X-Seq: ", seq),
		"User-Agent: "+v.agent, "Referer: "+v.refers)
	v.err = err
	return status
}

const manifest = "index.m3u8"

// watch plays segments of the film and says whether all of them were served.
func (v *viewer) watch(segments int) bool {
	for range segments {
		if v.get(v.segment()) != 200 {
			return false
		}
		v.seq++
		v.pause(300, 2000)
	}
	return true
}

func (v *viewer) segment() string { return fmt.Sprintf("segment-%05d.ts", v.seq+1) }

// retry asks for the same file again, as players do before they give up.
func (v *viewer) retry(name string) {
	for range 1 + v.IntN(2) {
		v.pause(300, 1200)
		v.get(name)
	}
}

// start fetches a link for the viewer's address and opens the manifest with it.
func (v *viewer) start() bool {
	v.fetchLink(v.addr)
	if v.get(manifest) != 200 {
		return false
	}
	v.pause(100, 400)
	return true
}

// moveWithin changes the address: same prefix of so many bits, but not of the
// next longer one of 24 and 16; in IPv6 the low 64 bits.
func (v *viewer) moveWithin(bits int) {
	if v.addr.Is6() {
		a := v.addr.As16()
		for i := 8; i < 16; i++ {
			a[i] = byte(1 + v.IntN(255))
		}
		v.addr = netip.AddrFrom16(a)
		return
	}
	a := v.addr.As4()
	for i := bits / 8; i < 4; i++ {
		a[i] += byte(1 + v.IntN(255))
	}
	if bits == 0 {
		a[0] = 240 + a[0]%15
	}
	v.addr = netip.AddrFrom4(a)
}

// flawed makes links of one of four flaws: the query, and the verdict that it earns.
func flawed(kind int) func(*viewer, string) (string, string) {
	return func(v *viewer, token string) (string, string) {
		switch kind % 4 {
		case 0:
			return "?md5=" + token, "malformed"
		case 1:
			return fmt.Sprintf("?md5=%s&expires=%d", token[:17], v.deadline), "malformed"
		case 2:
			return fmt.Sprintf("?md5=%s&expires=%s", token, time.Unix(v.deadline, 0).UTC().Format("2006-01-02")), "malformed"
		}
		return fmt.Sprintf("?md5=%s%%3D%%3D&expires=%d", token, v.deadline), "malformed"
	}
}

// otherScope signs the directory where the file is wanted, or the file where
// the directory is wanted.
func otherScope(name func(*viewer) string) func(*viewer, string) (string, string) {
	return func(v *viewer, _ string) (string, string) {
		path := v.dir
		if v.host.Dir {
			path += name(v)
		}
		expires := fmt.Sprint(v.deadline)
		token := rig.Token(expires, path, v.host.Address(v.signed), v.host.Key)
		return "?md5=" + token + "&expires=" + expires, "wrong_path"
	}
}
