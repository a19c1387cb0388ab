package bwe

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// toldArrivals is the model of an ArrivalLog and the other side of it: what arrived, by extended number, in ticks of 250 us.
type toldArrivals struct {
	tb      testing.TB
	log     ArrivalLog
	parser  TransportCC
	arrived map[int64]int64
	told    map[int64]bool
	highest int64
	packets uint8
	largest int           // of them, in bytes
	origin  time.Duration // what the parser, which begins with 24 bits, does not know; negative: it did not begin
}

func newToldArrivals(tb testing.TB) *toldArrivals {
	return &toldArrivals{tb: tb, arrived: map[int64]int64{}, told: map[int64]bool{}, highest: -1, origin: -1}
}

// record lets a packet arrive.
func (a *toldArrivals) record(now time.Duration, seq int64) {
	a.log.Record(now, uint16(seq))
	if _, ok := a.arrived[seq]; !ok {
		a.arrived[seq] = int64((now + deltaUnit/2) / deltaUnit)
	}
	a.highest = max(a.highest, seq)
}

// tell reads all feedback there is, and checks it against what arrived.
func (a *toldArrivals) tell() (packets int) {
	a.tb.Helper()
	next := int64(-1)
	for {
		prefix := []byte("before")
		raw := a.log.Append(prefix, 7, 9)[len(prefix):]
		if len(raw) == 0 {
			return packets
		}
		packets++
		a.check(raw)
		first := extend(binary.BigEndian.Uint16(raw[12:]), a.highest)
		if next >= 0 && first != next {
			a.tb.Fatalf("feedback begins with %d, want %d", first, next)
		}
		next = first + int64(binary.BigEndian.Uint16(raw[14:]))
		acks, err := a.parser.Parse(raw, a.highest, nil)
		if err != nil || len(acks) != int(next-first) {
			a.tb.Fatalf("%d acks of %d numbers, %v", len(acks), next-first, err)
		}
		for i, ack := range acks {
			ticks, ok := a.arrived[ack.Seq]
			at := time.Duration(ticks) * deltaUnit
			if a.origin < 0 && ok {
				a.origin = (at - ack.Recv).Truncate(1 << 24 * referenceUnit)
			}
			if ack.Seq != first+int64(i) || ack.Lost == ok || ok && ack.Recv != at-a.origin {
				a.tb.Fatalf("got %+v, want number %d, arrived %v at %v", ack, first+int64(i), ok, at-a.origin)
			}
			a.told[ack.Seq] = true
		}
	}
}

// check looks at a packet as another implementation sees it.
func (a *toldArrivals) check(raw []byte) {
	a.tb.Helper()
	var p rtcp.TransportLayerCC
	if err := p.Unmarshal(raw); err != nil {
		a.tb.Fatalf("%x: %v", raw, err)
	}
	if p.SenderSSRC != 7 || p.MediaSSRC != 9 || p.FbPktCount != a.packets || len(raw) > feedbackSize || len(raw)%4 != 0 {
		a.tb.Fatalf("got %d bytes of %v, want packet %d", len(raw), p, a.packets)
	}
	a.packets++
	a.largest = max(a.largest, len(raw))
}

// settled checks that all that arrived was told.
func (a *toldArrivals) settled() {
	a.tb.Helper()
	for seq := range a.arrived {
		if !a.told[seq] {
			a.tb.Fatalf("number %d arrived and was not told", seq)
		}
	}
}

// Whatever comes late, twice or not at all: each feedback is what the model says, none leaves a gap, and all that arrived is told.
func TestArrivalLogMatchesTheModel(t *testing.T) {
	for seed := range uint64(30) {
		chance := rand.New(rand.NewPCG(seed, 1))
		a := newToldArrivals(t)
		now, seq := time.Duration(chance.Int64N(int64(20*24*time.Hour))), int64(65530+chance.IntN(70000))
		loss, late := chance.IntN(3)*chance.IntN(40), chance.IntN(3)*chance.IntN(40)
		step := time.Duration(1 + chance.Int64N(int64(2*time.Millisecond)))
		for range 4000 {
			now += time.Duration(chance.Int64N(int64(step)))
			switch {
			case chance.IntN(2000) == 0:
				now += time.Duration(chance.Int64N(int64(20 * time.Second)))
				seq += chance.Int64N(500)
			case chance.IntN(100) < loss:
			case chance.IntN(100) < late:
				a.record(now, seq-min(chance.Int64N(60), seq-65530))
			default:
				a.record(now, seq)
			}
			seq++
			if chance.IntN(30) == 0 {
				a.tell()
			}
		}
		a.tell()
		a.settled()
		if a.tell() != 0 {
			t.Fatal("what was told is told again")
		}
	}
}

