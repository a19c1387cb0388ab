package rtpfwd

import (
	"testing"
	"time"
)

// shelf drives a Replica by bytes, with a plain map as the model.
type shelf struct {
	t       testing.TB
	r       *Replica
	put     map[SeqNo]*Packet // all that were put
	missing []*Packet         // with their numbers and times
	next    SeqNo
	newest  SeqNo
	time    RTPTime
	now     time.Duration
	forgot  SeqNo // nothing up to here may be started at
}

func newShelf(t testing.TB) *shelf {
	return &shelf{
		t: t, r: &Replica{Ring: NewRing(64), Rate: 90000}, put: map[SeqNo]*Packet{}, next: firstCycle, time: 1 << 32,
	}
}

// step takes one byte: what happens in the low bits, its details in the high ones.
func (s *shelf) step(b byte) {
	key, detail := false, int(b>>3)
	switch b & 7 {
	case 0: // a keyframe begins, of which the low layer is part
		s.turn()
		key = true
	case 1, 2:
		s.turn()
	case 3: // packets are lost
		for range detail & 3 {
			s.missing = append(s.missing, &Packet{Seq: s.next, Time: s.time})
			s.next++
		}
		return
	case 4: // one comes late
		if len(s.missing) > 0 {
			i := detail % len(s.missing)
			p := s.missing[i]
			s.missing = append(s.missing[:i], s.missing[i+1:]...)
			s.give(p, detail&8 != 0, 0)
		}
		return
	case 5:
		s.r.SetSupply(Supply(detail % 3))
		return
	case 6:
		if detail == 0 {
			s.r.Forget()
			s.forgot = s.newest
			return
		}
	}
	s.give(&Packet{Seq: s.next, Time: s.time}, key, int8(detail&3)*int8(one(!key)))
	s.next++
}

// turn begins the next picture.
func (s *shelf) turn() { s.time += 3000; s.now += time.Second / 30 }

func (s *shelf) give(p *Packet, key bool, tid int8) {
	p.Arrival, p.Raw, p.payloadStart, p.Codec = s.now, make([]byte, 13+int(p.Seq%50)), 12, VP8
	p.payloadEnd, p.Desc = uint16(len(p.Raw)), noDescriptor()
	p.Desc.Keyframe, p.Desc.Start, p.Desc.Temporal = key, key, tid
	s.r.Put(p)
	s.r.Put(p) // a double changes nothing
	s.put[p.Seq] = p
	s.newest = max(s.newest, p.Seq)
}

// start finds the newest keyframe in the model, and whether all since is there.
func (s *shelf) start() (start SeqNo, whole bool) {
	size := SeqNo(len(s.r.Ring.packets))
	for seq := s.newest; seq > s.newest-size; seq-- {
		p := s.put[seq]
		if p == nil || s.r.Ring.Get(seq) != p {
			return 0, false
		}
		if p.Desc.Keyframe {
			return seq, true
		}
	}
	return 0, false
}

// check compares with the model.
func (s *shelf) check() {
	s.t.Helper()
	k := &s.r.recent
	cached := s.r.Cached(nil)
	if (len(cached) > 0) != k.whole(s.r.Ring) {
		s.t.Fatalf("%d packets are cached, whole %v", len(cached), k.whole(s.r.Ring))
	}
	start, whole := s.start()
	if len(cached) == 0 {
		return
	}
	if !whole || cached[0].Seq != start && cached[0].Time != s.put[start].Time {
		s.t.Fatalf("cached from %d on, the newest keyframe is %d (whole %v)", cached[0].Seq, start, whole)
	}
	var bytes layerBytes
	for i, p := range cached {
		if p != s.put[cached[0].Seq+SeqNo(i)] {
			s.t.Fatalf("packet %d of the cache is %v", i, p)
		}
		bytes[0][p.Desc.Temporal] += len(p.Raw)
	}
	if last := cached[len(cached)-1].Seq; last != s.newest || bytes != k.bytes {
		s.t.Fatalf("cached up to %d of %d, %v of %v bytes", last, s.newest, k.bytes, bytes)
	}
}

// complete says that a cache must be there: in order, nothing forgotten.
func (s *shelf) complete() bool {
	start, whole := s.start()
	return whole && start > s.forgot
}

