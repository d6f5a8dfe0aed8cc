package source

import "bufio"

// lineChanger reads lines as each has changed them. Of a line too long for the buffer, each
// gets the beginning alone, which is not whole.
type lineChanger struct {
	in   *bufio.Reader
	each func(line []byte, whole bool) []byte
	part bool   // a line too long for the buffer goes on
	rest []byte // to be handed out
}

// changed is what in holds, with its lines changed.
func changed(in *bufio.Reader, each func(line []byte, whole bool) []byte) *bufio.Reader {
	return bufio.NewReaderSize(&lineChanger{in: in, each: each}, documentHead)
}

func (r *lineChanger) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		line, err := r.in.ReadSlice('\n')
		part := err == bufio.ErrBufferFull
		if r.rest = line; !r.part && len(line) > 0 {
			r.rest = r.each(line, !part)
		}
		r.part = part
		if err != nil && !part && len(r.rest) == 0 {
			return 0, err // with other bytes before, it comes again
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
