package detect

import (
	"bytes"
	"cmp"
	"context"
	"net/netip"
	"slices"

	"ipdrift/detect/addr"
	"ipdrift/detect/history"
	"ipdrift/detect/identity"
	"ipdrift/detect/judge"
	"ipdrift/detect/spill"
	"ipdrift/token"
)

// used is the time in which one user agent used a link, in one directory.
type used struct {
	first, final, fellAt          int64     // µs; fellAt: when it was refused last because of its address
	taken                         int64     // µs, when it was not refused for that last; 0: never
	host, place, agent, dir, file uint32    // host by its place; file: the only one that was asked for; 0: several
	begun                         [2]uint32 // the files that it begins with, such as a playlist and a segment; 0: there is none
	reached                       [2]uint32 // the files that were asked for when it was taken last; 0: there is none, or there are more than two
	fell, refused                 uint32    // the client that was refused then, and the file; 0: none
	home                          uint32    // the first client that the link was served to, where it is not known whom it was signed for; 0: none
}

// endBeside returns the end of the run of uses, from n on, that stand beside the one before n.
func endBeside(uses []used, n int) int {
	for n < len(uses) && uses[n].beside(&uses[n-1]) {
		n++
	}
	return n
}

// beside reports whether two uses have the same host, user agent and directory.
func (u *used) beside(o *used) bool { return u.host == o.host && u.agent == o.agent && u.dir == o.dir }

// uses lists the uses by some user agents that some accepts, ordered by host, user agent, directory and
// time. Where there are too many, ok is false, unless they may be cut.
func (a *analysis) uses(ctx context.Context, agents func(agent uint32) bool, some func(*used) bool, may bool) (all []used, ok bool, err error) {
	most := a.limits.uses
	unkeyed := a.anyUnkeyed()
	err = history.Pass(ctx, a.Threads, a.history.Batches,
		func(c *history.Batch) (uses []used, err error) {
			o := opening{texts: a.texts}
			for i := range c.Groups {
				if s := &c.Groups[i]; !s.Unlinked() && (unkeyed || *a.history.Signed.At(s.Number) > 0) {
					if uses, err = a.usesOf(s, agents, &o, uses); err != nil {
						return nil, err
					}
				}
			}
			return slices.DeleteFunc(uses, func(u used) bool { return !some(&u) }), nil
		},
		func(uses []used) error {
			if all = append(all, uses...); len(all) <= most {
				return nil
			}
			if !may {
				return errEnough
			}
			all = firstUses(all)
			most = max(most, 2*len(all)) // what is left is of too many directories to be cut
			return nil
		})
	if err == errEnough {
		return nil, false, nil
	}
	slices.SortFunc(all, used.inOrder)
	return all, true, err
}

func (u used) inOrder(o used) int {
	return cmp.Or(cmp.Compare(u.host, o.host), cmp.Compare(u.agent, o.agent), cmp.Compare(u.dir, o.dir), cmp.Compare(u.first, o.first), cmp.Compare(u.place, o.place))
}

// firstUses keeps the first uses of each user agent in each directory: no others are looked at.
func firstUses(all []used) []used {
	slices.SortFunc(all, used.inOrder)
	n := 0
	var before used
	return slices.DeleteFunc(all, func(u used) bool {
		if n++; !u.beside(&before) {
			n = 1
		}
		before = u
		return n > identity.MaxTurns
	})
}

// anyUnkeyed reports whether some host binds links to addresses that no key tells.
func (a *analysis) anyUnkeyed() bool {
	for _, h := range a.hosts {
		if h.hides() {
			return true
		}
	}
	return false
}

// signedOver returns the address that the link of a use was signed for, or is taken to be signed for. vain
// means that it is the address at which the use was refused, as nobody was served.
func (a *analysis) signedOver(u *used) (signed netip.Addr, vain bool) {
	if ip := a.signedFor(u.place); ip.IsValid() {
		return ip, false
	}
	return a.client(a.clients.Of(cmp.Or(u.home, u.fell))), u.home == 0
}