func TestReplicaLikeMap(t *testing.T) {
	served := 0
	for seed := range uint64(20) {
		rng, s := seeded(seed), newShelf(t)
		for range 3000 {
			s.step(byte(rng.Uint32()))
			s.check()
			if len(s.r.Cached(nil)) > 0 {
				served++
			}
		}
	}
	if served < 3000 {
		t.Errorf("something was cached %d times only", served)
	}
}

// TestReplicaInOrder: without losses there is a cache whenever the ring has a keyframe.
func TestReplicaInOrder(t *testing.T) {
	rng, s := seeded(1), newShelf(t)
	for i := range 5000 {
		b := byte(1 + rng.IntN(2))
		if rng.IntN(40) == 0 {
			b = 0
		}
		if rng.IntN(200) == 0 {
			b = 6
		}
		s.step(b | byte(rng.IntN(4)<<3)&^b>>2)
		s.check()
		if s.complete() && len(s.r.Cached(nil)) == 0 {
			t.Fatalf("step %d: nothing is cached", i)
		}
	}
}

func FuzzReplica(f *testing.F) {
	f.Add([]byte{0, 2, 2, 11, 2, 4, 0, 2, 21, 2, 6, 2, 0})
	f.Add([]byte{0, 1, 1, 1, 3, 0, 4, 5, 13, 21})
	f.Fuzz(func(t *testing.T, steps []byte) {
		s := newShelf(t)
		for _, b := range steps {
			s.step(b)
			s.check()
		}
	})
}

// TestReplicaMemory: of a source that is deaf at most 4 MiB from its keyframe on are kept, and no more than the usual
// packets once that is passed.
func TestReplicaMemory(t *testing.T) {
	r := &Replica{Ring: NewRing(256), Rate: 90000}
	r.SetSupply(NotToBeHad)
	held := func() (packets, bytes int) {
		for _, p := range r.Ring.packets {
			if p != nil {
				packets++
				bytes += len(p.Raw)
			}
		}
		return packets, bytes
	}
	most := 0
	for i := range 9000 {
		p := &Packet{Seq: firstCycle + SeqNo(i), Time: RTPTime(i * 900), Arrival: ms(10 * i), Raw: make([]byte, 1200), payloadEnd: 1200}
		p.Desc.Keyframe = i == 0 || i == 4000 || i == 5000
		p.Desc.Start = p.Desc.Keyframe
		r.Put(p)
		packets, bytes := held()
		most = max(most, bytes)
		if cached := len(r.Cached(nil)); i < 3495 && cached != i+1 || i >= 3495 && i < 4000 && (cached != 0 || packets > 256) {
			t.Fatalf("packet %d: %d cached, %d held", i, cached, packets)
		}
	}
	if limit := pictureCacheBytes + 256*1200; most > limit || most < pictureCacheBytes-2400 {
		t.Errorf("up to %d bytes were held, %d are the limit", most, limit)
	}
	r.SetSupply(OnRequest)
	r.Put(&Packet{Seq: firstCycle + 9000, Time: 9000 * 900, Arrival: ms(90000), Raw: make([]byte, 1200)})
	if packets, _ := held(); packets > 256 {
		t.Errorf("%d packets are held of a source that answers", packets)
	}
}

// TestReplicaBegunAnew: what a source sent before its clock or its numbers began anew is not cached with what came after.
func TestReplicaBegunAnew(t *testing.T) {
	for name, move := range map[string]func(p *Packet){
		"time goes back":       func(p *Packet) { p.Time -= 90000 * 3600 },
		"time jumps ahead":     func(p *Packet) { p.Time += 90000 * 3600 },
		"numbers go back":      func(p *Packet) { p.Seq -= 5000 },
		"time stands for long": func(p *Packet) { p.Arrival += time.Minute },
	} {
		s := newShelf(t)
		for _, b := range []byte{0, 2, 2, 2} {
			s.step(b)
		}
		if len(s.r.Cached(nil)) != 4 {
			t.Fatalf("%s: nothing is cached before", name)
		}
		p := &Packet{Seq: s.next, Time: s.time + 3000, Arrival: s.now, Raw: make([]byte, 20), payloadEnd: 20}
		move(p)
		s.r.Put(p)
		if n := len(s.r.Cached(nil)); n != 0 {
			t.Errorf("%s: %d packets are cached", name, n)
		}
	}
}
