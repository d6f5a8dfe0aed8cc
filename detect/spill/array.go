// Package spill keeps what steps of the analysis look up by number, in memory where it
// is little, else in temporary files: values of a fixed size ([Array]) and texts ([Texts]).
package spill

import (
	"io"
	"os"
	"sync/atomic"
	"unsafe"

	"ipdrift/ingest"
	"ipdrift/ingest/temp"
)

// Array is values numbered from 0: in memory where they are few, else in a temporary file, of
// which the last pages that were read are in memory. Values hold no pointers. They are put
// there before they are read; then it is safe for concurrent use.
type Array[T any] struct {
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

// New makes an array of n zeros, to be closed. It takes most bytes of memory at most, but
// for the pages. Errors are those of the temporary file.
func New[T any](n int, most int64) (*Array[T], error) {
	a := &Array[T]{n: n}
	var one T
	if int64(n)*int64(unsafe.Sizeof(one)) <= most {
		a.all, a.free = ingest.Outside[T](n)
		return a, nil
	}
	var err error
	a.file, err = temp.File("values-")
	a.pages = make([]atomic.Pointer[page[T]], mostPages)
	return a, err
}

// Close gives back memory and file; nil has none. Its error is the first of [Array.At],
// which has no other way to tell of it.
func (a *Array[T]) Close() error {
	if a == nil {
		return nil
	}
	if a.free != nil {
		a.free()
	}
	temp.Drop(a.file)
	a.all, a.free, a.file = nil, nil, nil
	if failed := a.failed.Load(); failed != nil {
		return *failed
	}
	return nil
}

// Len is how many values there are.
func (a *Array[T]) Len() int { return a.n }

// Held is all values if they are in memory, else nil. They stay the array's.
func (a *Array[T]) Held() []T { return a.all }

// At is a value, to be read; zero where the file could not be read, which Close tells.
func (a *Array[T]) At(n uint32) *T {
	if a.all != nil {
		return &a.all[n]
	}
	return a.onPage(int(n))
}

func (a *Array[T]) onPage(n int) *T {
	number := n / pageValues
	slot := &a.pages[number%mostPages]
	p := slot.Load()
	if p == nil || p.number != number {
		p = a.read(number)
		slot.Store(p)
	}
	return &p.values[n%pageValues]
}

func (a *Array[T]) read(number int) *page[T] {
	p := &page[T]{number: number}
	if err := a.Get(number*pageValues, p.values[:]); err != nil {
		a.failed.CompareAndSwap(nil, &err)
	}
	return p
}

// Put puts some values there, from a number on.
func (a *Array[T]) Put(first int, values []T) error {
	if a.all != nil {
		copy(a.all[first:], values)
		return nil
	}
	var one T
	_, err := a.file.WriteAt(RawOf(values), int64(first)*int64(unsafe.Sizeof(one)))
	return err
}

// Get reads some values, from a number on.
func (a *Array[T]) Get(first int, values []T) error {
	if a.all != nil {
		copy(values, a.all[first:])
		return nil
	}
	var one T
	_, err := a.file.ReadAt(RawOf(values), int64(first)*int64(unsafe.Sizeof(one)))
	return notEnd(err)
}

// partValues are read at once by who goes over all.
const partValues = 1 << 14

// Parts hands on all values in their order, some at a time.
func (a *Array[T]) Parts(f func(first uint32, values []T) error) error {
	if a.all != nil {
		return f(0, a.all)
	}
	values := make([]T, min(partValues, a.n))
	for first := 0; first < a.n; first += len(values) {
		values = values[:min(len(values), a.n-first)]
		clear(values) // what nobody put there is behind the end of the file
		if err := a.Get(first, values); err != nil {
			return err
		}
		if err := f(uint32(first), values); err != nil {
			return err
		}
	}
	return nil
}

// RawOf are values as this process has them in memory; no other reads the file.
func RawOf[T any](values []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), len(values)*int(unsafe.Sizeof(*new(T))))
}

// Filler puts values into an array, those that follow each other at once. It is for one
// goroutine at a time.
type Filler[T any] struct {
	to     *Array[T]
	first  int
	values []T
}

// Put puts in a value.
func (f *Filler[T]) Put(n int, value T) error {
	if f.to.all != nil {
		f.to.all[n] = value
		return nil
	}
	var err error
	if len(f.values) == cap(f.values) || n != f.first+len(f.values) {
		err = f.Done()
		f.first = n
	}
	f.values = append(f.values, value)
	return err
}

// Done puts in what is left; without it values are missing.
func (f *Filler[T]) Done() error {
	if f.to.all != nil || len(f.values) == 0 {
		return nil
	}
	err := f.to.Put(f.first, f.values)
	f.values = f.values[:0]
	return err
}

// Filler is one that puts values into the array.
func (a *Array[T]) Filler() *Filler[T] { return &Filler[T]{to: a, values: make([]T, 0, 1<<12)} }

// notEnd is an error but for that of an end.
func notEnd(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}
