package bwe

import (
	"slices"
	"testing"
	"time"
)

// A packet that passes is one that Push and Pop would have let out at once, with all that follows from it. The input is a list of moves of
// two bytes: what happens, and how much.
func FuzzPacerPass(f *testing.F) {
	f.Add([]byte{1, 200, 1, 200, 1, 200, 1, 200, 6, 20, 0, 40, 1, 9, 7, 3, 8, 90, 4, 200, 2, 30, 5, 60})
	f.Add([]byte{3, 1, 8, 200, 1, 255, 1, 255, 1, 255, 6, 1, 1, 255, 2, 255, 0, 1, 9, 80, 6, 255, 1, 1})
	f.Fuzz(func(t *testing.T, moves []byte) {
		queued, passed := NewPacer(Mbps), NewPacer(Mbps)
		var out [2][]Item
		now := time.Duration(0)
		for i := 0; i+1 < len(moves); i += 2 {
			much := int(moves[i+1])
			switch move := moves[i] % 10; {
			case move < uint8(kinds):
				item := Item{Ref: i, Kind: Kind(move), Size: 5 * much, Frame: int64(1 + i/8), Temporal: moves[i] >> 6, Begins: i%8 == 0}
				queued.Push(now, item)
				if other := item; passed.Pass(now, &other) {
					out[1] = append(out[1], other)
				} else {
					passed.Push(now, item)
				}
			case move == 7:
				state := State{Pacing: Bitrate(much) * 20 * Kbps, Mode: Mode(much % 3), Queue: time.Duration(much%20) * time.Millisecond}
				queued.SetState(state)
				passed.SetState(state)
			case move == 8:
				probe := Probe{ID: i + 1, Rate: Bitrate(much) * 50 * Kbps, Bytes: 40 * much, Until: now + 20*time.Millisecond}
				queued.StartProbe(probe)
				passed.StartProbe(probe)
			case move == 9:
				a, b := queued.Expire(now, queued.Shed(now, nil)), passed.Expire(now, passed.Shed(now, nil))
				if !slices.Equal(a, b) {
					t.Fatalf("given up at %v: %v, want %v", now, b, a)
				}
			default:
				now += time.Duration(much) * time.Millisecond / 4
			}
			for k, p := range [...]*Pacer{queued, passed} {
				for item, ok := p.Pop(now); ok; item, ok = p.Pop(now) {
					out[k] = append(out[k], item)
				}
			}
			if !slices.Equal(out[0], out[1]) {
				t.Fatalf("sent %v, want %v", out[1], out[0])
			}
			waiting := 0
			for k := range passed.queues {
				waiting += passed.queues[k].len()
			}
			if waiting != passed.Len() || passed.Bytes() != queued.Bytes() {
				t.Fatalf("%d wait, %d are counted; %d bytes, want %d", waiting, passed.Len(), passed.Bytes(), queued.Bytes())
			}
		}
	})
}

// What need not wait costs no queue.
func TestPassDoesNotAllocate(t *testing.T) {
	p := NewPacer(100 * Mbps)
	now := time.Duration(0)
	if n := testing.AllocsPerRun(100, func() {
		now += time.Millisecond
		item := Item{Kind: Video, Size: 1200, Frame: 1}
		if !p.Pass(now, &item) {
			t.Fatal("it waits")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
