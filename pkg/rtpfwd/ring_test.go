package rtpfwd

import "testing"

func TestRingLikeMap(t *testing.T) {
	for _, size := range []int{1, 2, 64, 100} {
		rng := seeded(uint64(size))
		ring := NewRing(size)
		room := SeqNo(len(ring.packets))
		if int(room) < size || room&(room-1) != 0 {
			t.Fatalf("size %d became %d", size, room)
		}
		model := map[SeqNo]*Packet{}
		newest := map[SeqNo]SeqNo{} // by place
		next := SeqNo(1 << 16)
		for range 5000 {
			next += SeqNo(rng.IntN(4))
			p := &Packet{Seq: next - SeqNo(rng.IntN(int(2*room)))}
			ring.Put(p)
			if place := p.Seq % room; newest[place] <= p.Seq {
				delete(model, newest[place])
				newest[place], model[p.Seq] = p.Seq, p
			}
			for range 4 {
				seq := next - SeqNo(rng.IntN(int(3*room)))
				if got := ring.Get(seq); got != model[seq] {
					t.Fatalf("size %d: Get(%d) = %v, want %v", size, seq, got, model[seq])
				}
			}
		}
	}
}

func TestRingBounds(t *testing.T) {
	if n := len(NewRing(-5).packets); n != 1 {
		t.Errorf("size -5 became %d", n)
	}
	if n := len(NewRing(1 << 30).packets); n != maxRingSize {
		t.Errorf("a huge ring has %d places", n)
	}
	if NewRing(8).Get(-3) != nil {
		t.Error("an empty ring has packet -3")
	}
}

func FuzzRing(f *testing.F) {
	f.Add([]byte{1, 2, 3, 250, 4})
	f.Fuzz(func(t *testing.T, steps []byte) {
		ring := NewRing(16)
		model := map[SeqNo]*Packet{}
		seq := SeqNo(1 << 16)
		for _, step := range steps {
			seq += SeqNo(int8(step))
			p := &Packet{Seq: seq}
			ring.Put(p)
			for old := range model {
				if old != seq && old&15 == seq&15 && old < seq {
					delete(model, old)
				}
			}
			blocked := false
			for old := range model {
				blocked = blocked || old&15 == seq&15 && old > seq
			}
			if !blocked {
				model[seq] = p
			}
			for s := seq - 40; s < seq+40; s++ {
				if ring.Get(s) != model[s] {
					t.Fatalf("Get(%d) differs after %v", s, steps)
				}
			}
		}
	})
}
