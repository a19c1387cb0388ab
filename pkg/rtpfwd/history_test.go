package rtpfwd

import (
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"
)

// book is a history with a plain map as the model.
type book struct {
	t       testing.TB
	h       history
	now     time.Duration
	highest SeqNo
	first   SeqNo
	sentAt  map[SeqNo]time.Duration // all that was ever sent
	leftAt  map[SeqNo]time.Duration // all that was ever left out, when that was
	late    int                     // late packets that found their place
}

func newBook(t testing.TB, c Codec, first SeqNo) *book {
	b := &book{t: t, highest: first - 1, first: first, sentAt: map[SeqNo]time.Duration{}, leftAt: map[SeqNo]time.Duration{}}
	b.h.reserve(c)
	return b
}

// send sends the number so far ahead of the highest.
func (b *book) send(ahead SeqNo) {
	seq := b.highest + ahead
	for n := b.highest + 1; n < seq; n++ {
		b.leftAt[n] = b.now
	}
	b.fill(b.h.advance(b.now, b.highest, seq), seq)
	b.highest = seq
}

// sendLate sends a number behind the highest, if it is allowed.
func (b *book) sendLate(behind SeqNo) {
	seq := b.highest - behind
	if seq < b.first || b.h.late(seq, b.highest) != None {
		return
	}
	b.late++
	b.fill(b.h.place(seq), seq)
	b.h.place(seq).asked(b.now)
}

func (b *book) fill(e *sent, seq SeqNo) {
	b.t.Helper()
	if _, twice := b.sentAt[seq]; twice {
		b.t.Fatalf("number %d twice", seq)
	}
	e.begin(&Choice{Packet: &Packet{Seq: seq * 7}, Replica: &Replica{}}, 1)
	b.sentAt[seq] = b.now
	delete(b.leftAt, seq)
}

// check compares all that may be asked for with the model.
func (b *book) check() {
	b.t.Helper()
	for seq := max(b.highest-SeqNo(b.h.most)-70, b.first); seq <= b.highest; seq++ {
		at, wasSent := b.sentAt[seq]
		left, wasLeft := b.leftAt[seq]
		e, reason := b.h.get(seq), b.h.late(seq, b.highest)
		near := b.highest-seq < SeqNo(b.h.most)
		switch {
		case e != nil && (!wasSent || e.source != uint32(seq*7)):
			b.t.Fatalf("number %d: %+v of another packet, sent %v", seq, *e, wasSent)
		case reason == None && wasSent:
			b.t.Fatalf("number %d may be used twice", seq)
		case near && wasSent && b.now-at < historyReach && (e == nil || reason != Duplicate):
			b.t.Fatalf("number %d of %v ago is forgotten: %v", seq, b.now-at, reason)
		case near && wasLeft && b.now-left < historyReach && reason != None:
			b.t.Fatalf("number %d, left %v ago, is refused: %v", seq, b.now-left, reason)
		}
	}
}

// step takes one byte: what happens in the low bits, its details in the high ones.
func (b *book) step(op byte) {
	detail := SeqNo(op >> 3)
	switch op & 7 {
	case 0:
		b.now += time.Duration(detail) * 20 * time.Millisecond
	case 1:
		b.send(1 + detail)
	case 2:
		b.sendLate(detail * detail)
	case 3:
		b.now += time.Duration(detail) * time.Second
	case 4:
		for range 4 * detail {
			b.send(1)
		}
	case 5:
		b.send(1 + detail*detail*2)
	default:
		b.now += 5 * time.Millisecond
		b.send(1)
	}
}

func TestHistoryLikeMap(t *testing.T) {
	late, grown := 0, map[int]bool{}
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 1))
		codec := []Codec{VP8, Opus}[seed%2]
		b := newBook(t, codec, firstCycle+SeqNo(rng.IntN(1<<15)))
		if seed%3 == 0 {
			b = newBook(t, codec, 1<<32-500) // the low bits wrap
		}
		b.now = time.Duration(rng.IntN(2)) * (71*time.Minute + 30*time.Second) // and those of the time
		for range 1500 {
			b.step(byte(rng.Uint32()))
			b.check()
			grown[len(b.h.entries)] = true
		}
		late += b.late
	}
	if late < 500 || len(grown) < 5 {
		t.Errorf("%d late packets, lengths %v: too little was tried", late, grown)
	}
}

