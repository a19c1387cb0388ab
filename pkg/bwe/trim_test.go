package bwe

import (
	"slices"
	"testing"
	"time"
)

// What a burst took is given back when it has not come again, and nothing that waits is lost by it.
func TestTrim(t *testing.T) {
	p := NewPacer(Mbps)
	var want []int
	for ref := range 1000 {
		p.Push(0, Item{Ref: ref, Kind: Video, Size: 1000})
		want = append(want, ref)
	}
	var got []int
	now := time.Duration(0)
	pop := func(n int) {
		for range n {
			item, ok := p.Pop(now)
			for !ok {
				now, _ = p.Next(now)
				item, ok = p.Pop(now)
			}
			got = append(got, item.Ref)
		}
	}
	p.Trim()
	pop(990)
	ring := func() int { return len(p.queues[Video].ring) }
	if ring() != 1024 {
		t.Fatalf("the ring of a thousand has %d places", ring())
	}
	p.Trim() // since the last one there were a thousand
	if ring() != 1024 {
		t.Errorf("the ring is cut to %d places at once", ring())
	}
	p.Trim()
	if ring() > 8*10 {
		t.Errorf("%d places are kept for ten that wait", ring())
	}
	pop(10)
	if !slices.Equal(got, want) {
		t.Error("not all came, or not in order")
	}
	for range 2 {
		p.Trim()
	}
	if ring() != leastRing {
		t.Errorf("%d places are kept for none that waits", ring())
	}
}

// Steady traffic is not trimmed: what is given back now is made anew a moment later.
func TestTrimLeavesWhatIsUsed(t *testing.T) {
	p := NewPacer(1000 * Mbps)
	allocs := testing.AllocsPerRun(100, func() {
		for range 40 {
			p.Push(0, Item{Kind: Video, Size: 1000})
		}
		for _, ok := p.Pop(time.Hour); ok; _, ok = p.Pop(time.Hour) {
		}
		p.Trim()
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
