package format

// Viewer is what a line tells of who asked, beside address and user agent. A value that the line lacks is nil.
type Viewer struct {
	UID        []byte // id cookie, as the client sent it (nginx: uid_got)
	UIDSet     []byte // id cookie, as it was given out (nginx: uid_set)
	Session    []byte // id of the TLS session
	Connection []byte // number of the connection; unique on its Edge while the server runs
	Edge       []byte // the server that wrote the line
	Identity   []byte // the Cookie header, or the field that a Map calls identity
	Trace      []byte // id of the request, such as a traceparent; it ties nothing together

	some bool // one of them is not nil
}

// None reports whether the line has none of these values.
func (v *Viewer) None() bool { return !v.some }

const viewerBits = 1<<uid | 1<<uidSet | 1<<session | 1<<connection | 1<<edge | 1<<identity | 1<<trace

// readViewer costs nothing where the format has none of it. What keys the objects of JSON
// lines have, the first ones do not settle.
func (p *Parser) readViewer(v *Viewer) {
	if p.format.layout != nil && p.format.has&viewerBits == 0 {
		if v.some || v.Trace != nil {
			*v = Viewer{}
		}
		return
	}
	*v = Viewer{
		UID: p.text(uid), UIDSet: p.text(uidSet), Session: p.text(session),
		Connection: p.text(connection), Edge: p.text(edge), Identity: p.text(identity), Trace: p.text(trace),
	}
	v.some = v.UID != nil || v.UIDSet != nil || v.Session != nil || v.Connection != nil || v.Edge != nil || v.Identity != nil
}