func FuzzHistory(f *testing.F) {
	f.Add([]byte{4, 252, 12, 33, 250, 252, 8, 252, 255, 6, 6, 6}, uint16(100), true)
	f.Add([]byte{5, 245, 26, 250, 3, 252, 252, 252, 252, 242, 130}, uint16(65000), false)
	f.Fuzz(func(t *testing.T, steps []byte, first uint16, video bool) {
		codec := Opus
		if video {
			codec = VP8
		}
		b := newBook(t, codec, firstCycle+SeqNo(first))
		for _, s := range steps {
			b.step(s)
		}
		b.check()
	})
}

// TestHistoryFitsTheRate: a Slot pays for the rate of what it shows now.
func TestHistoryFitsTheRate(t *testing.T) {
	b := newBook(t, VP8, firstCycle)
	for _, phase := range []struct{ perSecond, want int }{{25, 128}, {150, 512}, {300, 1024}, {1000, 1024}, {25, 128}, {5, 64}} {
		for range 400 * phase.perSecond {
			b.now += time.Second / time.Duration(phase.perSecond)
			b.send(1)
		}
		if n := len(b.h.entries); n != phase.want {
			t.Errorf("%d packets/s: %d entries, want %d", phase.perSecond, n, phase.want)
		}
	}
}

// TestHistoryKeepsBursts: a keyframe in many packets is remembered as long as all else.
func TestHistoryKeepsBursts(t *testing.T) {
	b := newBook(t, VP8, firstCycle)
	for range 20 {
		for range 300 {
			b.send(1)
		}
		for range 40 {
			b.now += 200 * time.Millisecond
			b.send(1)
			b.check()
		}
	}
}

// TestHistoryForgetsSources: what came from a source that is not remembered is not given out, also when the few bits that name it
// come again, and its number is not given twice.
func TestHistoryForgetsSources(t *testing.T) {
	s := newSlot(t, VP8, outConfig())
	s.sendMany(0, 1)
	for i := range 3 * epochs {
		s.source(VP8, uint32(200+i))
		known := s.o.history.get(firstCycle+100) != nil && len(s.o.Feedback(s.now, 0, []uint16{100}, new(Budget), nil)) == 1
		s.now += time.Second
		if e := s.o.history.get(firstCycle + 100); e != nil {
			e.resends = 0
		}
		if i >= rememberedSources-1 && known {
			t.Fatalf("%d sources later it is known", i+1)
		}
		if s.o.history.late(firstCycle+100, firstCycle+100) != Duplicate {
			t.Fatalf("%d sources later its number may be given again", i+1)
		}
	}
}

// TestOtherReplicaOfTheSameEncoding: a Replica that takes the place of another one in mid-source does not change where older packets
// are looked for.
func TestOtherReplicaOfTheSameEncoding(t *testing.T) {
	o, buf := NewOutbound(outConfig()), make([]byte, 1500)
	o.SetSource(0, OutboundSource{CSRC: 1, Codec: VP8, Rate: 90000, PayloadType: 120, RTXPayloadType: 121})
	var replicas []*Replica
	for i, p := range packets(t, VP8, 100)[:3] {
		r := &Replica{Ring: NewRing(16), Rate: 90000}
		use(p, 0, 1) // the same number for all
		r.Ring.Put(p)
		replicas = append(replicas, r)
		if o.Rewrite(0, Choice{Packet: p, Replica: r, number: int64(i), picture: int64(i)}, buf) == 0 {
			t.Fatal("refused")
		}
	}
	for i, r := range replicas {
		if _, p := o.find(o.highest - 2 + SeqNo(i)); p == nil || p != r.Ring.Get(p.Seq) {
			t.Errorf("packet %d: %v", i, p)
		}
	}
}

// TestSlotStaysSmall: a conference has hundreds of thousands of these.
func TestSlotStaysSmall(t *testing.T) {
	if size := unsafe.Sizeof(sent{}); size != 32 {
		t.Errorf("%d bytes a sent packet", size)
	}
	b := newBook(t, VP8, firstCycle)
	for range 1000 {
		b.now += time.Second / 40
		b.send(1)
	}
	books := unsafe.Sizeof(Outbound{}) + unsafe.Sizeof(Forwarder{})
	history := uintptr(len(b.h.entries)) * unsafe.Sizeof(sent{})
	if t.Logf("%d bytes of books, %d of history", books, history); books > 4<<10 || books+history > 8<<10 {
		t.Errorf("a slot at 40 packets/s takes %d bytes of books and %d of history", books, history)
	}
	if size := unsafe.Sizeof(Repairs{}); size > 64 {
		t.Errorf("a Transport that repaired nothing takes %d bytes for repairs", size)
	}
}
