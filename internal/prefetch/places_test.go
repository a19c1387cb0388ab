package prefetch

import (
	"math/rand/v2"
	"testing"
	"unsafe"
)

// lines are the addresses of all lines of p.
func (p *Places) lines() map[uintptr]bool {
	all := map[uintptr]bool{}
	for _, at := range p.at[:p.count] {
		for i := range at%lineBytes + 1 {
			all[at&^(lineBytes-1)+i*lineBytes] = true
		}
	}
	return all
}

// Each byte of what is added is in a line that is asked for, and no line without one is.
func TestPlacesCoverWhatIsAdded(t *testing.T) {
	for address := uintptr(1 << 20); address < 1<<20+2*lineBytes; address++ {
		for size := uintptr(1); size < 3*lineBytes; size++ {
			var p Places
			p.Range(address, size)
			want := map[uintptr]bool{}
			for b := range size {
				want[(address+b)&^(lineBytes-1)] = true
			}
			got := p.lines()
			for at := range want {
				if !got[at] {
					t.Fatalf("%d bytes at %#x: the line %#x is left out", size, address, at)
				}
			}
			if len(got) != len(want) {
				t.Fatalf("%d bytes at %#x: %d lines, want %d", size, address, len(got), len(want))
			}
		}
	}
}

func TestAddAndSpan(t *testing.T) {
	var v struct {
		before [100]byte
		a      int64
		b      [300]byte
		c      int32
		after  [200]byte
	}
	var p Places
	Add(&p, &v.b)
	from := uintptr(unsafe.Pointer(&v.b[0]))
	var want Places
	want.Range(from, 300)
	if p != want {
		t.Errorf("a variable: %x, want %x", p.at[:p.count], want.at[:want.count])
	}
	p.Reset()
	Span(&p, &v.a, &v.c)
	want.Reset()
	want.Range(uintptr(unsafe.Pointer(&v.a)), 8+300+4)
	if p != want {
		t.Errorf("a span: %x, want %x", p.at[:p.count], want.at[:want.count])
	}
}

// What is too much is left out, and what is not there does no harm.
func TestBounds(t *testing.T) {
	var p Places
	p.Range(0, 8)
	p.Range(4096, 0)
	p.Fetch()
	if p.count != 0 {
		t.Errorf("%d places for nothing", p.count)
	}
	p.Range(4096, 1<<20)
	if n := len(p.lines()); n != maxLines {
		t.Errorf("%d lines of one place", n)
	}
	for i := range uintptr(2 * maxPlaces) {
		p.Range(^uintptr(0)-i*8192, 64) // nobody's memory
	}
	if p.count != maxPlaces {
		t.Errorf("%d places", p.count)
	}
	p.Fetch()
}

// BenchmarkWalk goes through objects of eight parts each that lie anywhere in more memory than a cache has, and of which each part is found by
// the one before.
func BenchmarkWalk(b *testing.B) {
	type part struct {
		next *part
		_    [120]byte
	}
	const objects, parts = 1 << 16, 8
	memory, order := make([]part, objects*parts), rand.New(rand.NewPCG(1, 2)).Perm(objects*parts)
	places := make([]Places, objects)
	for i, at := range order {
		if i%parts < parts-1 {
			memory[at].next = &memory[order[i+1]]
		}
		Add(&places[i/parts], &memory[at].next)
	}
	for _, ahead := range []bool{false, true} {
		b.Run(map[bool]string{false: "waiting", true: "ahead"}[ahead], func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				at := i % (objects - 1)
				if ahead {
					places[at+1].Fetch()
				}
				for p := &memory[order[at*parts]]; p != nil; p = p.next {
				}
			}
		})
	}
}
