package rtpfwd

import "testing"

// TestSeenLikeMap compares the window with a map.
func TestSeenLikeMap(t *testing.T) {
	rng := seeded(9)
	for range 20 {
		var s seen
		model := map[SeqNo]bool{}
		highest := SeqNo(70000)
		s.set(highest)
		model[highest] = true
		for range 2000 {
			switch rng.IntN(8) {
			case 0, 1, 2, 3:
				next := highest + 1 + SeqNo(rng.IntN(5))
				if rng.IntN(100) == 0 {
					next += SeqNo(rng.IntN(3 * seenWindow))
				}
				s.advance(highest, next)
				highest = next
				model[highest] = true
			default:
				seq := highest - SeqNo(rng.IntN(seenWindow))
				if s.has(seq) != model[seq] {
					t.Fatalf("%d, %d behind: seen %v", seq, highest-seq, s.has(seq))
				}
				s.set(seq)
				model[seq] = true
			}
		}
	}
}

// FuzzOrder: numbers never repeat, and the highest never goes back.
func FuzzOrder(f *testing.F) {
	f.Add([]byte{0, 1, 0, 2, 255, 255, 0, 4, 200, 0, 200, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		var o order
		given := map[SeqNo]bool{}
		for i := 0; i+1 < len(data); i += 2 {
			before := o.highest
			p, reason := o.place(get16(data[i:]), data[i]&3 == 3)
			if o.highest < before {
				t.Fatalf("the highest went from %d to %d", before, o.highest)
			}
			if reason != None {
				continue
			}
			if given[p.seq] || uint16(p.seq) != get16(data[i:]) {
				t.Fatalf("%+v of %d, given before: %v", p, get16(data[i:]), given[p.seq])
			}
			if p.newest != (p.seq > before) || p.newest && p.seq != o.highest {
				t.Fatalf("%+v, highest %d, before %d", p, o.highest, before)
			}
			given[p.seq] = true
		}
	})
}
