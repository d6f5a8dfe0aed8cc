package history

import (
	"unsafe"

	"ipdrift/detect/spill"
)

// RequestSize is that of a request, bytes, in memory as in the file.
const RequestSize = int64(unsafe.Sizeof(Request{}))

// write puts a block behind all others in the file.
func (s *section) write(block []Request) error {
	at := s.history.end.Add(int64(len(block))) - int64(len(block))
	s.mu.Lock()
	s.blocks = append(s.blocks, at)
	s.count += len(block)
	s.mu.Unlock()
	_, err := s.history.file.WriteAt(spill.RawOf(block), at*RequestSize)
	return err
}

// read reads requests from one place of a section on.
func (s *section) read(requests []Request, from int) error {
	return s.inFile(requests, from, s.history.file.ReadAt)
}

// readStretches reads requests with their stretches, as far as they are among these.
func (s *section) readStretches(requests []Request, from int) error {
	err := s.read(requests, from)
	for i := max(0, len(requests)-int(s.history.sizes.More)); i < len(requests); i++ {
		requests[i].more = min(requests[i].more, uint8(len(requests)-1-i))
	}
	return err
}

// rewrite puts requests in the place of others.
func (s *section) rewrite(requests []Request, from int) error {
	return s.inFile(requests, from, s.history.file.WriteAt)
}

func (s *section) inFile(requests []Request, from int, do func([]byte, int64) (int, error)) error {
	each := s.history.sizes.Block
	for len(requests) > 0 {
		skip := from % each
		n := min(len(requests), each-skip)
		if _, err := do(spill.RawOf(requests[:n]), (s.blocks[from/each]+int64(skip))*RequestSize); err != nil {
			return err
		}
		requests, from = requests[n:], from+n
	}
	return nil
}
