package detect

import (
	"os"
	"sync/atomic"
	"unsafe"

	"ipdrift/ingest"
)

// shelf is numbered values: in memory where they are few, else in a temporary file, of
// which the last pages that were read are in memory. Values hold no pointers. They are put
// there before they are read; then it is safe for concurrent use.
type shelf[T any] struct {
	n      int
	all    []T // nil: they are in the file
	free   func()
	file   *os.File
	pages  []atomic.Pointer[page[T]]
	failed atomic.Pointer[error] // the first
}

// pageValues are on a page, and mostPages in memory. Few are on one, since values that are
// asked for at random are read one page each.
const pageValues, mostPages = 1 << 5, 1 << 12

type page[T any] struct {
	number int
	values [pageValues]T
}

// newShelf makes one of n zeros. It takes so many bytes of memory at most, but for the pages.
func newShelf[T any](n int, most int64) (*shelf[T], error) {
	s := &shelf[T]{n: n}
	var one T
	if int64(n)*int64(unsafe.Sizeof(one)) <= most {
		s.all, s.free = ingest.Outside[T](n)
		return s, nil
	}
	var err error
	s.file, err = ingest.TempFile("values-")
	s.pages = make([]atomic.Pointer[page[T]], mostPages)
	return s, err
}

// close gives back what it takes, and tells what could not be read.
func (s *shelf[T]) close() error {
	if s == nil {
		return nil
	}
	if s.free != nil {
		s.free()
	}
	ingest.DropFile(s.file)
	s.all, s.free, s.file = nil, nil, nil
	if failed := s.failed.Load(); failed != nil {
		return *failed
	}
	return nil
}

// at is a value, to be read.
func (s *shelf[T]) at(n uint32) *T {
	if s.all != nil {
		return &s.all[n]
	}
	return s.onPage(int(n))
}

func (s *shelf[T]) onPage(n int) *T {
	number := n / pageValues
	slot := &s.pages[number%mostPages]
	p := slot.Load()
	if p == nil || p.number != number {
		p = s.read(number)
		slot.Store(p)
	}
	return &p.values[n%pageValues]
}

func (s *shelf[T]) read(number int) *page[T] {
	p := &page[T]{number: number}
	if err := s.get(number*pageValues, p.values[:]); err != nil {
		s.failed.CompareAndSwap(nil, &err)
	}
	return p
}

// put puts some values there, from a number on.
func (s *shelf[T]) put(first int, values []T) error {
	if s.all != nil {
		copy(s.all[first:], values)
		return nil
	}
	var one T
	_, err := s.file.WriteAt(rawOf(values), int64(first)*int64(unsafe.Sizeof(one)))
	return err
}

// get reads some values, from a number on.
func (s *shelf[T]) get(first int, values []T) error {
	if s.all != nil {
		copy(values, s.all[first:])
		return nil
	}
	var one T
	_, err := s.file.ReadAt(rawOf(values), int64(first)*int64(unsafe.Sizeof(one)))
	return notEnd(err)
}

// partValues are read at once by who goes over all.
const partValues = 1 << 14

// parts hands on all values in their order, some at a time.
func (s *shelf[T]) parts(f func(first uint32, values []T) error) error {
	if s.all != nil {
		return f(0, s.all)
	}
	values := make([]T, min(partValues, s.n))
	for first := 0; first < s.n; first += len(values) {
		values = values[:min(len(values), s.n-first)]
		clear(values) // what nobody put there is behind the end of the file
		if err := s.get(first, values); err != nil {
			return err
		}
		if err := f(uint32(first), values); err != nil {
			return err
		}
	}
	return nil
}

// rawOf are values as this process has them in memory; no other reads the file.
func rawOf[T any](values []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), len(values)*int(unsafe.Sizeof(*new(T))))
}

// filler puts values on a shelf, those that follow each other at once.
type filler[T any] struct {
	to     *shelf[T]
	first  int
	values []T
}

func (f *filler[T]) put(n int, value T) error {
	if f.to.all != nil {
		f.to.all[n] = value
		return nil
	}
	var err error
	if len(f.values) == cap(f.values) || n != f.first+len(f.values) {
		err = f.done()
		f.first = n
	}
	f.values = append(f.values, value)
	return err
}

// done puts in what is left.
func (f *filler[T]) done() error {
	if f.to.all != nil || len(f.values) == 0 {
		return nil
	}
	err := f.to.put(f.first, f.values)
	f.values = f.values[:0]
	return err
}

func (s *shelf[T]) filler() *filler[T] { return &filler[T]{to: s, values: make([]T, 0, 1<<12)} }
