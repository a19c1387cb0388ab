package bwe

import (
	"testing"
	"time"
)

// The window grows faster the less the flow has of half the capacity, and like TCP's while the capacity is not known.
func TestWindowGrowth(t *testing.T) {
	e := New(testConfig())
	e.rival.mean = 500e3
	if got := e.windowGrowth(); got != 1 {
		t.Errorf("%g segments without pairs, want 1", got)
	}
	for i := range int64(pairCount) {
		at := time.Duration(i) * 50 * time.Millisecond
		e.rival.pairs.add(&sentPacket{seq: 2 * i, at: at, size: 1200}, at)
		e.rival.pairs.add(&sentPacket{seq: 2*i + 1, at: at, size: 1200}, at+(2*Mbps).Lasts(1200))
	}
	for mean, want := range map[float64]float64{100e3: fastest, 1028e3: 1, 2e6: slowest} {
		e.rival.mean = mean
		if got := e.windowGrowth(); got < want*0.99 || got > want*1.01 {
			t.Errorf("with %g of 2 Mbit/s: %g segments, want %g", mean, got, want)
		}
	}
}

// What counts is the mean over some time: a moment of little does not make the window jump.
func TestShareIsAMean(t *testing.T) {
	var r rival
	for range 20 {
		r.noteShare(Mbps, 0.05)
	}
	if r.mean != 1e6 {
		t.Errorf("%g of 1 Mbit/s all the time", r.mean)
	}
	for range 20 {
		r.noteShare(0, 0.05)
	}
	if r.mean < 0.9e6 || r.mean > 0.93e6 {
		t.Errorf("%g after a second of nothing, want 1 Mbit/s less a twelfth", r.mean)
	}
}

// A queue that does not shrink by what was held back is somebody else's; one that does is not.
func TestRivalIsNoticed(t *testing.T) {
	for _, rival := range []bool{false, true} {
		e := New(testConfig())
		e.capacity, e.target, e.rtt = Mbps, 500*Kbps, 100*time.Millisecond
		queue := 300 * time.Millisecond
		for now := time.Duration(0); now < 2*time.Second && e.mode != Compete; now += 50 * time.Millisecond {
			e.delay.queue = queue
			if !rival {
				queue = max(0, queue-25*time.Millisecond) // half of the capacity is left to it
			}
			e.watchRival(now)
		}
		if (e.mode == Compete) != rival {
			t.Errorf("rival %v: mode %d", rival, e.mode)
		}
	}
}
