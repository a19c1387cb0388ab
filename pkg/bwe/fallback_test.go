package bwe

import (
	"math"
	"testing"
	"time"
)

func TestFallback(t *testing.T) {
	type step struct {
		lost float64
		remb Bitrate
	}
	for name, c := range map[string]struct {
		step        step
		least, most Bitrate
	}{
		"nothing lost":      {step{0, 0}, 600 * Kbps, 700 * Kbps}, // 8 % a second
		"some lost":         {step{0.05, 0}, 300 * Kbps, 300 * Kbps},
		"much lost":         {step{0.2, 0}, 100 * Kbps, 120 * Kbps},
		"all lost":          {step{1, 0}, 50 * Kbps, 50 * Kbps},
		"REMB above":        {step{0, 2 * Mbps}, 2 * Mbps, 2 * Mbps},
		"REMB below":        {step{0, 120 * Kbps}, 120 * Kbps, 120 * Kbps},
		"REMB of nearly 0":  {step{0, 1}, 50 * Kbps, 50 * Kbps},
		"REMB without end":  {step{0, math.MaxInt64}, 10 * Mbps, 10 * Mbps},
		"negative REMB":     {step{0, math.MinInt64}, 600 * Kbps, 700 * Kbps},
		"loss is no number": {step{math.NaN(), 0}, 300 * Kbps, 300 * Kbps},
	} {
		e := New(testConfig())
		for i := range 11 {
			now := time.Duration(i) * time.Second
			e.OnPacketSent(Sent{Seq: int64(i), At: now, Size: 1000})
			e.OnTimeout(now)
			if i > 0 || c.step.lost < fallbackHigh {
				e.OnFallback(now, ReceiverReport{Lost: c.step.lost, RTT: 100 * time.Millisecond}, c.step.remb)
			}
		}
		if got := e.State().Target; got < c.least || got > c.most {
			t.Errorf("%s: %v, want %v to %v", name, got, c.least, c.most)
		}
	}
}

// Transport-wide feedback is better: while there is some, reports count for nothing.
func TestFallbackWaits(t *testing.T) {
	c := newEcho(testConfig())
	c.run(0, 3*time.Second, true)
	before := c.e.State()
	c.e.OnFallback(c.now, ReceiverReport{Lost: 1}, 1)
	if got := c.e.State(); got != before {
		t.Errorf("a report took %+v to %+v", before, got)
	}
	c.e.OnFallback(c.now+fallbackAfter+time.Second, ReceiverReport{Lost: 1}, 100*Kbps)
	if got := c.e.State().Target; got != 100*Kbps {
		t.Errorf("%v with no other feedback for 3 s, want 100 kbit/s", got)
	}
}