// usesOf adds the uses of one link by some user agents.
func (a *analysis) usesOf(s *history.Group, agents func(agent uint32) bool, o *opening, to []used) ([]used, error) {
	from, n := len(to), -1 // n: of the request before
	known := *a.history.Signed.At(s.Number) > 0
	var served uint32 // the first client that was
	var who judge.Numbers[uint32]
	var before history.Request
	o.second = o.second[:0]
	err := a.eachStretch(s, func(t []history.Request) {
		f, start := &t[0], t[len(t)-1].Start
		answer := a.outcomes[f.Outcome]
		if !known && !answer.host.hides() {
			return
		}
		if served == 0 && answer.Served() {
			served = f.Client
		}
		if n < 0 || f.Agent != before.Agent {
			if !agents(f.Agent) {
				return
			}
			var fresh bool
			if n, fresh = who.Of(f.Agent); fresh {
				to = append(to, used{host: answer.host.Place, place: s.Number, agent: f.Agent, dir: f.Dir, first: f.Start, file: a.fileOf(f), begun: [2]uint32{f.File}})
				o.second = append(o.second, 0)
			}
		}
		before = *f
		u := &to[from+n]
		u.final = start
		if f.Dir != u.dir {
			u.dir = 0
		}
		if u.file > 0 && a.fileOf(f) != u.file {
			u.file = 0
		}
		o.take(u, &o.second[n], t)
		vain := !known && served == 0 && f.Cause == a.unchecked
		if !a.ofAddress(f.Cause) && !vain {
			u.taken, u.reached = start, lastFiles(t)
			return
		}
		last := 1
		if u.fell > 0 && start == u.fellAt {
			last = bytes.Compare(a.text(f.Client), a.text(u.fell))
		}
		switch {
		case last > 0:
			u.fell, u.fellAt, u.refused = f.Client, start, f.File
		case last == 0 && f.File != u.refused && o.less(f.File, u.refused):
			u.refused = f.File
		}
	})
	err = cmp.Or(err, o.failed)
	for i := range to[from:] {
		to[from+i].home = served
	}
	of := slices.DeleteFunc(to[from:], func(u used) bool { return u.dir == 0 || !known && u.home == 0 && u.fell == 0 })
	return to[:from+len(of)], err
}

// lastFiles are the files of the last time in a stretch, if there are no more than two.
func lastFiles(t []history.Request) (files [2]uint32) {
	for i := len(t) - 1; i >= 0 && t[i].Start == t[len(t)-1].Start; i-- {
		switch file := t[i].File; {
		case files[0] == 0:
			files[0] = file
		case file == files[0] || file == files[1]:
		case files[1] == 0:
			files[1] = file
		default:
			return [2]uint32{}
		}
	}
	return files
}

// opening finds the files that uses of a link begin with. Those of one time have no order
// (rules of evidence, 8): the least names come first.
type opening struct {
	texts  *spill.Texts
	second []int64 // when the second file of each use was asked for first
	failed error
}

// take looks at the next requests of a use.
func (o *opening) take(u *used, second *int64, t []history.Request) {
	of := &u.begun
	for i := 0; i < len(t) && (of[1] == 0 || t[i].Start == *second); i++ {
		if file := t[i].File; file != of[0] && (of[1] == 0 || file != of[1] && o.less(file, of[1])) {
			of[1], *second = file, t[i].Start
		}
		if *second == u.first && of[1] > 0 && o.less(of[1], of[0]) {
			of[0], of[1] = of[1], of[0]
		}
	}
}

func (o *opening) less(file, other uint32) bool {
	x, err := o.texts.Files.Text(file)
	y, bad := o.texts.Files.Text(other)
	o.failed = cmp.Or(o.failed, err, bad)
	return x < y
}

// fallOf is the last refusal in a use, of the address that the next link is signed
// for.
func (a *analysis) fallOf(u *used) identity.Fall {
	if u.fell == 0 {
		return identity.Fall{}
	}
	client := a.client(a.clients.Of(u.fell))
	if b := a.ordered[u.host].Policy.BindingAt(addr.Family(client), u.fellAt); b.Kind == token.BindMask {
		client = addr.Cut(client, int(b.Prefix))
	}
	return identity.Fall{Client: client, Time: u.fellAt}
}

// text is an address as the case has it.
func (a *analysis) text(client uint32) []byte {
	return token.AppendAddr(nil, a.clients.Addr(client))
}
