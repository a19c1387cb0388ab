package bwe

import (
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"
)

// The history finds what a map finds, for as long as it promises, and nothing else.
func TestHistoryMatchesTheModel(t *testing.T) {
	for seed := range uint64(5) {
		chance := rand.New(rand.NewPCG(seed, 1))
		h, model := newHistory(), map[int64]Sent{}
		now, seq, total := time.Duration(0), int64(chance.IntN(100000)), int64(0)
		for range 20_000 {
			now += time.Duration(chance.IntN(int(time.Millisecond)))
			seq += int64(chance.IntN(20)+18) / 20 // sometimes the same again, which is ignored
			s := Sent{Seq: seq, At: now, Size: chance.IntN(1500), Kind: Video}
			if _, known := model[seq]; h.add(s) != (!known && s.Size > 0) {
				t.Fatalf("packet %+v: wrongly taken or refused", s)
			} else if !known && s.Size > 0 {
				model[seq] = s
				total += int64(s.Size)
			}
			ask := seq + 5 - int64(chance.IntN(3500))
			got, want := h.find(ask), model[ask]
			if got == nil && want.Size > 0 && now-want.At < historySpan {
				t.Fatalf("packet %d of %v is forgotten at %v", ask, want.At, now)
			}
			if got != nil && (got.seq != ask || got.at != want.At || int(got.size) != want.Size) {
				t.Fatalf("packet %d: got %+v, want %+v", ask, *got, want)
			}
		}
		if h.total != total {
			t.Errorf("%d bytes sent, want %d", h.total, total)
		}
	}
}

// At 60 Mbit/s a second of packets is kept; the ring stops to grow at its bound.
func TestHistoryGrowsToItsBound(t *testing.T) {
	h := newHistory()
	for i := range int64(100_000) {
		h.add(Sent{Seq: i, At: time.Duration(i) * 10 * time.Microsecond, Size: 1200})
	}
	if len(h.ring) != historyMost {
		t.Errorf("the ring has %d places, want %d", len(h.ring), historyMost)
	}
	if h.find(100_000-historyMost) == nil || h.find(100_000-historyMost-1) != nil || h.find(100_000) != nil || h.find(-1) != nil {
		t.Error("the oldest that is kept is not where it should be")
	}
	slow := newHistory()
	for i := range int64(10_000) {
		slow.add(Sent{Seq: i, At: time.Duration(i) * 20 * time.Millisecond, Size: 50})
	}
	if len(slow.ring) != historyStart {
		t.Errorf("one voice costs %d places", len(slow.ring))
	}
}

// What is kept of a packet is two of a cache line.
func TestHistoryIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(sentPacket{}); size != 32 {
		t.Errorf("a packet takes %d bytes, want 32", size)
	}
	if start := len(newHistory().ring) * int(unsafe.Sizeof(sentPacket{})); start > 4<<10 {
		t.Errorf("who sends nothing keeps %d bytes", start)
	}
}
