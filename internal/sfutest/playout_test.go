package sfutest

import (
	"testing"
	"time"
)

// even makes frames that come every 33 ms, each late by the same time.
func even(n int, late time.Duration) []Frame {
	out := make([]Frame, n)
	for i := range out {
		at := time.Duration(i) * time.Second / 30
		out[i] = Frame{Captured: at, At: at + late}
	}
	return out
}

func TestPlayout(t *testing.T) {
	const frame, length = time.Second / 30, 20 * time.Second
	if p := play(even(600, 30*time.Millisecond), 0, length, frame); p.Freezes != 0 || p.Frames < 598 || p.Delay > 51*time.Millisecond {
		t.Errorf("even: %+v", p)
	}
	// A second without frames is a freeze; so is the end of all.
	gap := even(600, 0)
	gap = append(gap[:300:300], gap[330:]...)
	if p := play(gap, 0, length, frame); p.Freezes != 1 || p.Frozen < time.Second || p.Longest != p.Frozen || p.Frozen > 1100*time.Millisecond {
		t.Errorf("a gap: %+v", p)
	}
	if p := play(even(300, 0), 0, length, frame); p.Freezes != 1 || p.Frozen < 9*time.Second {
		t.Errorf("the end: %+v", p)
	}
	if p := play(nil, 0, length, frame); p.Freezes != 1 || p.Frozen != length || p.Frames != 0 {
		t.Errorf("nothing: %+v", p)
	}
	// What comes in heaps of 300 ms is a freeze once, and then the buffer hides it; heaps of 900 ms it cannot hide.
	heaps := func(of time.Duration) []Frame {
		out := even(600, 0)
		for i := range out {
			out[i].At = (out[i].Captured/of + 1) * of
		}
		return out
	}
	if p := play(heaps(300*time.Millisecond), 0, length, frame); p.Freezes > 1 || p.Delay > 350*time.Millisecond {
		t.Errorf("heaps of 300 ms: %+v", p)
	}
	if p := play(heaps(900*time.Millisecond), 0, length, frame); p.Freezes < 15 {
		t.Errorf("heaps of 900 ms: %+v", p)
	}
}
