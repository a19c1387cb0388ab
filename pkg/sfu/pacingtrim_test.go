package sfu

import (
	"testing"

	"github.com/heliograph/heliograph/pkg/bwe"
)

// The places of a burst are given back when the burst has not come again, and none while something waits in it.
func TestPacingTrim(t *testing.T) {
	p := newPacing(Bitrates{Min: 50 * bwe.Kbps, Start: 2 * bwe.Mbps, Max: 10 * bwe.Mbps})
	var refs []int
	for range 1000 {
		refs = append(refs, p.take(waiting{}))
	}
	p.trim()
	for _, ref := range refs[1:] {
		p.give(ref)
	}
	for range 3 {
		p.trim()
		if len(p.waiting) != 1000 {
			t.Fatalf("%d places are left while one of them waits", len(p.waiting))
		}
	}
	p.give(refs[0])
	p.trim()
	p.trim()
	if len(p.waiting) != 0 || len(p.free) != 0 {
		t.Errorf("%d places and %d free ones are kept", len(p.waiting), len(p.free))
	}
	allocs := testing.AllocsPerRun(100, func() {
		var used [20]int
		for i := range used {
			used[i] = p.take(waiting{})
		}
		for _, ref := range used {
			p.give(ref)
		}
		p.trim()
	})
	if allocs != 0 {
		t.Errorf("steady use makes %v objects", allocs)
	}
}