// A burst is told whole, in packets that fit into a datagram; of what is more than can be told the newest counts.
func TestArrivalLogOfABurst(t *testing.T) {
	a := newToldArrivals(t)
	for i := range int64(3000) {
		a.record(time.Duration(i)*10*time.Microsecond, 70000+i)
	}
	if n := a.tell(); n < 3 {
		t.Errorf("%d packets tell of 3000 arrivals", n)
	}
	a.settled()
	b := newToldArrivals(t)
	b.record(0, 70000)
	b.record(time.Millisecond, 70000+9000) // all between is lost
	b.tell()
	if b.told[70000] || !b.told[79000] {
		t.Error("want the oldest to be forgotten and the newest to be told")
	}
	for i := range int64(10000) {
		b.record(time.Second, 90000+i)
	}
	b.tell()
	if len(b.log.ticks) > 1<<13 {
		t.Errorf("the log has %d places", len(b.log.ticks))
	}
}

// However the symbols of a burst fall, its packets are as large as they may be, and no larger.
func TestArrivalLogFillsItsPackets(t *testing.T) {
	largest := 0
	for seed := range uint64(200) {
		chance := rand.New(rand.NewPCG(seed, 2))
		a := newToldArrivals(t)
		now, seq := time.Duration(0), int64(70000)
		for range 1500 {
			seq += 1 + int64(chance.IntN(3)/2)
			now += time.Duration(chance.IntN(2)) * 70 * time.Millisecond
			a.record(now, seq)
		}
		a.tell()
		a.settled()
		largest = max(largest, a.largest)
	}
	if largest < feedbackSize-8 {
		t.Errorf("the largest packet has %d bytes of %d", largest, feedbackSize)
	}
}

// What is later than the log reaches back is not told; neither is what comes twice.
func TestArrivalLogOfWhatIsTooLate(t *testing.T) {
	a := newToldArrivals(t)
	for i := range int64(leastArrivals + 10) {
		a.record(time.Duration(i)*time.Millisecond, 70000+2*i)
		if i%10 == 0 {
			a.tell()
		}
	}
	a.tell()
	a.log.Record(time.Second, uint16((70000+1)&0xffff))
	a.log.Record(time.Second, uint16((70000+2*(leastArrivals+9))&0xffff))
	if n := a.tell(); n != 0 {
		t.Errorf("%d packets, want none", n)
	}
	a.record(time.Second, 70000+2*(leastArrivals+9)-51)
	if n := a.tell(); n != 1 {
		t.Errorf("%d packets of one that came late, want 1", n)
	}
}

func FuzzArrivalLog(f *testing.F) {
	f.Add([]byte{0, 1, 0, 2, 3, 9, 0, 0, 255, 255, 0, 1, 8, 8})
	f.Add([]byte{200, 1, 1, 200, 40, 0, 0, 0, 250, 100, 7, 0, 7, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 600 {
			return
		}
		a := newToldArrivals(t)
		now, seq := time.Duration(0), int64(1<<16)
		for ; len(b) >= 2; b = b[2:] {
			now += time.Duration(b[0]) * time.Duration(b[0]) * 150 * time.Microsecond
			switch {
			case b[1] < 200:
				seq += int64(b[1] % 20)
				a.record(now, seq)
			case b[1] < 240:
				a.record(now, max(seq-int64(b[1]-200), 1<<16))
			case b[1] < 245:
				seq += 100 * int64(b[0])
				a.record(now, seq)
			default:
				a.tell()
			}
		}
		a.tell()
	})
}
