package netsim

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Events run by time, and those of one time in the order in which they were made; the model is a stable sort.
func TestEventsRunInOrder(t *testing.T) {
	type made struct {
		at time.Duration
		id int
	}
	chance := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		sim, want, got := NewSim(1), []made{}, []made{}
		add := func(at time.Duration) {
			e := made{at, len(want)}
			want = append(want, e)
			sim.At(at, func() {
				if sim.Now() != e.at {
					t.Fatalf("event of %v runs at %v", e.at, sim.Now())
				}
				got = append(got, e)
			})
		}
		for range chance.IntN(40) {
			add(time.Duration(chance.IntN(10)))
		}
		sim.At(3, func() { add(3 + time.Duration(chance.IntN(5))) })
		sim.Run(100)
		slices.SortStableFunc(want, func(a, b made) int { return int(a.at - b.at) })
		if !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

func TestRunStopsBeforeItsEnd(t *testing.T) {
	sim, ran := NewSim(1), 0
	sim.At(5, func() { ran++ })
	sim.Run(5)
	if ran != 0 || sim.Now() != 5 {
		t.Fatalf("%d events ran before 5, now is %v", ran, sim.Now())
	}
	sim.At(2, func() { ran += 10 }) // the past is now, after what is due already
	sim.Run(6)
	if ran != 11 {
		t.Fatalf("ran %d, want 11", ran)
	}
}

// A model that is added must not change the luck of the others.
func TestEachUseHasItsOwnChance(t *testing.T) {
	a, b := NewSim(7), NewSim(7)
	b.Rand(1).Uint64()
	if a.Rand(2).Uint64() != b.Rand(2).Uint64() {
		t.Error("the numbers of one use depend on another")
	}
	if a.Rand(1).Uint64() == a.Rand(2).Uint64() || NewSim(8).Rand(1).Uint64() == a.Rand(1).Uint64() {
		t.Error("different uses or seeds give the same numbers")
	}
}

func TestNext(t *testing.T) {
	s := NewSim(1)
	if at, ok := s.Next(); ok {
		t.Errorf("an event at %v of none", at)
	}
	s.At(3, func() {})
	s.At(2, func() {})
	if at, ok := s.Next(); at != 2 || !ok {
		t.Errorf("%d, %v, want 2", at, ok)
	}
}
