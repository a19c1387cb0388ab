package sfu

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestDeadlinesLikeMap compares the heap with a map that is searched.
func TestDeadlinesLikeMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	all := make([]*egress, 40)
	for i := range all {
		all[i] = &egress{duePlace: notDue}
	}
	var heap deadlines
	model := map[*egress]time.Duration{}
	for step := range 20000 {
		e := all[rng.IntN(len(all))]
		if rng.IntN(3) == 0 {
			heap.remove(e)
			delete(model, e)
		} else {
			at := time.Duration(rng.IntN(1000))
			heap.set(e, at)
			model[e] = at
		}
		at, ok := heap.first()
		if ok != (len(model) > 0) || len(heap) != len(model) {
			t.Fatalf("step %d: %d in the heap, %d in the model", step, len(heap), len(model))
		}
		for _, other := range model {
			if other < at {
				t.Fatalf("step %d: first is %v, there is %v", step, at, other)
			}
		}
		for i, e := range heap {
			if e.duePlace != i || model[e] != e.dueAt {
				t.Fatalf("step %d: place %d says %d, due %v, model %v", step, i, e.duePlace, e.dueAt, model[e])
			}
		}
	}
}
