package scenario

import (
	"fmt"
	"io"
	"net/netip"
	"strconv"
)

// output writes lines and truth, and sums the truth up.
type output struct {
	logs         []edge
	truth, users io.Writer
	buf, row     []byte
	sums         *sums
}

// edge is one log being written.
type edge struct {
	Sink
	printer *printer
	line    int64 // of the file, heads included
}

func newOutput(w *World, to Sinks) (*output, error) {
	o := &output{truth: to.Truth, users: to.Users, sums: newSums(w)}
	for _, to := range to.Logs {
		p, err := newPrinter(w.Format)
		if err != nil {
			return nil, err
		}
		e := edge{Sink: to, printer: p}
		for _, c := range p.head {
			if c == '\n' {
				e.line++
			}
		}
		if _, err := io.WriteString(to, p.head); err != nil {
			return nil, fmt.Errorf("writing a made-up log: %w", err)
		}
		o.logs = append(o.logs, e)
	}
	if o.truth != nil {
		o.row = append(o.row, "source,line,verdict,cause,detail,signed_ip,user,link,carrier\n"...)
	}
	if o.users != nil {
		if _, err := io.WriteString(o.users, usersHead); err != nil {
			return nil, fmt.Errorf("writing the truth about users: %w", err)
		}
	}
	return o, nil
}

// write logs one request of a viewer, with its truth.
func (s *sim) write(v *viewer, o *outcome) error {
	h := &s.w.Hosts[v.host]
	on := v.using()
	on.requests++
	s.scratch = s.appendFile(append(s.scratch[:0], v.dir...), v)
	l := line{
		at: s.now, client: v.addr, host: h.Name, path: s.scratch, query: o.query,
		status: o.status, bytes: 146, referer: v.referer, agent: v.agent, country: v.carrier.Country, asn: v.carrier.ASN,
		code: o.code, upstream: o.upstream, conn: on.id, requests: on.requests, uid: v.uid, session: v.session, asked: v.asked, serial: uint64(s.lines) + 1,
	}
	if v.role == crawler {
		l.path = strconv.AppendInt(append(s.scratch[:0], "/archive/page-"...), int64(v.seq), 10)
	}
	if o.status < 400 {
		l.took, l.bytes = 5+int64(s.rng.IntN(900)), 200_000+int64(s.rng.IntN(1_800_000))
	}
	s.scratch = l.path
	e := &s.out.logs[v.edge]
	s.out.buf = e.printer.append(s.out.buf[:0], &l)
	if _, err := e.Write(s.out.buf); err != nil {
		return fmt.Errorf("writing line %d of a made-up log: %w", s.lines+1, err)
	}
	e.line++
	s.lines++
	v.story.note(s.now, v, o)
	s.out.sums.note(o)
	return s.out.tell(e, v, o)
}

// tell writes the truth about the line just written.
func (out *output) tell(e *edge, v *viewer, o *outcome) error {
	if out.truth == nil {
		return nil
	}
	b := append(append(out.row, e.Name...), ',')
	b = append(strconv.AppendInt(b, e.line, 10), ',')
	b = append(append(b, o.verdict...), ',')
	b = append(append(b, o.cause...), ',')
	b = append(append(b, o.detail...), ',')
	b = append(appendAddr(b, o.signed), ",u"...)
	b = append(strconv.AppendUint(b, v.id, 10), ',')
	if len(o.query) > 0 {
		b = strconv.AppendUint(append(b, 'l'), v.link.id, 10)
	}
	b = append(strconv.AppendUint(append(b, ','), uint64(v.carrier.ASN), 10), '\n')
	out.row = b[:0]
	if _, err := out.truth.Write(b); err != nil {
		return fmt.Errorf("writing the truth: %w", err)
	}
	return nil
}

func appendAddr(b []byte, a netip.Addr) []byte {
	if !a.IsValid() {
		return b
	}
	return a.AppendTo(b)
}
