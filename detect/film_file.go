package detect

import (
	"unsafe"

	"ipdrift/detect/spill"
)

// frameSize is that of a frame in the file, bytes.
const frameSize = int64(unsafe.Sizeof(frame{}))

// write puts a block behind all others in the file.
func (r *roll) write(block []frame) error {
	at := r.film.end.Add(int64(len(block))) - int64(len(block))
	r.mu.Lock()
	r.blocks = append(r.blocks, at)
	r.count += len(block)
	r.mu.Unlock()
	_, err := r.film.file.WriteAt(spill.RawOf(block), at*frameSize)
	return err
}

// read reads frames from one place of a roll on.
func (r *roll) read(frames []frame, from int) error {
	return r.inFile(frames, from, r.film.file.ReadAt)
}

// readTakes reads frames with their takes, as far as they are among these.
func (r *roll) readTakes(frames []frame, from int) error {
	err := r.read(frames, from)
	for i := max(0, len(frames)-int(mostMore)); i < len(frames); i++ {
		frames[i].more = min(frames[i].more, uint8(len(frames)-1-i))
	}
	return err
}

// rewrite puts frames in the place of others.
func (r *roll) rewrite(frames []frame, from int) error {
	return r.inFile(frames, from, r.film.file.WriteAt)
}

func (r *roll) inFile(frames []frame, from int, do func([]byte, int64) (int, error)) error {
	for len(frames) > 0 {
		skip := from % blockFrames
		n := min(len(frames), blockFrames-skip)
		if _, err := do(spill.RawOf(frames[:n]), (r.blocks[from/blockFrames]+int64(skip))*frameSize); err != nil {
			return err
		}
		frames, from = frames[n:], from+n
	}
	return nil
}
