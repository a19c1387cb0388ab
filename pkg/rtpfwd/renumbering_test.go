package rtpfwd

import "testing"

// renumberingModel is what renumbering does, with a map that remembers everything.
type renumberingModel struct {
	numbers map[int64]int64 // of all source numbers that have a place
	next    int64           // of the source
	number  int64           // the next number to give
}

func (m *renumberingModel) take(n int64) int64 {
	for ; m.next <= n; m.next++ {
		m.numbers[m.next] = m.number
		m.number++
	}
	return m.numbers[n]
}

func (m *renumberingModel) leave(n int64) (int64, bool) {
	if n < m.next {
		number, ok := m.numbers[n]
		return number, ok
	}
	if n > m.next {
		m.take(n - 1)
	}
	m.next = n + 1
	return 0, false
}

// runRenumbering compares renumbering with its model over steps: each moves ahead
// or back, then takes or leaves.
func runRenumbering(t *testing.T, steps []byte) {
	t.Helper()
	const from, number = 1000, 7
	model := renumberingModel{numbers: map[int64]int64{}, next: from, number: number}
	var r renumbering
	r.start(from, number)
	left := map[int64]bool{}
	changes := []int64{from} // where the shift changed
	for _, step := range steps {
		n := model.next + int64(step>>1&7) // ahead, or
		if step&0x80 != 0 {
			n = model.next - 1 - int64(step>>1&63) // back
		}
		if left[n] || n < from {
			continue // a duplicate, which Inbound would not let through
		}
		if n < model.next && len(changes) > rememberedSpans-2 && n < changes[len(changes)-rememberedSpans+2] {
			continue // older than what is remembered
		}
		if step&1 == 0 {
			want := model.take(n)
			if got, ok := r.take(n); !ok || got != want {
				t.Fatalf("take(%d) = %d %v, want %d", n, got, ok, want)
			}
			continue
		}
		late := n < model.next
		want, wantKept := model.leave(n)
		if got, kept := r.leave(n); kept != wantKept || got != want {
			t.Fatalf("leave(%d) = %d %v, want %d %v", n, got, kept, want, wantKept)
		}
		if !late {
			left[n] = true
			changes = append(changes, n+1)
		}
		if r.last() != model.number-1 {
			t.Fatalf("last %d, want %d", r.last(), model.number-1)
		}
	}
}

func TestRenumberingLikeMap(t *testing.T) {
	rng := seeded(4)
	for range 300 {
		steps := make([]byte, 400)
		for i := range steps {
			steps[i] = byte(rng.Uint32())
		}
		runRenumbering(t, steps)
	}
}

func FuzzRenumbering(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 3, 0x80, 0x81, 0})
	f.Fuzz(func(t *testing.T, steps []byte) { runRenumbering(t, steps) })
}

func TestRenumberingForgets(t *testing.T) {
	var r renumbering
	r.start(0, 0)
	for n := range int64(200) {
		if n%2 == 0 {
			r.take(n)
		} else {
			r.leave(n)
		}
	}
	if _, ok := r.take(3); ok {
		t.Error("a number older than the memory was placed")
	}
	if n, ok := r.take(196); !ok || n != 98 {
		t.Errorf("take(196) = %d %v, want 98", n, ok)
	}
	r.start(500, r.last()+1)
	if n, ok := r.take(500); !ok || n != 100 {
		t.Errorf("after a new start: %d %v, want 100", n, ok)
	}
	if _, ok := r.take(199); ok {
		t.Error("a number from before the start was placed")
	}
}
