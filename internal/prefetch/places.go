package prefetch

import "unsafe"

const (
	// lineBytes is a line of the cache, of all processors that this package knows.
	lineBytes = 64
	// maxPlaces are those of one Places: what is added beyond is left out.
	maxPlaces = 47
	// maxLines are those of one place, a power of two that fits beside the address of a line.
	maxLines = lineBytes
)

// Places are ranges of memory. The zero value is empty.
type Places struct {
	count int
	at    [maxPlaces]uintptr // the address of the first line, and how many follow it
}

// Full tells whether something may have been left out.
func (p *Places) Full() bool { return p.count == maxPlaces }

// Reset empties it.
func (p *Places) Reset() { p.count = 0 }

// Add adds a variable.
func Add[T any](p *Places, v *T) {
	p.Range(uintptr(unsafe.Pointer(v)), unsafe.Sizeof(*v))
}

// Span adds what lies from the variable first to the end of the variable last, which are of the same struct or array.
func Span[A, B any](p *Places, first *A, last *B) {
	from := uintptr(unsafe.Pointer(first))
	p.Range(from, uintptr(unsafe.Pointer(last))+unsafe.Sizeof(*last)-from)
}

// Range adds size bytes from an address on: 4 KiB at the most, the rest is left out.
func (p *Places) Range(address, size uintptr) {
	if p.count == maxPlaces || address == 0 || size == 0 {
		return
	}
	first := address &^ (lineBytes - 1)
	more := min((address+size-1-first)/lineBytes, maxLines-1)
	p.at[p.count] = first | more
	p.count++
}

// Fetch asks for all of it. It does not wait.
func (p *Places) Fetch() {
	if p.count > 0 {
		fetch(&p.at[0], p.count)
	}
}
